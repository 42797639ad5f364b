#include "results/judgement.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/machine.h"
#include "checkers/jepsen/exceptions.h"
#include "checkers/jepsen/stats.h"
#include "checkers/model_names.h"
#include "checkers/transaction/core_layers.h"

#include <pthread.h>
#include <string.h>

/* ---- the budget's clock ---- */

/* Sets *stop at the deadline, unless the work is done before. */
struct timer {
	pthread_t thread;
	pthread_mutex_t lock; /* guards is_done */
	pthread_cond_t changed;
	bool is_done, runs;
	struct timespec deadline;
	atomic_bool *stop; /* borrowed, or `own_stop` */
	atomic_bool own_stop;
};

static void *
wait_for_deadline(void *context)
{
	struct timer *timer = context;
	int code = 0;

	pthread_mutex_lock(&timer->lock);
	while (!timer->is_done && code == 0)
		code = pthread_cond_timedwait(&timer->changed, &timer->lock,
					      &timer->deadline);
	if (!timer->is_done)
		atomic_store(timer->stop, true);
	pthread_mutex_unlock(&timer->lock);
	return NULL;
}

static void
timer_init(struct timer *timer, int64_t time_ns, atomic_bool *stop)
{
	pthread_condattr_t attributes;

	memset(timer, 0, sizeof(*timer));
	timer->stop = stop != NULL ? stop : &timer->own_stop;
	pthread_mutex_init(&timer->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&timer->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (time_ns <= 0)
		return;
	int64_t moment = clock_ns() + time_ns;
	timer->deadline = (struct timespec){.tv_sec = moment / NS_PER_S,
					    .tv_nsec = moment % NS_PER_S};
	timer->runs = pthread_create(&timer->thread, NULL, wait_for_deadline, timer) == 0;
	if (!timer->runs) /* no clock, no work: the answer is unknown, never late */
		atomic_store(timer->stop, true);
}

static void
timer_release(struct timer *timer)
{
	pthread_mutex_lock(&timer->lock);
	timer->is_done = true;
	pthread_cond_signal(&timer->changed);
	pthread_mutex_unlock(&timer->lock);
	if (timer->runs)
		pthread_join(timer->thread, NULL);
	pthread_cond_destroy(&timer->changed);
	pthread_mutex_destroy(&timer->lock);
}

/* ---- running checkers ---- */

static void
run_checker(const struct checker *checker, const struct history *history,
	    const struct check_options *options, struct judgement *judgement)
{
	struct judged judged = {0};
	int64_t start_ns = clock_ns();

	checker_run(checker, history, options, &judged.result);
	judged.seconds = (double)(clock_ns() - start_ns) / 1e9;
	judgement->verdict =
		judgement->of.count == 0
			? judged.result.verdict
			: verdict_worse(judgement->verdict, judged.result.verdict);
	vec_push(&judgement->of, judged);
}

typedef VEC(const struct checker *) checker_list;

static bool
find_checkers(const struct history *history, const struct judge_options *options,
	      checker_list *list, struct choice *choice, struct err *err)
{
	const char *const *names = options->checkers;

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		const struct checker *checker = checker_find(names[i], err);
		if (checker == NULL)
			return false;
		vec_push(list, checker);
	}
	if (list->count > 0)
		return true;
	*choice = choice_of(history, &options->check);
	if (choice->checker == NULL) {
		err_set(err, "no checker fits the operations of this history (%s)",
			history_f_name(history, history->ops.items[0].f));
		return err_hint(err, "name one with --checker; 'faultline list "
				     "checkers' shows them");
	}
	vec_push(list, choice->checker);
	return true;
}

/* What the history holds is not there for its checkers. */
static size_t
bytes_for_checkers(const struct history *history, uint64_t bytes_max)
{
	size_t bound = bytes_max > 0 ? bytes_max : machine_memory() / 2;
	size_t held = history_bytes(history);

	return held < bound ? bound - held : 1;
}

static bool
take_init(const checker_list *list, const struct history *history,
	  const struct check_options *options, struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (!checker_takes_init(list->items[i], &history->values, options->init,
					err))
			return false;
	return true;
}

/* Of several checkers one is enough. */
static bool
take_model(const checker_list *list, const char *model, struct err *err)
{
	for (size_t i = 0; i < list->count && model != NULL; i++)
		if (model_suits(model, list->items[i]->name, err))
			return true;
	return model == NULL;
}

