/* Consistency below linearizability where sessions are many, because crashes end them: the
 * deciders and proofs that need no clocks, against the definitions and against clocks. */
#include "base/assert.h"
#include "base/rng.h"
#include "checkers/weak/causal_certify.h"
#include "checkers/weak/lineup.h"
#include "checkers/weak/views_certify.h"
#include "checkers/weak/weak_certify.h"
#include "checkers/weak/weak_oracle.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	MODELS = WEAK_PRAM + 1, /* those of weak_models.h up to it */
	VERDICTS = 4,
	OPS_MAX = 10,
	FIRST_STRANGER = 1000,
	STRANGERS = WEAK_FEW_SESSIONS + 1 /* each is a session */
};

static const struct weak_limits limits = {.budget = {.bytes_max = (size_t)1 << 30}};

static void
add(struct history *history, uint32_t process, bool is_write, int key, val value,
    bool is_crashed)
{
	struct op op = {.process = process,
			.key = val_small(key),
			.f = is_write ? F_WRITE : F_READ,
			.type = is_crashed ? OP_INFO : OP_OK,
			.invoke_at = history->events};

	op.input = is_write ? value : VAL_OF_NIL;
	op.output = is_write ? VAL_OF_NIL : value;
	op.complete_at = is_crashed ? OP_NEVER : op.invoke_at + 1;
	history->events += 2;
	history_add(history, &op);
}

/* Sessions that have nothing to do with the others make them many. */
static void
add_strangers(struct history *history)
{
	for (uint32_t i = 0; i < STRANGERS; i++)
		add(history, FIRST_STRANGER + i, true, (int)(FIRST_STRANGER + i),
		    val_small(1), false);
}

