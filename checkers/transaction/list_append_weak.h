/* list_append_weak.h - levels of isolation below consistent view for lists, where a cycle
 * with one anti-dependency leaves them open.
 *
 * The axioms of Biswas and Enea (rw_weak.h). The order of the appends to a key is known, so
 * far as they were read, and who appended what nobody read comes behind. So where writes,
 * reads of writes (and processes) have a common order, a level is broken exactly when some
 * reader lacks an append of a transaction that it sees. PURE. O(micro-operations of readers
 * and of those they read from); for causal also those between a reader and who appended
 * next, as far as CAUSAL_VISITS allow. */
#ifndef CHECKERS_LIST_APPEND_WEAK_H
#define CHECKERS_LIST_APPEND_WEAK_H

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/list_append_lists.h"

/* Adds what is broken to ->found, with its cycle, and takes out of ->open what is decided. */
void list_append_judge_weak(struct dependencies *d, const struct budget *budget,
			    struct isolation *isolation);

/* ---- for list_append_weak.c and list_append_causal.c ---- */

struct misses {
	struct dependencies *d;
	const struct budget *budget;
	struct isolation *out;
	struct lists lists;
	uint32_t *read_at; /* owned, by key: the micro-operation that last read it, + 1 */
	bool reads_again; /* the transaction noted last reads a key that it read or appended
			    * to before */
	bool is_internal; /* reads may contradict their transaction, which breaks all levels but
			   * the weakest: there each read counts for itself */
};

/* Notes where the transaction first asks for each key, before it appends there. */
void list_misses_note(struct misses *m, const struct txn *reader);

/* The read of the reader noted last that lacks this append: its number, counted from 1;
 * 0: none does. */
uint32_t list_misses_at(struct misses *m, const struct txn *reader,
			const struct mop *append);

/* Keeps the cycle of a path that ends at the reader, who missed the path's first. */
void list_misses_keep(struct misses *m, enum isolation_anomaly anomaly,
		      const uint32_t *path, size_t count);

/* Whether nobody misses anything of its causal past; false too, with causality left open,
 * where that takes too long. */
bool list_misses_none_causally(struct misses *m);

#endif
