/* Orders of versions that prove session guarantees, told whole or as heads of a common order:
 * accepted when the definition in checkers/weak/weak_models.h, word by word, holds of them. */
#include "base/mem.h"
#include "base/rng.h"
#include "checkers/weak/session_certify.h"
#include "checkers/weak/weak_certify.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	OPS = 24,
};

/* A whole order of the writes. */
struct told {
	const struct weak *weak;
	enum weak_model model;
	uint32_t session;
	uint32_t ids[OPS], count;
};

/* ---- the definition ------------------------------------------------------------------- */

static bool
asks(const struct told *told, enum weak_model model)
{
	return told->model == model || told->model == WEAK_SESSION;
}

/* Not newer; the initial version is the oldest. */
static bool
is_older(const struct told *told, uint32_t a, uint32_t b)
{
	uint32_t i = 0;

	if (a == WEAK_INITIAL || a == b)
		return true;
	while (told->ids[i] != a && told->ids[i] != b)
		i++;
	return told->ids[i] == a;
}

/* Of one key and one session, x ahead of the write y. */
static bool
is_write_in_order(const struct told *told, uint32_t x, uint32_t y)
{
	const struct weak *weak = told->weak;

	if (weak->key[x] != weak->key[y] || !weak_is_write(weak, y))
		return true;
	if (!weak_is_write(weak, x) && !asks(told, WEAK_WRITES_FOLLOW_READS))
		return true;
	return weak->source[x] != y && is_older(told, weak->source[x], y);
}

/* x stands ahead of y in the session that told of the versions. */
static bool
is_own_in_order(const struct told *told, uint32_t x, uint32_t y)
{
	const struct weak *weak = told->weak;
	bool is_asked = asks(told, weak_is_write(weak, x) ? WEAK_READ_YOUR_WRITES
							  : WEAK_MONOTONIC_READS);

	return weak_is_write(weak, y) || weak->key[x] != weak->key[y] || !is_asked ||
	       is_older(told, weak->source[x], weak->source[y]);
}

/* The session read a write, then y; its writer had done x before. */
static bool
is_cause_in_order(const struct told *told, uint32_t read, uint32_t y, uint32_t x)
{
	const struct weak *weak = told->weak;
	uint32_t write = weak->source[read];
	bool is_asked = asks(told, weak_is_write(weak, x) ? WEAK_MONOTONIC_WRITES
							  : WEAK_WRITES_FOLLOW_READS);
	bool is_before = write != WEAK_INITIAL && x < write &&
			 weak->session[x] == weak->session[write];

	return !is_asked || !is_before || weak_is_write(weak, read) ||
	       weak_is_write(weak, y) || weak->key[x] != weak->key[y] ||
	       is_older(told, weak->source[x], weak->source[y]);
}

static bool
is_pair_in_order(const struct told *told, uint32_t x, uint32_t y)
{
	const struct weak *weak = told->weak;

	if (weak->session[x] != weak->session[y])
		return true;
	if (!is_write_in_order(told, x, y))
		return false;
	if (weak->session[x] != told->session)
		return true;
	for (uint32_t cause = 0; cause < weak->count; cause++)
		if (!is_cause_in_order(told, x, y, cause))
			return false;
	return is_own_in_order(told, x, y);
}

static bool
holds(const struct told *told)
{
	for (uint32_t y = 0; y < told->weak->count; y++)
		for (uint32_t x = 0; x < y; x++)
			if (!is_pair_in_order(told, x, y))
				return false;
	return true;
}

/* ---- what is told --------------------------------------------------------------------- */

struct trial {
	enum weak_model model;
	const struct weak *weak;
	struct rng *rng;
	uint32_t told, accepted;
};

/* The head and what it lacks of the rest. */
static struct told
whole(const struct trial *trial, const struct weak_order *order, const uint32_t *head,
      uint32_t count)
{
	struct told told = {trial->weak, trial->model, order->session, {0}, 0};

	for (uint32_t i = 0; i < count; i++)
		told.ids[told.count++] = head[i];
	for (uint32_t i = 0; i < order->rest_count; i++) {
		bool is_ahead = false;
		for (uint32_t h = 0; h < count; h++)
			is_ahead |= head[h] == order->rest[i];
		if (!is_ahead)
			told.ids[told.count++] = order->rest[i];
	}
	return told;
}

