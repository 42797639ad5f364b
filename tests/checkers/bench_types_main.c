/* Measures the checkers of many types; for `make bench`. */
#include "base/clock.h"
#include "checkers/checker.h"
#include "tests/checkers/typed_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static double
seconds_since(int64_t start)
{
	return (double)(clock_ns() - start) / 1e9;
}

static void
measure_shape(const struct typed *type, const char *name, const char *model, int64_t init,
	      const struct typed_shape *shape)
{
	struct check_options options = {.threads = 1,
					.model = model,
					.init = init == 0 ? VAL_OF_NIL : val_small(init)};
	struct history history;
	struct check_result result;
	struct rusage usage;
	struct rng rng;
	struct err err;

	rng_init(&rng, 1);
	typed_play(&history, type, shape, &rng);
	options.no_certify = true;
	int64_t start = clock_ns();
	checker_run(checker_find(name, &err), &history, &options, &result);
	double decided = seconds_since(start);
	check_result_release(&result);
	options.no_certify = false;
	start = clock_ns();
	checker_run(checker_find(name, &err), &history, &options, &result);
	getrusage(RUSAGE_SELF, &usage);
	printf("%-18s %9zu ops, %d %% info: decided in %8.1f ms (%.2f M ops/s), with "
	       "certificate %8.1f ms, %s, peak %ld MB\n",
	       type->name, shape->ops, shape->info_percent, decided * 1e3,
	       (double)shape->ops / decided / 1e6, seconds_since(start) * 1e3,
	       verdict_name(result.verdict), usage.ru_maxrss / 1024);
	check_result_release(&result);
	history_release(&history);
}

/* Every value is written once. */
static void
measure(const struct typed *type, const char *name, const char *model, int64_t init,
	size_t ops, int info_percent)
{
	struct typed_shape shape = {.ops = ops,
				    .processes = 10,
				    .variety = 3,
				    .has_unique = true,
				    .info_percent = info_percent};

	measure_shape(type, name, model, init, &shape);
}

/* Three values, and three of ten operations crashed. */
static void
measure_crashed(const struct typed *type, const char *name)
{
	struct typed_shape shape = {
		.ops = 10000, .processes = 10, .variety = 3, .info_percent = 30};

	measure_shape(type, name, NULL, 0, &shape);
}

int
main(void)
{
	for (size_t ops = 10000; ops <= 1000000; ops *= 10) {
		measure(&typed_lock, "lock", NULL, 0, ops, 0);
		measure(&typed_fenced_lock, "fenced-lock", NULL, 0, ops, 0);
		measure(&typed_semaphore, "semaphore", NULL, 2, ops, 0);
		measure(&typed_unit_counter, "counter", NULL, 0, ops, 1);
		measure(&typed_fetch_counter, "counter", NULL, 0, ops, 0);
		measure(&typed_versioned, "versioned-register", NULL, 0, ops, 1);
		measure(&typed_log, "log", NULL, 0, ops, 1);
		measure(&typed_ids, "unique-ids", "monotone", 0, ops, 1);
	}
	measure(&typed_counter, "counter", NULL, 0, 10000, 0);
	measure(&typed_counter, "counter", NULL, 0, 10000, 1);
	measure_crashed(&typed_counter, "counter");
	measure(&typed_multi_register, "multi-register", NULL, 0, 10000, 0);
	measure_crashed(&typed_multi_register, "multi-register");
	measure(&typed_multi_register, "multi-register", NULL, 0, 100000, 0);
	for (size_t ops = 1000; ops <= 8000; ops *= 2)
		measure(&typed_set, "set-full", NULL, 0, ops, 1);
	return 0;
}
