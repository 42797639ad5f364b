#include "harness/judge.h"

#include "base/log.h"
#include "harness/command.h"
#include "results/drawing/anomaly_drawing.h"

#include <stdlib.h>
#include <string.h>

int
judge_exit_code(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_VALID:
		return EXIT_VALID;
	case VERDICT_INVALID:
		return EXIT_INVALID;
	default:
		return EXIT_UNKNOWN;
	}
}

static bool
store_anomaly(struct store *store, const struct history *history, const char *checker,
	      const struct anomaly *anomaly, struct err *err)
{
	struct buf key = {0}, ops = {0};

	if (anomaly->key != VAL_OF_NIL)
		val_print(&history->values, anomaly->key, &key);
	judge_ops_json(anomaly, &ops);
	bool ok = store_put_anomaly(store, checker, anomaly->name,
				    key.len > 0 ? buf_text(&key) : NULL, anomaly->text,
				    buf_text(&ops), err);
	buf_release(&key);
	buf_release(&ops);
	return ok;
}

static bool
store_result(struct store *store, const struct history *history,
	     const struct judged *judged, struct err *err)
{
	const struct check_result *result = &judged->result;
	struct store_verdict verdict = {
		.checker = result->checker,
		.verdict = verdict_name(result->verdict),
		.reason = result->reason,
		.complexity = result->complexity,
		.certified = result->certified,
		.operations = result->operations,
		.anomaly_count = result->anomaly_count,
		.seconds = judged->seconds,
		.details = buf_text(&result->details),
	};

	bool ok = store_put_verdict(store, &verdict, err);
	for (size_t i = 0; ok && i < result->anomalies.count; i++)
		ok = store_anomaly(store, history, result->checker,
				   &result->anomalies.items[i], err);
	return ok;
}

static bool
take_verdict(void *context, int columns, const char *const *texts)
{
	enum verdict *verdict = context;

	(void)columns;
	for (int v = VERDICT_VALID; v <= VERDICT_UNKNOWN; v++)
		if (texts[0] != NULL && strcmp(texts[0], verdict_name(v)) == 0)
			*verdict = verdict_worse(*verdict, (enum verdict)v);
	return true;
}

static bool
has_verdict(const struct judgement *judgement, const char *checker)
{
	vec_each (struct judged, judged, &judgement->of)
		if (strcmp(judged->result.checker, checker) == 0)
			return true;
	return false;
}

/* The verdict of the run: that of the checkers, but what the gates of the run refused, or its
 * logs showed, stays when it is checked once more without them. */
static bool
worst_verdict(struct store *store, const struct judgement *judgement,
	      enum verdict *verdict, struct err *err)
{
	const char *sql = has_verdict(judgement, "log-pattern")
				  ? "SELECT verdict FROM verdict WHERE checker = 'gates'"
				  : "SELECT verdict FROM verdict WHERE checker IN "
				    "('gates', 'log-pattern')";

	*verdict = judgement->verdict;
	return store_query(store, sql, take_verdict, verdict, err);
}

/* Pictures are for the report; a run without them is judged all the same. */
static void
draw_anomalies(const struct store *store, const struct history *history,
	       const struct judgement *judgement)
{
	char *folder = mem_format("%s/" ANOMALY_FOLDER, store_folder(store));
	struct buf paths = {0};
	struct err why, err;

	if (!anomaly_drawings_write(folder, history, judgement, &paths, &why, &err))
		log_warn("%s", err.text);
	else if (why.text[0] != '\0')
		log_warn("%s (%s)", why.text, why.hint);
	buf_release(&paths);
	free(folder);
}

bool
judge_store(struct store *store, const struct history *history,
	    const struct judgement *judgement, struct err *err)
{
	struct err ignored;
	enum verdict verdict;

	if (!worst_verdict(store, judgement, &verdict, err) || !store_begin(store, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < judgement->of.count; i++)
		ok = store_result(store, history, &judgement->of.items[i], err);
	ok = ok && store_finish(store, NULL, verdict_name(verdict), err);
	ok = store_commit(store, ok ? err : &ignored) && ok;
	if (ok)
		draw_anomalies(store, history, judgement);
	return ok;
}
