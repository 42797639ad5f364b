/* lock_holders.h - who acquires and releases a lock, and the token it gets.
 *
 * The holder is what the operation was asked with, or else its process; the token is the
 * answer, a number. Tests of Hazelcast tell both in a map, {client "n1", fence 7, uid "..."},
 * and ask with an id of the request: then the holder is the client. Where an operation of
 * unknown outcome tells none it is that of its process, when another operation of it tells
 * one, and else it may be anybody. A fence of 0 is none. */
#ifndef CHECKERS_LOCK_HOLDERS_H
#define CHECKERS_LOCK_HOLDERS_H

#include "checkers/partition.h"

struct lock_holders {
	const struct values *values; /* borrowed */
	bool have_clients;	     /* some answer is a map with a client */
	struct value_ids processes;  /* that tell a client */
	VEC(val) clients;	     /* of each */
};

void lock_holders_init(struct lock_holders *holders, const struct key_ops *key);
void lock_holders_release(struct lock_holders *holders);

/* Who does it; nil: nobody says, and it may be anybody. */
val lock_holder(const struct lock_holders *holders, const struct op *op);

/* The token that an acquire tells; nil: none. */
val lock_token(const struct values *values, const struct op *op);

#endif
