#include "checkers/transaction/findings.h"

#include "checkers/transaction/raw_txn.h"

static size_t
times_in(const struct values *values, val list, val element)
{
	size_t times = 0, count = 0;
	const val *items =
		val_kind(list) == VAL_LIST ? val_items(values, list, &count) : NULL;

	for (size_t i = 0; i < count; i++)
		times += val_equal(values, items[i], element);
	return times;
}

/* The first transaction with a read of the key that fits the finding. */
static uint32_t
find_reader(const struct dependencies *d, const struct finding *finding,
	    bool (*fits)(const struct values *values, val read, val wanted))
{
	const struct mop *mops = d->txns.mops.items;

	vec_each (const struct txn, txn, &d->txns.of)
		for (uint32_t i = txn->first; i < txn->first + txn->count; i++)
			if (mops[i].kind == MOP_READ && mops[i].key == finding->key &&
			    fits(&d->txns.history->values, mops[i].value, finding->value))
				return (uint32_t)(txn - d->txns.of.items);
	return UINT32_MAX;
}

static bool
is_twice_in(const struct values *values, val read, val element)
{
	return times_in(values, read, element) > 1;
}

struct finding
finding_complete(const struct dependencies *d, const struct finding *finding)
{
	struct finding whole = *finding;

	if (finding->anomaly == ANOMALY_DUPLICATE && finding->txn == UINT32_MAX)
		whole.txn = find_reader(d, finding, is_twice_in);
	if (finding->anomaly == ANOMALY_INCOMPATIBLE_ORDER &&
	    finding->other == UINT32_MAX)
		whole.other = find_reader(d, finding, raw_disagree);
	return whole;
}

/* ---- words ----------------------------------------------------------------------------
 */

/* T0, the first operation of the history, and so on: numbers of operations. */
static uint32_t
number_of(const struct dependencies *d, uint32_t txn)
{
	return txn == UINT32_MAX ? UINT32_MAX : d->txns.of.items[txn].op;
}

static void
print_of(const struct dependencies *d, const struct finding *finding, struct buf *out)
{
	const struct values *values = &d->txns.history->values;

	val_print(values, finding->value, out);
	buf_string(out, " of key ");
	val_print(values, d->txns.keys.items[finding->key], out);
}

static const char *
verb_of(const struct dependencies *d, const struct finding *finding)
{
	const struct op *op = txn_op(&d->txns, finding->other);

	for (size_t i = 0; i < raw_count(&d->txns.history->values, op); i++)
		if (raw_mop(&d->txns.history->values, op, i).f == 'a')
			return "appended";
	return "wrote";
}

static void
print_pair(const struct dependencies *d, const struct finding *finding, struct buf *out)
{
	uint32_t saw = number_of(d, finding->txn), other = number_of(d, finding->other);
	const char *verb = verb_of(d, finding);

	if (finding->anomaly == ANOMALY_LOST_UPDATE) {
		buf_printf(out, "T%u and T%u both read ", other, saw);
		print_of(d, finding, out);
		buf_printf(out, " and both %s to it: one did not see the other", verb);
	} else if (finding->anomaly == ANOMALY_DIRTY_UPDATE) {
		buf_printf(out, "T%u builds on ", saw);
		print_of(d, finding, out);
		buf_printf(out, ", which T%u %s and aborted", other, verb);
	} else if (finding->anomaly == ANOMALY_G1A || finding->anomaly == ANOMALY_G1B) {
		buf_printf(out, "T%u observed ", saw);
		print_of(d, finding, out);
		buf_printf(out,
			   finding->anomaly == ANOMALY_G1A
				   ? ", which T%u %s and aborted"
				   : ", which T%u %s before it wrote there again",
			   other, verb);
	} else if (finding->anomaly == ANOMALY_INCOMPATIBLE_ORDER) {
		buf_printf(out, "T%u read ", saw);
		print_of(d, finding, out);
		buf_printf(out, ", T%u read it in another order", other);
	} else {
		buf_printf(out, "T%u could see T%u, which wrote key ", saw, other);
		val_print(&d->txns.history->values, d->txns.keys.items[finding->key],
			  out);
		buf_string(out, ", and yet found nothing there");
	}
}

void
finding_print(const struct dependencies *d, const struct finding *finding,
	      struct buf *out)
{
	if (finding->txn != UINT32_MAX && finding->other != UINT32_MAX) {
		print_pair(d, finding, out);
		return;
	}
	if (finding->txn == UINT32_MAX)
		buf_string(out, "somebody read ");
	else
		buf_printf(out, "T%u read ", number_of(d, finding->txn));
	print_of(d, finding, out);
	switch (finding->anomaly) {
	case ANOMALY_GARBAGE_READ:
		buf_string(out, ", which nobody wrote");
		break;
	case ANOMALY_PREDICATE_MISMATCH:
		buf_string(out, ", which does not satisfy its predicate");
		break;
	case ANOMALY_DUPLICATE:
		buf_string(out, " twice, which was written once");
		break;
	case ANOMALY_INTERNAL:
		buf_string(out,
			   ", which is not what it had read and written there before");
		break;
	default:
		break;
	}
}
