/* The proof of a verdict on a set that is read as a whole: the order is replayed; anomalies
 * are shown by the values of their few operations. Shares nothing with the decider. */
#include "checkers/collection/set_full.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

/* ---- valid --------------------------------------------------------------------------
 */

struct replay {
	const struct history *history;
	bool *is_placed; /* owned; by operation */
	struct value_ids ids;
	VEC(bool) is_in; /* by id: it was added already */
	size_t size;
};

static void
replay_add(struct replay *replay, val element)
{
	uint32_t id = value_ids_add(&replay->ids, element);

	if (id == replay->is_in.count)
		vec_push(&replay->is_in, false);
	replay->size += !replay->is_in.items[id];
	replay->is_in.items[id] = true;
}

/* As many elements as there are, all different, and each of them was added. */
static bool
replay_read(struct replay *replay, const struct op *read)
{
	const struct values *values = &replay->history->values;
	size_t count = read->output == VAL_OF_NIL ? 0 : val_count(values, read->output);
	bool holds = count == replay->size;
	size_t seen = 0;

	for (size_t i = 0; i < count && holds; i++) {
		uint32_t id =
			value_ids_find(&replay->ids, val_at(values, read->output, i));
		holds = id != VALUE_ID_NONE && replay->is_in.items[id];
		if (holds)
			replay->is_in.items[id] = false;
		seen += holds;
	}
	for (size_t i = 0; i < seen; i++)
		replay->is_in.items[value_ids_find(
			&replay->ids, val_at(values, read->output, i))] = true;
	return holds;
}

static bool
replay_order(struct replay *replay, const struct order *order, struct err *err)
{
	uint32_t began_last = 0;
	bool holds = true;

	value_ids_init(&replay->ids, &replay->history->values);
	vec_clear(&replay->is_in);
	replay->size = 0;
	for (size_t i = 0; i < order->count && holds; i++) {
		uint32_t index = order->ops[i];
		const struct op *op = &replay->history->ops.items[index];
		holds = op->type != OP_FAIL && !replay->is_placed[index] &&
			val_equal(&replay->history->values, op->key, order->key) &&
			!(op->type == OP_OK && op->complete_at < began_last);
		replay->is_placed[index] = true;
		if (op->f == F_ADD)
			replay_add(replay, op->input);
		else
			holds = holds && replay_read(replay, op);
		if (op->invoke_at > began_last)
			began_last = op->invoke_at;
		if (!holds)
			err_set(err, "operation %u is not possible at place %zu", index,
				i);
	}
	value_ids_release(&replay->ids);
	return holds;
}

static bool
certify_valid(const struct history *history, const struct check_result *result,
	      struct err *err)
{
	struct replay replay = {.history = history};
	bool holds = true;

	replay.is_placed = mem_new(history->ops.count + 1, sizeof(bool));
	for (size_t i = 0; i < result->orders.count && holds; i++)
		holds = replay_order(&replay, &result->orders.items[i], err);
	for (size_t i = 0; i < history->ops.count && holds; i++)
		if (history->ops.items[i].type == OP_OK && !replay.is_placed[i])
			holds = err_set(err, "operation %zu is missing in the order", i);
	free(replay.is_placed);
	vec_release(&replay.is_in);
	return holds;
}

/* ---- invalid ------------------------------------------------------------------------
 */

static size_t
count_in(const struct history *history, const struct op *read, val element)
{
	const struct values *values = &history->values;
	size_t count = 0;

	for (size_t i = 0;
	     read->output != VAL_OF_NIL && i < val_count(values, read->output); i++)
		count += val_equal(values, val_at(values, read->output, i), element);
	return count;
}

/* An acknowledged add of the element, or a read with it. */
static bool
shows(const struct history *history, const struct op *op, val element)
{
	if (op->type != OP_OK)
		return false;
	return op->f == F_ADD ? val_equal(&history->values, op->input, element)
			      : count_in(history, op, element) > 0;
}

/* When the first add of the element that did not fail began; OP_NEVER: there is none. */
static uint32_t
added_from(const struct history *history, val key, val element)
{
	vec_each (struct op, op, &history->ops) {
		if (op->f == F_ADD && op->type != OP_FAIL &&
		    val_equal(&history->values, op->key, key) &&
		    val_equal(&history->values, op->input, element))
			return op->invoke_at;
	}
	return OP_NEVER;
}

