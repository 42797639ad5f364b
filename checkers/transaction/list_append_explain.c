/* list_append_explain.c - dependencies between transactions on lists, in words. */
#include "checkers/transaction/list_append_lists.h"

static void
print_key(const struct dependencies *d, uint32_t key, struct buf *out)
{
	val_print(&d->txns.history->values, d->txns.keys.items[key], out);
}

static bool
explain_append(const struct dependencies *d, struct lists *lists, uint32_t from,
	       uint32_t to, const struct mop *mop, struct buf *out)
{
	struct list *list = &lists->of[mop->key];
	uint32_t place = *list_place(lists, mop->key, mop->value, false);
	uint32_t position = place == 0 ? list->length : place - 1;

	while (position > 0 && lists->writers[list->start + position - 1] == NOBODY)
		position--;
	if (position == 0 || lists->writers[list->start + position - 1] != from)
		return false;
	buf_printf(out, "T%u appended ", to);
	val_print(lists->values, mop->value, out);
	buf_string(out, " to key ");
	print_key(d, mop->key, out);
	buf_printf(out, " behind ");
	val_print(lists->values, list_element(lists, list, position - 1), out);
	buf_printf(out, ", which T%u appended", from);
	return true;
}

static bool
explain_read(const struct dependencies *d, struct lists *lists, uint32_t from,
	     uint32_t to, const struct mop *mop, bool overtaken, struct buf *out)
{
	struct list *list = &lists->of[mop->key];
	uint32_t length = mop->length;
	uint32_t reader = overtaken ? from : to, writer = overtaken ? to : from;

	while (overtaken && length < list->length &&
	       (lists->writers[list->start + length] == reader ||
		lists->writers[list->start + length] == NOBODY))
		length++;
	while (!overtaken && length > 0 &&
	       lists->writers[list->start + length - 1] == reader)
		length--;
	uint32_t position = overtaken ? length : length - 1;
	if (position < list->length ? lists->writers[list->start + position] != writer
				    : !overtaken)
		return false;
	buf_printf(out, "T%u read key ", reader);
	print_key(d, mop->key, out);
	buf_string(out, overtaken ? " without " : " with ");
	if (position < list->length)
		val_print(lists->values, list_element(lists, list, position), out);
	else
		buf_string(out, "the element");
	buf_printf(out, ", which T%u appended", writer);
	return true;
}

void
list_append_explain(const struct dependencies *d, uint32_t from, uint32_t to,
		    enum edge_kind kind, struct buf *out)
{
	struct lists *lists = d->type_state;
	uint32_t actor = kind == EDGE_RW ? from : to;
	const struct txn *txn = &d->txns.of.items[actor];

	each_mop (mop, txn, d) {
		if (kind == EDGE_WW && mop->kind == MOP_APPEND &&
		    explain_append(d, lists, from, to, mop, out))
			return;
		if ((kind == EDGE_WR || kind == EDGE_RW) && mop->kind == MOP_READ &&
		    explain_read(d, lists, from, to, mop, kind == EDGE_RW, out))
			return;
	}
	buf_string(out, "the order of versions says so");
}
