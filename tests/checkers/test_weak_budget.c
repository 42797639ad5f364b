/* Budgets of the checkers below linearizability: time that is over and memory that is too
 * small mean unknown, with the reason. */
#include "base/rng.h"
#include "checkers/checker.h"
#include "tests/checkers/random_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const char *const names[] = {"sequential",
				    "causal",
				    "causal-cc",
				    "causal-ccv",
				    "causal-cm",
				    "pram",
				    "read-your-writes",
				    "monotonic-reads",
				    "monotonic-writes",
				    "writes-follow-reads",
				    "session",
				    "regular",
				    "safe",
				    "staleness",
				    "convergence"};

enum {
	NAMES = sizeof(names) / sizeof(names[0])
};

static void
play(struct history *history)
{
	struct random_replicas shape = {.replication = REPLICAS_CAUSAL,
					.ops = 2000,
					.sessions = 4,
					.keys = 3,
					.read_percent = 50,
					.deliver_percent = 40};
	struct rng rng;

	rng_init(&rng, 31);
	random_replicas_play(history, &shape, &rng);
}

static void
expect_unknown(const struct history *history, const struct budget *budget,
	       const char *reason)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct check_options options = {.threads = 1, .budget = *budget};
		struct check_result result;
		struct err err;
		checker_run(checker_find(names[i], &err), history, &options, &result);
		if (result.verdict != VERDICT_UNKNOWN ||
		    strstr(result.reason, reason) == NULL)
			fail_msg("%s: %s: %s", names[i], verdict_name(result.verdict),
				 result.reason);
		check_result_release(&result);
	}
}

static void
time_that_is_over_means_unknown(void **state)
{
	atomic_bool stop = true;
	struct history history;

	(void)state;
	play(&history);
	expect_unknown(&history, &(struct budget){.stop = &stop}, "budget of time");
	history_release(&history);
}

static void
too_little_memory_means_unknown(void **state)
{
	struct history history;

	(void)state;
	play(&history);
	for (size_t bytes = 1 << 10; bytes <= 1 << 17; bytes *= 2)
		expect_unknown(&history, &(struct budget){.bytes_max = bytes},
			       "budget of memory");
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_that_is_over_means_unknown),
		cmocka_unit_test(too_little_memory_means_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
