#include "checkers/tell.h"

#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/explain.h"
#include "checkers/sort.h"

#include <inttypes.h>
#include <stdlib.h>

void
tell_value(const struct history *history, val v, struct buf *sentence)
{
	size_t from = sentence->len;

	explain_value(history, v, sentence);
	explain_cut(sentence, from, TELL_VALUE_MAX);
}

static void
list(const struct history *history, struct anomaly *anomaly, struct buf *text)
{
	vec_each (uint32_t, op, &anomaly->ops)
		explain_op(history, &history->ops.items[*op], text);
}

void
tell(const struct history *history, struct check_result *result, const char *name,
     val key, struct buf *sentence, const uint32_t *ops, size_t count)
{
	struct anomaly *anomaly = check_result_anomaly(result, name, key);

	if (anomaly == NULL) {
		buf_release(sentence);
		return;
	}
	for (size_t i = 0; i < count && anomaly->ops.count < TELL_OPS_MAX; i++)
		explain_add(anomaly, ops[i]);
	if (anomaly->ops.count > 0)
		sort_numbers(anomaly->ops.items, anomaly->ops.count);
	buf_string(sentence, ":\n");
	list(history, anomaly, sentence);
	explain_finish(anomaly, sentence);
}

void
tell_name(struct buf *details, const char *name)
{
	if (details->len > 0 && details->data[details->len - 1] != '{')
		buf_char(details, ',');
	buf_printf(details, "\"%s\":", name);
}

void
tell_number(struct buf *details, const char *name, uint64_t number)
{
	tell_name(details, name);
	buf_printf(details, "%" PRIu64, number);
}

bool
tell_unknown(struct check_result *result, char *reason)
{
	if (result->verdict == VERDICT_INVALID || result->reason != NULL) {
		free(reason);
		return false;
	}
	result->verdict = VERDICT_UNKNOWN;
	result->reason = reason;
	return true;
}

bool
tell_over_budget(const struct check_options *options, size_t bytes,
		 struct check_result *result)
{
	size_t bytes_max = options->budget.bytes_max;

	if (budget_is_over(&options->budget)) {
		tell_unknown(result, mem_string(BUDGET_TIME_IS_OVER));
		return true;
	}
	if (bytes <= (bytes_max > 0 ? bytes_max : BUDGET_BYTES_DEFAULT))
		return false;
	tell_unknown(result, mem_string("the budget of memory is used up"));
	return true;
}

void
tell_end(struct check_result *result, char *valid_reason)
{
	if (result->verdict == VERDICT_INVALID) {
		free(result->reason);
		result->reason =
			mem_format("%" PRIu64 " %s, the first: %s", result->anomaly_count,
				   result->anomaly_count == 1 ? "anomaly" : "anomalies",
				   result->anomalies.items[0].name);
	} else if (result->verdict == VERDICT_NONE) {
		result->verdict = VERDICT_VALID;
		result->reason = valid_reason;
		return;
	}
	free(valid_reason);
}
