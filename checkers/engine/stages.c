#include "checkers/engine/stages.h"

#include "checkers/sort.h"

/* Indexes of items by stage, then invocation. */
static uint64_t *
sort_stages(const struct stages *stages)
{
	uint64_t *words = mem_new(stages->count + 1, sizeof(*words));

	for (size_t i = 0; i < stages->count; i++)
		words[i] = (uint64_t)stages->items[i].stage << 32 | i;
	sort_words(words, stages->count);
	return words;
}

void
stages_judge(const struct stages *stages,
	     void (*conflict)(void *context, uint32_t earlier, uint32_t later),
	     void *context)
{
	uint64_t *sorted = sort_stages(stages);
	const struct staged *last = NULL, *candidate = NULL;

	for (size_t i = 0; i < stages->count; i++) {
		const struct staged *item = &stages->items[(uint32_t)sorted[i]];
		bool is_new_stage = i > 0 && sorted[i] >> 32 != sorted[i - 1] >> 32;
		if (is_new_stage)
			last = candidate;
		if (last != NULL && item->complete_at < last->invoke_at)
			conflict(context, last->op, item->op);
		if (candidate == NULL || item->invoke_at > candidate->invoke_at)
			candidate = item;
	}
	free(sorted);
}

uint32_t *
stages_order(const struct stages *stages)
{
	uint64_t *sorted = sort_stages(stages);
	uint32_t *order = mem_new(stages->count + 1, sizeof(*order));

	for (size_t i = 0; i < stages->count; i++)
		order[i] = stages->items[(uint32_t)sorted[i]].op;
	free(sorted);
	return order;
}
