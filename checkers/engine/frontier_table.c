#include "checkers/engine/frontier_plan.h"

#include <stdlib.h>
#include <string.h>

/* ---- transitions --------------------------------------------------------------------
 */

uint32_t
plan_step_slow(struct plan *plan, uint32_t state, uint32_t class)
{
	uint32_t example = plan->classes.items[class].example, next;

	if (!plan->model->step(plan->self, state, &plan->calls.items[example], &next))
		next = FRONTIER_ILLEGAL;
	if (plan->table != NULL)
		plan->table[(size_t)state * plan->classes.count + class] = next;
	return next;
}

/* A state can be told from others only by calls that are not allowed everywhere or whose
 * effect depends on it. Crashed calls lead on to what comes after them. */
static void
find_useful_states(struct plan *plan)
{
	bool has_changed = true;

	plan->useful_until = mem_new(plan->state_count + 1, sizeof(uint32_t));
	while (has_changed) {
		has_changed = false;
		for (uint32_t state = 0; state < plan->state_count; state++)
			for (uint32_t c = 0; c < plan->classes.count; c++) {
				const struct call_class *class = &plan->classes.items[c];
				uint32_t next = plan_step(plan, state, c);
				if (class->is_overwrite || next == FRONTIER_ILLEGAL)
					continue;
				uint32_t until = class->needed_until;
				if (class->info != FRONTIER_NONE &&
				    plan->useful_until[next] > until)
					until = plan->useful_until[next];
				if (until > plan->useful_until[state]) {
					plan->useful_until[state] = until;
					has_changed = true;
				}
			}
	}
}

static bool
changes_state(struct plan *plan, uint32_t state, uint32_t class)
{
	uint32_t next = plan_step(plan, state, class);

	return next != FRONTIER_ILLEGAL && next != state;
}

static void
list_effects(struct plan *plan)
{
	VEC(uint32_t) effects = {0};
	uint32_t states = plan->table != NULL ? plan->state_count : 1;

	plan->effect_starts = mem_new(states + 1, sizeof(*plan->effect_starts));
	for (uint32_t state = 0; state < states; state++) {
		for (uint32_t info = 0; info < plan->info_classes.count; info++)
			if (plan->table == NULL ||
			    changes_state(plan, state,
					  plan->info_classes.items[info].class))
				vec_push(&effects, info);
		plan->effect_starts[state + 1] = (uint32_t)effects.count;
	}
	plan->effects = effects.items;
}

static void
make_table(struct plan *plan, size_t bytes_max)
{
	size_t entries = (size_t)plan->state_count * plan->classes.count;

	if (entries == 0 || entries > FRONTIER_TABLE_MAX ||
	    entries * sizeof(*plan->table) > bytes_max / 4)
		return;
	plan->table = mem_resize(NULL, entries, sizeof(*plan->table));
	memset(plan->table, 0xff, entries * sizeof(*plan->table));
	find_useful_states(plan);
}

void
plan_tabulate(struct plan *plan, size_t bytes_max)
{
	plan->state_count = plan->model->state_count(plan->self);
	make_table(plan, bytes_max);
	list_effects(plan);
}
