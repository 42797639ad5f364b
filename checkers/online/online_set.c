/* online_set.c - sets that only grow (checkers/collection/set.h): what was read but never
 * added, and what stands twice in one read.
 *
 * Whether an element is lost is known when the final reads are in: left to the end, and so
 * is what an add that fails later had already shown. One word and a half an element;
 * O(size) a read. */
#include "checkers/online/decider.h"
#include "checkers/online/table.h"

#include "base/vec.h"

/* The set as the adds make it. */
struct online_set {
	struct table of;    /* element -> index */
	VEC(uint32_t) adds; /* by element: that did not fail */
	VEC(uint32_t) met;  /* by element: the last read that had it */
	uint32_t reads;
};

static void
begin(const struct online_call *call)
{
	struct online_set *set = call->state;

	if (call->f == F_READ)
		return;
	if (call->f != F_ADD) {
		online_give_up(call, "not all operations are those of a set");
		return;
	}
	call->notes[0] = online_value_of(call->values, call->value);
	uint32_t at = table_find(&set->of, call->notes[0]);
	if (at == TABLE_NONE) {
		table_put(&set->of, call->notes[0], (uint32_t)set->adds.count);
		vec_push(&set->adds, 1);
		vec_push(&set->met, 0);
		return;
	}
	set->adds.items[at]++;
}

static void
meet(const struct online_call *call, online_value element)
{
	struct online_set *set = call->state;
	uint32_t at = table_find(&set->of, element);

	if (at == TABLE_NONE || set->adds.items[at] == 0) {
		online_violate(call, "unexpected-element", element, 0);
		return;
	}
	if (set->met.items[at] == set->reads)
		online_violate(call, "duplicate-element", element, 0);
	set->met.items[at] = set->reads;
}

static void
end(const struct online_call *call)
{
	struct online_set *set = call->state;

	if (call->f == F_ADD && call->type == OP_FAIL)
		set->adds.items[table_find(&set->of, call->notes[0])]--;
	if (call->f != F_READ || call->type != OP_OK || val_kind(call->value) != VAL_LIST)
		return;
	set->reads++;
	for (size_t i = 0; i < val_count(call->values, call->value); i++)
		meet(call,
		     online_value_of(call->values, val_at(call->values, call->value, i)));
}

static void
stop(void *state)
{
	struct online_set *set = state;

	table_release(&set->of);
	vec_release(&set->adds);
	vec_release(&set->met);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_set *set = state;

	size->values += set->adds.count;
	size->bytes += table_bytes(&set->of) +
		       (set->adds.capacity + set->met.capacity) * sizeof(uint32_t);
}

const struct online_decider online_set = {
	.name = "set",
	.summary =
		"elements that nobody added, and duplicates in a read; losses at the end",
	.state_bytes = sizeof(struct online_set),
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
