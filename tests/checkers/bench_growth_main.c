/* bench_growth [TYPE|all [OPERATIONS [KEYS [PROCESSES [INFO]]]]] - how the cost of a check grows
 * with the length of the history: n, 2n, 4n and 8n operations of every type that can be
 * generated; for `make bench`. */
#include "base/err.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
	SIZES = 4
};

struct growth {
	double decided[SIZES], certified[SIZES]; /* milliseconds of the processor */
	enum verdict verdict;			 /* the worst */
};

static double
processor_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double
check(const struct generate_type *type, const struct history *history, bool no_certify,
      struct growth *growth)
{
	struct check_options options = {
		.threads = 1, .model = type->model, .no_certify = no_certify};
	struct check_result result;
	struct err err;

	if (type->init != NULL)
		options.init = val_small(strtol(type->init, NULL, 10));
	double start = processor_ms();
	checker_run(
		checker_find(type->checker != NULL ? type->checker : type->name, &err),
		history, &options, &result);
	double taken = processor_ms() - start;
	growth->verdict = verdict_worse(growth->verdict, result.verdict);
	check_result_release(&result);
	return taken;
}

static bool
measure(const struct generate_type *type, struct generate_options options,
	struct growth *growth)
{
	growth->verdict = VERDICT_VALID;
	for (int i = 0; i < SIZES; i++, options.operations *= 2) {
		struct history history;
		struct err err;
		history_init(&history);
		if (!generate_history(&history, &options, &err)) {
			err_print(&err);
			history_release(&history);
			return false;
		}
		growth->decided[i] = check(type, &history, true, growth);
		growth->certified[i] = check(type, &history, false, growth);
		history_release(&history);
	}
	return true;
}

static void
print_row(const char *name, const double *ms)
{
	printf(" %s", name);
	for (int i = 0; i < SIZES; i++)
		printf(" %8.1f", ms[i]);
}

static bool
measure_row(const struct generate_type *type, const struct generate_options *options)
{
	struct growth growth;
	struct rusage usage;

	if (!measure(type, *options, &growth))
		return false;
	getrusage(RUSAGE_SELF, &usage);
	printf("growth %-18s n = %zu:", type->name, (size_t)options->operations);
	print_row("decided in", growth.decided);
	print_row("ms, with certificate", growth.certified);
	printf(" ms; 8n costs %.1f n, %s, peak %ld MB\n",
	       growth.certified[SIZES - 1] / growth.certified[0],
	       verdict_name(growth.verdict), usage.ru_maxrss / 1024);
	fflush(stdout);
	return true;
}

static uint64_t
number_of(int argc, char **argv, int i, uint64_t otherwise)
{
	return argc > i ? strtoull(argv[i], NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	bool all = argc < 2 || strcmp(argv[1], "all") == 0, ok = true;
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	for (size_t i = 0; i < count; i++) {
		struct generate_options options = {
			.type = types[i]->name,
			.operations = number_of(argc, argv, 2, 10000),
			.keys = (uint32_t)number_of(argc, argv, 3, 0),
			.processes = (uint32_t)number_of(argc, argv, 4, 10),
			.info_percent = (int)number_of(argc, argv, 5, 3),
			.seed = 1};
		if (all || strcmp(argv[1], types[i]->name) == 0)
			ok = measure_row(types[i], &options) && ok;
	}
	return ok ? 0 : 1;
}
