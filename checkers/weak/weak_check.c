/* The checkers of weak_models.h: reading, deciding, the core of what is wrong and its
 * words. They judge the whole history at once, not key by key: but for linearizability
 * (and the guarantees), consistency is not local.
 *
 *	unwritten-read     A read returned a value that nobody wrote.
 *	failed-write-read  A read returned a value whose only write failed.
 * The other anomalies are explained above the deciders' code. */
#include "checkers/explain.h"
#include "checkers/weak/weak_certify.h"
#include "checkers/weak/weak_core.h"
#include "checkers/weak/weak_keep.h"
#include "checkers/weak/weak_layers.h"
#include "checkers/weak/weak_oracle.h"
#include "checkers/weak/weak_refute.h"
#include "checkers/sort.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const complexities[WEAK_MODEL_COUNT] = {
	[WEAK_SEQUENTIAL] =
		"a row that is mended, then saturation and search: O(n log n) "
		"mostly, O(n^sessions) at worst",
	[WEAK_CC] =
		"bad patterns: clocks, O(n sessions log n); many sessions: walks from "
		"reads to sources, linear in what stands between",
	[WEAK_CCV] =
		"bad patterns: clocks, O(n sessions log n); many sessions: walks from "
		"reads to sources, linear in what stands between",
	[WEAK_CM] = "a view for each session, few passes: O(n sessions log n); many "
		    "sessions: linear in pieces of one order around each",
	[WEAK_PRAM] = "a view for each session, few passes: O(n sessions log n); many "
		      "sessions: linear in pieces of one order around each",
	[WEAK_READ_YOUR_WRITES] =
		"watermarks: linear in what sessions saw, O(n sessions) at most",
	[WEAK_MONOTONIC_READS] =
		"watermarks: linear in what sessions saw, O(n sessions) at most",
	[WEAK_MONOTONIC_WRITES] =
		"watermarks: linear in what sessions saw, O(n sessions) at most",
	[WEAK_WRITES_FOLLOW_READS] =
		"watermarks: linear in what sessions saw, O(n sessions) at most",
	[WEAK_SESSION] = "watermarks: linear in what sessions saw, O(n sessions) at most",
};

static const struct {
	const char *name, *sentence;
} patterns[] = {
	{"cyclic-co",
	 "each of these operations depends, in its session or by reading, on "
	 "the one before it, and the first on the last"},
	{"write-co-init-read", "the initial value was read, although a write of the key "
			       "is causally before the read"},
	{"write-co-read", "a value was read, although a write that replaced it is "
			  "causally between"},
	{"cyclic-cf", "what was read orders concurrent writes in opposite ways, so the "
		      "sessions did not agree on a last writer"},
	{"write-hb-init-read",
	 "the initial value was read, although a write of the key "
	 "must have been before in the order that this session saw"},
	{"cyclic-hb", "no order of the writes explains what one session read"},
	{"cyclic-order", "the orders that the sessions and their reads force contradict "
			 "each other"},
	{"not-sequential", "no single order of these operations gives these answers"},
	{"unseen-own-write",
	 "a session did not see its own write, or saw it replaced and "
	 "then back"},
	{"non-monotonic-read", "a session saw a version older than one that it had seen"},
	{"non-monotonic-write",
	 "a session saw a later write of another session, but then "
	 "not what that session had written before it"},
	{"unseen-cause", "a session saw a write, but then not what its writer had read "
			 "before it"},
	{"session-conflict", "each session guarantee alone can be met, but not all "
			     "together"},
};

static const char *
sentence_of(const char *broken)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcmp(patterns[i].name, broken) == 0)
			return patterns[i].sentence;
	return broken;
}

static int
never_chosen(const struct history *history)
{
	(void)history;
	return 0;
}

static void
report_orphans(const struct weak *weak, struct check_result *result)
{
	const struct history *history = weak->history;

	vec_each (const struct weak_orphan, orphan, &weak->orphans) {
		bool failed = orphan->failed != OP_NEVER;
		struct anomaly *anomaly = check_result_anomaly(
			result, failed ? "failed-write-read" : "unwritten-read",
			history->ops.items[orphan->read].key);
		struct buf text = {0};
		if (anomaly == NULL)
			break;
		explain_add(anomaly, orphan->read);
		explain_add(anomaly, orphan->failed);
		buf_printf(&text, "a value was read %s:\n",
			   failed ? "although its write failed" : "that nobody wrote");
		explain_list(history, anomaly, &text);
		explain_finish(anomaly, &text);
	}
	result->anomaly_count += weak->orphan_count - weak->orphans.count;
}

