#include "checkers/engine/frontier_search.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	WIDTH_FIRST = 64,
	WIDTH_MAX = 1 << 16,
	BACK_FIRST = 8,
	ALONE_PART = 16,
	LAYERS_PER_WORK = 16
};

/* ---- what was met ------------------------------------------------------------------- */

static bool
is_taken(const struct beam_set *set, const struct beam_seen *seen)
{
	return seen->tag == set->tag + 1;
}

static struct beam_seen *
seen_at(const struct beam_set *set, uint64_t mask, uint32_t state)
{
	uint64_t hash = (mask ^ (uint64_t)state << 40) * 0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29)) * 0xd6e8feb86659fd93u;
	for (size_t at = hash ^ (hash >> 32);; at++) {
		struct beam_seen *seen = &set->items[at & (set->slot_count - 1)];
		if (!is_taken(set, seen) || (seen->mask == mask && seen->state == state))
			return seen;
	}
}

static void
grow(struct beam_set *set)
{
	struct beam_set old = *set;

	set->slot_count = old.slot_count ? old.slot_count * 2 : 256;
	set->items = mem_new(set->slot_count, sizeof(*set->items));
	for (size_t at = 0; at < old.slot_count; at++)
		if (is_taken(&old, &old.items[at]))
			*seen_at(set, old.items[at].mask, old.items[at].state) =
				old.items[at];
	free(old.items);
}

/* The configuration is new, or was only met after more crashed calls. */
static bool
offer(struct beam_set *set, const struct node *node)
{
	if (set->count * 2 >= set->slot_count)
		grow(set);
	struct beam_seen *seen = seen_at(set, node->mask, node->state);
	bool is_new = !is_taken(set, seen);
	if (!is_new && seen->crashed <= node->crashed)
		return false;
	set->count += is_new;
	*seen = (struct beam_seen){node->mask, node->state, set->tag + 1, node->crashed};
	return true;
}

/* It was not met with fewer crashed calls since. */
static bool
is_best(const struct beam_set *set, const struct node *node)
{
	return seen_at(set, node->mask, node->state)->crashed == node->crashed;
}

static void
forget(struct beam_set *set)
{
	set->tag++;
	set->count = 0;
}

/* ---- one layer ---------------------------------------------------------------------- */

static void
spread(struct engine *engine, struct beam *beam, struct node *node)
{
	bool passes = engine_may_pass(engine, node);

	if (passes)
		engine_pass(engine, node);
	if (!offer(passes ? &beam->seen_next : &beam->seen, node))
		return;
	if (passes)
		node->usage = usages_copy(&beam->usages_next, &beam->usages, node->usage);
	uint32_t id = nodes_add(&beam->nodes, node);
	if (passes)
		vec_push(&beam->next, id);
	else
		vec_push(&beam->now, id);
}

static void
spread_changes(struct engine *engine, struct beam *beam, const struct node *node)
{
	const struct plan *plan = &engine->plan;
	struct node next;

	for (uint32_t i = plan->open_changes[node->layer];
	     i < plan->open_starts[node->layer + 1]; i++)
		if (engine_apply(engine, node, &plan->open.items[i], &next))
			spread(engine, beam, &next);
}

/* One crashed call together with what notices it; with `alone` also before others. */
static void
spread_infos(struct engine *engine, struct beam *beam, const struct node *node,
	     bool alone)
{
	struct node next;
	uint32_t count;
	const uint32_t *infos = plan_effects(&engine->plan, node->state, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (!engine_apply_info(engine, &beam->usages, node, infos[i], &next))
			continue;
		if (next.unnoticed == 0 || alone) {
			spread(engine, beam, &next);
			continue;
		}
		uint32_t id = nodes_add(&beam->nodes, &next);
		next.parent = id;
		spread_changes(engine, beam, &next);
		if (beam->nodes.count == id + 1)
			beam->nodes.count--;
	}
}

