/* zones_sweep.h - one key under judgement: what zones.c (the verdict), zones_conflicts.c (who
 * contradicts whom) and zones_order.c (the proof) share. Private to zones. */
#ifndef CHECKERS_ZONES_SWEEP_H
#define CHECKERS_ZONES_SWEEP_H

#include "checkers/value_ids.h"
#include "checkers/register/zones.h"

#define NONE UINT32_MAX

#define BY_CAS ((uint32_t)1 << 31)

/* What is known of one written value; 24 bytes, because there may be millions. The
 * operations themselves are not looked at again once this is known. */
struct cell {
	uint32_t writer; /* index into history->ops, with BY_CAS when it is a cas; NONE:
			    never happened, or initial */
	uint32_t next;	 /* id of the value that a cas made of it; NONE */
	uint32_t begin;	 /* of the writer: its invocation, */
	uint32_t end;	 /* and its completion; OP_NEVER: its outcome is unknown */
	/* Of its reads; at the root of a block, once closed, of the whole block: */
	uint32_t first; /* earliest completion */
	uint32_t last;	/* latest invocation */
};

struct sweep {
	const struct key_ops *key;
	const struct check_options *options;
	const struct op *ops;
	struct zones *out;
	struct value_ids ids;
	struct cell *cells; /* by id of value; the last one is the initial value */
	uint32_t initial;   /* its id */
	bool has_initial_ops;
	bool has_info_cas;
	uint32_t earliest_end; /* of all blocks but the initial one */
	VEC(uint64_t) forward; /* first << 32 | root id, sorted */
	uint64_t ticks;
};

/* The id of a value that was seen; NONE when nobody wrote it. */
uint32_t zones_id_of_seen(const struct sweep *sweep, val seen);

/* The value begins a block: written plainly, or initial. */
static inline bool
zones_is_root(const struct sweep *sweep, uint32_t id)
{
	return sweep->cells[id].writer < BY_CAS || id == sweep->initial;
}

/* The operation that wrote the value; there is one. */
static inline uint32_t
zones_writer(const struct sweep *sweep, uint32_t id)
{
	return sweep->cells[id].writer & ~BY_CAS;
}

/* The block can happen at one instant (not the initial one). */
bool zones_is_backward(const struct sweep *sweep, uint32_t id);

/* The forward zone around the position, NONE when it is outside all. *hint is where to look
 * first: 0 at the beginning, then what the call before left there. */
uint32_t zones_forward_around(const struct sweep *sweep, uint32_t position, size_t *hint);

/* Conflicts: of two operations; of two in a block, the one that was invoked and the one that
 * was completed at these positions; of the zones of two roots. */
void zones_add_pair(struct sweep *sweep, enum zones_conflict_kind kind, uint32_t early,
		    uint32_t late);
void zones_add_chain(struct sweep *sweep, uint32_t invoked, uint32_t completed);
void zones_add_overlap(struct sweep *sweep, uint32_t outer, uint32_t inner);

/* Fills out->order when nothing is in conflict. Uses up the cells. */
void zones_make_order(struct sweep *sweep);

#endif
