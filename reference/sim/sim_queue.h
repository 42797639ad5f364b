/* sim_queue.h - what will happen, by virtual time: a binary heap of events.
 *
 * Events of one moment keep the order in which they were added. */
#ifndef REFERENCE_SIM_SIM_QUEUE_H
#define REFERENCE_SIM_SIM_QUEUE_H

#include "base/vec.h"
#include "reference/protocol/protocol.h"
#include "reference/sim/sim_app.h"

enum sim_event_kind {
	SIM_WAKE = 1, /* node: its protocol's deadline */
	SIM_MESSAGE,  /* node: bytes from another node */
	SIM_REQUEST,  /* node: a client's request */
	SIM_SYNCED,   /* node: its disk finished a sync */
	SIM_RESUME,   /* node: the pause is over */
	SIM_RESTART,  /* node: starts again after a crash */
	SIM_REPLY,    /* client: an answer */
	SIM_NEXT,     /* client: time for its next operation */
	SIM_TIMEOUT,  /* client: no answer came */
	SIM_FAULT,    /* the next fault is due */
	SIM_HEAL,     /* the partition ends */
};

struct sim_event {
	uint64_t at_us, order;
	enum sim_event_kind kind;
	uint32_t target;     /* index of node or client */
	uint32_t from;	     /* message: index of the sender; request: of the client */
	uint64_t generation; /* of node or client: events for an older one mean nothing */
	struct sim_request request;
	struct sim_reply reply;
	char *data; /* owned: a message's bytes */
	size_t bytes;
};

struct sim_queue {
	VEC(struct sim_event *) heap;  /* each owned */
	VEC(struct sim_event *) spare; /* used events, kept for reuse */
	uint64_t order;
};

/* Adds a copy of the event, whose `data` it takes over. */
void sim_queue_add(struct sim_queue *queue, const struct sim_event *event);

/* Takes the earliest event; NULL when there is none. Give it back with sim_queue_free. */
struct sim_event *sim_queue_take(struct sim_queue *queue);
void sim_queue_free(struct sim_queue *queue, struct sim_event *event);

void sim_queue_release(struct sim_queue *queue);

#endif
