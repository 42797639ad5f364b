/* rw_proof_facts.c - what is given: who read from whom, processes, time; and the rules. */
#include "checkers/transaction/rw_prover.h"

#include "checkers/transaction/raw_txn.h"

/* What a transaction did with a key, seen from outside. */
struct touch {
	uint32_t txn; /* place in the core */
	val key, read, written;
	bool reads, writes;
};

typedef VEC(struct touch) touches;

static struct touch *
touch_of(const struct values *values, touches *all, size_t first, val key, uint32_t txn)
{
	for (size_t i = first; i < all->count; i++)
		if (val_equal(values, all->items[i].key, key))
			return &all->items[i];
	vec_push(all, (struct touch){.txn = txn, .key = key});
	return vec_last(all);
}

/* False when a read shows something else than what the transaction read or wrote before. */
static bool
add_mop(const struct prover *p, const struct op *op, const struct raw_mop *mop,
	struct touch *touch)
{
	const struct values *values = &p->history->values;

	if (mop->f == 'w') {
		touch->writes = true;
		touch->written = mop->value;
		return true;
	}
	if (!raw_is_read(op, mop) ||
	    (mop->value == VAL_OF_NIL && p->claim->nil_is_unknown))
		return true;
	if (touch->writes || touch->reads)
		return val_equal(values, mop->value,
				 touch->writes ? touch->written : touch->read);
	touch->reads = true;
	touch->read = mop->value;
	return true;
}

static bool
collect_touches(const struct prover *p, touches *all)
{
	const struct values *values = &p->history->values;

	for (uint32_t t = 0; t < p->count; t++) {
		const struct op *op = &p->history->ops.items[p->ops[t]];
		size_t first = all->count;
		for (size_t i = 0; i < raw_count(values, op); i++) {
			struct raw_mop mop = raw_mop(values, op, i);
			if (!add_mop(p, op, &mop,
				     touch_of(values, all, first, mop.key, t)))
				return false;
		}
	}
	return true;
}

/* ---- given ----------------------------------------------------------------------------
 */

static void
give(struct prover *p, uint32_t from, uint32_t to, unsigned kind, val key, val first,
     val second)
{
	prover_add(p, &(struct fact){.from = from,
				     .to = to,
				     .kind = (uint8_t)kind,
				     .source = FACT_GIVEN,
				     .rule = NO_RULE,
				     .kinds = kind,
				     .key = key,
				     .first = first,
				     .second = second});
}

static void
give_times(struct prover *p)
{
	const struct op *ops = p->history->ops.items;

	for (uint32_t a = 0; a < p->count; a++)
		for (uint32_t b = 0; b < p->count; b++) {
			const struct op *x = &ops[p->ops[a]], *y = &ops[p->ops[b]];
			bool process = p->claim->process && x->process == y->process &&
				       x->invoke_at < y->invoke_at;
			bool time = p->claim->realtime && x->complete_at < y->invoke_at;
			if (process || time)
				give(p, prover_commit(p, a), prover_begin(p, b),
				     process ? EDGE_PROCESS : EDGE_REALTIME, VAL_OF_NIL,
				     VAL_OF_NIL, VAL_OF_NIL);
		}
}

/* Between parallel snapshots a way from snapshot to commit has an anti-dependency. */
static void
give_given(struct prover *p)
{
	for (uint32_t i = 0; i < p->given_count; i++) {
		const struct rw_given *order = &p->given[i].order;
		bool is_weak = order->from_begin && order->to_commit;
		prover_add(p, &(struct fact){
				      .from = order->from_begin
						      ? prover_begin(p, order->from)
						      : prover_commit(p, order->from),
				      .to = order->to_commit ? prover_commit(p, order->to)
							     : prover_begin(p, order->to),
				      .kind = is_weak ? EDGE_RW : EDGE_GIVEN,
				      .source = FACT_GIVEN,
				      .rule = NO_RULE,
				      .given = i + 1});
	}
}

/* ---- rules ----------------------------------------------------------------------------
 */

static void
add_reader_rule(struct prover *p, const struct touch *reader, const struct touch *writer,
		const struct touch *other)
{
	vec_push(&p->rules,
		 (struct rule){.sides = {{prover_commit(p, other->txn),
					  prover_begin(p, writer->txn), EDGE_WW},
					 {prover_begin(p, reader->txn),
					  prover_commit(p, other->txn), EDGE_RW}},
			       .key = reader->key,
			       .value = reader->read,
			       .other_value = other->written,
			       .reader = reader->txn,
			       .writer = writer->txn,
			       .other = other->txn});
}

static void
add_writers_rule(struct prover *p, const struct touch *a, const struct touch *b)
{
	vec_push(&p->rules, (struct rule){.sides = {{prover_commit(p, a->txn),
						     prover_begin(p, b->txn), EDGE_WW},
						    {prover_commit(p, b->txn),
						     prover_begin(p, a->txn), EDGE_WW}},
					  .key = a->key,
					  .value = b->written,
					  .other_value = a->written,
					  .reader = NO_RULE,
					  .writer = b->txn,
					  .other = a->txn});
}

/* What follows from one read: of a version that one of these wrote, or of the first one. */
static void
add_read(struct prover *p, const touches *all, const struct touch *reader)
{
	const struct values *values = &p->history->values;
	const struct touch *writer = NULL;

	vec_each (const struct touch, t, all)
		if (t->writes && t->txn != reader->txn &&
		    val_equal(values, t->key, reader->key) &&
		    val_equal(values, t->written, reader->read))
			writer = t;
	if (writer == NULL && reader->read != VAL_OF_NIL)
		return;
	if (writer != NULL)
		give(p, prover_commit(p, writer->txn), prover_begin(p, reader->txn),
		     EDGE_WR, reader->key, reader->read, VAL_OF_NIL);
	vec_each (const struct touch, other, all) {
		if (!other->writes || other->txn == reader->txn || other == writer ||
		    !val_equal(values, other->key, reader->key))
			continue;
		if (writer == NULL)
			give(p, prover_begin(p, reader->txn),
			     prover_commit(p, other->txn), EDGE_RW, reader->key,
			     VAL_OF_NIL, other->written);
		else
			add_reader_rule(p, reader, writer, other);
	}
}

bool
prover_collect(struct prover *p)
{
	const struct values *values = &p->history->values;
	touches all = {0};
	bool ok = collect_touches(p, &all);

	for (uint32_t t = 0; ok && prover_has_two(p) && t < p->count; t++)
		give(p, prover_begin(p, t), prover_commit(p, t), EDGE_INNER, VAL_OF_NIL,
		     VAL_OF_NIL, VAL_OF_NIL);
	for (size_t i = 0; ok && i < all.count; i++) {
		if (all.items[i].reads)
			add_read(p, &all, &all.items[i]);
		for (size_t j = 0; prover_has_two(p) && j < i; j++)
			if (all.items[i].writes && all.items[j].writes &&
			    all.items[i].txn != all.items[j].txn &&
			    val_equal(values, all.items[i].key, all.items[j].key))
				add_writers_rule(p, &all.items[j], &all.items[i]);
	}
	if (ok) {
		give_times(p);
		give_given(p);
	}
	vec_release(&all);
	return ok;
}
