/* core_edges.h - which of two transactions on registers, or lists, comes first, as the two show it
 * themselves, or as it follows from which of two writers of a key came first.
 *
 * Writes of a key of which each read the one before form a chain, and nothing can stand
 * between them: what is said of the first of a chain is true of all. PURE. */
#ifndef CHECKERS_CORE_EDGES_H
#define CHECKERS_CORE_EDGES_H

#include "base/map.h"
#include "checkers/transaction/rw_certify.h"

#define CORE_NOBODY  UINT32_MAX	      /* none of these transactions */
#define CORE_INITIAL (UINT32_MAX - 1) /* the value that was there before all */

#define CORE_OPEN (UINT32_MAX - 2) /* not found yet */

/* What a transaction did with a key, seen from outside. Transactions are counted as they are
 * listed. */
struct core_touch {
	uint32_t key; /* number */
	bool writes;
	uint32_t chain;	 /* the first of its write's chain */
	uint32_t source; /* whose write it read */
	uint32_t below;	 /* the first of the chain of what it read */
	val read, written;
};

struct core_edges {
	const struct history *history;
	const struct rw_claim *claim;
	const uint32_t *ops;
	uint32_t count;
	VEC(struct core_touch) touches;
	uint32_t *starts; /* owned: touches of transaction t, by key */
	struct map keys;  /* hash of a key -> its number + 1 */
	VEC(val) key_values;
	struct map writes; /* hash of key and value -> touch + 1 */
	struct map before; /* (a, c) -> how often it was said that a comes before c */
};

/* False, with the reason, when the operations are not of this kind. The caller calls
 * core_edges_release in both cases. */
bool core_edges_init(struct core_edges *edges, const struct history *history,
		     const struct anomaly *core, const struct rw_claim *claim,
		     struct err *err);
void core_edges_release(struct core_edges *edges);

/* While it is made: the touches from `first` on are all of the transaction. */
void core_edges_close_txn(struct core_edges *edges, uint32_t txn, size_t first);

/* How one comes before another. Under snapshot isolation a weak edge leads from a snapshot
 * to a commit, a strong one from a commit to a snapshot; else there is no difference. */
enum core_edge {
	CORE_NO_EDGE = 0,
	CORE_WEAK,
	CORE_STRONG
};

/* What shows it. */
enum core_reason {
	CORE_BY_TIME,
	CORE_BY_PROCESS,
	CORE_BY_READ,	     /* it read what the other wrote */
	CORE_BY_OVERWRITE,   /* both read one version, and it replaced that */
	CORE_BY_WRITE_CHAIN, /* the other's write is of the chain of `first`, see below */
	CORE_BY_READ_CHAIN,  /* and so is what the other read */
};

struct core_why {
	enum core_edge edge;
	enum core_reason reason;
	uint32_t key; /* number */
	/* It is the first of a chain itself, and `first` was said to come before it; or it is
	 * CORE_INITIAL, which comes before all. */
	uint32_t first;
};

/* How `from` comes before `to`. */
struct core_why core_edges_why(const struct core_edges *edges, uint32_t from,
			       uint32_t to);

/* What a transaction did with a key; NULL: nothing. */
const struct core_touch *core_edges_touch(const struct core_edges *edges, uint32_t txn,
					  uint32_t key);

/* They wrote the same key, so that one of them came before the other. */
bool core_edges_conflict(const struct core_edges *edges, uint32_t a, uint32_t c);

/* Says that a comes before c, and takes it back. */
void core_edges_suppose(struct core_edges *edges, uint32_t a, uint32_t c);
void core_edges_take_back(struct core_edges *edges, uint32_t a, uint32_t c);

/* Each comes before the next, and the last before the first, and that cannot be. */
bool core_edges_are_cycle(const struct core_edges *edges, const uint32_t *txns,
			  size_t count);

#endif