/* What breaks the conjunction is blamed on one guarantee when one alone is broken. */
static const char *
name_of_core(enum weak_model model, const struct weak *core,
	     const struct weak_limits *limits)
{
	struct weak_answer answer;

	for (int alone = WEAK_READ_YOUR_WRITES;
	     model == WEAK_SESSION && alone < WEAK_SESSION; alone++) {
		weak_decide((enum weak_model)alone, core, limits, &answer);
		if (answer.verdict == VERDICT_INVALID)
			return answer.broken;
	}
	weak_decide(model, core, limits, &answer);
	return answer.broken;
}

static void
report_core(enum weak_model model, const struct weak *weak,
	    const struct weak_answer *answer, const struct weak_limits *limits,
	    struct check_result *result)
{
	struct buf text = {0};
	struct weak core;

	weak_core_find(model, weak, answer->at, &limits->budget, &core);
	const char *name = name_of_core(model, &core, limits);
	if (name == NULL)
		name = answer->broken;
	struct anomaly *anomaly = check_result_anomaly(result, name, VAL_OF_NIL);
	for (uint32_t v = 0; anomaly != NULL && v < core.count; v++)
		vec_push(&anomaly->ops, core.op[v]);
	if (anomaly != NULL) {
		buf_printf(&text, "%s:\n", sentence_of(name));
		if (model == WEAK_SEQUENTIAL && core.count >= WEAK_LAYERS_LEAST &&
		    weak_layers_tell(&core, &limits->budget, anomaly, &text))
			buf_printf(&text,
				   "all together are %u operations without an order\n",
				   core.count);
		else if (core.count <= WEAK_ORACLE_OPS_MAX)
			explain_list(weak->history, anomaly, &text);
		else
			buf_printf(&text, "  %u operations; no smaller part was found\n",
				   core.count);
		explain_finish(anomaly, &text);
	}
	weak_release(&core);
}

static void
judge(enum weak_model model, const struct weak *weak, const struct check_options *options,
      struct check_result *result)
{
	struct weak_limits limits = {.budget = options->budget};
	struct weak_answer answer;

	if (options->no_certify)
		weak_decide(model, weak, &limits, &answer);
	else
		weak_decide_and_keep(model, weak, &options->budget, &answer, result);
	buf_printf(&result->details,
		   "\"sessions\":%u,\"keys\":%u,\"operations_judged\":%u",
		   weak->session_count, weak->key_count, weak->count);
	result->verdict = answer.verdict;
	if (answer.verdict == VERDICT_INVALID)
		report_core(model, weak, &answer, &limits, result);
	report_orphans(weak, result);
	if (result->verdict == VERDICT_INVALID)
		result->reason = mem_format("not %s: %s", weak_model_name(model),
					    result->anomalies.items[0].name);
	else if (result->verdict == VERDICT_UNKNOWN)
		result->reason = mem_string(answer.reason);
	else
		result->reason = mem_format("%s, %u sessions", weak_model_name(model),
					    weak->session_count);
}

static void
weak_check(enum weak_model model, const struct history *history,
	   const struct check_options *options, struct check_result *result)
{
	struct weak weak;
	struct err err;

	result->complexity = complexities[model];
	result->operations = history->ops.count;
	if (weak_init(&weak, history, options, &err)) {
		judge(model, &weak, options, result);
	} else {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
	}
	weak_release(&weak);
}

/* ---- certificates ------------------------------------------------------------------ */

static bool
is_orphan(const struct history *history, const struct check_options *options,
	  const struct anomaly *anomaly)
{
	vec_each (const uint32_t, index, &anomaly->ops) {
		const struct op *read = &history->ops.items[*index];
		bool is_explained =
			read->f != F_READ ||
			val_equal(&history->values, read->output, options->init);
		vec_each (const struct op, op, &history->ops)
			is_explained =
				is_explained ||
				(op->f == F_WRITE && op->type != OP_FAIL &&
				 val_equal(&history->values, op->key, read->key) &&
				 val_equal(&history->values, op->input, read->output));
		if (!is_explained)
			return true;
	}
	return false;
}

