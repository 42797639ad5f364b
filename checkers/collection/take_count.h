/* take_count.h - more must be out of a collection than its takes of unknown outcome can
 * have taken.
 *
 * An operation that got nothing asks for an instant at which nothing that it would have
 * got is in; one that got an element for an instant at which nothing in front of it is in
 * (queue: what was put before; stack: what was put after; priority queue: what goes first).
 * What is certainly in by such an instant, and of what nobody knows that he took it, must
 * have gone to a take of unknown outcome that had begun, each to one of its own: a matching
 * of elements and takes. Where none exists at any instant of the operation, no order does.
 *
 * Works from the history alone, shares nothing with the deciders, and looks at elements put
 * once only; leaving elements out can only allow more. So it is a proof as well. */
#ifndef CHECKERS_TAKE_COUNT_H
#define CHECKERS_TAKE_COUNT_H

#include "checkers/collection/collection.h"

struct count_proof {
	const char *name;  /* static: the anomaly */
	VEC(uint32_t) ops; /* of the history: the operation, and those on the elements */
};

/* Looks for such an operation; the proof is small, but not always the smallest. False: there
 * is none, or it would take too long to say. */
bool take_count_find(enum collection collection, const struct key_ops *key,
		     const struct check_options *options, struct count_proof *proof);

/* Whether these operations of the history show it, with the key's other ones. */
bool take_count_proves(enum collection collection, const struct key_ops *key,
		       const struct check_options *options, const uint32_t *ops,
		       size_t count);

#endif
