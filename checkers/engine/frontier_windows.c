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
			breadth_start(&windows->breadth,
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
	if (windows->first > 0 && !are_starts_few(plan, changes))
		return false;
	breadth_release(&windows->breadth);
	usages_clear(&windows->usages);
	windows->breadth.usages = &windows->usages;
	windows->breadth.layer = windows->first;
	windows->breadth.until = windows->best + 1;
	if (windows->first == 0)
		breadth_start_at_root(engine, &windows->breadth);
	else
		add_starts(plan, windows, changes, reads);
	windows->is_open = true;
	return true;
}

/* ---- crashed calls counted together -------------------------------------------------
 */

struct use {
	uint32_t info, layer;
};

/* The crashed calls on the way to a node, the last one first. */
static size_t
collect_uses(const struct plan *plan, const struct nodes *nodes, uint32_t found,
	     struct use **uses)
{
	VEC(struct use) all = {0};

	for (uint32_t id = found; nodes->items[id].parent != FRONTIER_NONE;
	     id = nodes->items[id].parent) {
		const struct node *node = &nodes->items[id];
		if (plan->calls.items[node->call].optional)
			vec_push(&all,
				 (struct use){
					 plan->classes.items[plan->class_of[node->call]]
						 .info,
					 nodes->items[node->parent].layer});
	}
	*uses = all.items;
	return all.count;
}

/* The class that the way uses most beyond what there is by then; FRONTIER_NONE: none. */
static uint32_t
overused_class(const struct plan *plan, const struct use *uses, size_t count)
{
	uint32_t *used = mem_new(plan->info_classes.count + 1, sizeof(*used));
	uint32_t *beyond = mem_new(plan->info_classes.count + 1, sizeof(*beyond));
	uint32_t worst = FRONTIER_NONE;

	for (size_t i = count; i-- > 0;) {
		uint32_t info = uses[i].info, number = used[info]++;
		const struct info_class *class = &plan->info_classes.items[info];
		if (number < class->count &&
		    plan->calls.items[plan->infos[class->first + number]].invoke_at <=
			    plan_layer_position(plan, uses[i].layer))
			continue;
		beyond[info]++;
		if (worst == FRONTIER_NONE || beyond[info] > beyond[worst])
			worst = info;
	}
	free(used);
	free(beyond);
	return worst;
}

/* The window was passed. By more crashed calls of a class than there are: that class is
 * counted alone from now on, in the same window. Otherwise the window becomes wider. */
static void
learn(struct engine *engine, struct windows *windows)
{
	const struct plan *plan = &engine->plan;
	struct use *uses;
	size_t count = collect_uses(plan, &windows->breadth.nodes, windows->breadth.found,
				    &uses);
	uint32_t overused = overused_class(plan, uses, count);

	free(uses);
	windows->is_open = false;
	if (overused != FRONTIER_NONE)
		usages_split(&windows->usages, overused);
	else if (windows->first == 0)
		engine_note_layer(engine, windows->breadth.layer);
	else
		windows->width *= 2;
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
	usages_release(&windows->usages);
	usages_init_joined(&windows->usages, &engine->plan);
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
		learn(engine, windows);
	}
	return PROGRESS_MORE;
}

void
windows_release(struct windows *windows)
{
	breadth_release(&windows->breadth);
	usages_release(&windows->usages);
}