bool
judge_history(const struct history *history, const struct judge_options *options,
	      struct judgement *judgement, struct err *err)
{
	checker_list list = {0};
	struct check_options check = options->check;
	struct timer timer;

	*judgement = (struct judgement){0};
	bool ok = find_checkers(history, options, &list, &judgement->choice, err) &&
		  take_init(&list, history, &check, err) &&
		  take_model(&list, check.model, err);
	if (ok) {
		timer_init(&timer, options->time_ns, options->stop);
		check.budget.stop = timer.stop;
		check.budget.bytes_max = bytes_for_checkers(history, options->bytes_max);
		for (size_t i = 0; i < list.count; i++)
			run_checker(list.items[i], history, &check, judgement);
		timer_release(&timer);
	}
	vec_release(&list);
	return ok;
}

void
judge_release(struct judgement *judgement)
{
	vec_each (struct judged, judged, &judgement->of)
		check_result_release(&judged->result);
	vec_release(&judgement->of);
}

/* ---- telling ---- */

static void
describe_anomaly(const struct history *history, const struct anomaly *anomaly,
		 struct buf *out)
{
	buf_printf(out, "\n%s", anomaly->name);
	if (anomaly->key != VAL_OF_NIL) {
		buf_string(out, " of key ");
		val_print(&history->values, anomaly->key, out);
	}
	buf_printf(out, ":\n%s", anomaly->text != NULL ? anomaly->text : "");
	if (out->data[out->len - 1] != '\n')
		buf_char(out, '\n');
}

enum {
	ANOMALIES_SHOWN = 3
};

static void
describe_choice(const struct choice *choice, struct buf *out)
{
	if (choice->checker == NULL)
		return;
	buf_printf(out, "  chosen for %s", choice->known_by);
	if (choice->others[0] != '\0')
		buf_printf(out, "; other promises: %s", choice->others);
	buf_char(out, '\n');
}

static void
describe_result(const struct history *history, const struct judged *judged,
		const struct choice *choice, struct buf *out)
{
	const struct check_result *result = &judged->result;

	buf_printf(out, "%s %s: %s\n", verdict_name(result->verdict), result->checker,
		   result->reason != NULL ? result->reason : "");
	buf_string(out, "  ");
	if (result->operations > 0)
		buf_printf(out, "%llu operation%s in ",
			   (unsigned long long)result->operations,
			   result->operations == 1 ? "" : "s");
	buf_printf(out, "%.3f s, %s%s\n", judged->seconds,
		   result->complexity != NULL ? result->complexity
					      : "complexity not stated",
		   result->certified ? ", certified" : "");
	describe_choice(choice, out);
	for (size_t i = 0; i < result->anomalies.count && i < ANOMALIES_SHOWN; i++)
		describe_anomaly(history, &result->anomalies.items[i], out);
	if (result->anomaly_count > ANOMALIES_SHOWN)
		buf_printf(out, "\n%llu violations in all\n",
			   (unsigned long long)result->anomaly_count);
}

enum {
	ERROR_CLASSES_SHOWN = 3
};

/* What was done, and what went wrong on the way: no verdict hangs on it. */
static void
describe_traffic(const struct history *history, struct buf *out)
{
	struct buf errors = {0};

	if (history->ops.count == 0)
		return;
	buf_string(out, "  stats: ");
	stats_words(history, out);
	buf_char(out, '\n');
	if (exceptions_words(history, ERROR_CLASSES_SHOWN, &errors))
		buf_printf(out, "  errors: %s\n", buf_text(&errors));
	buf_release(&errors);
}

/* The worst result comes first, so that the first word is the verdict of all. */
void
judge_words(const struct history *history, const struct judgement *judgement,
	    struct buf *out)
{
	static const enum verdict order[] = {VERDICT_INVALID, VERDICT_UNKNOWN,
					     VERDICT_VALID};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t j = 0; j < judgement->of.count; j++)
			if (judgement->of.items[j].result.verdict == order[i])
				describe_result(history, &judgement->of.items[j],
						&judgement->choice, out);
	describe_traffic(history, out);
}

static void
json_text(const char *name, const char *text, struct buf *out)
{
	buf_printf(out, "\"%s\":", name);
	if (text == NULL)
		buf_string(out, "null");
	else
		json_print_string(text, strlen(text), out);
}