static void
describe(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		if (op->process >= FIRST_STRANGER)
			break;
		history_describe(history, op, &text);
		buf_char(&text, '\n');
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

/* ---- against the definitions ---------------------------------------------------------- */

/* Reads return what was, or will be, written; operations end their session now and then, by
 * a crash if they write. */
static void
play_small(struct rng *rng, struct history *history)
{
	int count = (int)rng_between(rng, 2, OPS_MAX), keys = (int)rng_between(rng, 1, 2);
	int crash_percent = (int)rng_below(rng, 60);
	bool may_see_future = rng_below(rng, 6) == 0;
	int key[OPS_MAX];
	bool is_write[OPS_MAX];

	history_init(history);
	for (int i = 0; i < count; i++) {
		key[i] = (int)rng_below(rng, (uint64_t)keys);
		is_write[i] = rng_below(rng, 2) == 0;
	}
	for (int i = 0; i < count; i++) {
		int choices[OPS_MAX], n = 0;
		val value = VAL_OF_NIL;
		for (int j = 0; j < (may_see_future ? count : i); j++)
			if (is_write[j] && key[j] == key[i])
				choices[n++] = j;
		if (is_write[i])
			value = val_small(i + 1);
		else if (n > 0 && rng_below(rng, 8) != 0)
			value = val_small(choices[rng_below(rng, (uint64_t)n)] + 1);
		add(history, (uint32_t)rng_below(rng, 3), is_write[i], key[i], value,
		    is_write[i] && (int)rng_below(rng, 100) < crash_percent);
	}
}

/* Decides, certifies what is valid, and returns the verdict. */
static enum verdict
decide(enum weak_model model, const struct history *history)
{
	struct check_options options = {0};
	struct weak_answer answer;
	struct weak weak;
	struct err err;

	assert_true(weak_init(&weak, history, &options, &err));
	weak_decide(model, &weak, &limits, &answer);
	if (answer.verdict == VERDICT_VALID &&
	    !weak_certify_valid(model, &weak, &limits.budget, &err)) {
		describe(history);
		fail_msg("%s is not proven: %s", weak_model_name(model), err.text);
	}
	weak_release(&weak);
	return answer.verdict;
}

static enum verdict
define(enum weak_model model, const struct history *history)
{
	struct check_options options = {0};
	struct weak weak;
	struct err err;

	assert_true(weak_init(&weak, history, &options, &err));
	enum verdict verdict = weak_oracle_judge(model, &weak);
	weak_release(&weak);
	return verdict;
}

static void
expect_same(enum weak_model model, const struct history *history, enum verdict got,
	    enum verdict expected)
{
	if (got == expected)
		return;
	describe(history);
	fail_msg("%s: %s among many sessions, else %s", weak_model_name(model),
		 verdict_name(got), verdict_name(expected));
}

static void
many_sessions_are_judged_by_the_definitions(void **state)
{
	size_t verdicts[MODELS][VERDICTS] = {0}, count = random_count_slow(1500);
	struct rng rng;

	(void)state;
	rng_init(&rng, 41);
	for (size_t i = 0; i < count; i++) {
		struct history history;
		enum verdict expected[MODELS];
		play_small(&rng, &history);
		for (int m = 0; m < MODELS; m++)
			expected[m] = define((enum weak_model)m, &history);
		add_strangers(&history);
		for (int m = 0; m < MODELS; m++) {
			enum verdict got = decide((enum weak_model)m, &history);
			expect_same((enum weak_model)m, &history, got, expected[m]);
			verdicts[m][got]++;
		}
		history_release(&history);
	}
	for (int m = 0; m < MODELS; m++)
		print_message("%s: %zu valid, %zu invalid, %zu unknown\n",
			      weak_model_name((enum weak_model)m),
			      verdicts[m][VERDICT_VALID], verdicts[m][VERDICT_INVALID],
			      verdicts[m][VERDICT_UNKNOWN]);
}

/* ---- against clocks ------------------------------------------------------------------- */

/* Sessions of few operations: a replica is asked by one client after the other. */
static void
shorten_sessions(struct rng *rng, struct history *history, uint32_t sessions_max)
{
	uint32_t next = FIRST_STRANGER / 2, renamed[16];

	for (uint32_t p = 0; p < 16; p++)
		renamed[p] = p;
	vec_each (struct op, op, &history->ops) {
		uint32_t *process = &renamed[op->process];
		op->process = *process;
		if (rng_below(rng, 5) == 0 && next < FIRST_STRANGER / 2 + sessions_max)
			*process = next++;
	}
}

/* A few reads return other values of their key. */
static void
falsify(struct rng *rng, struct history *history)
{
	uint64_t times = rng_below(rng, 8);

	while (times-- > 0) {
		struct op *read = &history->ops.items[rng_below(rng, history->ops.count)];
		uint64_t back = rng_below(rng, 40);
		for (struct op *op = read; op-- > history->ops.items && back > 0; back--)
			if (read->f == F_READ && op->f == F_WRITE && op->key == read->key)
				read->output = op->input;
	}
}

static void
play_replicas(struct rng *rng, struct history *history)
{
	struct random_replicas shape = {.replication =
						(enum replication)rng_below(rng, 4),
					.ops = 30 + rng_below(rng, 170),
					.sessions = (uint32_t)rng_between(rng, 2, 12),
					.keys = (uint32_t)rng_between(rng, 1, 5),
					.read_percent = (int)rng_between(rng, 30, 80),
					.deliver_percent = (int)rng_between(rng, 30, 90)};

	random_replicas_play(history, &shape, rng);
	shorten_sessions(rng, history, 100);
	falsify(rng, history);
}

static void
many_sessions_are_judged_as_with_clocks(void **state)
{
	size_t verdicts[MODELS][VERDICTS] = {0}, count = random_count_slow(1500);
	struct rng rng;

	(void)state;
	rng_init(&rng, 42);
	for (size_t i = 0; i < count; i++) {
		struct history history;
		enum verdict expected[MODELS];
		play_replicas(&rng, &history);
		for (int m = 0; m < MODELS; m++)
			expected[m] = decide((enum weak_model)m, &history);
		add_strangers(&history);
		for (int m = 0; m < MODELS; m++) {
			enum verdict got = decide((enum weak_model)m, &history);
			expect_same((enum weak_model)m, &history, got, expected[m]);
			verdicts[m][got]++;
		}
		history_release(&history);
	}
	for (int m = 0; m < MODELS; m++) {
		print_message("%s: %zu valid, %zu invalid, %zu unknown\n",
			      weak_model_name((enum weak_model)m),
			      verdicts[m][VERDICT_VALID], verdicts[m][VERDICT_INVALID],
			      verdicts[m][VERDICT_UNKNOWN]);
		assert_int_equal(verdicts[m][VERDICT_UNKNOWN], 0);
		assert_in_range(verdicts[m][VERDICT_VALID], count / 20, count * 9 / 10);
	}
}

/* ---- proofs --------------------------------------------------------------------------- */

struct trial {
	enum weak_model model;
	const struct weak *weak;
	struct rng *rng;
	uint32_t told, accepted;
};

/* The short view as a whole one: its operations, with room for some that stand twice. */
static uint32_t
whole(const struct weak *weak, const struct weak_order *order, uint32_t *ids)
{
	uint32_t end = order->rest_first, count = 0;

	for (uint32_t i = 0; i < order->rest_first; i++)
		if (weak_is_write(weak, order->rest[i]))
			ids[count++] = order->rest[i];
	for (uint32_t i = 0; i < order->count; i++)
		ids[count++] = order->ids[i];
	for (uint32_t i = end; i < order->rest_count; i++)
		for (uint32_t j = 0; j < order->count; j++)
			end = order->ids[j] == order->rest[i] ? i + 1 : end;
	for (uint32_t i = end; i < order->rest_count; i++)
		if (weak_is_write(weak, order->rest[i]))
			ids[count++] = order->rest[i];
	return count;
}

/* Short ones are refused, too, when the piece begins behind a read of the session. */
static void
expect_as_whole(struct trial *trial, const struct weak_order *order, bool is_moved)
{
	uint32_t *ids = mem_new(2 * (size_t)trial->weak->count + 1, sizeof(*ids));
	struct weak_order full = {.session = order->session, .ids = ids};
	struct views_proof proof;
	struct err err;

	full.count = whole(trial->weak, order, ids);
	bool expected = weak_certify_order(trial->model, trial->weak, &full, &err);
	assert_true(views_proof_init(&proof, trial->model == WEAK_CM, trial->weak,
				     order->rest, order->rest_count, &err));
	for (int again = 0; again < 2; again++) {
		bool holds = views_proof_holds(&proof, order);
		assert_true(holds == expected || (is_moved && !holds));
	}
	views_proof_release(&proof);
	free(ids);
	trial->told++;
	trial->accepted += expected;
}

/* Exchanges two, leaves the last out, or lets it begin elsewhere. */
static void
twist(struct rng *rng, struct weak_order *order, uint32_t *ids)
{
	uint32_t a = (uint32_t)rng_below(rng, order->count), kept = ids[a];
	uint32_t b = a > 0 && rng_below(rng, 2) == 0
			     ? a - 1
			     : (uint32_t)rng_below(rng, order->count);

	ids[a] = ids[b];
	ids[b] = kept;
	if (rng_below(rng, 4) == 0)
		order->count--;
	if (rng_below(rng, 4) == 0)
		order->rest_first += (uint32_t)rng_below(rng, 2);
	else if (rng_below(rng, 4) == 0 && order->rest_first > 0)
		order->rest_first--;
}

static void
take_view(void *context, const struct weak_order *order)
{
	struct trial *trial = context;
	uint32_t *ids = mem_new((size_t)order->count + 1, sizeof(*ids));
	struct weak_order twisted = *order;

	assert_non_null(order->rest);
	for (uint32_t i = 0; i < order->count; i++)
		ids[i] = order->ids[i];
	twisted.ids = ids;
	expect_as_whole(trial, &twisted, false);
	if (order->count > 1) {
		twist(trial->rng, &twisted, ids);
		expect_as_whole(trial, &twisted, twisted.rest_first > order->rest_first);
	}
	free(ids);
}

/* Few sessions, whose views are taken without clocks since no memory is left for these. */
static void
short_views_are_accepted_when_the_whole_ones_are(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 43);
	for (int model = WEAK_CM; model <= WEAK_PRAM; model++) {
		struct trial trial = {.model = (enum weak_model)model, .rng = &rng};
		const struct weak_taker taker = {take_view, &trial, .takes_short = true};
		const struct weak_limits taking = {.budget = limits.budget,
						   .taker = &taker};
		for (size_t i = 0; i < random_count_slow(300); i++) {
			struct check_options options = {0};
			struct weak_answer answer = {0};
			struct history history;
			struct weak weak;
			struct err err;
			play_replicas(&rng, &history);
			assert_true(weak_init(&weak, &history, &options, &err));
			trial.weak = &weak;
			views_near_decide(trial.model, &weak, &taking, &answer);
			weak_release(&weak);
			history_release(&history);
		}
		print_message("%s: %u of %u accepted\n", weak_model_name(trial.model),
			      trial.accepted, trial.told);
		assert_in_range(trial.accepted, trial.told / 2, trial.told * 9 / 10);
	}
}

