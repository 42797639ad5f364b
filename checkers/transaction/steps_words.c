#include "checkers/transaction/steps.h"

#include "checkers/transaction/predicate_expand.h"
#include "checkers/transaction/raw_txn.h"

enum {
	ELEMENTS_SHOWN = 4 /* of a list, the last ones */
};

static void
print_value(const struct history *history, val v, struct buf *out)
{
	const struct values *values = &history->values;

	if (val_kind(v) != VAL_LIST || val_count(values, v) <= ELEMENTS_SHOWN) {
		val_print(values, v, out);
		return;
	}
	size_t count = val_count(values, v);
	buf_string(out, "[...");
	for (size_t i = count - ELEMENTS_SHOWN; i < count; i++) {
		buf_char(out, ' ');
		val_print(values, val_at(values, v, i), out);
	}
	buf_char(out, ']');
}

void
step_print_txn(const struct history *history, uint32_t op, struct buf *out)
{
	const struct op *o = &history->ops.items[op];

	buf_printf(out, "T%u = process %u:", op, o->process);
	for (size_t i = 0; i < raw_count(&history->values, o); i++) {
		struct raw_mop mop = raw_mop(&history->values, o, i);
		buf_printf(out, " [%s ", mop.f == 'a' ? "append" : (char[]){mop.f, '\0'});
		struct bytes where = expanded_predicate(
			&history->values, val_at(&history->values, raw_list(o), i));
		if (where.len > 0)
			buf_printf(out, "where %.*s ", (int)where.len, where.data);
		print_value(history, mop.key, out);
		buf_char(out, ' ');
		print_value(history, mop.value, out);
		buf_char(out, ']');
	}
	buf_printf(out, " %s", op_type_name((enum op_type)o->type));
}

void
step_print_events(const struct history *history, uint32_t op, struct buf *out)
{
	const struct op *o = &history->ops.items[op];

	if (o->complete_at == OP_NEVER)
		buf_printf(out, " (from event %u on)", o->invoke_at);
	else
		buf_printf(out, " (events %u to %u)", o->invoke_at, o->complete_at);
}

static bool
appends(const struct history *history, uint32_t op)
{
	const struct op *o = &history->ops.items[op];

	for (size_t i = 0; i < raw_count(&history->values, o); i++)
		if (raw_mop(&history->values, o, i).f == 'a')
			return true;
	return false;
}

static void
print_ww(const struct history *history, const struct anomaly_step *step, struct buf *out)
{
	bool is_list = appends(history, step->to);

	buf_printf(out, is_list ? "T%u appended " : "T%u wrote ", step->to);
	print_value(history, step->second, out);
	buf_string(out, is_list ? " behind " : " over ");
	print_value(history, step->first, out);
	buf_printf(out,
		   is_list ? ", which T%u appended to key " : ", which T%u wrote to key ",
		   step->from);
	print_value(history, step->key, out);
}

static void
print_wr(const struct history *history, const struct anomaly_step *step, struct buf *out)
{
	bool is_list = appends(history, step->from);

	buf_printf(out,
		   is_list ? "T%u observed T%u's append of "
			   : "T%u observed T%u's write of ",
		   step->to, step->from);
	print_value(history, step->first, out);
	buf_string(out, " to key ");
	print_value(history, step->key, out);
}

/* The predicate that made a transaction read this value of the key, when no item read did. */
static struct bytes
predicate_of(const struct history *history, uint32_t op, val key, val value)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];
	struct bytes found = {.data = "", .len = 0};

	for (size_t i = 0; i < raw_count(values, o); i++) {
		struct raw_mop mop = raw_mop(values, o, i);
		if (mop.f != 'r' || !val_equal(values, mop.key, key) ||
		    !val_equal(values, mop.value, value))
			continue;
		found = expanded_predicate(values, val_at(values, raw_list(o), i));
		if (found.len == 0)
			break;
	}
	return found;
}

bool
step_is_of_predicate(const struct history *history, const struct anomaly_step *step)
{
	return step->kind == EDGE_RW &&
	       predicate_of(history, step->from, step->key, step->first).len > 0;
}

static void
print_predicate_miss(const struct history *history, const struct anomaly_step *step,
		     struct bytes predicate, struct buf *out)
{
	buf_printf(out, "T%u's predicate %.*s did not match key ", step->from,
		   (int)predicate.len, predicate.data);
	print_value(history, step->key, out);
	buf_printf(out, ", where T%u wrote ", step->to);
	print_value(history, step->second, out);
}

static void
print_rw(const struct history *history, const struct anomaly_step *step, struct buf *out)
{
	if (appends(history, step->to)) {
		buf_printf(out, "T%u did not observe T%u's append of ", step->from,
			   step->to);
		print_value(history, step->second, out);
		buf_string(out, " to key ");
		print_value(history, step->key, out);
		buf_string(out, ": it read ");
		if (step->first == VAL_OF_NIL)
			buf_string(out, "nothing");
		else
			print_value(history, step->first, out);
		return;
	}
	struct bytes predicate =
		predicate_of(history, step->from, step->key, step->first);
	if (predicate.len > 0 && step->first == VAL_OF_NIL) {
		print_predicate_miss(history, step, predicate, out);
		return;
	}
	buf_printf(out, "T%u%s%.*s read ", step->from,
		   predicate.len > 0 ? "'s predicate " : "", (int)predicate.len,
		   predicate.data);
	print_value(history, step->first, out);
	buf_string(out, " of key ");
	print_value(history, step->key, out);
	buf_printf(out, ", which T%u replaced with ", step->to);
	print_value(history, step->second, out);
}

static void
print_order(const struct history *history, const struct anomaly_step *step,
	    struct buf *out)
{
	buf_printf(out, "T%u could see T%u's write of ", step->witness, step->from);
	print_value(history, step->first, out);
	buf_string(out, " to key ");
	print_value(history, step->key, out);
	buf_string(out, " and yet read ");
	print_value(history, step->second, out);
	buf_printf(out, ", which T%u wrote", step->to);
}

static void
print_realtime(const struct history *history, const struct anomaly_step *step,
	       struct buf *out)
{
	const struct op *from = &history->ops.items[step->from];
	const struct op *to = &history->ops.items[step->to];

	buf_printf(out, "T%u was over (event %u)", step->from, from->complete_at);
	if (from->complete_ns >= 0 && to->invoke_ns > from->complete_ns)
		buf_printf(out, " %.3f ms",
			   (double)(to->invoke_ns - from->complete_ns) / 1e6);
	buf_printf(out, " before T%u began (event %u)", step->to, to->invoke_at);
}

void
step_print(const struct history *history, const struct anomaly_step *step,
	   struct buf *out)
{
	buf_printf(out, "T%u < T%u because ", step->from, step->to);
	switch (step->kind) {
	case EDGE_WW:
		print_ww(history, step, out);
		break;
	case EDGE_WR:
		print_wr(history, step, out);
		break;
	case EDGE_RW:
		print_rw(history, step, out);
		break;
	case EDGE_PROCESS:
		buf_printf(out, "process %u ran T%u first",
			   history->ops.items[step->from].process, step->from);
		break;
	case EDGE_REALTIME:
		print_realtime(history, step, out);
		break;
	default:
		print_order(history, step, out);
	}
}
