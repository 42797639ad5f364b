/* tokens against brute force over the specification, and what views tell. */
#include "checkers/engine/oracle.h"
#include "checkers/seed/tokens.h"
#include "tests/checkers/budgets.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const anomalies[] = {
	"duplicate-execution", "lost-token",	  "resurrected-value", "forked-value",
	"reordered-token",     "unwritten-token", "split-brain",       NULL};

static bool
is_linearizable(const struct history *history, bool strict)
{
	struct check_options options = {.budget.bytes_max = BUDGET_BYTES_DEFAULT};
	uint32_t ops[DEFINITION_OPS_MAX];

	(void)strict;
	for (uint32_t i = 0; i < history->ops.count; i++)
		ops[i] = i;
	struct key_ops key = {history, VAL_OF_NIL, ops, history->ops.count};
	return oracle_judge_key(&model_tokens, &key, &options) == VERDICT_VALID;
}

/* ---- each token once ------------------------------------------------------------------ */

static val
letters(struct history *history, const uint32_t *ops, size_t count)
{
	char text[DEFINITION_OPS_MAX];

	for (size_t i = 0; i < count; i++)
		text[i] = (char)('a' + ops[i]);
	return val_bytes(&history->values, text, count);
}

static void
ask_unique(struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_APPEND, F_APPEND, F_WRITE};
	uint32_t self = (uint32_t)history->ops.count;

	op->f = fs[choices->tries_all ? choose(choices, 2) * 2 + choose(choices, 2)
				      : choose(choices, 4)];
	if (op->f != F_READ)
		op->input = letters(history, &self, 1);
}

/* Mostly in the order of the operations, as it would be without faults. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	uint32_t shown[DEFINITION_OPS_MAX];
	size_t count = 0;

	if (op->f != F_READ)
		return;
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].f != F_READ && choose_whether(choices, 0.6))
			shown[count++] = i;
	if (count > 1 && choose_whether(choices, 0.15)) {
		uint32_t first = shown[0];
		shown[0] = shown[count - 1];
		shown[count - 1] = first;
	}
	if (!choices->tries_all && count > 0 && count < DEFINITION_OPS_MAX &&
	    choose_whether(choices, 0.05)) {
		shown[count] = shown[0];
		count++;
	}
	op->output = count == 0 ? VAL_OF_NIL : letters(history, shown, count);
}

static void
unique_tokens_agree_with_brute_force(void **state)
{
	static const struct definition tokens = {.checker = "tokens",
						 .ask = ask_unique,
						 .answer = answer,
						 .is_allowed = is_linearizable,
						 .anomalies = anomalies,
						 .ops_all = 3};

	(void)state;
	definition_compare(&tokens);
}

/* ---- tokens that repeat, or that can be read in two ways ------------------------------ */

static void
ask_repeated(struct history *history, struct choices *choices, struct op *op)
{
	static const char *const texts[] = {"a", "ab", "b", ""};

	ask_unique(history, choices, op);
	if (op->f != F_READ)
		op->input = val_string(&history->values, texts[choose(choices, 4)]);
}

static void
answer_repeated(struct history *history, struct choices *choices, struct op *op)
{
	struct buf text = {0};

	if (op->f != F_READ)
		return;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *write = &history->ops.items[i];
		if (write->f != F_READ && choose_whether(choices, 0.6)) {
			struct bytes token = val_text(&history->values, write->input);
			buf_append(&text, token.data, token.len);
		}
	}
	op->output = val_bytes(&history->values, buf_text(&text), text.len);
	buf_release(&text);
}

static void
repeated_and_ambiguous_tokens_agree_with_brute_force(void **state)
{
	static const struct definition tokens = {.checker = "tokens",
						 .ask = ask_repeated,
						 .answer = answer_repeated,
						 .is_allowed = is_linearizable,
						 .anomalies = anomalies,
						 .ops_all = 2};

	(void)state;
	definition_compare(&tokens);
}

