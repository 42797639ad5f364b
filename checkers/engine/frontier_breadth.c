#include "checkers/engine/frontier_search.h"

#include "checkers/sort.h"

#include <stdlib.h>

enum {
	BEAM_FIRST = 64
};

/* ---- layer by layer ----------------------------------------------------------------- */

/* Adds a node to the set of this layer or, when it may pass, of the next. */
static void
spread(struct engine *engine, struct breadth *breadth, struct node *node)
{
	bool passes = engine_may_pass(engine, node);

	if (passes)
		engine_pass(engine, node);
	struct memo *memo = passes ? &breadth->memo_next : &breadth->memo;
	if (!memo_offer(memo, &breadth->usages, node))
		return;
	uint32_t id = nodes_add(&breadth->nodes, node);
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
	uint32_t count;

	if (!memo_holds(&breadth->memo, &node))
		return;
	node.parent = id;
	if (engine_may_pass(engine, &node)) {
		node.parent = breadth->nodes.items[id].parent;
		spread(engine, breadth, &node);
		return;
	}
	for (uint32_t i = plan->open_changes[node.layer];
	     i < plan->open_starts[node.layer + 1]; i++)
		if (engine_apply(engine, &node, &plan->open.items[i], &next))
			spread(engine, breadth, &next);
	const uint32_t *infos = plan_effects(plan, node.state, &count);
	for (uint32_t i = 0; i < count; i++)
		if (engine_apply_info(engine, &breadth->usages, &node, infos[i], &next))
			spread(engine, breadth, &next);
}

/* Keeps only as many nodes as the beam is wide, those first that used the fewest crashed
 * calls. */
static void
narrow(struct breadth *breadth)
{
	size_t count = breadth->next.count;
	uint64_t *words;

	if (breadth->beam == 0 || count <= breadth->beam)
		return;
	words = mem_new(count, sizeof(*words));
	for (size_t i = 0; i < count; i++) {
		uint32_t id = breadth->next.items[i];
		words[i] = (uint64_t)breadth->nodes.items[id].crashed << 32 | id;
	}
	sort_words(words, count);
	for (size_t i = 0; i < breadth->beam; i++)
		breadth->next.items[i] = (uint32_t)words[i];
	breadth->next.count = breadth->beam;
	breadth->was_narrowed = true;
	free(words);
}

/* Goes on to the next layer; false when nothing reached it. */
static bool
next_layer(struct breadth *breadth)
{
	struct memo memo = breadth->memo;

	if (breadth->next.count == 0)
		return false;
	narrow(breadth);
	vec_clear(&breadth->now);
	vec_each (uint32_t, id, &breadth->next)
		vec_push(&breadth->now, *id);
	vec_clear(&breadth->next);
	breadth->memo = breadth->memo_next;
	breadth->memo_next = memo;
	memo_forget(&breadth->memo_next);
	breadth->at = 0;
	breadth->layer++;
	return true;
}

void
breadth_clear(struct breadth *breadth, uint32_t layer, uint32_t until)
{
	vec_clear(&breadth->nodes);
	vec_clear(&breadth->now);
	vec_clear(&breadth->next);
	memo_forget(&breadth->memo);
	memo_forget(&breadth->memo_next);
	usages_clear(&breadth->usages);
	breadth->at = 0;
	breadth->layer = layer;
	breadth->until = until;
	breadth->was_narrowed = false;
}

void
breadth_add(struct breadth *breadth, const struct node *node)
{
	if (memo_offer(&breadth->memo, &breadth->usages, node))
		vec_push(&breadth->now, nodes_add(&breadth->nodes, node));
}

void
breadth_add_root(struct engine *engine, struct breadth *breadth)
{
	struct node root = {.state = engine->plan.model->init(engine->plan.self),
			    .parent = FRONTIER_NONE,
			    .call = FRONTIER_NONE};

	if (engine->plan.layer_count > 0)
		engine_absorb(engine, &root);
	breadth_add(breadth, &root);
}

static size_t
breadth_bytes(const struct breadth *breadth)
{
	return breadth->nodes.capacity * sizeof(struct node) +
	       (breadth->now.capacity + breadth->next.capacity) * sizeof(uint32_t) +
	       memo_bytes(&breadth->memo) + memo_bytes(&breadth->memo_next) +
	       usages_bytes(&breadth->usages);
}

enum progress
breadth_run(struct engine *engine, struct breadth *breadth, uint64_t work)
{
	for (uint64_t end = engine->work + work; engine->work < end; engine->work++) {
		if (breadth->layer == breadth->until) {
			breadth->found = breadth->now.items[0];
			return PROGRESS_FOUND;
		}
		if (engine_must_stop(engine, breadth_bytes(breadth)))
			return PROGRESS_STOPPED;
		if (breadth->at < breadth->now.count)
			spread_from(engine, breadth, breadth->now.items[breadth->at++]);
		else if (!next_layer(breadth))
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
	usages_release(&breadth->usages);
	*breadth = (struct breadth){0};
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

/* Counts each class apart that the way uses more often than there are calls of it by
 * then. True when there was one. */
static bool
split_overused(struct usages *usages, const struct use *uses, size_t count)
{
	const struct plan *plan = usages->plan;
	uint32_t *used = mem_new(plan->info_classes.count + 1, sizeof(*used));
	bool is_overused = false;

	for (size_t i = count; i-- > 0;) {
		uint32_t info = uses[i].info, number = used[info]++;
		const struct info_class *class = &plan->info_classes.items[info];
		if (number < class->count &&
		    plan->calls.items[plan->infos[class->first + number]].invoke_at <=
			    plan_layer_position(plan, uses[i].layer))
			continue;
		usages_split(usages, info);
		is_overused = true;
	}
	free(used);
	return is_overused;
}

bool
breadth_refine(struct breadth *breadth)
{
	struct use *uses;
	size_t count = collect_uses(breadth->usages.plan, &breadth->nodes, breadth->found,
				    &uses);
	bool was_refined = split_overused(&breadth->usages, uses, count);

	free(uses);
	return was_refined;
}

/* ---- the whole history --------------------------------------------------------------
 */

static void
open_whole(struct engine *engine, struct whole *whole)
{
	struct breadth *breadth = &whole->breadth;

	if (breadth->usages.plan == NULL) {
		usages_init_joined(&breadth->usages, &engine->plan);
		breadth->beam = BEAM_FIRST;
	}
	breadth_clear(breadth, 0, engine->plan.layer_count);
	breadth_add_root(engine, breadth);
	whole->is_open = true;
}

/* The search is over for now. True when it must be repeated with more precision: a way
 * that is none, or none within a beam. */
static bool
must_repeat(struct whole *whole, enum progress progress)
{
	struct breadth *breadth = &whole->breadth;

	if (progress == PROGRESS_FOUND)
		return breadth_refine(breadth);
	if (progress != PROGRESS_EMPTY || !breadth->was_narrowed)
		return false;
	breadth->beam *= 4;
	return true;
}

enum progress
whole_run(struct engine *engine, struct whole *whole, uint64_t work)
{
	uint64_t end = engine->work + work;

	while (engine->work < end) {
		if (!whole->is_open)
			open_whole(engine, whole);
		enum progress progress =
			breadth_run(engine, &whole->breadth, end - engine->work);
		if (!must_repeat(whole, progress))
			return progress;
		whole->is_open = false;
	}
	return PROGRESS_MORE;
}

void
whole_release(struct whole *whole)
{
	breadth_release(&whole->breadth);
}