/* Enough has passed without efforts of that kind. */
static bool
is_content(const struct beam *beam, enum beam_effort effort)
{
	if (effort == BEAM_NOTICED)
		return beam->next.count >= beam->wanted;
	return effort == BEAM_ALONE && beam->next.count > beam->wanted / ALONE_PART;
}

static void
spread_node(struct engine *engine, struct beam *beam, uint32_t id,
	    enum beam_effort effort)
{
	struct node node = beam->nodes.items[id];

	if (effort != BEAM_CHANGES) {
		node.parent = id;
		spread_infos(engine, beam, &node, effort == BEAM_ALONE);
	} else if (engine_may_pass(engine, &node)) {
		spread(engine, beam, &node);
	} else {
		node.parent = id;
		spread_changes(engine, beam, &node);
	}
}

/* Takes up one node; false when enough was done for the layer. Crashed calls are asked
 * only when too little passes without. */
static bool
spread_one(struct engine *engine, struct beam *beam)
{
	enum beam_effort effort = BEAM_CHANGES;

	while (effort < BEAM_EFFORTS && beam->at[effort] == beam->now.count)
		effort++;
	if (effort == BEAM_EFFORTS || is_content(beam, effort))
		return false;
	spread_node(engine, beam, beam->now.items[beam->at[effort]++], effort);
	return true;
}

/* Keeps the best nodes: those that used the fewest crashed calls. */
static void
narrow(struct beam *beam)
{
	VEC(uint64_t) words = {0};

	vec_each (uint32_t, id, &beam->next) {
		const struct node *node = &beam->nodes.items[*id];
		if (is_best(&beam->seen_next, node))
			vec_push(&words, (uint64_t)node->crashed << 32 | *id);
	}
	sort_words(words.items, words.count);
	vec_clear(&beam->next);
	for (size_t i = 0; i < words.count && i < beam->width; i++)
		vec_push(&beam->next, (uint32_t)words.items[i]);
	vec_release(&words);
}

/* What was hard is behind. */
static void
be_thrifty(struct beam *beam)
{
	beam->width = WIDTH_FIRST;
	beam->back = BACK_FIRST;
	beam->wanted = 1;
}

static void
start_layer(struct engine *engine, struct beam *beam)
{
	memset(beam->at, 0, sizeof(beam->at));
	vec_push(&beam->layers, (struct beam_layer){beam->kept.count, beam->nodes.count});
	vec_each (uint32_t, id, &beam->now)
		vec_push(&beam->kept, *id);
	engine_note_layer(engine, beam->layer);
}

static void
next_layer(struct engine *engine, struct beam *beam)
{
	struct beam_set seen = beam->seen;
	struct usages usages = beam->usages;

	narrow(beam);
	vec_clear(&beam->now);
	vec_each (uint32_t, id, &beam->next)
		vec_push(&beam->now, *id);
	vec_clear(&beam->next);
	beam->seen = beam->seen_next;
	beam->seen_next = seen;
	forget(&beam->seen_next);
	beam->usages = beam->usages_next;
	beam->usages_next = usages;
	usages_clear(&beam->usages_next);
	beam->layer++;
	start_layer(engine, beam);
	if (beam->layer > beam->stuck + BACK_FIRST)
		be_thrifty(beam);
}

/* ---- turning back ------------------------------------------------------------------- */

/* Counts anew what the way to the node has used. */
static uint32_t
usage_of(const struct engine *engine, struct beam *beam, uint32_t id)
{
	const struct plan *plan = &engine->plan;
	uint32_t *counts = mem_new(plan->info_classes.count + 1, sizeof(*counts));

	for (; beam->nodes.items[id].parent != FRONTIER_NONE;
	     id = beam->nodes.items[id].parent) {
		uint32_t call = beam->nodes.items[id].call;
		if (plan->calls.items[call].optional)
			counts[plan->classes.items[plan->class_of[call]].info]++;
	}
	uint32_t usage = usages_number(&beam->usages, counts);
	free(counts);
	return usage;
}

