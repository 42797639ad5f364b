/* Measures consistency below linearizability: seconds for n, 2n, 4n, 8n operations. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "checkers/checker.h"
#include "checkers/weak/weak_models.h"
#include "tests/checkers/random_replicas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	LEAST = 125000,
	DOUBLINGS = 4,
	SESSION_LENGTH = 5
};

static double
seconds_since(int64_t start)
{
	return (double)(clock_ns() - start) / 1e9;
}

static void
play(enum replication replication, size_t ops, uint32_t sessions, struct history *history)
{
	struct random_replicas shape = {.replication = replication,
					.ops = ops,
					.sessions = sessions,
					.keys = 100,
					.read_percent = 50,
					.deliver_percent = 90};
	struct rng rng;

	rng_init(&rng, 1);
	random_replicas_play(history, &shape, &rng);
}

/* One operation of so many ends its session; the next one of the client is of another. */
static void
end_sessions(struct history *history, uint32_t clients)
{
	uint32_t next = clients, *now = mem_new(clients, sizeof(*now));
	struct rng rng;

	rng_init(&rng, 2);
	for (uint32_t i = 0; i < clients; i++)
		now[i] = i;
	vec_each (struct op, op, &history->ops) {
		uint32_t *process = &now[op->process];
		op->process = *process;
		if (rng_below(&rng, SESSION_LENGTH) == 0)
			*process = next++;
	}
	free(now);
}

/* Deciding alone, reading the history apart. */
static void
measure_model(enum weak_model model, enum replication replication, uint32_t sessions,
	      bool are_many)
{
	struct weak_limits limits = {.budget = {.bytes_max = (size_t)4 << 30}};

	printf("%-20s %2u %s, n = %d .. %d:", weak_model_name(model), sessions,
	       are_many ? "clients, sessions of 5 operations" : "sessions", LEAST,
	       LEAST << (DOUBLINGS - 1));
	for (int i = 0; i < DOUBLINGS; i++) {
		struct check_options options = {0};
		struct weak_answer answer;
		struct history history;
		struct weak weak;
		struct err err;
		play(replication, (size_t)LEAST << i, sessions, &history);
		if (are_many)
			end_sessions(&history, sessions);
		if (!weak_init(&weak, &history, &options, &err))
			exit(1);
		int64_t start = clock_ns();
		weak_decide(model, &weak, &limits, &answer);
		printf(" %.3f s %s", seconds_since(start), verdict_name(answer.verdict));
		fflush(stdout);
		weak_release(&weak);
		history_release(&history);
	}
	printf("\n");
}

static void
measure_checker(const char *name, enum replication replication)
{
	struct check_options options = {.threads = 1};
	struct check_result result;
	struct history history;
	struct err err;

	play(replication, 1000000, 10, &history);
	int64_t start = clock_ns();
	checker_run(checker_find(name, &err), &history, &options, &result);
	printf("%-20s 1000000 operations, all with certificate: %.3f s, %s, certified "
	       "%d\n",
	       name, seconds_since(start), verdict_name(result.verdict),
	       result.certified);
	check_result_release(&result);
	history_release(&history);
}

int
main(int argc, char **argv)
{
	static const struct {
		enum weak_model model;
		enum replication replication;
	} rows[] = {
		{WEAK_READ_YOUR_WRITES, REPLICAS_CAUSAL},
		{WEAK_MONOTONIC_READS, REPLICAS_CAUSAL},
		{WEAK_MONOTONIC_WRITES, REPLICAS_CAUSAL},
		{WEAK_WRITES_FOLLOW_READS, REPLICAS_CAUSAL},
		{WEAK_SESSION, REPLICAS_CAUSAL},
		{WEAK_PRAM, REPLICAS_FIFO},
		{WEAK_CC, REPLICAS_CAUSAL},
		{WEAK_CCV, REPLICAS_CONVERGENT},
		{WEAK_CM, REPLICAS_CAUSAL},
		{WEAK_SEQUENTIAL, REPLICAS_ONE},
	};
	uint32_t sessions = argc > 1 ? (uint32_t)atoi(argv[1]) : 10;
	struct rusage usage;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure_model(rows[i].model, rows[i].replication, sessions, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure_model(rows[i].model, rows[i].replication, sessions, true);
	static const char *const names[] = {"session",	"pram",	      "causal-cc",
					    "causal",	"sequential", "regular",
					    "staleness"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		measure_checker(names[i], i < 4 ? REPLICAS_CAUSAL : REPLICAS_ONE);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process: %.0f MB\n", (double)usage.ru_maxrss / 1024);
	return 0;
}
