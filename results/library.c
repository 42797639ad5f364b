/* library.c - libfaultline-check: the public functions over readers and judgements. */
#include "results/library.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifndef FAULTLINE_VERSION
#define FAULTLINE_VERSION "0.1.0"
#endif

struct faultline_check *
faultline_check_new(void)
{
	struct faultline_check *check = mem_new(1, sizeof(*check));

	history_init(&check->history);
	return check;
}

static void
forget_verdict(struct faultline_check *check)
{
	judge_release(&check->judgement);
	check->judgement = (struct judgement){0};
	buf_clear(&check->words);
	buf_clear(&check->json);
	buf_clear(&check->conventions);
}

void
faultline_check_free(struct faultline_check *check)
{
	if (check == NULL)
		return;
	forget_verdict(check);
	history_release(&check->history);
	buf_release(&check->words);
	buf_release(&check->json);
	buf_release(&check->conventions);
	free(check->checker);
	free(check->model);
	free(check->level);
	free(check->key);
	free(check->init);
	free(check->nil);
	free(check->unread);
	free(check->error);
	free(check);
}

bool
library_answer(struct faultline_check *check, bool ok)
{
	free(check->error);
	check->error = NULL;
	if (!ok)
		check->error = mem_format("%s%s%s", check->err.text,
					  check->err.hint[0] != '\0' ? "\nhint: " : "",
					  check->err.hint);
	return ok;
}

const char *
faultline_check_error(const struct faultline_check *check)
{
	return check->error != NULL ? check->error : "";
}

/* ---- the run ---- */

/* The history is larger than the memory that is allowed. */
static void
answer_unread(struct faultline_check *check)
{
	const char *checker = check->checker != NULL ? check->checker : "history";
	struct judged judged = {.result = {.checker = checker,
					   .verdict = VERDICT_UNKNOWN,
					   .complexity = "nothing was judged",
					   .reason = mem_format("larger than the budget "
								"of memory: %s",
								check->unread)}};

	check->judgement.verdict = VERDICT_UNKNOWN;
	vec_push(&check->judgement.of, judged);
	library_answer(check, true);
}

static bool
has_operations(struct faultline_check *check)
{
	if (check->history.ops.count > 0)
		return true;
	if (check->unread == NULL)
		return err_set(&check->err, "there is no operation to judge");
	return err_set(&check->err, "there is no history to judge, reading it failed: %s",
		       check->unread);
}

enum faultline_verdict
faultline_check_run(struct faultline_check *check)
{
	const char *named[2];
	struct judge_options options;
	static const enum faultline_verdict verdicts[] = {
		[VERDICT_NONE] = FAULTLINE_UNKNOWN,
		[VERDICT_VALID] = FAULTLINE_VALID,
		[VERDICT_INVALID] = FAULTLINE_INVALID,
		[VERDICT_UNKNOWN] = FAULTLINE_UNKNOWN};

	forget_verdict(check);
	if (check->is_over_bound && check->history.ops.count == 0) {
		answer_unread(check);
		return FAULTLINE_UNKNOWN;
	}
	bool ok = has_operations(check) && library_options(check, &options, named);
	check->began_with = ok ? options.check.init : VAL_OF_NIL;
	ok = ok &&
	     judge_history(&check->history, &options, &check->judgement, &check->err);
	atomic_store(&check->stop, false);
	if (!library_answer(check, ok))
		return FAULTLINE_NONE;
	return verdicts[check->judgement.verdict];
}

void
faultline_check_stop(struct faultline_check *check)
{
	atomic_store(&check->stop, true);
}

static const struct check_result *
result_of(const struct faultline_check *check)
{
	return check->judgement.of.count > 0 ? &check->judgement.of.items[0].result
					     : NULL;
}

const char *
faultline_check_reason(const struct faultline_check *check)
{
	const struct check_result *result = result_of(check);

	return result != NULL && result->reason != NULL ? result->reason : "";
}

const char *
faultline_check_words(struct faultline_check *check)
{
	if (check->words.len == 0 && result_of(check) != NULL)
		judge_words(&check->history, &check->judgement, &check->words);
	return buf_text(&check->words);
}

/* ---- how the history was understood ---- */

/* Whether the checker asks what a read of nil taught. */
static bool
hangs_on_nil(const char *checker)
{
	static const char *const names[] = {"register",
					    "multi-register",
					    "rw-register",
					    "sequential",
					    "causal",
					    "causal-cc",
					    "causal-ccv",
					    "causal-cm",
					    "pram",
					    "session",
					    "read-your-writes",
					    "monotonic-reads",
					    "monotonic-writes",
					    "writes-follow-reads",
					    "regular",
					    "safe",
					    "staleness",
					    "convergence"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], checker) == 0)
			return true;
	return false;
}

