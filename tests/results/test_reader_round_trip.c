/* What a format writes, it reads again. */
#include "base/rng.h"
#include "tests/results/read_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static val
random_value(struct rng *rng, struct values *values, int depth)
{
	val items[4];
	size_t count = rng_below(rng, 4);

	switch (rng_below(rng, depth > 0 ? 6 : 4)) {
	case 0:
		return val_int(values, (int64_t)rng_next(rng));
	case 1:
		return val_small((int64_t)rng_below(rng, 10));
	case 2:
		return val_string(values, rng_chance(rng, 0.5) ? "grü\"n\n" : "plain");
	case 3:
		return rng_chance(rng, 0.5) ? val_real(values, rng_real(rng))
					    : val_bool(rng_chance(rng, 0.5));
	default:
		for (size_t i = 0; i < count; i++)
			items[i] = random_value(rng, values, depth - 1);
		return val_list(values, items, count);
	}
}

static void
random_invocation(struct rng *rng, struct history *history, struct op *op)
{
	op->f = rng_chance(rng, 0.5) ? (uint16_t)F_WRITE : history_f(history, "my-f", 4);
	op->error = 0;
	op->node = (uint8_t)rng_below(rng, 4);
	op->key = random_value(rng, &history->values, 0);
	op->input = random_value(rng, &history->values, 2);
}

/* Three processes; after info a process goes on under another number; some stay open. */
static void
random_history(struct rng *rng, struct history *history)
{
	struct op open[3] = {{.process = 0}, {.process = 1}, {.process = 2}};
	bool is_open[3] = {false};
	struct err err;

	for (int64_t ns = 1; ns <= 60; ns++) {
		size_t t = rng_below(rng, 3);
		struct op *op = &open[t];
		is_open[t] = !is_open[t];
		if (is_open[t]) {
			op->invoke_ns = ns;
			random_invocation(rng, history, op);
			assert_true(history_invoke(history, op, &err));
			continue;
		}
		op->complete_ns = ns;
		op->type = (uint8_t)(OP_OK + rng_below(rng, 3));
		op->output = random_value(rng, &history->values, 2);
		op->error = op->type == OP_OK
				    ? 0
				    : history_error_id(history, "it broke: \"x\"");
		assert_true(history_complete(history, op, &err));
		if (op->type == OP_INFO)
			op->process += 3;
	}
}

static void
assert_same_op(const struct history *a, const struct op *x, struct history *b,
	       const struct op *y)
{
	struct values *values = &b->values;

	assert_string_equal(history_f_name(a, x->f), history_f_name(b, y->f));
	assert_int_equal(x->process, y->process);
	assert_int_equal(x->type, y->type);
	assert_int_equal(x->node, y->node);
	assert_int_equal(x->invoke_ns, y->invoke_ns);
	assert_int_equal(x->complete_ns, y->complete_ns);
	assert_string_equal(history_error(a, x), history_error(b, y));
	assert_true(val_equal(values, val_copy(values, &a->values, x->key), y->key));
	assert_true(val_equal(values, val_copy(values, &a->values, x->input), y->input));
	assert_true(
		val_equal(values, val_copy(values, &a->values, x->output), y->output));
	for (size_t i = 0; i < a->ops.count; i++) /* the same real-time order */
		assert_int_equal(x->complete_at < a->ops.items[i].invoke_at,
				 y->complete_at < b->ops.items[i].invoke_at);
}

static void
assert_comes_back(const struct history *history, const struct format *format,
		  const char *key)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&text, &bytes);
	struct read read;

	assert_true(format->write(history, to));
	fclose(to);
	read_good(&read, text, key);
	assert_ptr_equal(read.facts.format, format);
	assert_int_equal(read.history.ops.count, history->ops.count);
	for (size_t i = 0; i < history->ops.count; i++)
		assert_same_op(history, &history->ops.items[i], &read.history,
			       &read.history.ops.items[i]);
	history_release(&read.history);
	free(text);
}

static void
assert_round_trips(const char *format_name, const char *key)
{
	struct err err;
	const struct format *format = format_find(format_name, &err);

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct rng rng;
		struct history history;
		rng_init(&rng, seed);
		history_init(&history);
		random_history(&rng, &history);
		assert_comes_back(&history, format, key);
		history_release(&history);
	}
}

static void
json_lines_round_trip(void **state)
{
	(void)state;
	assert_round_trips("jsonl", NULL);
}

static void
edn_round_trips(void **state)
{
	(void)state;
	assert_round_trips("edn", "tuple");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_lines_round_trip),
		cmocka_unit_test(edn_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
