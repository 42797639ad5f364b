/* generate.h - histories from a seed, valid or made invalid on purpose, of every type.
 *
 * For benches and for people who write checkers. A real object is played: every operation
 * takes effect at one instant between its invocation and its completion, so the history is
 * valid by construction (strictly serializable, where it is transactions). A mutation then
 * changes one thing so that the history is certainly invalid; its name is that of the
 * anomaly which was planted, and a checker may name another that follows from it.
 *
 * PURE. Same options, same history, on every machine. O(operations). */
#ifndef CHECKERS_GENERATE_H
#define CHECKERS_GENERATE_H

#include "base/history.h"

struct generate_options {
	const char *type;   /* a name of generate_types */
	const char *mutate; /* NULL: valid; else one of the type's mutations, or "any" */
	uint64_t operations;
	uint32_t processes; /* clients at once; 0: 5 */
	uint32_t keys;	    /* 0: 1, transactions: 5 */
	int info_percent;   /* operations of which nobody knows how they ended */
	uint64_t seed;
};

enum {
	GENERATE_MUTATIONS_MAX = 4,
	GENERATE_PROCESSES_MAX = 1 << 16,
	GENERATE_KEYS_MAX = 1 << 24,
};
#define GENERATE_OPERATIONS_MAX ((uint64_t)1 << 30)

struct generate_type {
	const char *name, *summary;
	const char *mutations[GENERATE_MUTATIONS_MAX + 1]; /* NULL-terminated */
};

/* All types, in the order in which they are to be told; the count in *count. */
const struct generate_type *const *generate_types(size_t *count);

/* Fills an empty history. False when a name is unknown, a number out of range, or when the
 * history has no place for the mutation (too short). */
bool generate_history(struct history *history, const struct generate_options *options,
		      struct err *err);

#endif
