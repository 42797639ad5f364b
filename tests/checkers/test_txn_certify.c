/* Verdicts about transactions: each is proven by its certificate, at every level, and a
 * certificate that was tampered with is refused. */
#include "checkers/transaction/isolation.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

extern const struct checker checker_list_append, checker_rw_register;

static void
fail_with(const struct history *history, const char *level,
	  const struct check_result *result, const char *what)
{
	struct buf text = {0};

	vec_each (const struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " events %u..%u\n", op->invoke_at, op->complete_at);
	}
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		buf_printf(&text, "%s\n", anomaly->text);
	fail_msg("%s: %s %s: %s\n%s", what, level, verdict_name(result->verdict),
		 result->reason, buf_text(&text));
}

/* What was decided is proven; *counts: by verdict. */
static void
assert_proven(const struct checker *checker, const struct history *history,
	      const char *level, int *counts)
{
	struct check_options options = {.level = level};
	struct check_result result;

	checker_run(checker, history, &options, &result);
	if (result.verdict == VERDICT_UNKNOWN &&
	    strstr(result.reason, "certificate") != NULL)
		fail_with(history, level, &result, "refused");
	if (result.verdict != VERDICT_UNKNOWN && !result.certified)
		fail_with(history, level, &result, "not proven");
	counts[result.verdict]++;
	check_result_release(&result);
}

static void
every_verdict_on_lists_is_proven(void **state)
{
	int total = random_count(4000), counts[4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 21);
	for (int i = 0; i < total; i++) {
		struct history history;
		small_lists_make(&history, &rng);
		for (size_t level = 0; level < level_count(); level++)
			assert_proven(&checker_list_append, &history, level_name(level),
				      counts);
		history_release(&history);
	}
	assert_in_range(counts[VERDICT_VALID], total, total * 30);
	assert_in_range(counts[VERDICT_INVALID], total, total * 30);
}

static void
every_verdict_on_registers_is_proven(void **state)
{
	int total = random_count(2000), counts[4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 22);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history history;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t level = 0; level < level_count(); level++)
			assert_proven(&checker_rw_register, &history, level_name(level),
				      counts);
		history_release(&history);
	}
	assert_in_range(counts[VERDICT_VALID], total, total * 30);
	assert_in_range(counts[VERDICT_INVALID], total, total * 30);
}

/* ---- tampering ------------------------------------------------------------------------
 */

struct forgery {
	const struct checker *checker;
	const struct history *history;
	struct check_options options;
	struct check_result result;
	int refused; /* forgeries tried */
};

/* The result as it was forged does not certify. */
static void
assert_refused(struct forgery *f, const char *what)
{
	struct err err;

	if (f->checker->certify(f->history, &f->options, &f->result, &err))
		fail_with(f->history, f->options.level, &f->result, what);
	f->refused++;
}

static void
forge_order(struct forgery *f)
{
	struct order *order = &f->result.orders.items[0];
	uint32_t *ops = order->ops;

	if (order->count == 0)
		return;
	uint32_t kept = ops[order->count - 1];
	order->count--;
	assert_refused(f, "an order without its last operation is accepted");
	order->count++;
	if (order->count < 2)
		return;
	ops[order->count - 1] = ops[0];
	if (kept != ops[0])
		assert_refused(f, "an order with an operation once more is accepted");
	ops[order->count - 1] = (uint32_t)f->history->ops.count;
	assert_refused(f, "an order of operations that are not there is accepted");
	ops[order->count - 1] = kept;
}

static void
forge_step(struct forgery *f, struct anomaly *anomaly, struct anomaly_step *step)
{
	struct anomaly_step kept = *step;
	const char *name = anomaly->name;

	step->from = kept.to;
	step->to = kept.from;
	assert_refused(f, "a step the other way round is accepted");
	*step = kept;
	if (kept.kind == EDGE_PROCESS || kept.kind == EDGE_REALTIME) {
		step->kind = EDGE_RW;
		assert_refused(f, "an anti-dependency without values is accepted");
		*step = kept;
		return;
	}
	step->key = val_small(77777);
	assert_refused(f, "a step on a key that nobody touched is accepted");
	*step = kept;
	if (kept.kind == EDGE_WR)
		step->first = val_small(88888);
	else
		step->second = val_small(88888);
	assert_refused(f, "a step with a value that nobody wrote is accepted");
	*step = kept;
	if (kept.kind == EDGE_RW) {
		anomaly->name = "G1c";
		assert_refused(f, "a cycle with an anti-dependency passes as G1c");
		anomaly->name = name;
	}
}

static void
forge_cycle(struct forgery *f, struct anomaly *anomaly)
{
	for (size_t i = 0; i < anomaly->steps.count; i++)
		forge_step(f, anomaly, &anomaly->steps.items[i]);
	anomaly->steps.count--;
	assert_refused(f, "a cycle without its last step is accepted");
	anomaly->steps.count++;
	anomaly->name = "G1a";
	assert_refused(f, "a cycle passes as a read of an aborted write");
}

/* Nothing can be left out of a core. */
static void
forge_core(struct forgery *f, struct anomaly *core)
{
	uint32_t first = core->ops.items[0];

	core->ops.items[0] = core->ops.items[core->ops.count - 1];
	core->ops.count--;
	assert_refused(f, "a part of a core is accepted");
	core->ops.count++;
	core->ops.items[0] = (uint32_t)f->history->ops.count;
	assert_refused(f, "a core of operations that are not there is accepted");
	core->ops.items[0] = first;
	core->ops.count = 0;
	assert_refused(f, "an empty core is accepted");
}

