/* sim_world.h - the simulation's inside: what its parts share. Private to reference/sim.
 */
#ifndef REFERENCE_SIM_SIM_WORLD_H
#define REFERENCE_SIM_SIM_WORLD_H

#include "base/map.h"
#include "reference/sim/sim.h"
#include "reference/sim/sim_disk.h"
#include "reference/sim/sim_queue.h"

/* Sizes of the simulated world, in its own time. */
enum {
	SIM_ELECTION_MS = 60,
	SIM_HEARTBEAT_MS = 15,
	SIM_CLIENT_TIMEOUT_US = 60000,
	SIM_TRIES_MAX = 4,    /* of one operation, under one session */
	SIM_INBOX_MAX = 4096, /* beyond it a paused node loses messages */
	SIM_CLIENTS_MAX = 64,
	SIM_KEYS_MAX = 64,
};

/* A client's request that a node works on. */
struct sim_pending {
	uint64_t tag;
	uint32_t client;
	uint64_t generation; /* of the client, for the reply */
	bool is_ready;	     /* a read that waits for `index` to be applied */
	uint64_t index;
	struct sim_request request;
};

struct sim_node {
	node_id id;
	struct protocol *protocol; /* NULL while down */
	struct sessions *app;
	struct sim_disk disk;
	struct protocol_effects effects;
	VEC(struct sim_event *) inbox; /* owned */
	VEC(struct sim_pending) pending;
	uint64_t generation; /* counts starts */
	uint64_t tag;	     /* last used; starts at a random number */
	bool busy;	     /* a sync is under way */
	bool paused;
	bool crash_armed; /* dies in the middle of its next sync */
	uint64_t applied, compacted;
	uint64_t wake_us;      /* the earliest wake event on its way; 0: none */
	uint64_t lazy_sync_us; /* bug unsynced-log: when the system writes by itself */
	int64_t clock_us;      /* offset of its clock */
	double clock_rate;
	uint64_t leader_term; /* the newest term in which it was seen to lead */
};

struct sim_client {
	uint64_t generation; /* counts operations: answers to older ones mean nothing */
	uint64_t session, sequence;
	uint32_t process, tries;
	bool open;	    /* an operation is open */
	bool maybe;	    /* some try of it may have taken effect */
	bool is_final;	    /* the faults are over: final reads only */
	bool is_closed;	    /* nothing left to do */
	uint32_t final_key; /* the next key to read at the end */
	struct sim_request request;
};

struct sim {
	struct sim_options options;
	struct sim_result *result;
	struct sim_queue queue;
	uint64_t now_us;
	struct rng net, disks, faults, load, seeds; /* one stream a purpose */

	struct sim_node *nodes;
	bool cut[PROTOCOL_NODES_MAX][PROTOCOL_NODES_MAX]; /* from, to */
	double loss, duplicate, reorder; /* probabilities, redrawn by faults */

	struct sim_client clients[SIM_CLIENTS_MAX];
	uint32_t issued, processes,
		closing_clients;      /* closing: through with everything */
	int64_t values;		      /* the last value written: all are different */
	int64_t newest[SIM_KEYS_MAX]; /* what clients last saw or wrote, to aim cas at */
	bool ending;		      /* faults are over, final reads have begun */

	struct map leaders;	 /* term -> node id */
	struct map entries;	 /* index and term -> content hash (log matching) */
	struct map committed;	 /* index -> hash of term and content */
	struct map commit_terms; /* index -> a term in which it was committed at the
				    latest */
	struct map terms;	 /* index -> term of what was committed there */
	struct map states;	 /* applied index -> hash of the service */
	uint64_t committed_last;
};

#define sim_count(sim, counter) ((sim)->result->stats.counter++)

/* Mixes a number into the hash of the run. */
void sim_mix(struct sim *sim, uint64_t number);
void sim_schedule(struct sim *sim, uint64_t delay_us, struct sim_event event);

/* sim_node.c */
void sim_node_event(struct sim *sim, struct sim_node *node, struct sim_event *event);

/* sim_life.c */
int64_t sim_node_clock_us(const struct sim *sim, const struct sim_node *node);
/* Sees to it that the node wakes at its protocol's deadline. */
void sim_node_arm_wake(struct sim *sim, struct sim_node *node);
void sim_node_start(struct sim *sim, struct sim_node *node);
/* The node comes back after some time, often after an election; or within 4 ms. */
void sim_node_crash(struct sim *sim, struct sim_node *node);
void sim_node_crash_shortly(struct sim *sim, struct sim_node *node);
void sim_node_release(struct sim *sim, struct sim_node *node);
bool sim_node_leads(const struct sim_node *node);

/* sim_net.c: both take a copy of the data */
void sim_send(struct sim *sim, uint32_t from, uint32_t to, struct bytes data);
void sim_send_request(struct sim *sim, uint32_t client, uint32_t node);
void sim_send_reply(struct sim *sim, const struct sim_pending *pending,
		    const struct sim_reply *reply);

/* sim_client.c */
void sim_clients_start(struct sim *sim);
void sim_clients_finish(struct sim *sim);
void sim_client_event(struct sim *sim, struct sim_client *client,
		      const struct sim_event *event);

/* sim_fault.c */
void sim_faults_start(struct sim *sim);
void sim_fault_event(struct sim *sim, const struct sim_event *event);
void sim_faults_end(struct sim *sim);

/* sim_check.c: none of them does anything when a bug is planted */
void sim_check_node(struct sim *sim, struct sim_node *node);
void sim_check_append(struct sim *sim, const struct sim_node *node);
void sim_check_apply(struct sim *sim, const struct sim_node *node,
		     const struct protocol_entry *entry);
void sim_check_state(struct sim *sim, const struct sim_node *node);
void sim_check_release(struct sim *sim);

#endif
