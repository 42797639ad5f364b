#include "checkers/engine/frontier_search.h"

#include <stdlib.h>

enum {
	WORK_PER_STOP_CHECK = 1024
};

static size_t
nodes_bytes(const struct nodes *nodes)
{
	return nodes->capacity * sizeof(struct node);
}

/* Time or memory is over. Memory is counted by what the driver holds now. */
static bool
must_stop(struct engine *engine, size_t bytes)
{
	if (engine->work % WORK_PER_STOP_CHECK != 0)
		return false;
	bytes += engine->plan.bytes + usages_bytes(&engine->usages);
	if (bytes > engine->bytes_peak)
		engine->bytes_peak = bytes;
	return bytes > engine->bytes_max / 3 ||
	       model_is_full(engine->plan.model, engine->plan.self) ||
	       budget_is_over(&engine->options->budget);
}

void
engine_note_layer(struct engine *engine, uint32_t layer)
{
	if (layer > engine->best_layer)
		engine->best_layer = layer;
}

static uint32_t
add_node(struct nodes *nodes, const struct node *node)
{
	vec_push(nodes, *node);
	return (uint32_t)nodes->count - 1;
}

/* ---- depth first --------------------------------------------------------------------
 */

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
	uint32_t id = add_node(&depth->nodes, node);
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
			add_node(&depth->nodes, &next);
	for (size_t i = 0; i < count; i++)
		if (engine_apply(engine, &node, sorted[i], &next) &&
		    !engine_may_pass(engine, &next) &&
		    !memo_dominates(&depth->memo, &engine->usages, &next))
			add_node(&depth->nodes, &next);
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

enum progress
depth_run(struct engine *engine, struct depth *depth, uint64_t work)
{
	if (!depth->is_started && start_depth(engine, depth))
		return PROGRESS_FOUND;
	for (; work > 0; work--, engine->work++) {
		if (depth->stack.count == 0)
			return PROGRESS_EMPTY;
		if (must_stop(engine,
			      nodes_bytes(&depth->nodes) + memo_bytes(&depth->memo)))
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

/* ---- breadth first ------------------------------------------------------------------
 */

/* Adds a node to the set of this layer or, when it may pass, of the next. */
static void
spread(struct engine *engine, struct breadth *breadth, struct node *node)
{
	bool passes = engine_may_pass(engine, node);

	if (passes)
		engine_pass(engine, node);
	struct memo *memo = passes ? &breadth->memo_next : &breadth->memo;
	if (!memo_offer(memo, breadth->usages, node))
		return;
	uint32_t id = add_node(&breadth->nodes, node);
	if (passes)
		vec_push(&breadth->next, id);
	else
		vec_push(&breadth->now, id);
}

static void
spread_from(struct engine *engine, struct breadth *breadth, uint32_t id)
{
	const struct plan *plan = &engine->plan;
	struct node node = breadth->nodes.items[id], next;

	if (!memo_holds(&breadth->memo, &node))
		return;
	node.parent = id;
	if (engine_may_pass(engine, &node)) {
		node.parent = breadth->nodes.items[id].parent;
		spread(engine, breadth, &node);
		return;
	}
	for (uint32_t i = plan->open_starts[node.layer];
	     i < plan->open_starts[node.layer + 1]; i++)
		if (engine_apply(engine, &node, &plan->open.items[i], &next))
			spread(engine, breadth, &next);
	for (uint32_t info = 0; info < plan->info_classes.count; info++)
		if (engine_apply_info(engine, breadth->usages, &node, info, &next))
			spread(engine, breadth, &next);
}

/* Goes on to the next layer; false when nothing reached it. */
static bool
next_layer(struct engine *engine, struct breadth *breadth)
{
	struct memo memo = breadth->memo;

	if (breadth->next.count == 0)
		return false;
	vec_clear(&breadth->now);
	vec_each (uint32_t, id, &breadth->next)
		vec_push(&breadth->now, *id);
	vec_clear(&breadth->next);
	breadth->memo = breadth->memo_next;
	breadth->memo_next = memo;
	memo_forget(&breadth->memo_next);
	breadth->at = 0;
	breadth->layer++;
	if (breadth->usages == &engine->usages)
		engine_note_layer(engine, breadth->layer);
	return true;
}

void
breadth_start(struct breadth *breadth, const struct node *node)
{
	breadth->is_started = true;
	if (memo_offer(&breadth->memo, breadth->usages, node))
		vec_push(&breadth->now, add_node(&breadth->nodes, node));
}

void
breadth_start_at_root(struct engine *engine, struct breadth *breadth)
{
	struct node root = {.state = engine->plan.model->init(engine->plan.self),
			    .parent = FRONTIER_NONE,
			    .call = FRONTIER_NONE};

	if (engine->plan.layer_count > 0)
		engine_absorb(engine, &root);
	breadth_start(breadth, &root);
}

static void
start_whole(struct engine *engine, struct breadth *breadth)
{
	breadth->usages = &engine->usages;
	breadth->until = engine->plan.layer_count;
	breadth_start_at_root(engine, breadth);
}

enum progress
breadth_run(struct engine *engine, struct breadth *breadth, uint64_t work)
{
	if (!breadth->is_started)
		start_whole(engine, breadth);
	for (; work > 0; engine->work++) {
		if (breadth->layer == breadth->until) {
			breadth->found = breadth->now.items[0];
			return PROGRESS_FOUND;
		}
		if (must_stop(engine, nodes_bytes(&breadth->nodes) +
					      memo_bytes(&breadth->memo) +
					      memo_bytes(&breadth->memo_next)))
			return PROGRESS_STOPPED;
		if (breadth->at < breadth->now.count) {
			spread_from(engine, breadth, breadth->now.items[breadth->at++]);
			work--;
			continue;
		}
		if (!next_layer(engine, breadth))
			return PROGRESS_EMPTY;
	}
	return PROGRESS_MORE;
}

void
breadth_release(struct breadth *breadth)
{
	vec_release(&breadth->nodes);
	vec_release(&breadth->now);
	vec_release(&breadth->next);
	memo_release(&breadth->memo);
	memo_release(&breadth->memo_next);
	*breadth = (struct breadth){0};
}