/* The core alone is forbidden: by brute force or, where it is too large, by the rules. */
static bool
is_core_forbidden(enum weak_model model, const struct weak *weak,
		  const struct check_options *options, const struct anomaly *anomaly)
{
	uint32_t *ids = mem_new((size_t)weak->count + 1, sizeof(*ids));
	uint32_t *ops = mem_new(anomaly->ops.count + 1, sizeof(*ops));
	size_t count = 0;
	struct weak core;

	memcpy(ops, anomaly->ops.items, anomaly->ops.count * sizeof(*ops));
	sort_numbers(ops, anomaly->ops.count);
	for (uint32_t v = 0; v < weak->count; v++)
		if (sort_has(ops, anomaly->ops.count, weak->op[v]))
			ids[count++] = v;
	weak_part(weak, ids, count, &core);
	enum verdict verdict = weak_oracle_judge(model, &core);
	bool is_forbidden = verdict == VERDICT_INVALID ||
			    (verdict == VERDICT_UNKNOWN &&
			     weak_refute(model, &core, &options->budget));
	is_forbidden =
		is_forbidden && (anomaly->layers.count == 0 ||
				 weak_layers_certify(&core, anomaly, &(struct err){0}));
	weak_release(&core);
	free(ids);
	free(ops);
	return is_forbidden;
}

static bool
certify_invalid(enum weak_model model, const struct weak *weak,
		const struct check_options *options, const struct check_result *result,
		struct err *err)
{
	vec_each (const struct anomaly, anomaly, &result->anomalies) {
		bool orphan = strcmp(anomaly->name, "unwritten-read") == 0 ||
			      strcmp(anomaly->name, "failed-write-read") == 0;
		if (!(orphan ? is_orphan(weak->history, options, anomaly)
			     : is_core_forbidden(model, weak, options, anomaly)))
			return err_set(err, "the operations of '%s' alone are allowed",
				       anomaly->name);
	}
	return result->anomalies.count > 0;
}

static bool
weak_certify(enum weak_model model, const struct history *history,
	     const struct check_options *options, const struct check_result *result,
	     struct err *err)
{
	struct weak weak;
	bool ok = weak_init(&weak, history, options, err);

	if (ok && result->verdict == VERDICT_VALID && result->orders.count > 0)
		ok = weak_certify_kept(model, &weak, result, err);
	else if (ok && result->verdict == VERDICT_VALID)
		ok = weak_certify_valid(model, &weak, &options->budget, err);
	else if (ok)
		ok = certify_invalid(model, &weak, options, result, err);
	weak_release(&weak);
	return ok;
}

#define WEAK_CHECKER(id, model, shown, about)                                            \
	static void id##_check(const struct history *history,                            \
			       const struct check_options *options,                      \
			       struct check_result *result)                              \
	{                                                                                \
		weak_check(model, history, options, result);                             \
	}                                                                                \
	static bool id##_certify(const struct history *history,                          \
				 const struct check_options *options,                    \
				 const struct check_result *result, struct err *err)     \
	{                                                                                \
		return weak_certify(model, history, options, result, err);               \
	}                                                                                \
	extern const struct checker checker_##id;                                        \
	const struct checker checker_##id = {.name = (shown),                            \
					     .summary = (about),                         \
					     .fits = never_chosen,                       \
					     .check = id##_check,                        \
					     .certify = id##_certify};

WEAK_CHECKER(sequential, WEAK_SEQUENTIAL, "sequential",
	     "one order of all reads and writes that each session's order is part of")
WEAK_CHECKER(causal, WEAK_CM, "causal",
	     "causal memory: each session sees causes before effects, in one order")
WEAK_CHECKER(causal_cm, WEAK_CM, "causal-cm", "causal memory (the same as causal)")
WEAK_CHECKER(causal_cc, WEAK_CC, "causal-cc",
	     "causal consistency: each read sees what is causally before it")
WEAK_CHECKER(causal_ccv, WEAK_CCV, "causal-ccv",
	     "causal convergence: causal, and everyone agrees on the last writer")
WEAK_CHECKER(pram, WEAK_PRAM, "pram",
	     "each session sees every other session's writes in their order")
WEAK_CHECKER(read_your_writes, WEAK_READ_YOUR_WRITES, "read-your-writes",
	     "sessions see their own writes, or newer ones")
WEAK_CHECKER(monotonic_reads, WEAK_MONOTONIC_READS, "monotonic-reads",
	     "what a session reads never gets older")
WEAK_CHECKER(monotonic_writes, WEAK_MONOTONIC_WRITES, "monotonic-writes",
	     "who sees a write sees what its session wrote before")
WEAK_CHECKER(writes_follow_reads, WEAK_WRITES_FOLLOW_READS, "writes-follow-reads",
	     "who sees a write sees what its session had read before")
WEAK_CHECKER(session, WEAK_SESSION, "session", "all four session guarantees together")
