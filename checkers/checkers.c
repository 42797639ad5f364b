#include "checkers/checker.h"

#include "checkers/apart.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CHECKER(id) extern const struct checker checker_##id;
#include "checkers/checkers.def"
#undef CHECKER

static const struct checker *const all[] = {
#define CHECKER(id) &checker_##id,
#include "checkers/checkers.def"
#undef CHECKER
};

enum {
	ALL_COUNT = sizeof(all) / sizeof(all[0])
};

const char *
verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"none", "valid", "invalid", "unknown"};

	return names[verdict];
}

enum verdict
verdict_worse(enum verdict a, enum verdict b)
{
	static const int badness[] = {[VERDICT_NONE] = 0,
				      [VERDICT_VALID] = 1,
				      [VERDICT_UNKNOWN] = 2,
				      [VERDICT_INVALID] = 3};

	return badness[a] >= badness[b] ? a : b;
}

bool
budget_is_over(const struct budget *budget)
{
	return budget->stop != NULL &&
	       atomic_load_explicit(budget->stop, memory_order_relaxed);
}

const struct checker *const *
checkers_all(size_t *count)
{
	*count = ALL_COUNT;
	return all;
}

const struct checker *
checker_find(const char *name, struct err *err)
{
	const char *names[ALL_COUNT];

	for (size_t i = 0; i < ALL_COUNT; i++) {
		names[i] = all[i]->name;
		if (strcmp(names[i], name) == 0)
			return all[i];
	}
	err_set(err, "no checker is called '%s'", name);
	const char *nearest = text_nearest(name, names, ALL_COUNT);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	return NULL;
}

bool
checker_takes_init(const struct checker *checker, const struct values *values, val init,
		   struct err *err)
{
	struct buf text = {0};

	if (init == VAL_OF_NIL || checker->begins_with == NULL ||
	    checker->begins_with(values, init))
		return true;
	val_print(values, init, &text);
	err_set(err, "init must be %s for the checker %s, not %s", checker->beginning,
		checker->name, buf_text(&text));
	buf_release(&text);
	return false;
}

/* A result that its own proof contradicts is worth nothing. */
static void
certify(const struct checker *checker, const struct history *history,
	const struct check_options *options, struct check_result *result)
{
	struct err err = {0};

	if (checker->certify(history, options, result, &err)) {
		result->certified = !result->is_unproven;
		return;
	}
	/* What has a remedy, as more memory is one, is no bug. */
	const char *why =
		budget_is_over(&options->budget) || err.hint[0] != '\0'
			? "the budget ended before it was proven"
			: "its certificate does not hold (a bug of the checker)";
	char *reason = mem_format("%s, but %s: %s", verdict_name(result->verdict), why,
				  err.text);
	free(result->reason);
	result->reason = reason;
	result->verdict = VERDICT_UNKNOWN;
}

static void
run(const struct checker *checker, const struct history *history,
    const struct check_options *options, struct check_result *result)
{
	*result = (struct check_result){.checker = checker->name};
	checker->check(history, options, result);
	if (result->reason == NULL)
		result->reason = mem_string("");
	if (result->verdict != VERDICT_UNKNOWN && !options->no_certify &&
	    checker->certify != NULL)
		certify(checker, history, options, result);
}

void
checker_run(const struct checker *checker, const struct history *history,
	    const struct check_options *options, struct check_result *result)
{
	struct check_options filled = *options;

	if (filled.budget.bytes_max == 0)
		filled.budget.bytes_max = BUDGET_BYTES_DEFAULT;
	if (checker->knows_no_keys && apart_has_keys(history))
		apart_run(run, checker, history, &filled, result);
	else
		run(checker, history, &filled, result);
}

void
check_result_release(struct check_result *result)
{
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		free(anomaly->text);
		vec_release(&anomaly->ops);
		vec_release(&anomaly->steps);
		vec_release(&anomaly->proof);
		vec_release(&anomaly->layers);
	}
	vec_each (struct order, order, &result->orders)
		free(order->ops);
	vec_release(&result->anomalies);
	vec_release(&result->orders);
	buf_release(&result->details);
	free(result->reason);
	*result = (struct check_result){0};
}

struct anomaly *
check_result_anomaly(struct check_result *result, const char *name, val key)
{
	result->verdict = VERDICT_INVALID;
	result->anomaly_count++;
	if (result->anomalies.count >= ANOMALIES_MAX)
		return NULL;
	vec_push(&result->anomalies, (struct anomaly){.name = name, .key = key});
	return vec_last(&result->anomalies);
}