static void
tell_tuples(const struct history *history, struct buf *out)
{
	size_t others = library_count_keyless(history);

	buf_string(out, ", values taken apart as [key value]");
	if (others > 0)
		buf_printf(out, " but for %zu that %s", others,
			   others == 1 ? "is no pair" : "are no pairs");
}

static void
tell_facts(const struct reader_facts *facts, const struct history *history,
	   struct buf *out)
{
	buf_printf(out, "  read as %s: %llu events", facts->format->name,
		   (unsigned long long)facts->events);
	if (facts->are_tuples)
		tell_tuples(history, out);
	buf_printf(out, "%s\n",
		   facts->has_times ? ""
				    : "; no times: events are shown a millisecond apart");
	if (!facts->has_order)
		buf_string(out, "  only each session's order is known, no real time\n");
}

static bool
has_text(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST && val_kind(v) != VAL_MAP)
		return val_kind(v) == VAL_STRING;
	for (size_t i = 0; i < val_count(values, v); i++)
		if (has_text(values, val_at(values, v, i)))
			return true;
	return false;
}

/* The numbers of a history are not the text "7": said, for a register may hold both. */
static void
tell_init(const struct faultline_check *check, struct buf *out)
{
	const struct history *history = &check->history;

	if (val_kind(check->began_with) != VAL_STRING)
		return;
	vec_each (struct op, op, &history->ops)
		if (has_text(&history->values, op->input) ||
		    has_text(&history->values, op->output))
			return;
	buf_string(out, "  init ");
	val_print(&history->values, check->began_with, out);
	buf_string(out, " is a text, and no value of the history is one\n");
}

static void
tell_nil(const struct faultline_check *check, struct buf *out)
{
	bool is_unknown = check->nil != NULL ? strcmp(check->nil, "unknown") == 0
					     : check->facts.nil_is_unknown;

	buf_printf(out, "  a read of nil %s\n",
		   is_unknown ? "taught nothing, as for Knossos (else: --nil value)"
			      : "returned the initial value (else: --nil unknown)");
}

const char *
faultline_check_conventions(struct faultline_check *check)
{
	const struct judgement *judgement = &check->judgement;

	if (check->conventions.len == 0 && check->facts.format != NULL &&
	    judgement->of.count > 0) {
		tell_facts(&check->facts, &check->history, &check->conventions);
		if (hangs_on_nil(judgement->of.items[0].result.checker))
			tell_nil(check, &check->conventions);
		tell_init(check, &check->conventions);
	}
	return buf_text(&check->conventions);
}

/* The object ends with the lines of the conventions: the verdict can hang on them. */
static void
add_conventions(const char *lines, struct buf *json)
{
	const char *before = "";

	json->len -= strlen("}\n");
	buf_string(json, ",\"conventions\":[");
	while (*lines != '\0') {
		size_t bytes = strcspn(lines, "\n");
		size_t spaces = strspn(lines, " ");
		buf_string(json, before);
		json_print_string(lines + spaces, bytes - spaces, json);
		before = ",";
		lines += bytes + (lines[bytes] == '\n');
	}
	buf_string(json, "]}\n");
}

const char *
faultline_check_json(struct faultline_check *check)
{
	if (check->json.len == 0 && result_of(check) != NULL) {
		judge_json(&check->history, &check->judgement, &check->json);
		add_conventions(faultline_check_conventions(check), &check->json);
	}
	return buf_text(&check->json);
}

/* ---- what was found ---- */

bool
faultline_check_certified(const struct faultline_check *check)
{
	const struct check_result *result = result_of(check);

	return result != NULL && result->certified;
}

size_t
faultline_check_anomalies(const struct faultline_check *check)
{
	const struct check_result *result = result_of(check);

	return result != NULL ? result->anomalies.count : 0;
}

const char *
faultline_check_anomaly(const struct faultline_check *check, size_t i)
{
	if (i >= faultline_check_anomalies(check))
		return NULL;
	return result_of(check)->anomalies.items[i].name;
}

const char *
faultline_check_explanation(const struct faultline_check *check, size_t i)
{
	if (i >= faultline_check_anomalies(check))
		return NULL;
	const char *text = result_of(check)->anomalies.items[i].text;
	return text != NULL ? text : "";
}

const char *
faultline_check_checker(size_t i, const char **summary)
{
	size_t count;
	const struct checker *const *all = checkers_all(&count);

	if (i >= count)
		return NULL;
	if (summary != NULL)
		*summary = all[i]->summary;
	return all[i]->name;
}

const char *
faultline_check_version(void)
{
	return FAULTLINE_VERSION;
}
