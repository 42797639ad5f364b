#include "checkers/jepsen/total_queue.h"

#include "checkers/jepsen/fields.h"

#include <stdlib.h>
#include <string.h>

bool
total_queue_says_empty(const struct history *history, const struct op *op)
{
	if (op->type == OP_OK)
		return op->output == VAL_OF_NIL;
	return op->type == OP_FAIL &&
	       (op->error == 0 || strcasestr(history_error(history, op), "empty"));
}

bool
total_queue_is_exactly_once(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "exactly-once") == 0;
}

struct placed {
	val key, value;
	uint32_t at;
};

struct placed_list {
	const struct values *values;
	VEC(struct placed) of;
};

static int
by_value(const void *a, const void *b, void *values)
{
	const struct placed *x = a, *y = b;
	int order = val_compare(values, x->key, y->key);

	if (order == 0)
		order = val_compare(values, x->value, y->value);
	return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static void
sort_list(struct placed_list *list)
{
	if (list->of.count > 0)
		qsort_r(list->of.items, list->of.count, sizeof(struct placed), by_value,
			(void *)list->values);
}

static void
add_outs(const struct history *history, const struct op *op, struct placed_list *outs)
{
	if (op->type == OP_FAIL || op->f == F_ENQUEUE || op->output == VAL_OF_NIL)
		return;
	if (op->f == F_DEQUEUE)
		vec_push(&outs->of,
			 (struct placed){op->key, op->output, op->complete_at});
	for (size_t i = 0;
	     op->f == F_DRAIN && i < fields_items(&history->values, op->output); i++)
		vec_push(&outs->of,
			 (struct placed){op->key, val_at(&history->values, op->output, i),
					 op->complete_at});
}

static bool
is_same(const struct values *values, const struct placed *a, const struct placed *b)
{
	return val_equal(values, a->key, b->key) && val_equal(values, a->value, b->value);
}

/* Each entry of `small` has a partner of its own in `large`. */
static bool
is_contained(const struct placed_list *small, const struct placed_list *large)
{
	size_t j = 0;

	for (size_t i = 0; i < small->of.count; i++, j++) {
		while (j < large->of.count &&
		       !is_same(small->values, &small->of.items[i], &large->of.items[j]))
			j++;
		if (j >= large->of.count)
			return false;
	}
	return true;
}

/* Every value that came out has an attempt that began before its first appearance. */
static bool
are_explained(const struct placed_list *outs, const struct placed_list *ins)
{
	size_t j = 0;

	for (size_t i = 0; i < outs->of.count; i++) {
		const struct placed *out = &outs->of.items[i];
		while (j < ins->of.count &&
		       by_value(&ins->of.items[j], out, (void *)ins->values) < 0 &&
		       !is_same(ins->values, &ins->of.items[j], out))
			j++;
		if (j >= ins->of.count || !is_same(ins->values, &ins->of.items[j], out) ||
		    ins->of.items[j].at > out->at)
			return false;
	}
	return true;
}

static bool
certify_valid(const struct history *history, bool exactly_once)
{
	struct placed_list outs = {.values = &history->values}, begun = outs,
			   acked = outs;

	vec_each (struct op, op, &history->ops) {
		add_outs(history, op, &outs);
		if (op->f != F_ENQUEUE || op->type == OP_FAIL)
			continue;
		struct placed in = {op->key, op->input, op->invoke_at};
		vec_push(&begun.of, in);
		if (op->type == OP_OK)
			vec_push(&acked.of, in);
	}
	sort_list(&outs);
	sort_list(&begun);
	sort_list(&acked);
	bool holds = is_contained(&acked, &outs) && are_explained(&outs, &begun) &&
		     (!exactly_once || is_contained(&outs, &begun));
	vec_release(&outs.of);
	vec_release(&begun.of);
	vec_release(&acked.of);
	return holds;
}

/* ---- losses --------------------------------------------------------------------------- */

/* The last look that found the queue of the key empty began here; 0: none did. */
static uint32_t
last_empty(const struct history *history, val key)
{
	uint32_t at = 0;

	vec_each (struct op, op, &history->ops) {
		bool is_empty = op->f == F_DRAIN
					? op->type == OP_OK
					: op->f == F_DEQUEUE &&
						  total_queue_says_empty(history, op);
		if (is_empty && op->invoke_at > at &&
		    val_equal(&history->values, op->key, key))
			at = op->invoke_at;
	}
	return at;
}

/* Entries that begin with the same value as entry i. */
static size_t
run_of(const struct placed_list *list, size_t i)
{
	size_t end = i;

	while (end < list->of.count &&
	       is_same(list->values, &list->of.items[i], &list->of.items[end]))
		end++;
	return end - i;
}

/* Of the sorted acknowledgements those whose value did not come out as often, where all
 * were over before the queue was empty. */
static uint64_t
count_unreturned(const struct placed_list *acked, const struct placed_list *outs,
		 uint32_t empty_at)
{
	uint64_t missing = 0;

	for (size_t i = 0, j = 0, in; i < acked->of.count; i += in) {
		in = run_of(acked, i);
		while (j < outs->of.count &&
		       by_value(&outs->of.items[j], &acked->of.items[i],
				(void *)acked->values) < 0 &&
		       !is_same(acked->values, &outs->of.items[j], &acked->of.items[i]))
			j++;
		bool came_out =
			j < outs->of.count &&
			is_same(acked->values, &outs->of.items[j], &acked->of.items[i]);
		size_t out = came_out ? run_of(outs, j) : 0;
		if (in > out && acked->of.items[i + in - 1].at < empty_at)
			missing += in - out;
	}
	return missing;
}

static uint64_t
count_missing(const struct history *history, val key)
{
	struct placed_list outs = {.values = &history->values}, acked = outs;

	vec_each (struct op, op, &history->ops) {
		if (!val_equal(&history->values, op->key, key))
			continue;
		add_outs(history, op, &outs);
		if (op->f == F_ENQUEUE && op->type == OP_OK)
			vec_push(&acked.of,
				 (struct placed){op->key, op->input, op->complete_at});
	}
	for (size_t i = 0; i < outs.of.count; i++)
		outs.of.items[i].at = 0;
	sort_list(&outs);
	sort_list(&acked);
	uint64_t missing = count_unreturned(&acked, &outs, last_empty(history, key));
	vec_release(&outs.of);
	vec_release(&acked.of);
	return missing;
}

static uint64_t
times_out(const struct history *history, val key, val v)
{
	struct placed_list outs = {.values = &history->values};
	uint64_t times = 0;

	vec_each (struct op, op, &history->ops)
		add_outs(history, op, &outs);
	vec_each (struct placed, out, &outs.of)
		times += val_equal(&history->values, out->key, key) &&
			 val_equal(&history->values, out->value, v);
	vec_release(&outs.of);
	return times;
}

static uint64_t
times_in(const struct history *history, val key, val v, bool only_ok)
{
	uint64_t times = 0;

	vec_each (struct op, op, &history->ops)
		times += op->f == F_ENQUEUE && op->type != OP_FAIL &&
			 (op->type == OP_OK || !only_ok) &&
			 val_equal(&history->values, op->key, key) &&
			 val_equal(&history->values, op->input, v);
	return times;
}

/* Lost: an acknowledged enqueue, then a later look at an empty queue, and fewer
 * appearances than acknowledgements. */
static bool
shows_loss(const struct history *history, const struct anomaly *anomaly)
{
	if (anomaly->ops.count != 2)
		return false;
	const struct op *in = &history->ops.items[anomaly->ops.items[0]];
	const struct op *look = &history->ops.items[anomaly->ops.items[1]];

	return in->f == F_ENQUEUE && in->type == OP_OK &&
	       in->complete_at < look->invoke_at &&
	       (look->f == F_DRAIN ? look->type == OP_OK
				   : total_queue_says_empty(history, look)) &&
	       times_out(history, anomaly->key, in->input) <
		       times_in(history, anomaly->key, in->input, true);
}

/* When the first attempt to put the value in began; OP_NEVER: there was none. */
static uint32_t
first_attempt(const struct history *history, val key, val v)
{
	uint32_t begun = OP_NEVER;

	vec_each (struct op, op, &history->ops)
		if (op->f == F_ENQUEUE && op->type != OP_FAIL && op->invoke_at < begun &&
		    val_equal(&history->values, op->key, key) &&
		    val_equal(&history->values, op->input, v))
			begun = op->invoke_at;
	return begun;
}

static bool
is_surplus(const struct history *history, const struct anomaly *anomaly,
	   const struct placed *out)
{
	uint32_t begun = first_attempt(history, out->key, out->value);

	if (strcmp(anomaly->name, "unexpected-element") == 0)
		return begun == OP_NEVER || out->at < begun;
	return times_out(history, out->key, out->value) >
	       times_in(history, out->key, out->value, false);
}

/* A value that came out in the listed operations without having been put in before, or,
 * where each is to come out once, more often than that. */
static bool
shows_surplus(const struct history *history, const struct anomaly *anomaly)
{
	struct placed_list outs = {.values = &history->values};
	bool shows = false;

	vec_each (uint32_t, i, &anomaly->ops)
		add_outs(history, &history->ops.items[*i], &outs);
	for (size_t i = 0; !shows && i < outs.of.count; i++)
		shows = is_surplus(history, anomaly, &outs.of.items[i]);
	vec_release(&outs.of);
	return shows;
}

/* All losses of a key together are more than the dequeues of unknown outcome can be. */
static bool
exceeds_unknown(const struct history *history, val key)
{
	const struct values *values = &history->values;
	uint64_t unknown = 0;

	vec_each (struct op, op, &history->ops) {
		if (op->type != OP_INFO || op->f == F_ENQUEUE ||
		    !val_equal(values, op->key, key))
			continue;
		if (op->f == F_DRAIN)
			return false;
		unknown += op->output == VAL_OF_NIL;
	}
	return unknown == 0 || count_missing(history, key) > unknown;
}

static bool
certify_anomaly(const struct history *history, const struct check_options *options,
		const struct anomaly *anomaly)
{
	if (strcmp(anomaly->name, "lost-element") == 0)
		return shows_loss(history, anomaly) &&
		       exceeds_unknown(history, anomaly->key);
	if (strcmp(anomaly->name, "duplicate-element") == 0 &&
	    !total_queue_is_exactly_once(options))
		return false;
	return shows_surplus(history, anomaly);
}

bool
total_queue_certify(const struct history *history, const struct check_options *options,
		    const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, total_queue_is_exactly_once(options)) ||
		       err_set(err, "what came out is not what was put in");
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!certify_anomaly(history, options, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return result->anomalies.count > 0 || err_set(err, "no anomaly is told");
}
