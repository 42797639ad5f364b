/* Conflicts are told by operations; while zones are compared only positions are known. */
#include "checkers/register/zones_sweep.h"

#include "base/assert.h"
#include "base/search.h"

static void
add_conflict(struct sweep *sweep, const struct zones_conflict *conflict)
{
	struct zones *out = sweep->out;

	out->conflict_count++;
	if (out->conflicts.count < ANOMALIES_MAX)
		vec_push(&out->conflicts, *conflict);
}

void
zones_add_pair(struct sweep *sweep, enum zones_conflict_kind kind, uint32_t early,
	       uint32_t late)
{
	add_conflict(sweep, &(struct zones_conflict){
				    .kind = kind, .early = early, .late = late});
}

/* How many of the key's operations were invoked at or before the position. */
static size_t
invoked_by(const struct sweep *sweep, uint32_t position)
{
	size_t first;

	search_first(first, 0, sweep->key->count,
		     key_op(sweep->key, first)->invoke_at <= position);
	return first;
}

static uint32_t
op_invoked_at(const struct sweep *sweep, uint32_t position)
{
	size_t count = invoked_by(sweep, position);

	ASSERT(count > 0 && key_op(sweep->key, count - 1)->invoke_at == position);
	return sweep->key->ops[count - 1];
}

static uint32_t
op_completed_at(const struct sweep *sweep, uint32_t position)
{
	size_t i = invoked_by(sweep, position);

	while (i > 0 && key_op(sweep->key, i - 1)->complete_at != position)
		i--;
	ASSERT(i > 0);
	return sweep->key->ops[i - 1];
}

static struct zone
zone_of(const struct sweep *sweep, uint32_t root)
{
	const struct cell *cell = &sweep->cells[root];
	bool is_initial = root == sweep->initial;

	return (struct zone){
		.first = is_initial ? OP_NEVER : op_completed_at(sweep, cell->first),
		.last = op_invoked_at(sweep, cell->last),
		.root = is_initial ? OP_NEVER : zones_writer(sweep, root),
	};
}

void
zones_add_overlap(struct sweep *sweep, uint32_t outer, uint32_t inner)
{
	if (sweep->out->conflicts.count >= ANOMALIES_MAX) {
		sweep->out->conflict_count++;
		return;
	}
	add_conflict(sweep, &(struct zones_conflict){.kind = ZONES_OVERLAP,
						     .early = OP_NEVER,
						     .late = OP_NEVER,
						     .outer = zone_of(sweep, outer),
						     .inner = zone_of(sweep, inner)});
}

void
zones_add_chain(struct sweep *sweep, uint32_t invoked, uint32_t completed)
{
	zones_add_pair(sweep, ZONES_CHAIN, op_invoked_at(sweep, invoked),
		       op_completed_at(sweep, completed));
}
