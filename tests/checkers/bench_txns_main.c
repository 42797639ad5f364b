/* Measures the deciders of transactions; for `make bench`. Each row is a process of its
 * own, so that its peak memory, beside the history's, is its own:
 * bench_txns [TRANSACTIONS [PART ...]]. */
#include "base/clock.h"
#include "checkers/checker.h"
#include "tests/checkers/random_txns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct checker checker_rw_register, checker_list_append;

/* Of the whole process, history and all, in 10^6 bytes. */
static double
peak_megabytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss * 1024 / 1e6;
}

/* What is in memory now. */
static double
resident_megabytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static double
seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Of all threads, and of the kernel for them: other programs do not disturb it. */
static double
user_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return seconds_of(usage.ru_utime);
}

static double
kernel_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return seconds_of(usage.ru_stime);
}

/* What is asked of a shape. */
struct question {
	const char *level;
	uint64_t seed;
	bool with_certificate; /* valid is shown by an order that is run again */
};

static void
judge(const struct random_txns *shape, const struct question *question,
      const struct history *history)
{
	bool lists = shape->list_length > 0;
	struct check_options options = {.level = question->level,
					.no_certify = !question->with_certificate};
	struct check_result result;
	double before = resident_megabytes();
	double user = user_seconds(), kernel = kernel_seconds();
	int64_t start = clock_ns();
	checker_run(lists ? &checker_list_append : &checker_rw_register, history,
		    &options, &result);
	double seconds = (double)(clock_ns() - start) / 1e9;
	const char *choices = strstr(buf_text(&result.details), "\"choices\"");
	printf("%-12s %-26s %8zu txns, %3u clients, %6u keys, %2d %% writes, %d %% info, "
	       "%-8s seed %llu: %7.3f s, user %7.3f s, kernel %6.3f s  %s%s, peak %.0f "
	       "MB of which the history %.0f MB  %s\n",
	       lists ? "list-append" : "rw-register", question->level, shape->txns,
	       shape->processes, shape->keys, shape->write_percent, shape->info_percent,
	       shape->snapshot ? "snapshot" : "serial",
	       (unsigned long long)question->seed, seconds, user_seconds() - user,
	       kernel_seconds() - kernel, verdict_name(result.verdict),
	       result.certified ? " with certificate" : "", peak_megabytes(), before,
	       choices != NULL ? choices : "");
	check_result_release(&result);
}

