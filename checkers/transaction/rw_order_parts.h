/* rw_order_parts.h - what the files of rw_order.h share: the graph under construction. */
#ifndef CHECKERS_RW_ORDER_PARTS_H
#define CHECKERS_RW_ORDER_PARTS_H

#include "checkers/transaction/order_choices.h"
#include "checkers/transaction/rw_order.h"

/* A chain of versions of one key, each made by a transaction that read the one before. */
struct segment {
	uint32_t key;
	uint32_t head, tail;	     /* transactions; TXN_NONE: the initial version */
	uint32_t after;		     /* node behind the readers of its last version */
	uint32_t end_min, begin_max; /* of its writers and readers */
};

/* What real time is used for. */
enum use_of_time {
	TIME_KEPT,   /* kept between what is further apart than the slack */
	TIME_GUIDES, /* kept where nothing speaks against it */
	TIME_NONE,   /* not at all */
};

struct windows;

struct build {
	const struct dependencies *d;
	struct rw_versions *v;
	const struct rw_question *question;
	enum use_of_time time;
	uint32_t slack;		/* in events */
	bool saturates;		/* adds all edges that follow without a choice */
	uint64_t conflicts_max; /* then the search is given up */
	const uint32_t *txns;
	uint32_t count;
	struct rw_notes *notes; /* borrowed */
	uint32_t *end;		/* owned: by place in txns: surely over, see bound_ends */
	uint32_t *bounded_by; /* owned, likewise: the place of the reader that shows it */
	VEC(struct segment) segments; /* by key; of each key the initial one first */
	VEC(uint32_t) key_starts;     /* segments of each key met, and the end */
	VEC(struct arc) arcs;
	VEC(struct order_choice) choices;
	VEC(uint32_t) hints; /* by node */
	size_t choices_max;
	bool is_over; /* more choices than that */
	/* NULL: the search is not logged. Else every edge between chains is a choice, so that
	 * the certain edges are those that the operations show, and what was saturated. */
	struct order_log *log;	 /* borrowed */
	struct windows *windows; /* borrowed: what was saturated, rw_windows.h */
};

/* What was saturated has no reasons that could be told. */
static inline bool
is_proving(const struct build *b)
{
	return b->log != NULL && !b->saturates;
}

/* Choices are left out at first that the order found may respect of itself. */
static inline bool
is_lazy(const struct build *b)
{
	return b->time != TIME_KEPT || b->log != NULL;
}

static inline uint32_t
layers(const struct build *b)
{
	return b->question->snapshot ? 2 : 1;
}

/* The node that stands for the snapshot, or the whole, of a listed transaction. */
static inline uint32_t
begin_node(const struct build *b, uint32_t txn)
{
	return b->notes->index[txn] - 1;
}

static inline uint32_t
commit_node(const struct build *b, uint32_t txn)
{
	return b->notes->index[txn] - 1 + (b->question->snapshot ? b->count : 0);
}

static inline void
add_arc(struct build *b, uint32_t from, uint32_t to)
{
	vec_push(&b->arcs, (struct arc){from, to});
}

/* b follows a because it read or overwrote what a wrote, or by process. */
static inline void
add_dependency(struct build *b, uint32_t from, uint32_t to)
{
	if (from != to)
		add_arc(b, commit_node(b, from), begin_node(b, to));
}

static inline uint32_t
add_node(struct build *b, uint32_t hint)
{
	vec_push(&b->hints, hint);
	return (uint32_t)b->hints.count - 1;
}

static inline uint32_t
end_with_slack(const struct build *b, uint32_t place)
{
	uint32_t end = b->end[place];

	return b->slack >= UINT32_MAX - end ? UINT32_MAX : end + b->slack;
}

/* The access's read counts when its writer is listed, or it is the initial version. */
static inline bool
reads_listed(const struct build *b, const struct rw_access *access)
{
	if (access->read == VERSION_NONE)
		return false;
	uint32_t writer = b->v->of.items[access->read].writer;
	return writer == TXN_NONE || b->notes->index[writer] != 0;
}

#define each_access(access, b, txn)                                                      \
	for (const struct rw_access *access =                                            \
		     (b)->v->accesses.items + (b)->v->starts[txn];                       \
	     access < (b)->v->accesses.items + (b)->v->starts[(txn) + 1]; access++)

/* Joins versions to chains: ->successor, ->segments, ->end. */
void rw_order_find_chains(struct build *b);

/* Adds nodes and certain edges, except those between chains of one key. */
void rw_order_add_edges(struct build *b);

/* Between the chains of each key: what is certain, and the choices that are near in time.
 */
void rw_order_add_choices(struct build *b);

/* Parallel snapshot isolation: solves, and refutes orders in which a reader depends on who
 * overwrote what it read, until one has none (rw_order_views.c). */
enum verdict rw_order_settle_views(struct build *b, struct order_solver *solver);

/* The choice between two chains of one key. */
struct order_choice rw_order_choice(const struct build *b, const struct segment *a,
				    const struct segment *c);

/* Adds the choices between chains of which one stands in the midst of the other, as the
 * graph orders them now; false when there are none. */
bool rw_order_add_overlaps(struct build *b, struct order_solver *solver);

/* Adds edges that follow from those of reads and processes, for a serial order; false when
 * there is none: then the answer is INVALID, with a core. */
bool rw_order_saturate(struct build *b, const struct budget *budget,
		       struct rw_answer *answer);

void rw_order_release_windows(struct windows *windows);

/* ---- rw_order_reasons.c: cores of what was derived without a choice ---- */

/* Of a window that has no order. */
void rw_order_core_of_window(const struct build *b, uint32_t window,
			     struct rw_answer *answer);

/* Of a cycle of nodes that uses what was derived. */
void rw_order_core_of_cycle(const struct build *b, const uint32_t *nodes, size_t count,
			    struct rw_answer *answer);

/* Of a search that used what was derived, from what of its log the end needs. */
void rw_order_core_of_search(const struct build *b, const struct order_solver *solver,
			     struct rw_answer *answer);

/* ---- rw_order_proof.c: proofs of INVALID, in the words of core_proof.h ---- */

/* The log of the search as a proof. */
void rw_order_prove_search(const struct build *b, const struct order_solver *solver,
			   struct rw_answer *answer);

/* The certain edges close a cycle of these nodes. */
void rw_order_prove_cycle(const struct build *b, const uint32_t *nodes, size_t count,
			  struct rw_answer *answer);

/* Some chain bites its tail. */
void rw_order_prove_ring(const struct build *b, struct rw_answer *answer);

#endif
