#include "checkers/transaction/order_log.h"

static void
add_words(struct order_log *log, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vec_push(&log->words, words[i]);
}

uint32_t
order_log_add(struct order_log *log, const struct order_step *step)
{
	size_t words = 3 + step->literal_count + step->hint_count + step->node_count;

	log->is_over |= log->words.count + words > log->words_max;
	if (log->is_over)
		return 0;
	vec_push(&log->steps, log->words.count);
	vec_push(&log->words, (uint32_t)step->literal_count);
	vec_push(&log->words, (uint32_t)step->hint_count);
	vec_push(&log->words, (uint32_t)step->node_count);
	add_words(log, step->literals, step->literal_count);
	add_words(log, step->hints, step->hint_count);
	add_words(log, step->nodes, step->node_count);
	return (uint32_t)log->steps.count - 1;
}

struct order_step
order_log_step(const struct order_log *log, size_t number)
{
	const uint32_t *words = &log->words.items[log->steps.items[number]];

	return (struct order_step){.literals = words + 3,
				   .hints = words + 3 + words[0],
				   .nodes = words + 3 + words[0] + words[1],
				   .literal_count = words[0],
				   .hint_count = words[1],
				   .node_count = words[2]};
}

bool *
order_log_needed(const struct order_log *log)
{
	bool *needed = mem_new(log->steps.count + 1, sizeof(*needed));

	if (log->steps.count > 0)
		needed[log->steps.count - 1] = true;
	for (size_t i = log->steps.count; i-- > 0;) {
		struct order_step step = order_log_step(log, i);
		for (size_t h = 0; needed[i] && h < step.hint_count; h++)
			needed[step.hints[h]] = true;
	}
	return needed;
}

void
order_log_release(struct order_log *log)
{
	vec_release(&log->words);
	vec_release(&log->steps);
}
