/* rw_weak_parts.h - what the files of rw_weak.h share: the question, an order of the
 * transactions, the missed writes found. */
#ifndef CHECKERS_RW_WEAK_PARTS_H
#define CHECKERS_RW_WEAK_PARTS_H

#include "checkers/transaction/rw_weak.h"

/* The edge from `missed` to `read_from`: `reader` read the key from one although it could
 * see the other. */
struct missed {
	uint32_t missed, read_from, reader, key;
};

struct weak {
	struct dependencies *d;
	struct rw_versions *v;
	const struct weak_question *question;
	const struct budget *budget;

	/* By transaction; of committed ones only. Ranks number all by (session, index). */
	uint32_t *session, *index; /* owned: process, place in it from 1 */
	uint32_t *first_rank;	   /* owned, by session */
	uint32_t sessions;
	uint32_t *by_rank; /* owned: rank -> transaction */

	/* An order in which each transaction stands behind those that it read from, and
	 * behind its process when that counts. */
	uint32_t *order, *place; /* owned: place -> transaction; and back, from 1 */
	uint32_t count;

	/* Who wrote a key, found by (key, rank); made when first needed. */
	uint64_t *writers;  /* owned: key << 32 | rank, ascending */
	size_t *key_starts; /* owned: those of each key */

	VEC(struct missed) missed;
	size_t missed_max;
	bool is_over;	     /* the budget has ended */
	bool initial_missed; /* the initial value was read though a write was visible */
	struct missed initial;
};

#define each_access(access, w, t)                                                        \
	for (const struct rw_access *access =                                            \
		     (w)->v->accesses.items + (w)->v->starts[t];                         \
	     access < (w)->v->accesses.items + (w)->v->starts[(t) + 1]; access++)

/* The committed transaction that the access read from; TXN_NONE for the initial value;
 * false when it read nothing that counts. */
static inline bool
rw_weak_source(const struct weak *w, const struct rw_access *access, uint32_t *source)
{
	if (access->read == VERSION_NONE)
		return false;
	*source = w->v->of.items[access->read].writer;
	return *source == TXN_NONE || w->d->committed[*source];
}

/* The transaction before this one in its process; TXN_NONE for the first. */
static inline uint32_t
rw_weak_previous(const struct weak *w, uint32_t t)
{
	return w->index[t] == 1
		       ? TXN_NONE
		       : w->by_rank[w->first_rank[w->session[t]] + w->index[t] - 2];
}

void rw_weak_init(struct weak *w);
void rw_weak_release(struct weak *w);

/* Fills ->order and ->place; false when what was read (with the order of processes, when
 * that counts) runs in a circle. */
bool rw_weak_place(struct weak *w);

/* Whether there is a circle with the missed writes too. Looks only at those stretches of
 * ->order that a missed write leads backwards across: no circle leaves them. */
bool rw_weak_is_acyclic(const struct weak *w);

void rw_weak_add_missed(struct weak *w, struct missed missed);

/* Where the writers of a key with a rank not below `rank` begin, from `low` on. */
size_t rw_weak_writers_from(struct weak *w, uint32_t key, size_t low, uint32_t rank);
void
rw_weak_index_writers(struct weak *w); /* before the first use; costs nothing again */

/* Find what was missed: in the eyes of monotonic atomic view and read atomic, or causal.
 */
void rw_weak_find_missed(struct weak *w);
void rw_weak_find_missed_causally(struct weak *w);

#endif
