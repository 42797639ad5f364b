#include "checkers/engine/frontier_search.h"

#include <stdlib.h>

enum {
	WINDOW_FIRST = 8,
	WINDOW_CHANGES_MAX = 16,
	WINDOW_STARTS_MAX = 1 << 16
};

/* ---- opening ------------------------------------------------------------------------
 */

/* The first of the calls open before the layer that change the state, and how many. */
static const struct open_call *
open_changes(const struct plan *plan, uint32_t layer, uint32_t *count)
{
	*count = plan->open_starts[layer + 1] - plan->open_changes[layer];
	return &plan->open.items[plan->open_changes[layer]];
}

static bool
are_starts_few(const struct plan *plan, uint32_t layer)
{
	uint32_t open;

	open_changes(plan, layer, &open);
	return open <= WINDOW_CHANGES_MAX &&
	       (uint64_t)plan->state_count << open <= WINDOW_STARTS_MAX;
}

/* All open reads, and those open changes whose bit is set in `chosen`. */
static uint64_t
set_of(struct engine *engine, uint32_t layer, uint32_t chosen)
{
	const struct plan *plan = &engine->plan;
	uint32_t count;
	const struct open_call *changes = open_changes(plan, layer, &count);
	uint64_t set = 0;

	for (uint32_t i = plan->open_starts[layer]; i < plan->open_changes[layer]; i++)
		set = slot_sets_with(&engine->slots, set, plan->open.items[i].slot);
	for (uint32_t i = 0; i < count; i++)
		if (chosen >> i & 1)
			set = slot_sets_with(&engine->slots, set, changes[i].slot);
	return set;
}

/* Everything that can be the case before the layer, and more: any state, any subset of
 * the open changes done, all open reads done, no crashed call used up. */
static void
add_starts(struct engine *engine, struct windows *windows)
{
	uint32_t count;

	open_changes(&engine->plan, windows->first, &count);
	for (uint32_t chosen = 0; chosen < (uint32_t)1 << count; chosen++) {
		uint64_t set = set_of(engine, windows->first, chosen);
		for (uint32_t state = 0; state < engine->plan.state_count; state++)
			breadth_add(&windows->breadth,
				    &(struct node){.mask = set,
						   .layer = windows->first,
						   .state = state,
						   .parent = FRONTIER_NONE,
						   .call = FRONTIER_NONE});
	}
}

/* False: it would begin in too many ways. */
static bool
open_window(struct engine *engine, struct windows *windows)
{
	windows->first =
		windows->best > windows->width ? windows->best - windows->width : 0;
	if (!are_starts_few(&engine->plan, windows->first))
		return false;
	breadth_clear(&windows->breadth, windows->first, windows->best + 1);
	add_starts(engine, windows);
	engine->work += windows->breadth.now.count;
	windows->is_open = true;
	return true;
}

/* ---- turns --------------------------------------------------------------------------
 */

/* Nearer windows first, and what was learnt of crashed calls elsewhere is forgotten. */
static void
move_to(struct engine *engine, struct windows *windows, uint32_t best)
{
	windows->best = best;
	windows->width = WINDOW_FIRST;
	windows->is_open = false;
	usages_release(&windows->breadth.usages);
	usages_init_joined(&windows->breadth.usages, &engine->plan);
}

/* EMPTY: refuted. STOPPED: no window that can be searched refutes the layer of now. */
enum progress
windows_run(struct engine *engine, struct windows *windows, uint64_t work)
{
	uint64_t end = engine->work + work;

	if (engine->plan.state_count == 0)
		return PROGRESS_STOPPED;
	while (engine->work < end) {
		if (engine->best_layer >= engine->plan.layer_count)
			return PROGRESS_STOPPED;
		if (windows->width == 0 || windows->best != engine->best_layer)
			move_to(engine, windows, engine->best_layer);
		if (!windows->is_open && !open_window(engine, windows))
			return PROGRESS_STOPPED;
		enum progress progress =
			breadth_run(engine, &windows->breadth, end - engine->work);
		if (progress != PROGRESS_FOUND)
			return progress;
		windows->is_open = false;
		if (breadth_refine(&windows->breadth))
			continue;
		if (windows->first == 0)
			return PROGRESS_STOPPED;
		windows->width *= 2;
	}
	return PROGRESS_MORE;
}

void
windows_release(struct windows *windows)
{
	breadth_release(&windows->breadth);
}
