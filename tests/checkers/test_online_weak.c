/* Promises below linearizability, and queues that may repeat, fed while a history grows. */
#include "tests/checkers/online_typed.h"
#include "tests/checkers/random_collection.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/random_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	LONG_OPS = 400
};

static const struct online_options plain_options;
static const struct check_options plain_check = {
	.threads = 1, .no_certify = true, .budget = {.bytes_max = 64 << 20}};

/* ---- sessions ---- */

/* Some answers are those of other reads of the key. */
static void
spoil_reads(struct history *history, struct rng *rng, int percent)
{
	vec_each (struct op, op, &history->ops) {
		const struct op *other =
			&history->ops.items[rng_below(rng, history->ops.count)];
		if (op->f == F_READ && other->f == F_READ && op->key == other->key &&
		    (int)rng_below(rng, 100) < percent)
			op->output = other->output;
	}
}

/* Replicas that promise less or more, and a register whose operations overlap, crash and
 * fail. */
static void
play_sessions(struct history *history, size_t i, struct rng *rng)
{
	size_t ops = 4 + rng_below(rng, i % ONLINE_LONG_EACH == 1 ? 60 : 16);
	uint32_t sessions = 1 + (uint32_t)rng_below(rng, 4);
	const struct random_replicas replicas = {
		.replication = (enum replication)(i / 2 % 4),
		.ops = ops,
		.sessions = sessions,
		.keys = 1 + (uint32_t)rng_below(rng, 2),
		.read_percent = 40 + (int)rng_below(rng, 40),
		.deliver_percent = 10 + (int)rng_below(rng, 60)};
	const struct random_register shape = {.ops = ops,
					      .processes = sessions,
					      .read_percent = 60,
					      .info_percent = 8,
					      .fail_percent = 8,
					      .wrong_percent = 20};

	if (i % 5 == 4) {
		random_register_play(history, &shape, rng);
		return;
	}
	random_replicas_play(history, &replicas, rng);
	spoil_reads(history, rng, i % 2 == 0 ? 0 : 20);
}

static void
compare_sessions(const char *checker, int found_percent)
{
	size_t count = random_count(ONLINE_HISTORIES) / 10;
	struct online_tally tally = {0};
	struct rng rng;

	rng_init(&rng, 29);
	for (size_t i = 0; i < count; i++) {
		struct history history;
		play_sessions(&history, i, &rng);
		online_tally_add(&tally, online_compare(checker, &history, &plain_options,
							&plain_check, false));
		history_release(&history);
	}
	online_tally_expect(&tally, checker, count / 50, found_percent);
}

static void
sessions_are_never_blamed_wrongly(void **state)
{
	(void)state;
	compare_sessions("read-your-writes", 50);
	compare_sessions("monotonic-reads", 50);
	compare_sessions("monotonic-writes", 20);
	compare_sessions("session", 50);
	compare_sessions("pram", 50);
	compare_sessions("causal-cc", 30);
	compare_sessions("causal-ccv", 30);
	compare_sessions("causal-cm", 30);
	compare_sessions("causal", 30);
	compare_sessions("sequential", 20);
}

/* ---- total queues ---- */

static void
compare_total_queue(uint32_t values, const struct online_options *options,
		    const struct check_options *check, int found_percent)
{
	size_t count = random_count(ONLINE_HISTORIES) / 4;
	struct online_tally tally = {0};
	struct rng rng;

	rng_init(&rng, 31);
	for (size_t i = 0; i < count; i++) {
		struct random_collection shape = {
			.collection = COLLECTION_QUEUE,
			.ops = 4 +
			       rng_below(&rng, i % ONLINE_LONG_EACH == 1 ? LONG_OPS : 26),
			.processes = 1 + (uint32_t)rng_below(&rng, 5),
			.values = values,
			.take_percent = 30 + (int)rng_below(&rng, 30),
			.info_percent = i % 4 == 0 ? (int)rng_below(&rng, 12) : 0,
			.fail_percent = (int)rng_below(&rng, 10),
			.wrong_percent = i % 2 == 0 ? 0 : (int)rng_below(&rng, 12)};
		struct history history;
		random_collection_play(&history, &shape, &rng);
		online_tally_add(&tally, online_compare("total-queue", &history, options,
							check, false));
		history_release(&history);
	}
	online_tally_expect(&tally, "total-queue", count / 50, found_percent);
}

static void
total_queues_are_never_blamed_wrongly(void **state)
{
	const struct online_options once = {.is_once = true};
	struct check_options check = plain_check;

	(void)state;
	check.model = "exactly-once";
	compare_total_queue(0, &plain_options, &plain_check, 5);
	compare_total_queue(0, &once, &check, 50);
	compare_total_queue(3, &once, &check, 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_never_blamed_wrongly),
		cmocka_unit_test(total_queues_are_never_blamed_wrongly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
