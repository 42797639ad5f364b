/* rw_register.h - versions out of transactions that write and read registers.
 *
 * Every value is written at most once to a key, so a read names the write that it read;
 * the initial value is nil. What is not known is the order in which the versions of one
 * key replaced each other, except where a transaction read one version and wrote the next
 * (read-modify-write): rw_order.h finds it. An open transaction of which a write was read
 * has committed; other open ones are left out, which is complete for unique values.
 * O(micro-operations). PURE. */
#ifndef CHECKERS_RW_REGISTER_H
#define CHECKERS_RW_REGISTER_H

#include "checkers/transaction/dependencies.h"

#define TXN_NONE      UINT32_MAX
#define TXN_NO_SOURCE (UINT32_MAX - 1)
#define VERSION_NONE  UINT32_MAX

/* One value that a key has had. Versions 0 .. keys - 1 are the initial ones. */
struct version {
	uint32_t key : 31;
	bool is_final : 1; /* no later write of the same transaction to the key */
	uint32_t writer;   /* transaction; TXN_NONE: the initial value */
	val value;
};

/* What a transaction did with a key, seen from outside: the version it read before it
 * wrote there itself, and the last version that it wrote. */
struct rw_access {
	uint32_t key;
	uint32_t read, written; /* versions; VERSION_NONE: did not */
	/* The committed transaction that wrote what was read; TXN_NONE: the initial value;
	 * TXN_NO_SOURCE: read nothing, or of one that failed. */
	uint32_t source;
};

/* Why `from` comes before `to`: `reader` read the key from `to` and could see `from`,
 * which wrote it too. */
struct rw_reason {
	uint32_t from, to, reader, key;
};

/* What rw_order.h notes of each transaction and version while it answers; zeros between
 * two questions. Kept, because hundreds of small questions are asked to shrink a core. */
struct rw_notes {
	uint32_t *index;      /* owned: transaction -> its place in the question + 1 */
	uint32_t *successor;  /* owned: version -> the next of its chain + 1 */
	uint32_t *segment_of; /* owned: version -> segment + 1 */
	bool *has_before;     /* owned: version -> stands behind another in its chain */
};

struct rw_versions {
	VEC(struct version) of;
	uint32_t *slots; /* owned: open addressing, (key, value) -> version + 1 */
	size_t slot_mask;
	/* Written numbers that are dense over all keys: value - direct_low -> version + 1;
	 * of two equal ones of two keys the second is in ->slots. */
	uint32_t *direct; /* owned; NULL: none */
	int64_t direct_low;
	size_t direct_span;
	VEC(struct rw_access) accesses;
	uint32_t *starts; /* owned: accesses of transaction t are starts[t] .. [t + 1] */
	bool nil_is_unknown;
	bool reads_again; /* some transaction read a key that it had read or written before, and
			   * not what it wrote there itself */
	bool reads_differ;		      /* and what it showed was something else */
	VEC(struct rw_access) other_accesses; /* see rw_register_swap_reads */
	uint32_t *other_starts;		      /* owned; NULL: not found yet */
	VEC(struct rw_reason) reasons;	      /* of the cycles that rw_weak.h found */
	struct rw_notes notes;		      /* empty until the first question */
	int threads; /* for questions about many; 0: as many as processors */
};

/* Fills d (zeros): transactions, findings, and as ->type_state the versions; its graph
 * stays empty. False with the reason when the history is none of this kind, a value was
 * written twice to one key, or the memory does not suffice. The caller calls
 * dependencies_release in both cases. */
bool rw_register_read(struct dependencies *d, const struct history *history,
		      const struct check_options *options, struct err *err);

/* Releases the versions, ->type_state. */
void rw_register_release(struct dependencies *d);

/* Makes ->accesses hold each read for itself, in the order of its transaction, also where a
 * transaction read a key again; the next call undoes it. For levels below read atomic, which
 * let such reads differ. */
void rw_register_swap_reads(struct dependencies *d);

/* How well a history fits, as checkers say it. */
int rw_register_fits(const struct history *history);

/* Some value is written to a key twice, or is the initial one: seen in the first few thousand
 * writes, since such workloads have few values. */
bool rw_register_repeats(const struct history *history, val init);

#endif
