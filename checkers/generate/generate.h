/* generate.h - histories from a seed, valid or made invalid on purpose, of every type.
 *
 * For benches and for people who write checkers. A real object is played: every operation
 * takes effect at one instant between its invocation and its completion, so the history is
 * valid by construction (strictly serializable, where it is transactions). A mutation then
 * changes one thing so that the history is certainly invalid; its name is that of the
 * anomaly which was planted, and a checker may name another that follows from it.
 * What a linearizable register does is also regular, safe and never stale; the types
 * `sequential` and `causal` are registers that promise less.
 *
 * PURE. Same options, same history, on every machine. O(operations): of many keys or partitions
 * an operation reads some, or few operations read all. */
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
	int fail_percent;   /* operations that are refused and have no effect */
	uint64_t seed;
};

enum {
	GENERATE_MUTATIONS_MAX = 4,
	GENERATE_PROCESSES_MAX = 1 << 16,
	GENERATE_KEYS_MAX = 1 << 24,
};
#define GENERATE_OPERATIONS_MAX ((uint64_t)1 << 30)

/* What can be planted, and what our checker calls it. */
struct generate_mutation {
	const char *name;
	const char *anomaly; /* NULL: the same; "a|b": one of these; "*": it depends */
};

struct generate_type {
	const char *name, *summary;
	struct generate_mutation
		mutations[GENERATE_MUTATIONS_MAX + 1]; /* ends with zeros */
	const char *checker; /* who decides such histories; NULL: that of the name */
	const char
		*init; /* the initial value that checkers must be told, as JSON; NULL */
	const char *model; /* the variant that they must be told; NULL */
};

/* All types, in the order in which they are to be told; the count in *count. */
const struct generate_type *const *generate_types(size_t *count);

/* Fills an empty history. False when a name is unknown, a number out of range, or when the
 * history has no place for the mutation (too short). */
bool generate_history(struct history *history, const struct generate_options *options,
		      struct err *err);

#endif
