#include "checkers/engine/frontier_search.h"

#include <stdlib.h>

enum {
	WINDOW_FIRST = 8,
	WINDOW_STARTS_MAX = 1 << 16
};

/* ---- opening ------------------------------------------------------------------------
 */

/* The slots of open calls that change the state, and of those that read. */
static void
open_masks(const struct plan *plan, uint32_t layer, uint64_t *changes, uint64_t *reads)
{
	*changes = *reads = 0;
	for (uint32_t i = plan->open_starts[layer]; i < plan->open_starts[layer + 1];
	     i++) {
		uint64_t bit = (uint64_t)1 << plan->open.items[i].slot;
		if (plan->open.items[i].is_read)
			*reads |= bit;
		else
			*changes |= bit;
	}
}

static bool
are_starts_few(const struct plan *plan, uint64_t changes)
{
	int open = __builtin_popcountll(changes);

	return open <= 16 && (uint64_t)plan->state_count << open <= WINDOW_STARTS_MAX;
}

/* Everything that can be the case before the layer, and more: any state, any subset of
 * the open changes done, all open reads done, no crashed call used up. */
static void
add_starts(const struct plan *plan, struct windows *windows, uint64_t changes,
	   uint64_t reads)
{
	uint64_t subset = 0;

	do {
		for (uint32_t state = 0; state < plan->state_count; state++)
			breadth_add(&windows->breadth,
				    &(struct node){.mask = subset | reads,
						   .layer = windows->first,
						   .state = state,
						   .parent = FRONTIER_NONE,
						   .call = FRONTIER_NONE});
		subset = (subset - changes) & changes;
	} while (subset != 0);
}

/* False: it would begin in too many ways. */
static bool
open_window(struct engine *engine, struct windows *windows)
{
	const struct plan *plan = &engine->plan;
	uint64_t changes, reads;

	windows->first =
		windows->best > windows->width ? windows->best - windows->width : 0;
	open_masks(plan, windows->first, &changes, &reads);
	if (!are_starts_few(plan, changes))
		return false;
	breadth_clear(&windows->breadth, windows->first, windows->best + 1);
	add_starts(plan, windows, changes, reads);
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
