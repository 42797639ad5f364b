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
	bytes += engine->plan.bytes + slot_sets_bytes(&engine->slots);
	if (bytes > engine->bytes_peak)
		engine->bytes_peak = bytes;
	bool is_over = bytes > engine->bytes_max / 4 ||
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

	for (uint32_t i = plan->open_starts[layer]; i < plan->open_changes[layer]; i++) {
		const struct open_call *open = &plan->open.items[i];
		if (plan_step(plan, state, plan->class_of[open->call]) !=
		    FRONTIER_ILLEGAL)
			mask = slot_sets_with(&engine->slots, mask, open->slot);
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
	node->mask =
		slot_sets_union(&engine->slots, node->mask, engine->fitting[at].mask);
}

void
engine_pass(struct engine *engine, struct node *node)
{
	node->mask = slot_sets_without(&engine->slots, node->mask,
				       engine->plan.layer_slot[node->layer]);
	node->layer++;
	if (node->layer < engine->plan.layer_count)
		engine_absorb(engine, node);
}

/* The crashed call that led to the node could be left out before a call of the class,
 * which leads to `next`, or it could wait until after that one. (Of two crashed calls that
 * may change places, that of the lower class comes first.) */
static bool
is_needless_before(struct plan *plan, const struct node *node, uint32_t class,
		   uint32_t next, bool is_crashed)
{
	if (node->unnoticed == 0)
		return false;
	if (plan->model->holds_one_value)
		return plan->classes.items[class].is_overwrite;
	uint32_t unnoticed = node->unnoticed - 1;
	uint32_t without = plan_step(plan, node->before, class);
	if (without == FRONTIER_ILLEGAL)
		return false;
	if (without == next)
		return true;
	return (!is_crashed || class < unnoticed) &&
	       plan_step(plan, without, unnoticed) == next;
}

bool
engine_apply(struct engine *engine, const struct node *node, const struct open_call *open,
	     struct node *next)
{
	if (slot_sets_has(&engine->slots, node->mask, open->slot))
		return false;
	uint32_t class = engine->plan.class_of[open->call];
	uint32_t state = plan_step(&engine->plan, node->state, class);
	if (state == FRONTIER_ILLEGAL ||
	    is_needless_before(&engine->plan, node, class, state, false))
		return false;
	*next = *node;
	next->unnoticed = 0;
	next->state = state;
	next->mask = slot_sets_with(&engine->slots, next->mask, open->slot);
	next->call = open->call;
	engine_absorb(engine, next);
	return true;
}

static void
mark_unnoticed(const struct plan *plan, const struct node *node, uint32_t class,
	       struct node *next)
{
	next->unnoticed = 0;
	if (next->mask != node->mask)
		return;
	next->unnoticed = plan->model->holds_one_value ? 1 : class + 1;
	next->before = plan->model->holds_one_value ? next->state : node->state;
}

/* Some open call notices what the crashed call did that led to the node, or another
 * crashed call may. */
static bool
may_be_noticed(struct engine *engine, const struct node *node)
{
	struct plan *plan = &engine->plan;
	struct node next;

	if (plan->classes.items[plan->class_of[node->call]].leads_on)
		return true;
	for (uint32_t i = plan->open_changes[node->layer];
	     i < plan->open_starts[node->layer + 1]; i++)
		if (engine_apply(engine, node, &plan->open.items[i], &next))
			return true;
	return false;
}

/* A call of the class that will have happened is open and has not taken effect: it can
 * take the place of the crashed one, which can take its place later. */
static bool
is_replaceable(const struct engine *engine, const struct node *node, uint32_t class)
{
	const struct plan *plan = &engine->plan;

	if (plan->classes.items[class].needed_until <= node->layer)
		return false;
	for (uint32_t i = plan->open_changes[node->layer];
	     i < plan->open_starts[node->layer + 1]; i++) {
		const struct open_call *open = &plan->open.items[i];
		if (plan->class_of[open->call] == class &&
		    !slot_sets_has(&engine->slots, node->mask, open->slot))
			return true;
	}
	return false;
}

/* A crashed call of the class is left that began in time, and it can still be of use. */
static bool
may_use_info(const struct engine *engine, const struct usages *usages,
	     const struct node *node, uint32_t info)
{
	const struct plan *plan = &engine->plan;
	const struct info_class *class = &plan->info_classes.items[info];

	return class->begins <= node->layer && class->useful_until > node->layer &&
	       usages_has_left(usages, node->usage, info,
			       plan_layer_position(plan, node->layer));
}

/* The state after a crashed call is another one, and it matters to somebody. */
static bool
is_effect_useful(const struct plan *plan, const struct node *node, uint32_t state)
{
	return state != FRONTIER_ILLEGAL && state != node->state &&
	       (plan->useful_until == NULL || node->layer < plan->useful_until[state]);
}

bool
engine_apply_info(struct engine *engine, struct usages *usages, const struct node *node,
		  uint32_t info, struct node *next)
{
	struct plan *plan = &engine->plan;
	const struct info_class *class = &plan->info_classes.items[info];

	if (!may_use_info(engine, usages, node, info))
		return false;
	uint32_t state = plan_step(plan, node->state, class->class);
	if (!is_effect_useful(plan, node, state) ||
	    is_needless_before(plan, node, class->class, state, true) ||
	    is_replaceable(engine, node, class->class))
		return false;
	*next = *node;
	next->state = state;
	next->call = plan->infos[class->first];
	engine_absorb(engine, next);
	mark_unnoticed(plan, node, class->class, next);
	if (next->unnoticed != 0 && !may_be_noticed(engine, next))
		return false;
	next->usage = usages_next(usages, node->usage, info);
	next->crashed += next->crashed < UINT16_MAX;
	return true;
}
