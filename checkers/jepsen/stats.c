/* stats.c - did the workload do anything? Counts by function and outcome, and asks that
 * every function succeeded at least once.
 *
 * A function that never succeeded proves nothing about the system, and nothing against
 * it: the history says too little, and the answer is unknown. (Jepsen's checker of that
 * name says the same in its documentation and answers false.)
 *
 *	cas fail | cas fail | write ok		unknown: no cas succeeded
 *
 * Details: count, ok-count, fail-count, info-count, by-f with the same for each function.
 * Any history; only by name. O(n). */
#include "checkers/jepsen/stats.h"

#include "base/mem.h"
#include "base/text.h"
#include "checkers/checker.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>

#include <string.h>

struct tally {
	uint64_t of[OP_INFO + 1]; /* by type; [OP_NONE]: all */
};

struct tallies {
	struct tally all, *by_f; /* by_f owned; by number of the function */
	size_t f_count;
};

static void
count(struct tally *tally, const struct op *op)
{
	tally->of[OP_NONE]++;
	tally->of[op->type]++;
}

static struct tallies
count_all(const struct history *history)
{
	struct tallies tallies = {.f_count = F_KNOWN + history->fs.count};

	tallies.by_f = mem_new(tallies.f_count, sizeof(*tallies.by_f));
	vec_each (struct op, op, &history->ops) {
		count(&tallies.all, op);
		count(&tallies.by_f[op->f], op);
	}
	return tallies;
}

/* ---- in words ------------------------------------------------------------------------- */

static void
say_outcomes(const struct tally *tally, struct buf *out)
{
	char number[32];

	buf_printf(out, "%s ok", text_count(tally->of[OP_OK], number, sizeof(number)));
	if (tally->of[OP_FAIL] > 0)
		buf_printf(out, ", %s fail",
			   text_count(tally->of[OP_FAIL], number, sizeof(number)));
	if (tally->of[OP_INFO] > 0)
		buf_printf(out, ", %s info",
			   text_count(tally->of[OP_INFO], number, sizeof(number)));
}

static void
say_f(const struct history *history, const struct tallies *tallies, size_t f,
      struct buf *out)
{
	const struct tally *tally = &tallies->by_f[f];
	char ok[32], all[32];

	buf_printf(out, "%s ", history_f_name(history, (uint16_t)f));
	text_count(tally->of[OP_OK], ok, sizeof(ok));
	text_count(tally->of[OP_NONE], all, sizeof(all));
	if (tally->of[OP_OK] == tally->of[OP_NONE])
		buf_printf(out, "%s ok", ok);
	else
		buf_printf(out, "%s of %s ok", ok, all);
}

void
stats_words(const struct history *history, struct buf *out)
{
	struct tallies tallies = count_all(history);
	size_t told = 0, met = 0;

	say_outcomes(&tallies.all, out);
	for (size_t f = 0; f < tallies.f_count; f++) {
		if (tallies.by_f[f].of[OP_NONE] == 0 || met++ >= STATS_FUNCTIONS_TOLD)
			continue;
		buf_string(out, told++ == 0 ? "; " : ", ");
		say_f(history, &tallies, f, out);
	}
	if (met > told)
		buf_printf(out, " and %zu more", met - told);
	free(tallies.by_f);
}

bool
stats_never(const struct history *history, uint64_t asked_min, struct buf *out)
{
	struct tallies tallies = count_all(history);
	char number[32];
	bool is_found = false;

	for (size_t f = 0; f < tallies.f_count; f++) {
		const struct tally *tally = &tallies.by_f[f];
		if (tally->of[OP_NONE] < asked_min || tally->of[OP_NONE] == 0 ||
		    tally->of[OP_OK] > 0)
			continue;
		buf_printf(out, "%snone of %s %s succeeded", is_found ? ", " : "",
			   text_count(tally->of[OP_NONE], number, sizeof(number)),
			   history_f_name(history, (uint16_t)f));
		is_found = true;
	}
	free(tallies.by_f);
	return is_found;
}

/* ---- the checker ---------------------------------------------------------------------- */

static void
print(const struct tally *tally, struct buf *details)
{
	tell_number(details, "count", tally->of[OP_NONE]);
	tell_number(details, "ok-count", tally->of[OP_OK]);
	tell_number(details, "fail-count", tally->of[OP_FAIL]);
	tell_number(details, "info-count", tally->of[OP_INFO]);
}

static void
print_f(const char *name, const struct tally *tally, struct buf *details)
{
	if (details->data[details->len - 1] != '{')
		buf_char(details, ',');
	json_print_string(name, strlen(name), details);
	buf_char(details, ':');
	buf_char(details, '{');
	print(tally, details);
	buf_char(details, '}');
}

static int
stats_fits(const struct history *history)
{
	(void)history;
	return 0;
}

static void
print_all(const struct history *history, const struct tallies *tallies,
	  struct buf *details)
{
	print(&tallies->all, details);
	tell_name(details, "by-f");
	buf_char(details, '{');
	for (size_t f = 0; f < tallies->f_count; f++)
		if (tallies->by_f[f].of[OP_NONE] > 0)
			print_f(history_f_name(history, (uint16_t)f), &tallies->by_f[f],
				details);
	buf_char(details, '}');
}

static void
stats_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	struct tallies tallies = count_all(history);
	struct buf never = {0};

	(void)options;
	result->complexity = "O(n)";
	result->operations = history->ops.count;
	print_all(history, &tallies, &result->details);
	if (stats_never(history, 1, &never))
		tell_unknown(result, mem_string(buf_text(&never)));
	if (history->ops.count == 0)
		tell_unknown(result, mem_string("the history is empty"));
	tell_end(result, mem_string("every function succeeded at least once"));
	buf_release(&never);
	free(tallies.by_f);
}

/* For each operation there is one of its function that succeeded: marks, not counts. */
static bool
stats_certify(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	bool *succeeded = mem_new(F_KNOWN + history->fs.count, sizeof(*succeeded));
	bool holds = result->verdict == VERDICT_VALID && history->ops.count > 0;

	(void)options;
	vec_each (struct op, op, &history->ops)
		succeeded[op->f] |= op->type == OP_OK;
	vec_each (struct op, op, &history->ops)
		holds = holds && succeeded[op->f];
	free(succeeded);
	return holds || err_set(err, "some function never succeeded");
}

const struct checker checker_stats = {
	.name = "stats",
	.summary = "every kind of operation succeeded at least once; counts by outcome",
	.fits = stats_fits,
	.check = stats_check,
	.certify = stats_certify,
};