/* Whether no read is too old along the row, with clocks and without. */
static bool
expect_same_proof(enum weak_model model, const struct weak *weak,
		  const struct lineup *row)
{
	struct weak_order order = {
		.session = WEAK_EVERYONE, .ids = row->order, .count = weak->count};
	struct err err;
	bool expected = weak_certify_order(model, weak, &order, &err);

	assert_int_equal(causal_certify_reads(model, weak, row->order, row->place, &err),
			 expected);
	return expected;
}

static void
causal_orders_are_accepted_as_with_clocks(void **state)
{
	size_t count = random_count_slow(1500), accepted[MODELS] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 44);
	for (size_t i = 0; i < count; i++) {
		struct check_options options = {0};
		struct history history;
		struct lineup row;
		struct weak weak;
		struct err err;
		play_replicas(&rng, &history);
		assert_true(weak_init(&weak, &history, &options, &err));
		assert_true(lineup_init(&row, &weak, true));
		for (int model = WEAK_CC; model <= WEAK_CCV; model++)
			accepted[model] +=
				expect_same_proof((enum weak_model)model, &weak, &row);
		lineup_release(&row);
		weak_release(&weak);
		history_release(&history);
	}
	for (int model = WEAK_CC; model <= WEAK_CCV; model++) {
		print_message("%s: %zu of %zu accepted\n",
			      weak_model_name((enum weak_model)model), accepted[model],
			      count);
		assert_in_range(accepted[model], count / 10, count * 9 / 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_sessions_are_judged_by_the_definitions),
		cmocka_unit_test(many_sessions_are_judged_as_with_clocks),
		cmocka_unit_test(short_views_are_accepted_when_the_whole_ones_are),
		cmocka_unit_test(causal_orders_are_accepted_as_with_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
