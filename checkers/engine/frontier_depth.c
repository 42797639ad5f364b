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

/* Calls of the layer by completion, latest first, so that the most urgent is on top. */
static size_t
sort_open(const struct engine *engine, uint32_t layer, const struct open_call **sorted)
{
	const struct plan *plan = &engine->plan;
	size_t count = 0;

	for (uint32_t i = plan->open_starts[layer]; i < plan->open_starts[layer + 1];
	     i++) {
		const struct open_call *open = &plan->open.items[i];
		if (open->is_read)
			continue;
		uint32_t completes = plan->calls.items[open->call].complete_at;
		size_t at = count++;
		for (; at > 0 &&
		       plan->calls.items[sorted[at - 1]->call].complete_at < completes;
		     at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = open;
	}
	return count;
}

/* The shortest way past the completion: one call. The call itself if it changes the
 * state, else any that makes its read fit. Crashed calls come later. */
static bool
look(struct engine *engine, struct depth *depth, uint32_t id)
{
	struct node node = depth->nodes.items[id], next;
	const struct open_call *sorted[FRONTIER_SLOTS];
	size_t count = sort_open(engine, node.layer, sorted);

	if (memo_dominates(&depth->memo, &engine->usages, &node))
		return false;
	node.parent = id;
	for (size_t i = 0; i < count; i++)
		if (engine_apply(engine, &node, sorted[i], &next) &&
		    engine_may_pass(engine, &next) && push_settled(engine, depth, &next))
			return true;
	return false;
}

/* One crashed call that makes the completion fit: only when nothing else did. */
static bool
expand_by_info(struct engine *engine, struct depth *depth, struct node *node)
{
	struct node next;

	for (uint32_t info = 0; info < engine->plan.info_classes.count; info++)
		if (engine_apply_info(engine, &engine->usages, node, info, &next) &&
		    engine_may_pass(engine, &next) && push_settled(engine, depth, &next))
			return true;
	return false;
}

/* One call that does not yet pass the completion. All such nodes are looked at before the
 * first of them is expanded, so that short ways come first. */
static bool
expand(struct engine *engine, struct depth *depth, uint32_t id)
{
	struct node node = depth->nodes.items[id], next;
	const struct open_call *sorted[FRONTIER_SLOTS];
	size_t count = sort_open(engine, node.layer, sorted);

	if (!memo_offer(&depth->memo, &engine->usages, &node))
		return false;
	node.parent = id;
	if (expand_by_info(engine, depth, &node))
		return true;
	uint32_t first = (uint32_t)depth->nodes.count;
	for (uint32_t info = 0; info < engine->plan.info_classes.count; info++)
		if (engine_apply_info(engine, &engine->usages, &node, info, &next) &&
		    !engine_may_pass(engine, &next) &&
		    !memo_dominates(&depth->memo, &engine->usages, &next))
			nodes_add(&depth->nodes, &next);
	for (size_t i = 0; i < count; i++)
		if (engine_apply(engine, &node, sorted[i], &next) &&
		    !engine_may_pass(engine, &next) &&
		    !memo_dominates(&depth->memo, &engine->usages, &next))
			nodes_add(&depth->nodes, &next);
	for (uint32_t i = first; i < depth->nodes.count; i++)
		vec_push(&depth->stack, i * 2 + 1);
	for (uint32_t i = first; i < depth->nodes.count; i++)
		vec_push(&depth->stack, i * 2);
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
	memo_release(&depth->memo);
	*depth = (struct depth){0};
}
