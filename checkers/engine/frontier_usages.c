#include "checkers/engine/frontier_usages.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD_BITS = 64
};

/* ---- vectors ------------------------------------------------------------------------
 */

static uint64_t *
vector_of(const struct usages *usages, uint32_t usage)
{
	return usages->vectors.items + (size_t)usage * usages->width;
}

static size_t
slot_of(const struct usages *usages, const uint64_t *vector)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < usages->width; i++)
		hash = (hash ^ vector[i]) * 0x9e3779b97f4a7c15u;
	size_t at = (hash ^ (hash >> 32)) & (usages->slot_count - 1);
	while (usages->slots[at] != 0 &&
	       memcmp(vector_of(usages, usages->slots[at] - 1), vector,
		      usages->width * sizeof(*vector)) != 0)
		at = (at + 1) & (usages->slot_count - 1);
	return at;
}

static void
grow(struct usages *usages)
{
	free(usages->slots);
	usages->slot_count = usages->slot_count ? usages->slot_count * 2 : 64;
	usages->slots = mem_new(usages->slot_count, sizeof(*usages->slots));
	for (uint32_t usage = 0; usage < usages->count; usage++)
		usages->slots[slot_of(usages, vector_of(usages, usage))] = usage + 1;
}

/* The place behind the last vector; what is there counts only when it is kept. */
static uint64_t *
new_vector(struct usages *usages)
{
	vec_reserve(&usages->vectors, (usages->count + 1) * usages->width + 1);
	return vector_of(usages, (uint32_t)usages->count);
}

/* The number of the vector that lies behind the last one. */
static uint32_t
keep_vector(struct usages *usages, uint32_t total)
{
	if (usages->count * 2 >= usages->slot_count)
		grow(usages);
	size_t at = slot_of(usages, vector_of(usages, (uint32_t)usages->count));
	if (usages->slots[at] == 0) {
		usages->slots[at] = (uint32_t)++usages->count;
		vec_push(&usages->totals, total);
	}
	return usages->slots[at] - 1;
}

void
usages_clear(struct usages *usages)
{
	if (usages->slots != NULL)
		memset(usages->slots, 0, usages->slot_count * sizeof(*usages->slots));
	usages->count = 0;
	vec_clear(&usages->totals);
	uint64_t *none = new_vector(usages);
	memset(none, 0, usages->width * sizeof(*none));
	keep_vector(usages, 0);
}

/* ---- groups -------------------------------------------------------------------------
 */

static uint32_t
bits_of(uint32_t count)
{
	return count == 0 ? 1 : WORD_BITS / 2 - (uint32_t)__builtin_clz(count);
}

/* Counts lie side by side, each with one bit to spare. */
static void
place_counts(struct usages *usages)
{
	uint32_t word = 0, shift = 0;

	usages->guards = mem_resize(usages->guards, usages->groups.count + 1,
				    sizeof(*usages->guards));
	memset(usages->guards, 0, (usages->groups.count + 1) * sizeof(*usages->guards));
	vec_each (struct usage_group, group, &usages->groups) {
		uint32_t bits = bits_of(group->count) + 1;
		if (shift + bits > WORD_BITS) {
			word++;
			shift = 0;
		}
		group->word = word;
		group->shift = shift;
		group->mask = ((uint64_t)1 << (bits - 1)) - 1;
		shift += bits;
		usages->guards[word] |= (uint64_t)1 << (shift - 1);
	}
	usages->width = usages->groups.count > 0 ? word + 1 : 0;
}

/* Calls are numbered in the order of their invocations. */
static void
gather_calls(struct usages *usages)
{
	const struct plan *plan = usages->plan;
	uint32_t total = 0;

	vec_each (struct usage_group, group, &usages->groups)
		group->count = 0;
	for (uint32_t info = 0; info < plan->info_classes.count; info++)
		usages->groups.items[usages->group_of[info]].count +=
			plan->info_classes.items[info].count;
	vec_each (struct usage_group, group, &usages->groups) {
		group->first = total;
		total += group->count;
		group->count = 0;
	}
	for (uint32_t i = 0; i < plan->crashed.count; i++) {
		uint32_t call = plan->crashed.items[i];
		uint32_t info = plan->classes.items[plan->class_of[call]].info;
		struct usage_group *group = &usages->groups.items[usages->group_of[info]];
		usages->begins[group->first + group->count++] =
			plan->calls.items[call].invoke_at;
	}
}

static void
regroup(struct usages *usages)
{
	gather_calls(usages);
	place_counts(usages);
	usages_clear(usages);
}

static void
init(struct usages *usages, const struct plan *plan)
{
	*usages = (struct usages){.plan = plan};
	usages->group_of =
		mem_new(plan->info_classes.count + 1, sizeof(*usages->group_of));
	usages->begins = mem_new(plan->crashed.count + 1, sizeof(*usages->begins));
}

void
usages_init_exact(struct usages *usages, const struct plan *plan)
{
	init(usages, plan);
	for (uint32_t info = 0; info < plan->info_classes.count; info++) {
		usages->group_of[info] = info;
		vec_push(&usages->groups, (struct usage_group){0});
	}
	regroup(usages);
}

void
usages_init_joined(struct usages *usages, const struct plan *plan)
{
	init(usages, plan);
	if (plan->info_classes.count > 0)
		vec_push(&usages->groups, (struct usage_group){0});
	regroup(usages);
}

void
usages_release(struct usages *usages)
{
	vec_release(&usages->groups);
	vec_release(&usages->vectors);
	vec_release(&usages->totals);
	free(usages->group_of);
	free(usages->begins);
	free(usages->guards);
	free(usages->slots);
	*usages = (struct usages){0};
}

bool
usages_split(struct usages *usages, uint32_t info)
{
	const struct usage_group *group = &usages->groups.items[usages->group_of[info]];

	if (group->count == usages->plan->info_classes.items[info].count)
		return false;
	usages->group_of[info] = (uint32_t)usages->groups.count;
	vec_push(&usages->groups, (struct usage_group){0});
	regroup(usages);
	return true;
}

/* ---- use ----------------------------------------------------------------------------
 */

uint32_t
usages_next(struct usages *usages, uint32_t usage, uint32_t info)
{
	const struct usage_group *group = &usages->groups.items[usages->group_of[info]];
	uint64_t *next = new_vector(usages);

	memcpy(next, vector_of(usages, usage), usages->width * sizeof(*next));
	next[group->word] += (uint64_t)1 << group->shift;
	return keep_vector(usages, usages->totals.items[usage] + 1);
}

uint32_t
usages_number(struct usages *usages, const uint32_t *counts)
{
	uint64_t *vector = new_vector(usages);
	uint32_t total = 0;

	memset(vector, 0, usages->width * sizeof(*vector));
	for (uint32_t info = 0; info < usages->groups.count; info++) {
		const struct usage_group *group = &usages->groups.items[info];
		vector[group->word] += (uint64_t)counts[info] << group->shift;
		total += counts[info];
	}
	return keep_vector(usages, total);
}

uint32_t
usages_copy(struct usages *usages, const struct usages *from, uint32_t usage)
{
	uint64_t *vector = new_vector(usages);

	memcpy(vector, vector_of(from, usage), usages->width * sizeof(*vector));
	return keep_vector(usages, from->totals.items[usage]);
}

size_t
usages_bytes(const struct usages *usages)
{
	return usages->vectors.capacity * sizeof(uint64_t) +
	       usages->totals.capacity * sizeof(uint32_t) +
	       usages->slot_count * sizeof(uint32_t);
}
