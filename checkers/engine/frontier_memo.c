#include "checkers/engine/frontier_memo.h"

#include <stdlib.h>

void
memo_release(struct memo *memo)
{
	free(memo->entries);
	vec_release(&memo->lists);
	vec_release(&memo->usages);
	*memo = (struct memo){0};
}

void
memo_forget(struct memo *memo)
{
	memo->tag++;
	memo->count = 0;
	vec_clear(&memo->lists);
	vec_clear(&memo->usages);
}

size_t
memo_bytes(const struct memo *memo)
{
	return memo->slot_count * sizeof(struct memo_entry) +
	       memo->lists.capacity * sizeof(struct memo_list) +
	       memo->usages.capacity * sizeof(struct memo_usage);
}

static bool
is_taken(const struct memo *memo, const struct memo_entry *entry)
{
	return entry->tag == memo->tag + 1;
}

/* What a node is found by. One whose last call must still be noticed can do less: it is
 * remembered apart, by the state before and that call. */
struct place {
	uint64_t mask;
	uint32_t layer, state, unnoticed;
};

static struct place
place_of(const struct node *node)
{
	return (struct place){node->mask, node->layer,
			      node->unnoticed ? node->before : node->state,
			      node->unnoticed};
}

static struct memo_entry *
entry_of(const struct memo *memo, struct place place)
{
	uint64_t hash = (place.mask ^ (uint64_t)place.state << 40 ^
			 (uint64_t)place.unnoticed << 20 ^ place.layer) *
			0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29)) * 0xd6e8feb86659fd93u;
	for (size_t at = hash ^ (hash >> 32);; at++) {
		struct memo_entry *entry = &memo->entries[at & (memo->slot_count - 1)];
		if (!is_taken(memo, entry) ||
		    (entry->mask == place.mask && entry->state == place.state &&
		     entry->layer == place.layer && entry->unnoticed == place.unnoticed))
			return entry;
	}
}

static void
grow(struct memo *memo)
{
	struct memo old = *memo;

	memo->slot_count = old.slot_count ? old.slot_count * 2 : 256;
	memo->entries = mem_new(memo->slot_count, sizeof(*memo->entries));
	for (size_t at = 0; at < old.slot_count; at++) {
		const struct memo_entry *entry = &old.entries[at];
		if (is_taken(&old, entry))
			*entry_of(memo, (struct place){entry->mask, entry->layer,
						       entry->state, entry->unnoticed}) =
				*entry;
	}
	free(old.entries);
}

/* ---- usages of one configuration ---------------------------------------------------- */

static bool
is_no_more(const struct usages *usages, struct memo_usage a, struct memo_usage b)
{
	return a.usage == b.usage ||
	       (a.total < b.total && usages_leq(usages, a.usage, b.usage));
}

static struct memo_usage
with_total(const struct usages *usages, uint32_t usage)
{
	return (struct memo_usage){usage, usages->totals.items[usage]};
}

/* The usages besides the entry's own, and how many. */
static struct memo_usage *
others_of(const struct memo *memo, const struct memo_entry *entry, size_t *count)
{
	if (entry->list == 0) {
		*count = 0;
		return NULL;
	}
	const struct memo_list *list = &memo->lists.items[entry->list - 1];
	*count = list->count;
	return memo->usages.items + list->first;
}

static bool
entry_dominates(const struct memo *memo, const struct usages *usages,
		const struct memo_entry *entry, uint32_t usage)
{
	size_t count;

	if (!is_taken(memo, entry))
		return false;
	if (entry->usage == usage || usages_leq(usages, entry->usage, usage))
		return true;
	const struct memo_usage *others = others_of(memo, entry, &count);
	struct memo_usage asked = with_total(usages, usage);
	for (size_t i = 0; i < count; i++)
		if (is_no_more(usages, others[i], asked))
			return true;
	return false;
}

/* Moves the list behind all others, with twice the room. */
static void
move_list(struct memo *memo, struct memo_list *list)
{
	uint32_t first = (uint32_t)memo->usages.count;

	list->room = list->room > 0 ? list->room * 2 : 2;
	vec_reserve(&memo->usages, (size_t)first + list->room);
	for (uint32_t i = 0; i < list->count; i++)
		memo->usages.items[first + i] = memo->usages.items[list->first + i];
	list->first = first;
	memo->usages.count += list->room;
}

static void
add_other(struct memo *memo, struct memo_entry *entry, struct memo_usage usage)
{
	if (entry->list == 0) {
		vec_push(&memo->lists, (struct memo_list){0});
		entry->list = (uint32_t)memo->lists.count;
	}
	struct memo_list *list = &memo->lists.items[entry->list - 1];
	if (list->count == list->room)
		move_list(memo, list);
	memo->usages.items[list->first + list->count++] = usage;
}

/* Takes out what the usage dominates; the first place of the entry is left to it. */
static void
replace_dominated(struct memo *memo, const struct usages *usages,
		  struct memo_entry *entry, uint32_t usage)
{
	struct memo_usage added = with_total(usages, usage);
	size_t count, kept = 0;
	struct memo_usage *others = others_of(memo, entry, &count);

	for (size_t i = 0; i < count; i++)
		if (!is_no_more(usages, added, others[i]))
			others[kept++] = others[i];
	if (count > 0)
		memo->lists.items[entry->list - 1].count = (uint32_t)kept;
	if (!usages_leq(usages, usage, entry->usage))
		add_other(memo, entry, with_total(usages, entry->usage));
	entry->usage = usage;
}

/* ---- use ---------------------------------------------------------------------------- */

/* The same has been met when nothing was left to be noticed. */
static bool
is_met_noticed(const struct memo *memo, const struct usages *usages,
	       const struct node *node)
{
	struct place place = {node->mask, node->layer, node->state, 0};

	return node->unnoticed != 0 &&
	       entry_dominates(memo, usages, entry_of(memo, place), node->usage);
}

bool
memo_dominates(const struct memo *memo, const struct usages *usages,
	       const struct node *node)
{
	if (memo->count == 0)
		return false;
	return entry_dominates(memo, usages, entry_of(memo, place_of(node)),
			       node->usage) ||
	       is_met_noticed(memo, usages, node);
}

bool
memo_offer(struct memo *memo, const struct usages *usages, const struct node *node)
{
	if (memo->count * 2 >= memo->slot_count)
		grow(memo);
	if (is_met_noticed(memo, usages, node))
		return false;
	struct memo_entry *entry = entry_of(memo, place_of(node));
	if (entry_dominates(memo, usages, entry, node->usage))
		return false;
	if (is_taken(memo, entry)) {
		replace_dominated(memo, usages, entry, node->usage);
		return true;
	}
	*entry = (struct memo_entry){.mask = node->mask,
				     .layer = node->layer,
				     .state = place_of(node).state,
				     .unnoticed = node->unnoticed,
				     .usage = node->usage,
				     .tag = memo->tag + 1};
	memo->count++;
	return true;
}

bool
memo_holds(const struct memo *memo, const struct node *node)
{
	const struct memo_entry *entry = entry_of(memo, place_of(node));
	size_t count;

	if (!is_taken(memo, entry))
		return false;
	if (entry->usage == node->usage)
		return true;
	const struct memo_usage *others = others_of(memo, entry, &count);
	for (size_t i = 0; i < count; i++)
		if (others[i].usage == node->usage)
			return true;
	return false;
}
