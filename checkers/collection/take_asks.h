/* take_asks.h - what the operations of a queue, priority queue or bag ask of the takes of
 * unknown outcome.
 *
 * An element that nobody took and that is certainly in lingers. A miss asks for an instant
 * at which nothing is in, in a priority queue a take or look of an element for one at which
 * nothing is that goes first: so what lingers and is in its way must be out by then. Of two
 * instants the earlier needs less to be out, but sooner; therefore only the first one, and
 * the first after each begin of a take of unknown outcome, are worth trying. Those at which
 * something is in that was seen or taken later are none.
 *
 * In a queue what lingers must be out before anything is shown that was put later; and, if it
 * was seen in front, before anything else is shown that was in front later. That, and the
 * misses, is all: of the two orders that are peeled (see arrange_queue.c) each is one of
 * intervals, and two such orders contradict each other in a pair or not at all. Left open is
 * only which of two goes first that were both seen in front at overlapping times. */
#ifndef CHECKERS_TAKE_ASKS_H
#define CHECKERS_TAKE_ASKS_H

#include "checkers/jepsen/elements.h"

struct lingering {
	uint32_t element;
	uint32_t arrives; /* the first gap in which it is certainly in */
};

struct ask {
	uint32_t from, below;  /* of what lingers: these must be out */
	uint32_t first, count; /* of the instants */
};

struct take_asks {
	VEC(struct lingering) lingering; /* priority queues: the first priority first */
	VEC(struct ask) asks;
	VEC(uint32_t) instants; /* gaps, ascending for each ask */
	VEC(uint32_t)
	begins; /* gaps in which takes of unknown outcome began, ascending */
};

/* False: some operation has no instant at all, or there are too many to say. */
bool take_asks_init(struct take_asks *asks, const struct elements *elements);
void take_asks_release(struct take_asks *asks);

/* How many takes of unknown outcome had begun by the gap. */
uint32_t take_asks_begun(const struct take_asks *asks, uint32_t gap);

#endif
