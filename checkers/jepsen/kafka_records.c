#include "checkers/jepsen/kafka_records.h"

#include "checkers/jepsen/fields.h"

bool
kafka_is_client(const struct op *op)
{
	return op->f == F_SEND || op->f == F_POLL || op->f == F_TXN;
}

bool
kafka_may_move(const struct op *op)
{
	if (op->f == F_ASSIGN || op->f == F_SUBSCRIBE)
		return op->type != OP_FAIL;
	return op->f == F_CRASH || (op->type != OP_OK && op->f != F_SEND);
}

bool
kafka_is_assigned(const struct values *values, val assigned, val partition)
{
	for (size_t i = 0; i < fields_items(values, assigned); i++)
		if (val_equal(values,
			      fields_key(values, fields_item(values, assigned, i)),
			      partition))
			return true;
	return false;
}

/* [OFFSET VALUE] of an answer; the offset may be nil when the broker did not tell. Histories
 * hold millions of these, mostly plain. */
static inline void
read_answer(const struct values *values, val answer, struct kafka_sight *sight)
{
	size_t count;

	sight->value = answer;
	sight->offset = KAFKA_NO_OFFSET;
	if (val_kind(answer) != VAL_LIST)
		return;
	const val *items = val_items(values, answer, &count);
	if (count != 2 || (items[0] != VAL_OF_NIL && val_kind(items[0]) != VAL_INT))
		return;
	sight->value = items[1];
	if (!val_small_number(items[0], &sight->offset))
		sight->offset = KAFKA_NO_OFFSET;
	if (sight->offset == KAFKA_NO_OFFSET)
		fields_number(values, items[0], &sight->offset);
}

static bool
read_polled(const struct history *history, val polled, struct kafka_sight *sight,
	    kafka_sights *sights)
{
	const struct values *values = &history->values;

	for (size_t i = 0; i < fields_count(values, polled); i++) {
		val list = fields_at(values, polled, i);
		size_t count = 0;
		const val *records = NULL;
		sight->partition = fields_name(values, polled, i);
		if (val_kind(list) == VAL_LIST)
			records = val_items(values, list, &count);
		for (size_t j = 0; j < count; j++) {
			read_answer(values, records[j], sight);
			vec_push(sights, *sight);
		}
	}
	return polled == VAL_OF_NIL || val_kind(polled) == VAL_MAP;
}

static void
read_sent(const struct history *history, const struct op *op, val mop,
	  struct kafka_sight *sight, kafka_sights *sights)
{
	const struct values *values = &history->values;

	sight->partition = fields_key(values, fields_item(values, mop, 1));
	sight->value = fields_item(values, mop, 2);
	sight->offset = KAFKA_NO_OFFSET;
	if (op->type == OP_OK)
		read_answer(values, sight->value, sight);
	vec_push(sights, *sight);
}

/* What an operation that is not ok tells of its micro-operation beside what was asked. */
static val
told_of(const struct values *values, const struct op *op, size_t i, val asked)
{
	val told = fields_item(values, op->output, i);

	return fields_is_text(values, fields_item(values, told, 0), "poll") ? told
									    : asked;
}

bool
kafka_read_op(const struct history *history, uint32_t index, kafka_sights *sights)
{
	const struct values *values = &history->values;
	const struct op *op = &history->ops.items[index];
	bool is_ok = op->type == OP_OK;
	val body = is_ok && op->output != VAL_OF_NIL ? op->output : op->input;

	if (val_kind(body) != VAL_LIST)
		return body == VAL_OF_NIL && op->f == F_POLL;
	for (size_t i = 0; i < fields_items(values, body); i++) {
		struct kafka_sight sight = {.op = index, .part = (uint32_t)i};
		val mop = fields_item(values, body, i), f = fields_item(values, mop, 0);
		sight.is_poll = fields_is_text(values, f, "poll");
		if (fields_is_text(values, f, "rebalance"))
			continue;
		if (!sight.is_poll && !fields_is_text(values, f, "send"))
			return false;
		if (!sight.is_poll) {
			read_sent(history, op, mop, &sight, sights);
			continue;
		}
		mop = is_ok ? mop : told_of(values, op, i, mop);
		if (!read_polled(history, fields_item(values, mop, 1), &sight, sights) &&
		    is_ok)
			return false;
	}
	return true;
}

bool
kafka_hides_polls(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	bool may_poll = op->f == F_TXN || (op->f == F_POLL && op->type == OP_INFO);

	if (op->type == OP_OK || !may_poll)
		return false;
	if (val_kind(op->input) != VAL_LIST)
		return true;
	for (size_t i = 0; i < fields_items(values, op->input); i++) {
		val asked = fields_item(values, op->input, i);
		val told = told_of(values, op, i, asked);
		if (fields_is_text(values, fields_item(values, asked, 0), "poll") &&
		    val_kind(fields_item(values, told, 1)) != VAL_MAP)
			return true;
	}
	return false;
}

bool
kafka_was_rebalanced(const struct history *history, const struct op *op, val partition)
{
	const struct values *values = &history->values;

	for (size_t i = fields_items(values, op->output); i-- > 0;) {
		val mop = fields_item(values, op->output, i);
		if (!fields_is_text(values, fields_item(values, mop, 0), "rebalance"))
			return false;
		if (kafka_is_assigned(values, fields_item(values, mop, 1), partition))
			return true;
	}
	return false;
}
