/* mutate.h - what makes a valid history certainly invalid: the parts that families share.
 *
 * A mutation is tried on one operation after the other; it changes one answer or adds one
 * operation and returns true, or has no place there. Why the result is invalid in every
 * order of the operations stands above each. */
#ifndef CHECKERS_GENERATE_MUTATE_H
#define CHECKERS_GENERATE_MUTATE_H

#include "base/history.h"
#include "base/rng.h"

#include <string.h>

#define MUTATE_GARBAGE (INT64_C(1) << 59) /* greater than all that is ever written */

enum {
	MUTATE_LOOK_BACK = 4096, /* how far a place is searched from one operation */
};

struct mutating {
	struct history *history;
	struct rng *rng;
};

/* Tries from a random operation on; false when there is no place. */
bool mutate_somewhere(struct mutating *m, bool (*mutate)(struct mutating *m, size_t i));

static inline struct op *
op_at(const struct mutating *m, size_t i)
{
	return &m->history->ops.items[i];
}

static inline bool
op_is(const struct op *op, enum op_f f)
{
	return op->type == OP_OK && op->f == f;
}

static inline bool
op_precedes(const struct op *a, const struct op *b)
{
	return a->complete_at < b->invoke_at;
}

/* Function names that op_f.def does not have. */
static inline bool
op_is_named(const struct mutating *m, const struct op *op, const char *name)
{
	return op->type == OP_OK && strcmp(history_f_name(m->history, op->f), name) == 0;
}

/* The last operation before `later` in real time, from `i` downwards, on the same key, that
 * `is` one; its index, or SIZE_MAX. */
size_t mutate_before(const struct mutating *m, const struct op *later, size_t i,
		     bool (*is)(const struct op *op));

/* Adds a whole operation of a new process: `op` has f, key, input and output. Where nothing
 * else happens: right after `after` was over; at the end of all when that is NULL. */
void mutate_insert(struct mutating *m, struct op op, const struct op *after);

/* A copy of the list (nil: an empty one), less one value (nil: none), with another behind
 * (nil: none). */
val mutate_list(struct mutating *m, val list, val without, val with);

/* The last item of a list; nil when it has none. */
val mutate_last(const struct mutating *m, val list);

/* A copy of the map with another value for a key, which it has. */
val mutate_map(struct mutating *m, val map, val key, val value);

/* ---- mutations of more than one family ---- */

/* A read, or what is taken or given, is answered with what nobody wrote. */
bool mutate_garbage(struct mutating *m, size_t i);
/* The same of reads alone. */
bool mutate_garbage_read(struct mutating *m, size_t i);
/* What is given once (an element, an id, an offset, a token) is given twice. */
bool mutate_given_twice(struct mutating *m, size_t i);
/* A list that is read has an element that nobody added, or one twice. */
bool mutate_unexpected(struct mutating *m, size_t i);
bool mutate_duplicate(struct mutating *m, size_t i);

/* Takes the element out of all lists that operations named `f` answered; false when none had
 * it. */
bool mutate_lose(struct mutating *m, const char *f, val key, val element);

/* It was answered with what nobody else may be answered with. */
bool op_is_take(const struct op *op);

#endif