static void
judge_in_child(const struct random_txns *shape, const struct question *question,
	       const struct history *history)
{
	fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		judge(shape, question, history);
		fflush(stdout);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Questions about one history. */
static void
ask(const struct random_txns *shape, const struct question *questions, size_t count)
{
	struct history history;
	struct rng rng;

	rng_init(&rng, questions->seed);
	random_txns_play(&history, shape, &rng);
	for (size_t i = 0; i < count; i++)
		judge_in_child(shape, &questions[i], &history);
	history_release(&history);
}

static void
measure(const struct random_txns *shape, const char *level, uint64_t seed)
{
	ask(shape, &(struct question){.level = level, .seed = seed}, 1);
}

/* The order of writes is not known: clients and keys decide how hard that is. */
static void
measure_orders(size_t txns)
{
	static const char *const levels[] = {"strict-serializable", "serializable",
					     "snapshot-isolation"};

	for (uint32_t clients = 10; clients <= 50; clients += 40)
		for (uint32_t keys = 10; keys <= 100000; keys *= 100)
			for (size_t i = 0; i < 6; i++) {
				struct random_txns shape = {.txns = txns,
							    .processes = clients,
							    .keys = keys,
							    .mops_max = 6,
							    .write_percent = 50,
							    .info_percent = 1,
							    .snapshot = i >= 3};
				measure(&shape, levels[i % 3], 1);
			}
}

/* Many shapes, to find those that are hard. */
static void
measure_shapes(size_t txns)
{
	static const uint32_t clients[] = {10, 50, 100}, keys[] = {10, 100, 1000, 10000};
	static const int writes[] = {20, 50, 80}, infos[] = {0, 1, 5};

	for (size_t c = 0; c < 3; c++)
		for (size_t k = 0; k < 4; k++)
			for (size_t w = 0; w < 3; w++)
				for (size_t i = 0; i < 6; i++) {
					struct random_txns shape = {
						.txns = txns,
						.processes = clients[c],
						.keys = keys[k],
						.mops_max = 6,
						.write_percent = writes[w],
						.info_percent = infos[i % 3],
						.snapshot = i >= 3};
					measure(&shape, "strict-serializable", 2 + i % 3);
					measure(&shape, "snapshot-isolation", 2 + i % 3);
				}
}

/* The last two rows of each: with crashed transactions, and their verdict proven. */
static void
measure_weak(size_t txns)
{
	static const char *const levels[] = {"read-committed", "monotonic-atomic-view",
					     "read-atomic", "causal"};
	static const struct question proven = {"causal", 1, true};

	for (uint32_t clients = 10; clients <= 60; clients += 50) {
		struct random_txns shape = {.txns = txns,
					    .processes = clients,
					    .keys = 10000,
					    .mops_max = 6,
					    .write_percent = 50};
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			measure(&shape, levels[i], 1);
		shape.info_percent = 5;
		measure(&shape, "causal", 1);
		ask(&shape, &proven, 1);
	}
}

/* Shapes that are hard for causality: few keys, blind writes, crashes, many clients. */
static void
measure_causal(size_t txns)
{
	static const struct random_txns shapes[] = {
		{.processes = 50, .keys = 10, .mops_max = 6, .write_percent = 50},
		{.processes = 50, .keys = 1000, .mops_max = 6, .write_percent = 95},
		{.processes = 50, .keys = 10, .mops_max = 6, .write_percent = 95},
		{.processes = 50,
		 .keys = 1000,
		 .mops_max = 6,
		 .write_percent = 50,
		 .info_percent = 5},
		{.processes = 50,
		 .keys = 1000,
		 .mops_max = 6,
		 .write_percent = 50,
		 .info_percent = 5,
		 .snapshot = true},
		{.processes = 500, .keys = 1000, .mops_max = 6, .write_percent = 50},
		{.processes = 50, .keys = 100000, .mops_max = 2, .write_percent = 5},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct random_txns shape = shapes[i];
		shape.txns = txns;
		measure(&shape, "causal", 1);
	}
}

static struct random_txns
lists_of(size_t txns)
{
	return (struct random_txns){.txns = txns,
				    .processes = 20,
				    .keys = 100,
				    .mops_max = 4,
				    .write_percent = 50,
				    .list_length = 16};
}

static void
measure_lists(size_t txns)
{
	static const struct question questions[] = {{"snapshot-isolation", 1, false},
						    {"read-committed", 1, false},
						    {"strict-serializable", 1, false},
						    {"strict-serializable", 1, true}};
	struct random_txns shape = lists_of(txns);

	ask(&shape, questions, 4);
}

static void
measure_long_lists(size_t txns)
{
	static const struct question questions[] = {{"strict-serializable", 1, false},
						    {"strict-serializable", 1, true}};
	struct random_txns shape = lists_of(txns);

	ask(&shape, questions, 2);
}

/* n, 2n, 4n, 8n: cost grows with length alone. */
static void
measure_growth(size_t txns)
{
	for (size_t n = txns; n <= 8 * txns; n *= 2) {
		struct random_txns shape = {.txns = n,
					    .processes = 10,
					    .keys = 1000,
					    .mops_max = 4,
					    .write_percent = 50};
		measure(&shape, "read-atomic", 1);
		measure(&shape, "causal", 1);
		measure(&shape, "strict-serializable", 1);
		shape.list_length = 16;
		measure(&shape, "strict-serializable", 1);
	}
}

static const struct part {
	const char *name;
	void (*measure)(size_t txns);
	size_t times;  /* so many times the transactions asked for */
	bool is_extra; /* only when asked for */
} parts[] = {
	{"orders", measure_orders, 1, false},
	{"weak", measure_weak, 10, false},
	{"lists", measure_lists, 10, false},
	{"growth", measure_growth, 2, false},
	{"lists-10m", measure_long_lists, 100, false},
	{"shapes", measure_shapes, 1, true},
	{"causal", measure_causal, 10, true},
};

static bool
is_asked(const struct part *part, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], part->name) == 0)
			return true;
	return argc <= 2 && !part->is_extra;
}

int
main(int argc, char **argv)
{
	size_t txns = argc > 1 ? (size_t)atol(argv[1]) : 100000;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (is_asked(&parts[i], argc, argv))
			parts[i].measure(txns * parts[i].times);
	return 0;
}
