#include "checkers/weak/observed.h"

#include "checkers/budget.h"
#include "checkers/explain.h"
#include "checkers/value_ids.h"
#include "checkers/weak/weak.h"

#include <string.h>

#define NO_EVENT UINT32_MAX

static void
number_keys(struct observed *observed)
{
	struct value_ids keys;

	value_ids_init(&keys, &observed->history->values);
	for (size_t i = 0; i < observed->history->ops.count; i++)
		observed->key[i] =
			value_ids_add(&keys, observed->history->ops.items[i].key);
	observed->key_count = (uint32_t)value_ids_count(&keys);
	value_ids_release(&keys);
}

static void
find_sources(struct observed *observed, const struct weak *weak,
	     const struct check_options *options)
{
	const struct history *history = observed->history;

	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_answer = op->f == F_READ && op->type == OP_OK &&
				 (op->output != VAL_OF_NIL || !options->nil_is_unknown);
		observed->source[i] = is_answer ? OBSERVED_UNWRITTEN : OBSERVED_NOTHING;
	}
	for (uint32_t v = 0; v < weak->count; v++) {
		uint32_t source = weak->source[v];
		if (source != v)
			observed->source[weak->op[v]] = source == WEAK_INITIAL
								? OBSERVED_INITIAL
								: weak->op[source];
	}
}

static void
place_events(struct observed *observed)
{
	const struct history *history = observed->history;
	uint32_t last = 0;

	vec_each (const struct op, op, &history->ops) {
		last = op->invoke_at > last ? op->invoke_at : last;
		if (op->complete_at != OP_NEVER && op->complete_at > last)
			last = op->complete_at;
	}
	observed->event_count = last + 1;
	observed->events = mem_new((size_t)last + 2, sizeof(*observed->events));
	memset(observed->events, 0xff, ((size_t)last + 1) * sizeof(*observed->events));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		observed->events[op->invoke_at] = 2 * i;
		if (op->complete_at != OP_NEVER)
			observed->events[op->complete_at] = 2 * i + 1;
	}
	uint32_t kept = 0;
	for (uint32_t at = 0; at <= last; at++)
		if (observed->events[at] != NO_EVENT)
			observed->events[kept++] = observed->events[at];
	observed->event_count = kept;
}

bool
observed_init(struct observed *observed, const struct history *history,
	      const struct check_options *options, struct err *err)
{
	struct weak weak;
	bool ok = weak_init(&weak, history, options, err) &&
		  budget_has_room(&options->budget, history->ops.count,
				  WEAK_BYTES_EACH + OBSERVED_BYTES_EACH, err);

	*observed = (struct observed){.history = history};
	if (ok) {
		observed->key = mem_new(history->ops.count + 1, sizeof(uint32_t));
		observed->source = mem_new(history->ops.count + 1, sizeof(uint32_t));
		number_keys(observed);
		find_sources(observed, &weak, options);
		place_events(observed);
	}
	weak_release(&weak);
	return ok;
}

void
observed_release(struct observed *observed)
{
	free(observed->key);
	free(observed->source);
	free(observed->events);
	*observed = (struct observed){0};
}

void
observed_report(const struct observed *observed, const char *name, const char *sentence,
		uint32_t read, uint32_t other, struct check_result *result)
{
	const struct history *history = observed->history;
	struct anomaly *anomaly =
		check_result_anomaly(result, name, history->ops.items[read].key);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	explain_add(anomaly, read);
	if (observed->source[read] < OBSERVED_NOTHING)
		explain_add(anomaly, observed->source[read]);
	explain_add(anomaly, other);
	buf_printf(&text, "%s:\n", sentence);
	explain_list(history, anomaly, &text);
	explain_finish(anomaly, &text);
}
