#include "checkers/engine/frontier_search.h"

#include <stdlib.h>

/* Passes all completions that have taken effect. True when none is left. */
static bool
settle(struct engine *engine, struct node *node)
{
	while (node->layer < engine->plan.layer_count && engine_may_pass(engine, node))
		engine_pass(engine, node);
	engine_note_layer(engine, node->layer);
	return node->layer == engine->plan.layer_count;
}

/* Pushes a node so that it is first looked at and, when that failed, expanded. */
static bool
push_settled(struct engine *engine, struct depth *depth, struct node *node)
{
	bool is_end = settle(engine, node);

	if (!is_end && memo_dominates(&depth->memo, &engine->usages, node))
		return false;
	uint32_t id = nodes_add(&depth->nodes, node);
	if (is_end) {
		depth->found = id;
		return true;
	}
	vec_push(&depth->stack, id * 2 + 1);
	vec_push(&depth->stack, id * 2);
	return false;
}

/* The shortest way past the completion: one call. The call itself if it changes the
 * state, else any that makes its read fit, the most urgent one on top. Crashed calls come
 * later. */
static bool
look(struct engine *engine, struct depth *depth, uint32_t id)
{
	const struct plan *plan = &engine->plan;
	struct node node = depth->nodes.items[id], next;

	if (memo_dominates(&depth->memo, &engine->usages, &node))
		return false;
	node.parent = id;
	for (uint32_t i = plan->open_changes[node.layer];
	     i < plan->open_starts[node.layer + 1]; i++)
		if (engine_apply(engine, &node, &plan->open.items[i], &next) &&
		    engine_may_pass(engine, &next) && push_settled(engine, depth, &next))
			return true;
	return false;
}

static void
add_fresh(struct engine *engine, struct depth *depth, const struct node *node)
{
	if (!memo_dominates(&depth->memo, &engine->usages, node))
		vec_push(&depth->fresh, nodes_add(&depth->nodes, node));
}

/* One crashed call. Where it makes the completion fit the node is at once on the stack,
 * below all others: only when nothing else helps. */
static bool
expand_by_infos(struct engine *engine, struct depth *depth, const struct node *node)
{
	struct node next;
	uint32_t count;
	const uint32_t *infos = plan_effects(&engine->plan, node->state, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (!engine_apply_info(engine, &engine->usages, node, infos[i], &next))
			continue;
		if (!engine_may_pass(engine, &next))
			add_fresh(engine, depth, &next);
		else if (push_settled(engine, depth, &next))
			return true;
	}
	return false;
}

/* One call that does not yet pass the completion. All such nodes are looked at before the
 * first of them is expanded, so that short ways come first. */
static bool
expand(struct engine *engine, struct depth *depth, uint32_t id)
{
	const struct plan *plan = &engine->plan;
	struct node node = depth->nodes.items[id], next;

	if (!memo_offer(&depth->memo, &engine->usages, &node))
		return false;
	node.parent = id;
	vec_clear(&depth->fresh);
	if (expand_by_infos(engine, depth, &node))
		return true;
	for (uint32_t i = plan->open_changes[node.layer];
	     i < plan->open_starts[node.layer + 1]; i++)
		if (engine_apply(engine, &node, &plan->open.items[i], &next) &&
		    !engine_may_pass(engine, &next))
			add_fresh(engine, depth, &next);
	vec_each (uint32_t, fresh, &depth->fresh)
		vec_push(&depth->stack, *fresh * 2 + 1);
	vec_each (uint32_t, fresh, &depth->fresh)
		vec_push(&depth->stack, *fresh * 2);
	return false;
}

static bool
start_depth(struct engine *engine, struct depth *depth)
{
	struct node root = {.state = engine->plan.model->init(engine->plan.self),
			    .parent = FRONTIER_NONE,
			    .call = FRONTIER_NONE};

	depth->is_started = true;
	if (engine->plan.layer_count > 0)
		engine_absorb(engine, &root);
	return push_settled(engine, depth, &root);
}

static size_t
depth_bytes(const struct engine *engine, const struct depth *depth)
{
	return depth->nodes.capacity * sizeof(struct node) +
	       depth->stack.capacity * sizeof(uint32_t) + memo_bytes(&depth->memo) +
	       usages_bytes(&engine->usages);
}

enum progress
depth_run(struct engine *engine, struct depth *depth, uint64_t work)
{
	if (!depth->is_started && start_depth(engine, depth))
		return PROGRESS_FOUND;
	for (; work > 0; work--, engine->work++) {
		if (depth->stack.count == 0)
			return PROGRESS_EMPTY;
		if (engine_must_stop(engine, depth_bytes(engine, depth)))
			return PROGRESS_STOPPED;
		uint32_t entry = vec_pop(&depth->stack);
		if (entry % 2 == 1 ? expand(engine, depth, entry / 2)
				   : look(engine, depth, entry / 2))
			return PROGRESS_FOUND;
	}
	return PROGRESS_MORE;
}

void
depth_release(struct depth *depth)
{
	vec_release(&depth->nodes);
	vec_release(&depth->stack);
	vec_release(&depth->fresh);
	memo_release(&depth->memo);
	*depth = (struct depth){0};
}