void
judge_ops_json(const struct anomaly *anomaly, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < anomaly->ops.count; i++)
		buf_printf(out, "%s%u", i > 0 ? "," : "", anomaly->ops.items[i]);
	buf_char(out, ']');
}

/* Of a large core: the dozen that it is told by, then those of each lemma. */
static void
json_layers(const struct anomaly *anomaly, struct buf *out)
{
	struct core_list words = {anomaly->layers.items, anomaly->layers.count};
	struct core_layer layer;

	buf_string(out, ",\"layers\":[");
	for (const char *comma = ""; core_layers_take(&words, &layer); comma = ",") {
		buf_printf(out, "%s[", comma);
		for (size_t i = 0; i < layer.txns.count; i++)
			buf_printf(out, "%s%u", i > 0 ? "," : "",
				   anomaly->ops.items[layer.txns.items[i]]);
		buf_char(out, ']');
	}
	buf_char(out, ']');
}

static void
json_anomaly(const struct history *history, const struct anomaly *anomaly,
	     struct buf *out)
{
	buf_char(out, '{');
	json_text("name", anomaly->name, out);
	buf_string(out, ",\"key\":");
	val_print(&history->values, anomaly->key, out);
	buf_char(out, ',');
	json_text("text", anomaly->text, out);
	buf_string(out, ",\"ops\":");
	judge_ops_json(anomaly, out);
	if (anomaly->layers.count > 0)
		json_layers(anomaly, out);
	buf_char(out, '}');
}

static void
json_members(const struct history *history, const struct judged *judged, struct buf *out)
{
	const struct check_result *result = &judged->result;

	json_text("checker", result->checker, out);
	buf_char(out, ',');
	json_text("reason", result->reason, out);
	buf_printf(out, ",\"operations\":%llu,\"seconds\":%.6f,",
		   (unsigned long long)result->operations, judged->seconds);
	json_text("complexity", result->complexity, out);
	buf_printf(out, ",\"certified\":%s,\"anomaly_count\":%llu,\"anomalies\":[",
		   result->certified ? "true" : "false",
		   (unsigned long long)result->anomaly_count);
	for (size_t i = 0; i < result->anomalies.count; i++) {
		if (i > 0)
			buf_char(out, ',');
		json_anomaly(history, &result->anomalies.items[i], out);
	}
	buf_printf(out, "],\"details\":{%s}", buf_text(&result->details));
}

static const struct judged *
worst_of(const struct judgement *judgement)
{
	for (size_t i = 0; i < judgement->of.count; i++)
		if (judgement->of.items[i].result.verdict == judgement->verdict)
			return &judgement->of.items[i];
	return NULL;
}

/* The details of a checker that tells of the run and decides nothing. */
static void
json_about(const struct history *history, const char *name, struct buf *out)
{
	struct check_options options = {.no_certify = true};
	struct check_result result;
	struct err err;
	const struct checker *checker = checker_find(name, &err);

	ASSERT(checker != NULL);
	checker_run(checker, history, &options, &result);
	buf_printf(out, ",\"%s\":{%s}", name, buf_text(&result.details));
	check_result_release(&result);
}

/* The object tells of the worst result; with several checkers all stand in "results". */
void
judge_json(const struct history *history, const struct judgement *judgement,
	   struct buf *out)
{
	const struct judged *worst = worst_of(judgement);

	ASSERT(worst != NULL);
	buf_printf(out, "{\"verdict\":\"%s\",", verdict_name(judgement->verdict));
	json_members(history, worst, out);
	if (judgement->choice.checker != NULL) {
		buf_char(out, ',');
		json_text("chosen_for", judgement->choice.known_by, out);
		buf_char(out, ',');
		json_text("other_promises", judgement->choice.others, out);
	}
	if (judgement->of.count > 1) {
		buf_string(out, ",\"results\":[");
		for (size_t i = 0; i < judgement->of.count; i++) {
			const struct judged *judged = &judgement->of.items[i];
			buf_printf(out, "%s{\"verdict\":\"%s\",", i > 0 ? "," : "",
				   verdict_name(judged->result.verdict));
			json_members(history, judged, out);
			buf_char(out, '}');
		}
		buf_char(out, ']');
	}
	json_about(history, "stats", out);
	json_about(history, "unhandled-exceptions", out);
	buf_string(out, "}\n");
}