static void
forge_finding(struct forgery *f, struct anomaly *anomaly)
{
	struct anomaly kept = *anomaly;

	anomaly->key = val_small(77777);
	assert_refused(f, "a finding on a key that nobody touched is accepted");
	*anomaly = kept;
	anomaly->ops.count = 0;
	assert_refused(f, "a finding without operations is accepted");
	*anomaly = kept;
	if (kept.ops.count == 2) {
		anomaly->ops.count = 1;
		assert_refused(f, "a finding that blames nobody is accepted");
		*anomaly = kept;
	}
	bool about_value = strcmp(kept.name, "G1a") == 0 ||
			   strcmp(kept.name, "G1b") == 0 ||
			   strcmp(kept.name, "garbage-read") == 0 ||
			   strcmp(kept.name, "duplicate-elements") == 0;
	if (about_value) {
		anomaly->subject = val_small(88888);
		assert_refused(f, "a finding about another value is accepted");
		*anomaly = kept;
	}
}

static void
forge_all(struct forgery *f)
{
	if (f->result.verdict == VERDICT_VALID && f->result.orders.count > 0)
		forge_order(f);
	if (f->result.verdict != VERDICT_INVALID)
		return;
	struct anomaly *anomaly = &f->result.anomalies.items[0];
	if (anomaly->is_core)
		forge_core(f, anomaly);
	else if (anomaly->steps.count > 0)
		forge_cycle(f, anomaly);
	else
		forge_finding(f, anomaly);
	vec_clear(&f->result.anomalies);
	assert_refused(f, "invalid without an anomaly is accepted");
}

static int
forge(const struct checker *checker, const struct history *history, const char *level)
{
	struct forgery f = {
		.checker = checker, .history = history, .options = {.level = level}};
	struct anomaly kept = {0};

	checker_run(checker, history, &f.options, &f.result);
	if (f.result.anomalies.count > 0)
		kept = f.result.anomalies.items[0];
	size_t count = f.result.anomalies.count;
	forge_all(&f);
	f.result.anomalies.count = count;
	if (count > 0)
		f.result.anomalies.items[0] = kept;
	check_result_release(&f.result);
	return f.refused;
}

static void
forged_certificates_are_refused(void **state)
{
	static const char *const levels[] = {"strict-serializable", "snapshot-isolation",
					     "causal", "read-committed",
					     "read-uncommitted"};
	int total = random_count(1500), refused = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 23);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history lists, registers;
		small_lists_make(&lists, &rng);
		small_txns_make(&h, &rng);
		small_txns_history(&h, &registers);
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
			refused += forge(&checker_list_append, &lists, levels[l]);
			refused += forge(&checker_rw_register, &registers, levels[l]);
		}
		history_release(&lists);
		history_release(&registers);
	}
	assert_in_range(refused, 10 * total, 200 * total);
}

/* ---- large cores ----------------------------------------------------------------------
 */

/* Each transaction reads its key, where there is nothing, and writes the next one: each has
 * to come before the one behind it. */
static void
make_ring(struct history *history, uint32_t count)
{
	history_init(history);
	for (uint32_t i = 0; i < count; i++) {
		struct values *values = &history->values;
		val read = val_list(
			values,
			(val[]){val_string(values, "r"), val_small(i), VAL_OF_NIL}, 3);
		val write =
			val_list(values,
				 (val[]){val_string(values, "w"),
					 val_small((i + 1) % count), val_small(i + 1)},
				 3);
		val list = val_list(values, (val[]){read, write}, 2);
		struct op op = {.f = F_TXN,
				.type = OP_OK,
				.process = i,
				.invoke_at = i,
				.complete_at = 1000 + i,
				.input = list,
				.output = list};
		history_add(history, &op);
	}
	history_sort(history);
}

static void
a_core_too_large_for_all_orders_is_proven_step_by_step(void **state)
{
	const struct check_options options = {.level = "serializable"};
	struct check_result result;
	struct history history;

	(void)state;
	make_ring(&history, 60);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_true(result.certified);
	const struct anomaly *core = &result.anomalies.items[0];
	assert_string_equal(core->name, "G2-item");
	assert_int_equal(core->ops.count, 60);
	assert_non_null(strstr(core->text, " by 49 steps (49 overwritten reads): T"));
	assert_true(strlen(core->text) < 8000);
	check_result_release(&result);
	history_release(&history);
}

/* A user sees the name of the field, and why. */
static void
a_write_skew_is_called_by_its_name(void **state)
{
	const struct check_options options = {.level = "serializable"};
	struct check_result result;
	struct history history;

	(void)state;
	make_ring(&history, 2);
	checker_run(&checker_rw_register, &history, &options, &result);
	const struct anomaly *core = &result.anomalies.items[0];
	assert_string_equal(core->name, "G2-item");
	assert_non_null(strstr(core->text, "T0 < T1 because T0 found nothing at key 0, "
					   "where T1 wrote 2"));
	assert_non_null(strstr(core->text, "cycle: "));
	assert_int_equal(core->steps.count, 2);
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_on_lists_is_proven),
		cmocka_unit_test(every_verdict_on_registers_is_proven),
		cmocka_unit_test(forged_certificates_are_refused),
		cmocka_unit_test(a_core_too_large_for_all_orders_is_proven_step_by_step),
		cmocka_unit_test(a_write_skew_is_called_by_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