static void
clear_layer(struct beam *beam)
{
	usages_clear(&beam->usages);
	usages_clear(&beam->usages_next);
	forget(&beam->seen);
	forget(&beam->seen_next);
	vec_clear(&beam->now);
	vec_clear(&beam->next);
}

/* The nodes that were kept at the layer, and nothing of what came later. */
static void
reopen_layer(struct engine *engine, struct beam *beam, uint32_t layer)
{
	struct beam_layer first = beam->layers.items[layer];
	size_t end = layer + 1 < beam->layers.count ? beam->layers.items[layer + 1].kept
						    : beam->kept.count;

	clear_layer(beam);
	for (size_t i = first.kept; i < end; i++) {
		uint32_t id = beam->kept.items[i];
		beam->nodes.items[id].usage = usage_of(engine, beam, id);
		offer(&beam->seen, &beam->nodes.items[id]);
		vec_push(&beam->now, id);
	}
	beam->layer = layer;
	beam->layers.count = layer;
	beam->kept.count = first.kept;
	beam->nodes.count = first.nodes;
	start_layer(engine, beam);
	engine->work += layer / LAYERS_PER_WORK;
}

/* Goes on from an earlier layer with a wider beam. False: it is wide enough. */
static bool
turn_back(struct engine *engine, struct beam *beam)
{
	if (beam->width >= WIDTH_MAX)
		return false;
	if (beam->layer > beam->stuck)
		beam->stuck = beam->layer;
	reopen_layer(engine, beam,
		     beam->layer > beam->back ? beam->layer - beam->back : 0);
	beam->width *= 2;
	beam->back *= 2;
	beam->wanted *= 4;
	return true;
}

/* ---- turns -------------------------------------------------------------------------- */

static void
open_beam(struct engine *engine, struct beam *beam)
{
	struct node root = {.state = engine->plan.model->init(engine->plan.self),
			    .parent = FRONTIER_NONE,
			    .call = FRONTIER_NONE};

	usages_init_exact(&beam->usages, &engine->plan);
	usages_init_exact(&beam->usages_next, &engine->plan);
	be_thrifty(beam);
	if (engine->plan.layer_count > 0)
		engine_absorb(engine, &root);
	offer(&beam->seen, &root);
	vec_push(&beam->now, nodes_add(&beam->nodes, &root));
	start_layer(engine, beam);
	beam->is_open = true;
}

static size_t
beam_bytes(const struct beam *beam)
{
	return beam->nodes.capacity * sizeof(struct node) +
	       (beam->now.capacity + beam->next.capacity + beam->kept.capacity) *
		       sizeof(uint32_t) +
	       beam->layers.capacity * sizeof(struct beam_layer) +
	       (beam->seen.slot_count + beam->seen_next.slot_count) *
		       sizeof(struct beam_seen) +
	       usages_bytes(&beam->usages) + usages_bytes(&beam->usages_next);
}

enum progress
beam_run(struct engine *engine, struct beam *beam, uint64_t work)
{
	if (!beam->is_open)
		open_beam(engine, beam);
	for (uint64_t end = engine->work + work; engine->work < end; engine->work++) {
		if (beam->layer == engine->plan.layer_count) {
			beam->found = beam->now.items[0];
			return PROGRESS_FOUND;
		}
		if (engine_must_stop(engine, beam_bytes(beam)))
			return PROGRESS_STOPPED;
		if (spread_one(engine, beam))
			continue;
		if (beam->next.count > 0)
			next_layer(engine, beam);
		else if (!turn_back(engine, beam))
			return PROGRESS_STOPPED;
	}
	return PROGRESS_MORE;
}

void
beam_release(struct beam *beam)
{
	vec_release(&beam->nodes);
	vec_release(&beam->now);
	vec_release(&beam->next);
	vec_release(&beam->kept);
	vec_release(&beam->layers);
	free(beam->seen.items);
	free(beam->seen_next.items);
	usages_release(&beam->usages);
	usages_release(&beam->usages_next);
	*beam = (struct beam){0};
}
