#include "checkers/engine/frontier_search.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORK_PER_STOP_CHECK = 1024
};

uint32_t
nodes_add(struct nodes *nodes, const struct node *node)
{
	vec_push(nodes, *node);
	return (uint32_t)nodes->count - 1;
}

bool
engine_must_stop(struct engine *engine, size_t bytes)
{
	if (engine->work < engine->stop_check_at)
		return false;
	engine->stop_check_at = engine->work + WORK_PER_STOP_CHECK;
	bytes += engine->plan.bytes;
	if (bytes > engine->bytes_peak)
		engine->bytes_peak = bytes;
	bool is_over = bytes > engine->bytes_max / 3 ||
		       model_is_full(engine->plan.model, engine->plan.self) ||
		       budget_is_over(&engine->options->budget);
	if (is_over)
		engine->stop_check_at = 0; /* the other drivers shall notice at once */
	return is_over;
}

void
engine_note_layer(struct engine *engine, uint32_t layer)
{
	if (layer > engine->best_layer)
		engine->best_layer = layer;
}

/* ---- steps --------------------------------------------------------------------------
 */

static uint64_t
fitting_reads(struct engine *engine, uint32_t layer, uint32_t state)
{
	struct plan *plan = &engine->plan;
	uint64_t mask = 0;

	for (uint32_t i = plan->open_starts[layer]; i < plan->open_starts[layer + 1];
	     i++) {
		const struct open_call *open = &plan->open.items[i];
		if (open->is_read &&
		    plan_step(plan, state, open->class) != FRONTIER_ILLEGAL)
			mask |= (uint64_t)1 << open->slot;
	}
	return mask;
}

void
engine_absorb(struct engine *engine, struct node *node)
{
	size_t at = (node->layer * 31 + node->state) % 256;

	if (engine->fitting[at].layer != node->layer + 1 ||
	    engine->fitting[at].state != node->state) {
		engine->fitting[at].layer = node->layer + 1;
		engine->fitting[at].state = node->state;
		engine->fitting[at].mask =
			fitting_reads(engine, node->layer, node->state);
	}
	node->mask |= engine->fitting[at].mask;
}

void
engine_pass(struct engine *engine, struct node *node)
{
	node->mask &= ~((uint64_t)1 << engine->plan.layer_slot[node->layer]);
	node->layer++;
	if (node->layer < engine->plan.layer_count)
		engine_absorb(engine, node);
}

bool
engine_apply(struct engine *engine, const struct node *node, const struct open_call *open,
	     struct node *next)
{
	uint32_t state;

	if (open->is_read || node->mask >> open->slot & 1 ||
	    (node->is_unobserved && engine->plan.classes.items[open->class].is_overwrite))
		return false;
	state = plan_step(&engine->plan, node->state, open->class);
	if (state == FRONTIER_ILLEGAL)
		return false;
	*next = *node;
	next->is_unobserved = false;
	next->state = state;
	next->mask |= (uint64_t)1 << open->slot;
	next->call = open->call;
	engine_absorb(engine, next);
	return true;
}

bool
engine_apply_info(struct engine *engine, struct usages *usages, const struct node *node,
		  uint32_t info, struct node *next)
{
	struct plan *plan = &engine->plan;
	const struct info_class *class = &plan->info_classes.items[info];
	uint32_t call = plan->infos[class->first];

	if (plan->calls.items[call].invoke_at > plan_layer_position(plan, node->layer) ||
	    (node->is_unobserved && plan->classes.items[class->class].is_overwrite))
		return false;
	uint32_t state = plan_step(plan, node->state, class->class);
	if (state == FRONTIER_ILLEGAL || state == node->state)
		return false;
	if (plan->useful_until != NULL && node->layer >= plan->useful_until[state])
		return false;
	uint32_t usage = usages_next(usages, node->usage, info, node->layer);
	if (usage == FRONTIER_NONE)
		return false;
	*next = *node;
	next->state = state;
	next->usage = usage;
	next->crashed += next->crashed < UINT16_MAX;
	next->call = call;
	engine_absorb(engine, next);
	next->is_unobserved = next->mask == node->mask;
	return true;
}
