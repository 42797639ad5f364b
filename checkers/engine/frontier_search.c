#include "checkers/engine/frontier_search.h"

#include <stdlib.h>
#include <string.h>

/* ---- usages -------------------------------------------------------------------------
 */

static uint64_t
hash_counts(const uint16_t *counts, size_t width)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < width; i++)
		hash = (hash ^ counts[i]) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

static const uint16_t *
counts_of(const struct usages *usages, uint32_t usage)
{
	return usages->counts.items + (size_t)usage * usages->width;
}

static uint32_t *
usage_slot(const struct usages *usages, const uint16_t *counts)
{
	size_t at = hash_counts(counts, usages->width) & (usages->slot_count - 1);

	while (usages->slots[at] != 0 &&
	       memcmp(counts_of(usages, usages->slots[at] - 1), counts,
		      usages->width * sizeof(*counts)) != 0)
		at = (at + 1) & (usages->slot_count - 1);
	return &usages->slots[at];
}

static void
usages_grow(struct usages *usages)
{
	free(usages->slots);
	usages->slot_count = usages->slot_count ? usages->slot_count * 2 : 64;
	usages->slots = mem_new(usages->slot_count, sizeof(*usages->slots));
	for (uint32_t usage = 0; usage < usages->count; usage++)
		*usage_slot(usages, counts_of(usages, usage)) = usage + 1;
}

static uint32_t
intern_counts(struct usages *usages, const uint16_t *counts)
{
	if (usages->count * 2 >= usages->slot_count)
		usages_grow(usages);
	uint32_t *slot = usage_slot(usages, counts);
	if (*slot != 0)
		return *slot - 1;
	*slot = (uint32_t)++usages->count;
	for (size_t i = 0; i < usages->width; i++) {
		vec_push(&usages->counts, counts[i]);
		vec_push(&usages->nexts, FRONTIER_NONE);
	}
	return *slot - 1;
}

void
usages_init(struct usages *usages, size_t width)
{
	uint16_t *none = mem_new(width + 1, sizeof(*none));

	*usages = (struct usages){.width = width};
	intern_counts(usages, none);
	free(none);
}

void
usages_release(struct usages *usages)
{
	vec_release(&usages->counts);
	vec_release(&usages->nexts);
	free(usages->slots);
	*usages = (struct usages){0};
}

uint32_t
usages_next(struct usages *usages, uint32_t usage, uint32_t info)
{
	size_t at = (size_t)usage * usages->width + info;

	if (usages->nexts.items[at] != FRONTIER_NONE)
		return usages->nexts.items[at];
	uint16_t *counts = mem_new(usages->width, sizeof(*counts));
	memcpy(counts, counts_of(usages, usage), usages->width * sizeof(*counts));
	counts[info]++;
	uint32_t next = intern_counts(usages, counts);
	free(counts);
	usages->nexts.items[at] = next;
	return next;
}

bool
usages_leq(const struct usages *usages, uint32_t a, uint32_t b)
{
	const uint16_t *x = counts_of(usages, a), *y = counts_of(usages, b);

	if (a == b || a == 0)
		return true;
	for (size_t i = 0; i < usages->width; i++)
		if (x[i] > y[i])
			return false;
	return true;
}

/* ---- memo ---------------------------------------------------------------------------
 */

void
memo_release(struct memo *memo)
{
	free(memo->entries);
	*memo = (struct memo){0};
}

static size_t
memo_slot(const struct memo *memo, const struct node *node)
{
	uint64_t hash = (node->mask ^ (uint64_t)node->state << 40 ^ node->layer) *
			0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29)) * 0xd6e8feb86659fd93u;
	return (hash ^ (hash >> 32)) & (memo->slot_count - 1);
}

static bool
is_taken(const struct memo *memo, size_t at)
{
	return memo->entries[at].tag == memo->tag + 1;
}

bool
memo_dominates(const struct memo *memo, const struct usages *usages,
	       const struct node *node)
{
	if (memo->count == 0)
		return false;
	for (size_t at = memo_slot(memo, node); is_taken(memo, at);
	     at = (at + 1) & (memo->slot_count - 1)) {
		const struct memo_entry *entry = &memo->entries[at];
		if (entry->mask == node->mask && entry->state == node->state &&
		    entry->layer == node->layer &&
		    usages_leq(usages, entry->usage, node->usage))
			return true;
	}
	return false;
}

static void
memo_place(struct memo *memo, const struct memo_entry *entry)
{
	struct node node = {
		.mask = entry->mask, .layer = entry->layer, .state = entry->state};
	size_t at = memo_slot(memo, &node);

	while (is_taken(memo, at))
		at = (at + 1) & (memo->slot_count - 1);
	memo->entries[at] = *entry;
}

static void
memo_grow(struct memo *memo)
{
	struct memo old = *memo;

	memo->slot_count = old.slot_count ? old.slot_count * 2 : 256;
	memo->entries = mem_new(memo->slot_count, sizeof(*memo->entries));
	for (size_t at = 0; at < old.slot_count; at++)
		if (is_taken(&old, at))
			memo_place(memo, &old.entries[at]);
	free(old.entries);
}

void
memo_add(struct memo *memo, const struct node *node)
{
	if (memo->count * 2 >= memo->slot_count)
		memo_grow(memo);
	memo->count++;
	memo_place(memo, &(struct memo_entry){.mask = node->mask,
					      .layer = node->layer,
					      .state = node->state,
					      .usage = node->usage,
					      .tag = memo->tag + 1});
}

void
memo_forget(struct memo *memo)
{
	memo->tag++;
	memo->count = 0;
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

	if (open->is_read || node->mask >> open->slot & 1)
		return false;
	state = plan_step(&engine->plan, node->state, open->class);
	if (state == FRONTIER_ILLEGAL)
		return false;
	*next = *node;
	next->state = state;
	next->mask |= (uint64_t)1 << open->slot;
	next->call = open->call;
	engine_absorb(engine, next);
	return true;
}

bool
engine_apply_info(struct engine *engine, const struct node *node, uint32_t info,
		  struct node *next)
{
	struct plan *plan = &engine->plan;
	const struct info_class *class = &plan->info_classes.items[info];
	uint32_t used = usages_used(&engine->usages, node->usage, info);

	if (used >= class->count || used == UINT16_MAX)
		return false;
	uint32_t call = plan->infos[class->first + used];
	if (plan->calls.items[call].invoke_at > plan_layer_position(plan, node->layer))
		return false;
	uint32_t state = plan_step(plan, node->state, class->class);
	if (state == FRONTIER_ILLEGAL || state == node->state)
		return false;
	if (plan->useful_until != NULL && node->layer >= plan->useful_until[state])
		return false;
	*next = *node;
	next->state = state;
	next->usage = usages_next(&engine->usages, node->usage, info);
	next->call = call;
	engine_absorb(engine, next);
	return true;
}
