/* Measures the checkers of the seed systems: seconds for n, 2n, 4n, 8n operations, with and
 * without the certificate. */
#include "base/clock.h"
#include "checkers/checker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	LEAST = 62500,
	DOUBLINGS = 4,
	PROCESSES = 10,
	TOKENS_OF_A_KEY = 100
};

/* Operation i of n, which ends when PROCESSES - 1 others have begun. */
static void
add(struct history *history, struct op *op)
{
	uint32_t i = (uint32_t)history->ops.count;

	op->type = OP_OK;
	op->process = i % PROCESSES;
	op->node = (uint8_t)(1 + i % 3);
	op->invoke_at = 2 * i + (i < PROCESSES ? 0 : 1);
	op->complete_at = 2 * (i + PROCESSES - 1);
	op->invoke_ns = 1000 * (int64_t)op->invoke_at;
	op->complete_ns = 1000 * (int64_t)op->complete_at;
	vec_push(&history->ops, *op);
}

static val
version(struct history *history, size_t i)
{
	return val_pair(&history->values, val_small((int64_t)i + 1), val_small(1));
}

/* Ten keys: two updates, three reads of what was acknowledged last. */
static void
play_versions(struct history *history, size_t i)
{
	struct op op = {.key = val_small((int64_t)(i / 5 % 10))};
	size_t last = i - i % 5;

	if (i % 5 == 0) {
		op.f = F_WRITE;
		op.input = val_small((int64_t)i);
		op.output = version(history, i);
	} else {
		op.f = F_READ;
		op.output = val_pair(&history->values, val_small((int64_t)last),
				     version(history, last));
	}
	add(history, &op);
}

/* A hundred titles, plenty of copies: buys with their request, lookups with versions. */
static void
play_bookstore(struct history *history, size_t i)
{
	struct op op = {.key = val_small((int64_t)(i % 100))};
	bool buys = i / 100 % 2 == 0;

	op.f = history_f(history, buys ? "buy" : "lookup", buys ? 3 : 6);
	if (buys) {
		op.input = val_small((int64_t)i);
		op.output = val_small((int64_t)(i / 200) + 1);
	} else {
		val members[] = {val_string(&history->values, "version"),
				 val_small((int64_t)(i / 200) + 1)};
		op.output = val_map(&history->values, members, 2);
	}
	add(history, &op);
}

/* The last operation collects all. */
static void
play_stream(struct history *history, size_t i)
{
	struct op op = {.f = F_SEND};

	op.input = val_pair(&history->values, val_small((int64_t)i),
			    val_small((int64_t)(i % 1000)));
	add(history, &op);
}

static void
collect(struct history *history)
{
	struct op op = {.f = history_f(history, "collect", 7)};
	VEC(val) all = {0};

	vec_each (struct op, send, &history->ops)
		vec_push(&all, send->input);
	op.output = val_list(&history->values, all.items, all.count);
	add(history, &op);
	struct op *last = vec_last(&history->ops);
	last->invoke_at += 4 * PROCESSES;
	last->complete_at += 4 * PROCESSES;
	vec_release(&all);
}

/* A key has so many appends; every tenth operation reads all of them. */
static void
play_tokens(struct history *history, size_t i)
{
	size_t first = i - i % TOKENS_OF_A_KEY;
	struct op op = {.key = val_small((int64_t)(first / TOKENS_OF_A_KEY)),
			.f = i % 10 == 9 ? F_READ : F_APPEND};
	struct buf text = {0};

	for (size_t k = op.f == F_READ ? first : i; k <= i; k++)
		if (k % 10 != 9)
			buf_printf(&text, "%zu;", k);
	val v = val_string(&history->values, buf_text(&text));
	op.input = op.f == F_READ ? VAL_OF_NIL : v;
	op.output = op.f == F_READ ? v : VAL_OF_NIL;
	buf_release(&text);
	add(history, &op);
}

static double
measure(const struct checker *checker, const struct history *history, bool certify)
{
	struct check_options options = {
		.threads = 1, .init = val_small(1000000), .no_certify = !certify};
	struct check_result result;

	if (strcmp(checker->name, "tokens") == 0)
		options.init = VAL_OF_NIL;
	int64_t start = clock_ns();
	checker_run(checker, history, &options, &result);
	double seconds = (double)(clock_ns() - start) / 1e9;
	if (result.verdict != VERDICT_VALID) {
		printf("%s: %s\n", verdict_name(result.verdict), result.reason);
		exit(1);
	}
	check_result_release(&result);
	return seconds;
}

int
main(void)
{
	static const struct {
		const char *checker;
		void (*play)(struct history *history, size_t i);
	} rows[] = {{"versions", play_versions},
		    {"bookstore", play_bookstore},
		    {"stream", play_stream},
		    {"tokens", play_tokens}};
	struct rusage usage;
	struct err err;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		const struct checker *checker = checker_find(rows[r].checker, &err);
		printf("%-10s n = %d .. %d (with certificate):", rows[r].checker, LEAST,
		       LEAST << (DOUBLINGS - 1));
		for (int d = 0; d < DOUBLINGS; d++) {
			struct history history;
			history_init(&history);
			for (size_t i = 0; i < (size_t)LEAST << d; i++)
				rows[r].play(&history, i);
			if (rows[r].play == play_stream)
				collect(&history);
			printf(" %.3f", measure(checker, &history, false));
			printf(" (%.3f) s", measure(checker, &history, true));
			fflush(stdout);
			history_release(&history);
		}
		printf("\n");
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process: %.0f MB\n", (double)usage.ru_maxrss / 1024);
	return 0;
}
