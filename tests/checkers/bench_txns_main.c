/* Measures the deciders of transactions on registers; for `make bench`. */
#include "base/clock.h"
#include "checkers/checker.h"
#include "tests/checkers/random_txns.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

extern const struct checker checker_rw_register;

static void
measure(const struct random_txns *shape, const char *level)
{
	struct check_options options = {.level = level};
	struct check_result result;
	struct history history;
	struct rusage usage;
	struct rng rng;

	rng_init(&rng, 1);
	random_txns_play(&history, shape, &rng);
	int64_t start = clock_ns();
	options.no_certify = true;
	checker_run(&checker_rw_register, &history, &options, &result);
	double seconds = (double)(clock_ns() - start) / 1e9;
	getrusage(RUSAGE_SELF, &usage);
	printf("%-22s %8zu txns, %2u clients, %6u keys, %2d %% writes, %s: %7.3f s  %s "
	       "%s  %ld MB\n",
	       level, shape->txns, shape->processes, shape->keys, shape->write_percent,
	       shape->snapshot ? "snapshot" : "serial", seconds,
	       verdict_name(result.verdict), result.details.data, usage.ru_maxrss / 1024);
	fflush(stdout);
	check_result_release(&result);
	history_release(&history);
}

int
main(int argc, char **argv)
{
	size_t txns = argc > 1 ? (size_t)atol(argv[1]) : 100000;

	for (uint32_t clients = 10; clients <= 50; clients += 40)
		for (uint32_t keys = 10; keys <= 100000; keys *= 100)
			for (int snapshot = 0; snapshot < 2; snapshot++) {
				struct random_txns shape = {.txns = txns,
							    .processes = clients,
							    .keys = keys,
							    .mops_max = 6,
							    .write_percent = 50,
							    .info_percent = 1,
							    .snapshot = snapshot};
				measure(&shape, "strict-serializable");
				measure(&shape, "serializable");
				measure(&shape, "snapshot-isolation");
			}
	for (uint32_t clients = 10; clients <= 60; clients += 50) {
		struct random_txns shape = {.txns = 10 * txns,
					    .processes = clients,
					    .keys = 10000,
					    .mops_max = 6,
					    .write_percent = 50};
		measure(&shape, "read-committed");
		measure(&shape, "monotonic-atomic-view");
		measure(&shape, "read-atomic");
		measure(&shape, "causal");
	}
	return 0;
}