/* Leaves one out, or exchanges two. */
static uint32_t
twist(struct trial *trial, uint32_t *head, uint32_t count)
{
	uint32_t a = (uint32_t)rng_below(trial->rng, count);
	uint32_t b = (uint32_t)rng_below(trial->rng, count), kept = head[a];

	head[a] = head[b];
	head[b] = kept;
	return rng_below(trial->rng, 3) == 0 ? count - 1 : count;
}

static void
expect(struct trial *trial, const struct weak_order *order, const uint32_t *head,
       uint32_t count, bool is_honest)
{
	struct told told = whole(trial, order, head, count);
	struct weak_order full = {
		.session = told.session, .ids = told.ids, .count = told.count};
	struct session_proof proof;
	struct err err;
	bool expected = holds(&told);

	assert_true(expected || !is_honest);
	assert_true(session_proof_init(&proof, trial->model, trial->weak, order->rest,
				       order->rest_count, &err));
	for (int again = 0; again < 2; again++)
		assert_int_equal(session_proof_holds(&proof, told.session, head, count),
				 expected);
	session_proof_release(&proof);
	assert_int_equal(weak_certify_order(trial->model, trial->weak, &full, &err),
			 expected);
	trial->told++;
	trial->accepted += expected;
}

static void
take(void *context, const struct weak_order *order)
{
	struct trial *trial = context;
	uint32_t head[OPS];

	assert_non_null(order->rest);
	for (uint32_t i = 0; i < order->count; i++)
		head[i] = order->ids[i];
	expect(trial, order, head, order->count, true);
	if (order->count > 1)
		expect(trial, order, head, twist(trial, head, order->count), false);
}

static void
try_one(struct trial *trial, struct rng *rng)
{
	struct random_replicas shape = {.replication = REPLICAS_CAUSAL,
					.ops = OPS,
					.sessions = 3,
					.keys = 2,
					.read_percent = 50,
					.deliver_percent = 40};
	struct check_options options = {.threads = 1};
	const struct weak_taker taker = {take, trial, .takes_short = true};
	struct weak_limits limits = {.taker = &taker};
	struct weak_answer answer;
	struct history history;
	struct weak weak;
	struct err err;

	random_replicas_play(&history, &shape, rng);
	assert_true(weak_init(&weak, &history, &options, &err));
	trial->weak = &weak;
	weak_decide(trial->model, &weak, &limits, &answer);
	assert_int_equal(answer.verdict, VERDICT_VALID);
	weak_release(&weak);
	history_release(&history);
}

static void
heads_are_accepted_when_the_definition_holds_of_the_whole(void **state)
{
	size_t count = random_count(2000);
	struct rng rng;

	(void)state;
	rng_init(&rng, 71);
	for (int model = WEAK_READ_YOUR_WRITES; model <= WEAK_SESSION; model++) {
		struct trial trial = {.model = (enum weak_model)model, .rng = &rng};
		for (size_t i = 0; i < count; i++)
			try_one(&trial, &rng);
		print_message("%s: %u of %u accepted\n", weak_model_name(trial.model),
			      trial.accepted, trial.told);
		assert_in_range(trial.accepted, trial.told / 3, trial.told * 24 / 25);
	}
}

/* Each write must have one place in the common order. */
static void
a_common_order_has_every_write_once(void **state)
{
	uint32_t ops[] = {0, 1}, session[] = {0, 0}, key[] = {0, 1}, source[] = {0, 1};
	uint32_t start[] = {0, 2};
	static const struct history history;
	const struct weak weak = {.history = &history,
				  .count = 2,
				  .session_count = 1,
				  .key_count = 2,
				  .op = ops,
				  .session = session,
				  .key = key,
				  .source = source,
				  .start = start};
	static const struct {
		uint32_t ids[3], count;
		bool holds;
	} rows[] = {{{1, 0}, 2, true},
		    {{0}, 1, false},
		    {{0, 0}, 2, false},
		    {{0, 1, 1}, 3, false},
		    {{0, 2}, 2, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session_proof proof;
		struct err err;
		assert_int_equal(session_proof_init(&proof, WEAK_SESSION, &weak,
						    rows[i].ids, rows[i].count, &err),
				 rows[i].holds);
		session_proof_release(&proof);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			heads_are_accepted_when_the_definition_holds_of_the_whole),
		cmocka_unit_test(a_common_order_has_every_write_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
