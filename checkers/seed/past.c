#include "checkers/seed/past.h"

#include "base/search.h"

void
past_add(struct past *past, uint64_t group, uint32_t at, uint64_t version, uint32_t op)
{
	vec_push(&past->entries, (struct past_entry){group, version, at, op});
}

static int
by_group_and_moment(const void *a, const void *b)
{
	const struct past_entry *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void
past_close(struct past *past)
{
	struct past_entry *entries = past->entries.items;

	if (past->entries.count == 0)
		return;
	qsort(entries, past->entries.count, sizeof(*entries), by_group_and_moment);
	for (size_t i = 1; i < past->entries.count; i++)
		if (entries[i - 1].group == entries[i].group &&
		    entries[i - 1].version > entries[i].version) {
			entries[i].version = entries[i - 1].version;
			entries[i].op = entries[i - 1].op;
		}
}

const struct past_entry *
past_newest(const struct past *past, uint64_t group, uint32_t before)
{
	const struct past_entry wanted = {.group = group, .at = before};
	size_t at;

	search_first(at, 0, past->entries.count,
		     by_group_and_moment(&past->entries.items[at], &wanted) < 0);
	if (at == 0 || past->entries.items[at - 1].group != group)
		return NULL;
	return &past->entries.items[at - 1];
}

void
past_release(struct past *past)
{
	vec_release(&past->entries);
}
