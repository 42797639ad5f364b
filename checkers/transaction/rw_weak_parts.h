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
	bool has_every; /* a transaction may have several accesses that read one key */

	/* By transaction, of committed ones only: its process, the one before it there or
	 * TXN_NONE. When first needed, so for questions with processes at once. */
	uint32_t *session, *previous; /* owned */
	uint32_t sessions;

	/* An order in which each transaction stands behind those that it read from, and
	 * behind its process when that counts. */
	uint32_t *order, *place; /* owned: place -> transaction; and back, from 1 */
	uint32_t count;

	/* Made when first needed (rw_weak_rank). Ranks number all by (session, index). */
	uint32_t *index;      /* owned, by transaction: place in its session from 1 */
	uint32_t *first_rank; /* owned, by session */
	uint32_t *by_rank;    /* owned: rank -> transaction */

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

static inline bool
is_txn(uint32_t source)
{
	return source < TXN_NO_SOURCE;
}

/* The committed transaction that the access read from; TXN_NONE for the initial value;
 * false when it read nothing that counts. */
static inline bool
rw_weak_source(const struct rw_access *access, uint32_t *source)
{
	*source = access->source;
	return access->source != TXN_NO_SOURCE;
}

/* The transaction before this one in its process, when that counts; TXN_NONE for the
 * first. */
static inline uint32_t
rw_weak_previous(const struct weak *w, uint32_t t)
{
	return w->question->process ? w->previous[t] : TXN_NONE;
}

void rw_weak_init(struct weak *w);
void rw_weak_release(struct weak *w);

/* Fills ->order and ->place; false when what was read (with the order of processes, when
 * that counts) runs in a circle. */
bool rw_weak_place(struct weak *w);

/* Whether there is a circle with the missed writes too. Looks only at those stretches of
 * ->order that a missed write leads backwards across: no circle leaves them. */
bool rw_weak_is_acyclic(const struct weak *w);

/* Missed writes by whom they lead to. */
struct missed_rows {
	uint32_t *into;	    /* owned, by transaction: the last of them + 1; 0: none */
	VEC(uint32_t) next; /* by missed write: the one before it + 1 */
	uint8_t *state;	    /* owned, by transaction: zeros between two walks */
};

/* What was read, processes and missed writes as a graph; made to show a circle, and where
 * the order must be another one. */
void rw_weak_graph(const struct weak *w, struct graph *graph);

/* Keeps an order that the axioms allow, for the proof; `order` is given away. */
void rw_weak_keep_order(const struct weak *w, uint32_t *order, size_t count,
			struct isolation *isolation);

/* The question with real time, once ->order is known (rw_weak_time.c). */
enum verdict rw_weak_judge_time(struct weak *w, struct isolation *isolation);

/* Adds the missed writes that are not in the rows yet. */
void rw_weak_link_missed(const struct weak *w, struct missed_rows *rows);
void rw_weak_release_rows(struct missed_rows *rows);

/* Puts those at the places from first to last into an order with missed writes too; false
 * when these run in a circle. */
bool rw_weak_sort(struct weak *w, struct missed_rows *rows, uint32_t first,
		  uint32_t last);

enum mended {
	MENDED,	    /* ->order is one that the axioms allow */
	MENDED_NOT, /* there is none: missed writes run in a circle, or an initial value was
		     * read though a write was visible; ->missed shows it */
	MENDED_OPEN, /* it would have taken too long */
};
enum mended rw_weak_mend(struct weak *w);

void rw_weak_add_missed(struct weak *w, struct missed missed);

/* Sessions, indices and ranks; before the first use; costs nothing again. */
void rw_weak_rank(struct weak *w);

/* Where the writers of a key with a rank not below `rank` begin, from `low` on. */
size_t rw_weak_writers_from(struct weak *w, uint32_t key, size_t low, uint32_t rank);
void
rw_weak_index_writers(struct weak *w); /* before the first use; costs nothing again */

/* Find what was missed: in the eyes of monotonic atomic view and read atomic, or causal.
 */
void rw_weak_find_missed(struct weak *w);
void rw_weak_find_missed_causally(struct weak *w);

#endif