/* ---- views ---------------------------------------------------------------------------- */

static void
add(struct history *history, uint32_t at, uint32_t until, const char *token, int view,
    int primary)
{
	struct values *values = &history->values;
	val members[] = {val_string(values, "view"), val_small(view),
			 val_string(values, "primary"), val_small(primary)};
	struct op op = {.f = F_APPEND,
			.type = OP_OK,
			.process = at,
			.invoke_at = at,
			.complete_at = until,
			.input = val_string(values, token),
			.output = val_map(values, members, 4)};

	history_add(history, &op);
}

static void
expect_views(struct history *history, bool is_split)
{
	struct check_options options = {.threads = 1};
	struct check_result result;

	checker_run(&checker_tokens, history, &options, &result);
	assert_int_equal(result.verdict, is_split ? VERDICT_INVALID : VERDICT_VALID);
	assert_true(result.certified);
	if (is_split)
		assert_string_equal(result.anomalies.items[0].name, "split-brain");
	check_result_release(&result);
	history_release(history);
}

static void
an_older_view_must_not_answer_after_a_newer_one(void **state)
{
	struct history history;

	(void)state;
	history_init(&history);
	add(&history, 0, 1, "a", 2, 1);
	add(&history, 2, 3, "b", 1, 2);
	expect_views(&history, true);
	history_init(&history);
	add(&history, 0, 2, "a", 2, 1);
	add(&history, 1, 3, "b", 1, 2);
	expect_views(&history, false);
}

static void
a_view_has_one_primary(void **state)
{
	struct history history;

	(void)state;
	history_init(&history);
	add(&history, 0, 1, "a", 1, 1);
	add(&history, 2, 3, "b", 1, 2);
	expect_views(&history, true);
	history_init(&history);
	add(&history, 0, 1, "a", 1, 1);
	add(&history, 2, 3, "b", 2, 2);
	expect_views(&history, false);
}

/* Each process appends behind what is there; a get after each ten. */
static void
play_long(struct history *history, size_t count)
{
	struct buf value = {0};
	uint32_t at = 0;

	history_init(history);
	for (size_t i = 0; i < count; i++) {
		struct buf token = {0};
		bool reads = i % 10 == 9;
		buf_printf(&token, "%zu;", i);
		struct op op = {.f = reads ? F_READ : F_APPEND,
				.type = OP_OK,
				.process = (uint32_t)(i % 5),
				.invoke_at = at,
				.complete_at = at + 1};
		val text = val_string(&history->values, buf_text(&token));
		if (!reads)
			buf_append(&value, token.data, token.len);
		op.input = reads ? VAL_OF_NIL : text;
		op.output = reads ? val_string(&history->values, buf_text(&value))
				  : VAL_OF_NIL;
		vec_push(&history->ops, op);
		at += 2;
		buf_release(&token);
	}
	buf_release(&value);
}

static void
long_values_need_no_more_memory_than_they_have(void **state)
{
	struct check_options options = {.threads = 1, .budget.bytes_max = 4 << 20};
	struct check_result result;
	struct history history;

	(void)state;
	play_long(&history, 4000);
	checker_run(&checker_tokens, &history, &options, &result);
	assert_string_equal(verdict_name(result.verdict), "valid");
	assert_true(result.certified);
	check_result_release(&result);
	history_release(&history);
}

static void
a_budget_that_is_over_means_unknown(void **state)
{
	struct history history;

	(void)state;
	play_long(&history, 400);
	budgets_bind(&checker_tokens, &history, (struct check_options){.threads = 1},
		     4096);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unique_tokens_agree_with_brute_force),
		cmocka_unit_test(repeated_and_ambiguous_tokens_agree_with_brute_force),
		cmocka_unit_test(an_older_view_must_not_answer_after_a_newer_one),
		cmocka_unit_test(a_view_has_one_primary),
		cmocka_unit_test(long_values_need_no_more_memory_than_they_have),
		cmocka_unit_test(a_budget_that_is_over_means_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