struct claim {
	const struct history *history;
	const struct anomaly *anomaly;
	val element;
};

static const struct op *
claim_op(const struct claim *claim, size_t i)
{
	return &claim->history->ops.items[claim->anomaly->ops.items[i]];
}

/* One of the operations shows the element and was over before a read without it began. */
static bool
is_missed(const struct claim *claim)
{
	for (size_t i = 0; i < claim->anomaly->ops.count; i++)
		for (size_t k = 0; k < claim->anomaly->ops.count; k++) {
			const struct op *a = claim_op(claim, i), *b = claim_op(claim, k);
			if (shows(claim->history, a, claim->element) && b->f == F_READ &&
			    b->type == OP_OK && a->complete_at < b->invoke_at &&
			    count_in(claim->history, b, claim->element) == 0)
				return true;
		}
	return false;
}

static bool
is_unexpected(const struct claim *claim)
{
	uint32_t from = added_from(claim->history, claim->anomaly->key, claim->element);

	for (size_t i = 0; i < claim->anomaly->ops.count; i++) {
		const struct op *op = claim_op(claim, i);
		if (op->f == F_READ && shows(claim->history, op, claim->element) &&
		    op->complete_at < from)
			return true;
	}
	return false;
}

static bool
is_doubled(const struct claim *claim)
{
	return count_in(claim->history, claim_op(claim, 0), claim->element) > 1;
}

/* The claim's element was acknowledged before any add of another one began, which a read
 * has while it lacks the first. */
static bool
is_reordered(const struct claim *claim)
{
	uint32_t over = OP_NEVER;

	for (size_t i = 0; i < claim->anomaly->ops.count; i++) {
		const struct op *op = claim_op(claim, i);
		if (op->f == F_ADD && shows(claim->history, op, claim->element) &&
		    op->complete_at < over)
			over = op->complete_at;
	}
	for (size_t i = 0; i < claim->anomaly->ops.count; i++)
		for (size_t k = 0; k < claim->anomaly->ops.count; k++) {
			const struct op *add = claim_op(claim, i),
					*read = claim_op(claim, k);
			if (add->f == F_ADD && read->f == F_READ &&
			    count_in(claim->history, read, add->input) > 0 &&
			    count_in(claim->history, read, claim->element) == 0 &&
			    over < added_from(claim->history, claim->anomaly->key,
					      add->input))
				return true;
		}
	return false;
}

static bool
has_own(const struct history *history, const struct op *read, const struct op *other)
{
	const struct values *values = &history->values;
	struct value_ids ids;
	bool is_own = false;

	value_ids_init(&ids, values);
	for (size_t i = 0;
	     other->output != VAL_OF_NIL && i < val_count(values, other->output); i++)
		value_ids_add(&ids, val_at(values, other->output, i));
	for (size_t i = 0;
	     read->output != VAL_OF_NIL && i < val_count(values, read->output); i++)
		is_own |= value_ids_find(&ids, val_at(values, read->output, i)) ==
			  VALUE_ID_NONE;
	value_ids_release(&ids);
	return is_own;
}

static bool
are_incomparable(const struct claim *claim)
{
	return claim->anomaly->ops.count == 2 &&
	       has_own(claim->history, claim_op(claim, 0), claim_op(claim, 1)) &&
	       has_own(claim->history, claim_op(claim, 1), claim_op(claim, 0));
}

static bool
holds(const struct claim *claim)
{
	const char *name = claim->anomaly->name;

	if (strcmp(name, "incomparable-reads") == 0)
		return are_incomparable(claim);
	if (strcmp(name, "duplicate-element") == 0)
		return is_doubled(claim);
	if (strcmp(name, "unexpected-element") == 0)
		return is_unexpected(claim);
	if (strcmp(name, "adds-reordered") == 0)
		return is_reordered(claim);
	return is_missed(claim);
}

bool
set_full_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	(void)options;
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, result, err);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		struct claim claim = {history, anomaly, anomaly->subject};
		if (anomaly->ops.count == 0 || !holds(&claim))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	}
	return result->anomalies.count > 0;
}
