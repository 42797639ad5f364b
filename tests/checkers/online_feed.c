#include "tests/checkers/online_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOTHING 0

enum {
	WATCH_EACH = 1 << 16
};

/* Operations of unknown outcome, in the order in which they began. */
struct infos {
	uint32_t *items; /* a vec */
	size_t count, capacity;
	size_t told;
	uint32_t delay;
};

/* For each position: the operation that begins there * 2, or ends there * 2 + 1, + 1. */
static uint64_t *
events_by_position(const struct history *history, size_t *count)
{
	size_t last = 0;

	vec_each (struct op, op, &history->ops) {
		if (op->invoke_at > last)
			last = op->invoke_at;
		if (op->complete_at != OP_NEVER && op->complete_at > last)
			last = op->complete_at;
	}
	*count = last + 1;
	uint64_t *at = mem_new(*count, sizeof(*at));
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		at[op->invoke_at] = i * 2 + 1;
		if (op->complete_at != OP_NEVER)
			at[op->complete_at] = i * 2 + 2;
	}
	return at;
}

static void
tell(struct online *online, const struct history *history, const struct op *op,
     bool is_end, int64_t position)
{
	const struct online_event event = {
		.position = position,
		.process = op->process,
		.f = op->f,
		.type = is_end ? op->type : OP_NONE,
		.key = op->key,
		.value = is_end ? op->output : op->input,
	};

	online_tell(online, &history->values, &event);
}

/* Operations of unknown outcome that began long enough ago. */
static void
tell_infos(struct infos *infos, struct online *online, const struct history *history,
	   size_t position)
{
	for (; infos->told < infos->count; infos->told++) {
		const struct op *op = &history->ops.items[infos->items[infos->told]];
		if (op->invoke_at + infos->delay > position)
			return;
		tell(online, history, op, true, (int64_t)position);
	}
}

int64_t
online_feed_watched(struct online *online, const struct history *history,
		    uint32_t info_delay,
		    void (*watch)(void *context, const struct online *online,
				  double part),
		    void *context)
{
	struct infos infos = {.delay = info_delay};
	size_t count;
	int64_t found = -1;
	uint64_t *at = events_by_position(history, &count);

	for (size_t position = 0; position < count && found < 0; position++) {
		tell_infos(&infos, online, history, position);
		if (position % WATCH_EACH == 0 && watch != NULL)
			watch(context, online, (double)position / (double)count);
		if (at[position] == NOTHING)
			continue;
		size_t i = (at[position] - 1) / 2;
		const struct op *op = &history->ops.items[i];
		bool is_end = at[position] % 2 == 0;
		tell(online, history, op, is_end, (int64_t)position);
		if (!is_end && op->type == OP_INFO)
			vec_push(&infos, (uint32_t)i);
		if (online_violation(online) != NULL)
			found = (int64_t)position;
	}
	vec_release(&infos);
	free(at);
	return found;
}

int64_t
online_feed(struct online *online, const struct history *history, uint32_t info_delay)
{
	return online_feed_watched(online, history, info_delay, NULL, NULL);
}

void
history_prefix(struct history *prefix, const struct history *history, int64_t last)
{
	history_init(prefix);
	vec_each (struct op, op, &history->ops) {
		struct op copy = *op;
		if (op->invoke_at > last)
			continue;
		copy.key = val_copy(&prefix->values, &history->values, op->key);
		copy.input = val_copy(&prefix->values, &history->values, op->input);
		copy.output = val_copy(&prefix->values, &history->values, op->output);
		copy.error = 0;
		if (op->type == OP_INFO || op->complete_at > last) {
			copy.type = OP_INFO;
			copy.complete_at = OP_NEVER;
			copy.output = VAL_OF_NIL;
		}
		history_add(prefix, &copy);
	}
}

static enum verdict
judge_prefix(const char *checker, const struct history *history,
	     const struct check_options *check, int64_t last)
{
	struct check_result result;
	struct history prefix;
	struct err err;

	history_prefix(&prefix, history, last);
	checker_run(checker_find(checker, &err), &prefix, check, &result);
	enum verdict verdict = result.verdict;
	check_result_release(&result);
	history_release(&prefix);
	return verdict;
}

static void
show(const struct history *history, int64_t last)
{
	struct buf text = {0};
	struct history prefix;

	history_prefix(&prefix, history, last);
	vec_each (struct op, op, &prefix.ops) {
		buf_printf(&text, "[%u..%u] ", op->invoke_at,
			   op->complete_at == OP_NEVER ? 0 : op->complete_at);
		history_describe(&prefix, op, &text);
		buf_char(&text, '\n');
	}
	fputs(buf_text(&text), stderr);
	buf_release(&text);
	history_release(&prefix);
}

static void
differ(const char *what, const struct history *history, int64_t at,
       const struct online *online)
{
	struct buf words = {0};

	if (online_violation(online) != NULL)
		online_violation_print(online_violation(online), &words);
	show(history, at);
	fail_msg("%s at %lld: %s", what, (long long)at, buf_text(&words));
}

struct online_compared
online_compare(const char *checker, const struct history *history,
	       const struct online_options *options, const struct check_options *check,
	       bool is_complete)
{
	struct online *online = online_new(online_decider_find(checker), options);
	int64_t found = online_feed(online, history, 3);
	struct online_compared compared = {.is_found = found >= 0,
					   .is_invalid = found >= 0,
					   .was_given_up =
						   online_gave_up(online) != NULL};

	is_complete = is_complete && !compared.was_given_up;
	/* Where the checker has no room to decide there is nothing to compare with. */
	if (found >= 0 && judge_prefix(checker, history, check, found) == VERDICT_VALID)
		differ("a false alarm", history, found, online);
	if (found >= 0 && is_complete &&
	    judge_prefix(checker, history, check, found - 1) == VERDICT_INVALID)
		differ("a late alarm", history, found, online);
	if (found < 0)
		compared.is_invalid = judge_prefix(checker, history, check, OP_NEVER) ==
				      VERDICT_INVALID;
	if (found < 0 && is_complete && compared.is_invalid)
		differ("a violation was missed", history, OP_NEVER, online);
	online_free(online);
	return compared;
}

void
online_tell_small(struct online *online, int64_t at, uint32_t process, enum op_type type,
		  enum op_f f, int64_t key, val value)
{
	static const struct values no_values;
	const struct online_event event = {.position = at,
					   .process = process,
					   .f = f,
					   .type = type,
					   .key = val_small(key),
					   .value = value};

	online_tell(online, &no_values, &event);
}
