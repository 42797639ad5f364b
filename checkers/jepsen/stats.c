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
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <string.h>

struct tally {
	uint64_t of[OP_INFO + 1]; /* by type; [OP_NONE]: all */
};

static void
count(struct tally *tally, const struct op *op)
{
	tally->of[OP_NONE]++;
	tally->of[op->type]++;
}

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
stats_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	size_t f_count = F_KNOWN + history->fs.count;
	struct tally *tallies = mem_new(f_count, sizeof(*tallies));
	struct tally all = {0};

	(void)options;
	result->complexity = "O(n)";
	result->operations = history->ops.count;
	vec_each (struct op, op, &history->ops) {
		count(&all, op);
		count(&tallies[op->f], op);
	}
	print(&all, &result->details);
	tell_name(&result->details, "by-f");
	buf_char(&result->details, '{');
	for (size_t f = 0; f < f_count; f++) {
		const char *name = history_f_name(history, (uint16_t)f);
		if (tallies[f].of[OP_NONE] == 0)
			continue;
		print_f(name, &tallies[f], &result->details);
		if (tallies[f].of[OP_OK] == 0)
			tell_unknown(result,
				     mem_format("none of %llu operations '%s' succeeded",
						(unsigned long long)tallies[f].of[0],
						name));
	}
	buf_char(&result->details, '}');
	if (history->ops.count == 0)
		tell_unknown(result, mem_string("the history is empty"));
	tell_end(result, mem_string("every function succeeded at least once"));
	free(tallies);
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
