/* kafka against its definitions, record by record. */
#include "checkers/generate/generate.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- a log ---------------------------------------------------------------------------- */

static void
ask_log(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val value = val_small((int64_t)history->ops.count);
	val mop[3] = {val_string(values, "poll"), VAL_OF_NIL, value};

	op->f = choose_whether(choices, 0.5)   ? F_SEND
		: choose_whether(choices, 0.9) ? F_POLL
					       : F_ASSIGN;
	if (op->f == F_SEND) {
		mop[0] = val_string(values, "send");
		mop[1] = val_small((int64_t)choose(choices, 2));
	}
	val asked = val_list(values, mop, op->f == F_SEND ? 3 : 1);
	op->input = val_list(values, &asked, 1);
}

/* Offsets mostly follow the number of the operation; polls mostly tell the truth. */
static void
answer_log(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val parts[4], records[DEFINITION_OPS_MAX], mop[3] = {val_string(values, "poll")};
	size_t count = 0;

	op->output = op->input;
	if (op->f == F_SEND) {
		val asked = val_at(values, op->input, 0),
		    value = val_at(values, asked, 2);
		int64_t offset = val_number(values, value);
		if (choices->tries_all || choose_whether(choices, 0.05))
			offset += (int64_t)choose(choices, 3) - 1;
		mop[0] = val_string(values, "send");
		mop[1] = val_at(values, asked, 1);
		mop[2] = val_pair(values, val_small(offset), value);
		op->output = val_list(values, (val[]){val_list(values, mop, 3)}, 1);
	}
	if (op->f != F_POLL)
		return;
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *sent = &history->ops.items[i];
		if (sent->f != F_SEND ||
		    val_at(values, val_at(values, sent->input, 0), 1) != val_small(0) ||
		    choose_whether(choices, sent->type == OP_FAIL ? 0.9 : 0.15))
			continue;
		val v = val_small((int64_t)i);
		records[count++] = val_pair(values, v, v);
	}
	parts[0] = val_small(0);
	parts[1] = val_list(values, records, count);
	mop[1] = val_map(values, parts, 2);
	op->output = val_list(values, (val[]){val_list(values, mop, 2)}, 1);
}

/* A record as somebody saw it. */
struct sight {
	int64_t part, offset, value;
	size_t op;
	bool is_poll;
};

static size_t
sights_of(const struct history *history, struct sight *sights)
{
	const struct values *values = &history->values;
	size_t count = 0;

	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->type != OP_OK || op->f == F_ASSIGN)
			continue;
		val mop = val_at(values, op->output, 0);
		bool is_poll = op->f == F_POLL;
		val list = is_poll ? val_at(values, val_at(values, mop, 1), 1)
				   : val_list((struct values *)values,
					      (val[]){val_at(values, mop, 2)}, 1);
		int64_t part = is_poll ? 0 : val_number(values, val_at(values, mop, 1));
		for (size_t j = 0; j < val_count(values, list); j++) {
			val pair = val_at(values, list, j);
			sights[count++] = (struct sight){
				part, val_number(values, val_at(values, pair, 0)),
				val_number(values, val_at(values, pair, 1)), i, is_poll};
		}
	}
	return count;
}

static bool
is_known_between(const struct sight *sights, size_t count, const struct sight *a,
		 const struct sight *b)
{
	for (size_t i = 0; i < count; i++)
		if (sights[i].part == a->part && sights[i].offset > a->offset &&
		    sights[i].offset < b->offset)
			return true;
	return false;
}

/* Between two operations of a process nothing may have moved its position. */
static bool
is_steady(const struct history *history, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->process == history->ops.items[from].process &&
		    (op->f == F_ASSIGN ? op->type != OP_FAIL
				       : op->f == F_POLL && op->type != OP_OK))
			return false;
	}
	return true;
}

static bool
steps_are_sound(const struct history *history, const struct sight *sights, size_t count,
		size_t i)
{
	const struct sight *b = &sights[i];

	for (size_t j = i; j-- > 0;) {
		const struct sight *a = &sights[j];
		if (a->part != b->part || a->is_poll != b->is_poll ||
		    history->ops.items[a->op].process !=
			    history->ops.items[b->op].process)
			continue;
		if (!a->is_poll)
			return a->offset < b->offset;
		return !is_steady(history, a->op, b->op) ||
		       (a->offset < b->offset && !is_known_between(sights, count, a, b));
	}
	return true;
}

static bool
is_sent_and_seen(const struct history *history, const struct sight *sights, size_t count,
		 size_t i)
{
	const struct sight *b = &sights[i];
	bool is_polled = false, is_passed = false;

	for (size_t j = 0; j < count; j++) {
		const struct sight *a = &sights[j];
		if (a->part != b->part)
			continue;
		if ((a->offset == b->offset) != (a->value == b->value))
			return false;
		is_polled |= a->is_poll && a->value == b->value;
		is_passed |= a->is_poll && a->offset > b->offset;
	}
	if (b->is_poll) /* values are numbers of operations */
		return history->ops.items[b->value].type != OP_FAIL;
	vec_each (struct op, op, &history->ops)
		is_polled |= op->f == F_POLL && op->type == OP_INFO; /* perhaps */
	return is_polled || !is_passed;
}

static bool
is_sound_log(const struct history *history, bool strict)
{
	struct sight sights[DEFINITION_OPS_MAX * DEFINITION_OPS_MAX];
	size_t count = sights_of(history, sights);

	(void)strict;
	for (size_t i = 0; i < count; i++)
		if (!is_sent_and_seen(history, sights, count, i) ||
		    !steps_are_sound(history, sights, count, i))
			return false;
	return true;
}

static void
kafka_agrees_with_the_definitions(void **state)
{
	static const char *const anomalies[] = {"inconsistent-offsets",
						"duplicate",
						"lost-write",
						"G1a",
						"unsent",
						"precommitted-read",
						"int-poll-skip",
						"int-nonmonotonic-poll",
						"poll-skip",
						"nonmonotonic-poll",
						"int-nonmonotonic-send",
						"nonmonotonic-send",
						"G0",
						"G1c",
						"G1c-realtime",
						NULL};
	static const struct definition definition = {
		.checker = "kafka",
		.ask = ask_log,
		.answer = answer_log,
		.is_allowed = is_sound_log,
		.anomalies = anomalies,
		.has_sessions = true,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

/* Neither that it is valid nor that it is invalid. */
static void
a_proof_without_time_proves_nothing(void **state)
{
	static const char *const mutations[] = {NULL, "unsent"};
	struct err err;
	const struct checker *kafka = checker_find("kafka", &err);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct generate_options how = {.type = "kafka",
					       .mutate = mutations[i],
					       .operations = 500,
					       .seed = 3};
		struct check_options options = {.threads = 1};
		atomic_bool stop = true;
		struct check_result result;
		struct history history;

		history_init(&history);
		assert_true(generate_history(&history, &how, &err));
		checker_run(kafka, &history, &options, &result);
		assert_true(result.certified);
		options.budget.stop = &stop;
		assert_false(kafka->certify(&history, &options, &result, &err));
		assert_non_null(strstr(err.text, "no time was left"));
		check_result_release(&result);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kafka_agrees_with_the_definitions),
		cmocka_unit_test(a_proof_without_time_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
