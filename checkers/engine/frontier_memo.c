#include "checkers/engine/frontier_memo.h"

#include <stdlib.h>

void
memo_release(struct memo *memo)
{
	free(memo->entries);
	vec_release(&memo->links);
	*memo = (struct memo){0};
}

void
memo_forget(struct memo *memo)
{
	memo->tag++;
	memo->count = 0;
	vec_clear(&memo->links);
}

size_t
memo_bytes(const struct memo *memo)
{
	return memo->slot_count * sizeof(struct memo_entry) +
	       memo->links.capacity * sizeof(struct memo_link);
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

static bool
entry_dominates(const struct memo *memo, const struct usages *usages,
		const struct memo_entry *entry, uint32_t usage)
{
	if (!is_taken(memo, entry))
		return false;
	if (usages_leq(usages, entry->usage, usage))
		return true;
	for (uint32_t next = entry->next; next != 0;) {
		const struct memo_link *link = &memo->links.items[next - 1];
		if (usages_leq(usages, link->usage, usage))
			return true;
		next = link->next;
	}
	return false;
}

bool
memo_dominates(const struct memo *memo, const struct usages *usages,
	       const struct node *node)
{
	if (memo->count == 0)
		return false;
	struct place place = place_of(node);
	if (entry_dominates(memo, usages, entry_of(memo, place), node->usage))
		return true;
	place = (struct place){node->mask, node->layer, node->state, 0};
	return node->unnoticed != 0 &&
	       entry_dominates(memo, usages, entry_of(memo, place), node->usage);
}

/* Takes out what the usage dominates; the first place of the entry is left to it. */
static void
replace_dominated(struct memo *memo, const struct usages *usages,
		  struct memo_entry *entry, uint32_t usage)
{
	uint32_t *from = &entry->next;

	while (*from != 0) {
		struct memo_link *link = &memo->links.items[*from - 1];
		if (usages_leq(usages, usage, link->usage))
			*from = link->next;
		else
			from = &link->next;
	}
	if (!usages_leq(usages, usage, entry->usage)) {
		vec_push(&memo->links,
			 (struct memo_link){.usage = entry->usage, .next = entry->next});
		entry->next = (uint32_t)memo->links.count;
	}
	entry->usage = usage;
}

bool
memo_offer(struct memo *memo, const struct usages *usages, const struct node *node)
{
	if (memo->count * 2 >= memo->slot_count)
		grow(memo);
	if (memo_dominates(memo, usages, node))
		return false;
	struct memo_entry *entry = entry_of(memo, place_of(node));
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

	if (!is_taken(memo, entry))
		return false;
	if (entry->usage == node->usage)
		return true;
	for (uint32_t next = entry->next; next != 0;
	     next = memo->links.items[next - 1].next)
		if (memo->links.items[next - 1].usage == node->usage)
			return true;
	return false;
}
