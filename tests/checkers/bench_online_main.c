/* Measures the deciders that are fed while a run goes on: operations a second of processor
 * time, and the most bytes that were live, in the first quarter of the history and in all.
 * `bench_online [TYPE]` */
#include "checkers/generate/generate.h"
#include "checkers/online/online.h"
#include "tests/checkers/online_feed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *type, *checker;
	uint64_t operations;
	int info_percent;
} rows[] = {
	{"register", "register", 5000000, 0},
	{"register", "register", 5000000, 1},
	{"versioned-register", "versioned-register", 5000000, 1},
	{"log", "log", 5000000, 0},
	{"ids", "unique-ids", 5000000, 0},
	{"counter", "counter", 5000000, 1},
	{"bag", "bag", 5000000, 0},
	{"queue", "queue", 5000000, 0},
	{"stack", "stack", 5000000, 0},
	{"priority-queue", "priority-queue", 5000000, 0},
	{"set", "set-full", 1000000, 0},
	{"list-append", "list-append", 1000000, 0},
	{"list-append", "list-append", 1000000, 1},
	{"lock", "lock", 5000000, 0},
	{"lock", "lock", 5000000, 1},
	{"semaphore", "semaphore", 1000000, 1},
	{"total-queue", "total-queue", 5000000, 1},
	{"causal", "causal", 1000000, 0},
};

struct measured {
	double seconds;
	size_t bytes_quarter, bytes_peak;
	bool is_violated, was_given_up;
};

static void
note_bytes(void *context, const struct online *online, double part)
{
	struct measured *measured = context;
	size_t bytes = online_size(online).bytes;

	if (part <= 0.25 && bytes > measured->bytes_quarter)
		measured->bytes_quarter = bytes;
	if (bytes > measured->bytes_peak)
		measured->bytes_peak = bytes;
}

static double
processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct measured
measure(const struct history *history, const char *checker)
{
	const struct online_options options = {
		.init = strcmp(checker, "semaphore") == 0 ? val_small(3) : VAL_OF_NIL};
	struct online *online = online_new(online_decider_find(checker), &options);
	struct measured measured = {0};

	double start = processor_seconds();
	online_feed_watched(online, history, 100, note_bytes, &measured);
	measured.seconds = processor_seconds() - start;
	measured.is_violated = online_violation(online) != NULL;
	measured.was_given_up = online_gave_up(online) != NULL;
	online_free(online);
	return measured;
}

static bool
measure_row(size_t row)
{
	const struct generate_options options = {.type = rows[row].type,
						 .operations = rows[row].operations,
						 .processes = 10,
						 .keys = 5,
						 .info_percent = rows[row].info_percent,
						 .seed = 1};
	struct history history;
	struct err err;

	history_init(&history);
	if (!generate_history(&history, &options, &err)) {
		err_print(&err);
		return false;
	}
	struct measured measured = measure(&history, rows[row].checker);
	printf("online %-18s %8zu ops, %d %% info  %7.3f s  %6.2f M ops/s  live %8.3f MB "
	       "after a quarter, %8.3f MB at most  %s\n",
	       rows[row].checker, history.ops.count, rows[row].info_percent,
	       measured.seconds, (double)history.ops.count / measured.seconds / 1e6,
	       (double)measured.bytes_quarter / 1e6, (double)measured.bytes_peak / 1e6,
	       measured.is_violated    ? "VIOLATED"
	       : measured.was_given_up ? "GIVEN UP"
				       : "no violation");
	fflush(stdout);
	history_release(&history);
	return !measured.is_violated && !measured.was_given_up;
}

int
main(int argc, char **argv)
{
	bool ok = true;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		if (argc < 2 || strcmp(argv[1], rows[row].type) == 0)
			ok = measure_row(row) && ok;
	return ok ? 0 : 1;
}
