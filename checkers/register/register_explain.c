#include "checkers/register/register_explain.h"

#include "base/assert.h"
#include "checkers/explain.h"

#include <string.h>

static const struct op *
op_at(const struct key_ops *key, uint32_t index)
{
	return &key->history->ops.items[index];
}

static val
cas_part(const struct key_ops *key, const struct op *op, size_t part)
{
	return val_at(&key->history->values, op->input, part);
}

static bool
equal(const struct key_ops *key, val a, val b)
{
	return val_equal(&key->history->values, a, b);
}

/* What the operation proves to be in the register: seen or written. */
static val
value_of(const struct key_ops *key, const struct op *op)
{
	if (op->f == F_READ)
		return op->output;
	return op->f == F_CAS ? cas_part(key, op, 1) : op->input;
}

/* "process 3 read 17", "process 5 wrote 21", "process 2 changed 4 to 5". */
static void
say_deed(const struct key_ops *key, const struct op *op, struct buf *text)
{
	const struct history *history = key->history;

	buf_printf(text, "process %u ", op->process);
	if (op->f == F_CAS) {
		buf_string(text, "changed ");
		explain_value(history, cas_part(key, op, 0), text);
		buf_string(text, " to ");
	} else {
		buf_string(text, op->f == F_READ ? "read " : "wrote ");
	}
	explain_value(history, value_of(key, op), text);
}

static void
say_times(const struct op *op, struct buf *text)
{
	if (op->type != OP_OK || op->complete_ns < 0) {
		buf_string(text, " from ");
		explain_ms(op->invoke_ns, text);
		buf_string(text, " on");
		return;
	}
	buf_printf(text, " between %.3f and ", (double)op->invoke_ns / 1e6);
	explain_ms(op->complete_ns, text);
}

/* ---- values that nobody wrote ------------------------------------------------------ */

static uint32_t
failed_writer(const struct key_ops *key, val wanted)
{
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->type != OP_FAIL || op->f == F_READ)
			continue;
		if (equal(key, value_of(key, op), wanted))
			return key->ops[i];
	}
	return OP_NEVER;
}

void
register_explain_unwritten(const struct key_ops *key, const struct check_options *options,
			   uint32_t index, struct anomaly *anomaly)
{
	const struct op *op = op_at(key, index);
	val seen = op->f == F_CAS ? cas_part(key, op, 0) : op->output;
	uint32_t failed = failed_writer(key, seen);
	struct buf text = {0};

	anomaly->name = failed == OP_NEVER ? "unwritten-read" : "failed-write-read";
	say_deed(key, op, &text);
	say_times(op, &text);
	buf_string(&text, failed == OP_NEVER
				  ? ", but no operation ever wrote "
				  : ", but nothing wrote it except what failed");
	if (failed == OP_NEVER)
		explain_value(key->history, seen, &text);
	buf_string(&text, ":\n");
	explain_add(anomaly, index);
	explain_add(anomaly, failed);
	explain_list(key->history, anomaly, &text);
	buf_string(&text, failed == OP_NEVER
				  ? "A register holds only what was written to it.\n"
				  : "An operation that failed must not take effect.\n");
	if (failed == OP_NEVER && options->init == VAL_OF_NIL)
		buf_string(&text, "(What it held at first is told with --init.)\n");
	explain_finish(anomaly, &text);
}

/* The operation that wrote the value, OP_NEVER when none did. */
static uint32_t
writer_of(const struct key_ops *key, val wanted)
{
	val written;

	for (size_t i = 0; i < key->count; i++)
		if (register_writes(key->history, key_op(key, i), &written) &&
		    equal(key, written, wanted))
			return key->ops[i];
	return OP_NEVER;
}

/* ---- cas --------------------------------------------------------------------------- */

static void
explain_forked(const struct key_ops *key, const struct zones_conflict *conflict,
	       struct anomaly *anomaly)
{
	struct buf text = {0};

	anomaly->name = "forked-cas";
	say_deed(key, op_at(key, conflict->early), &text);
	buf_string(&text, " and ");
	say_deed(key, op_at(key, conflict->late), &text);
	buf_string(&text, ", but ");
	explain_value(key->history, cas_part(key, op_at(key, conflict->late), 0), &text);
	buf_string(&text, " was in the register only once:\n");
	explain_add(anomaly, conflict->early);
	explain_add(anomaly, conflict->late);
	explain_list(key->history, anomaly, &text);
	buf_string(&text,
		   "The first of the two takes the value away, and nothing writes it "
		   "again for the second.\n");
	explain_finish(anomaly, &text);
}

static void
explain_ring(const struct key_ops *key, const struct zones_conflict *conflict,
	     struct anomaly *anomaly)
{
	uint32_t index = conflict->late;
	struct buf text = {0};
	size_t steps = 0;

	anomaly->name = "not-linearizable";
	buf_string(&text,
		   "these compare-and-sets need one another's values, and no plain "
		   "write begins the ring:\n");
	while (index != OP_NEVER && steps++ <= key->count &&
	       op_at(key, index)->f == F_CAS && anomaly->ops.count < ANOMALIES_MAX) {
		size_t before = anomaly->ops.count;
		explain_add(anomaly, index);
		if (anomaly->ops.count == before)
			break;
		index = writer_of(key, cas_part(key, op_at(key, index), 0));
	}
	explain_list(key->history, anomaly, &text);
	explain_finish(anomaly, &text);
}

/* It was read before its only write began. */
static void
explain_too_early(const struct key_ops *key, const struct zones_conflict *conflict,
		  struct anomaly *anomaly)
{
	struct buf text = {0};

	anomaly->name = "future-read";
	say_deed(key, op_at(key, conflict->late), &text);
	say_times(op_at(key, conflict->late), &text);
	buf_string(&text, ", but ");
	say_deed(key, op_at(key, conflict->early), &text);
	buf_string(&text, " only later:\n");
	explain_add(anomaly, conflict->late);
	explain_add(anomaly, conflict->early);
	explain_list(key->history, anomaly, &text);
	buf_string(&text, "No other operation wrote that value.\n");
	explain_finish(anomaly, &text);
}

/* `late` stands behind `early` in the chain of values, but was over before it began. */
static void
explain_chain(const struct key_ops *key, const struct zones_conflict *conflict,
	      struct anomaly *anomaly)
{
	const struct op *early = op_at(key, conflict->early);
	const struct op *late = op_at(key, conflict->late);
	struct buf text = {0};

	if (early->f != F_READ && late->f == F_READ &&
	    equal(key, value_of(key, early), value_of(key, late))) {
		explain_too_early(key, conflict, anomaly);
		return;
	}
	anomaly->name = early->f == F_READ ? "stale-read" : "future-read";
	say_deed(key, early->f == F_READ ? early : late, &text);
	say_times(early->f == F_READ ? early : late, &text);
	buf_string(&text, early->f == F_READ ? ", but that value was gone before: "
					     : ", before that value could be there: ");
	say_deed(key, early->f == F_READ ? late : early, &text);
	buf_string(&text, " in that chain:\n");
	explain_add(anomaly, conflict->early);
	explain_add(anomaly, conflict->late);
	explain_add(anomaly, writer_of(key, value_of(key, early)));
	explain_add(anomaly, writer_of(key, value_of(key, late)));
	explain_list(key->history, anomaly, &text);
	buf_string(&text, "The values follow from one another, so ");
	say_deed(key, early, &text);
	buf_string(&text, " must come before ");
	say_deed(key, late, &text);
	buf_string(&text, "; but it began only after that had completed.\n");
	explain_finish(anomaly, &text);
}

/* ---- periods that overlap ---------------------------------------------------------- */

/* What was seen after the inner value was certainly in effect. */
struct comeback {
	uint32_t first;	       /* op that saw the outer value again and completed first */
	uint32_t last;	       /* op that saw it last */
	uint32_t processes[2]; /* two of those that did */
	uint32_t process_count; /* 0, 1 or 2 (more) */
	bool by_cas;		/* a cas that expected it succeeded */
	bool is_mixed; /* another value was seen in between or the inner one after */
	bool is_final; /* nothing else was seen after it */
};

struct naming {
	const struct key_ops *key;
	const struct check_options *options;
	const struct zones_conflict *conflict;
	VEC(uint64_t) outer_values; /* the values of the outer block's chain */
	VEC(uint64_t) inner_values;
	uint32_t inner_at; /* when the inner value was certainly in effect */
};

static bool
contains(const struct naming *naming, const uint64_t *values, size_t count, val v)
{
	for (size_t i = 0; i < count; i++)
		if (equal(naming->key, values[i], v))
			return true;
	return false;
}

enum {
	CHAIN_MAX = 64,
	NAMING_PASSES = 8
};

/* Collects the chain of values that begins with the root's (bounded: long chains are cut,
 * which can only make the name less specific). */
static void
collect_chain(struct naming *naming, uint32_t root, bool is_outer)
{
	val first = root == OP_NEVER ? naming->options->init
				     : op_at(naming->key, root)->input;
	VEC(uint64_t) chain = {0};
	size_t before = 0;

	vec_push(&chain, first);
	for (int pass = 0; pass < NAMING_PASSES && before != chain.count; pass++) {
		before = chain.count;
		for (size_t i = 0; i < naming->key->count && chain.count < CHAIN_MAX;
		     i++) {
			const struct op *op = key_op(naming->key, i);
			if (op->f != F_CAS || op->type == OP_FAIL)
				continue;
			val to = cas_part(naming->key, op, 1);
			if (contains(naming, chain.items, chain.count,
				     cas_part(naming->key, op, 0)) &&
			    !contains(naming, chain.items, chain.count, to))
				vec_push(&chain, to);
		}
	}
	vec_each (uint64_t, v, &chain) {
		if (is_outer)
			vec_push(&naming->outer_values, *v);
		else
			vec_push(&naming->inner_values, *v);
	}
	vec_release(&chain);
}

static void
note_process(struct comeback *comeback, uint32_t process)
{
	if (comeback->process_count == 0 ||
	    (comeback->process_count == 1 && comeback->processes[0] != process))
		comeback->processes[comeback->process_count++] = process;
}

static bool
is_outer(const struct naming *naming, val seen)
{
	return contains(naming, naming->outer_values.items, naming->outer_values.count,
			seen);
}

static bool
sees(const struct naming *naming, const struct op *op, val *seen)
{
	*seen = VAL_OF_NIL;
	return register_sees(naming->key->history, op, naming->options, seen);
}

static void
find_comeback(const struct naming *naming, struct comeback *comeback)
{
	uint32_t first_at = OP_NEVER, last_at = 0;
	val seen;

	*comeback = (struct comeback){.first = OP_NEVER, .last = OP_NEVER};
	for (size_t i = 0; i < naming->key->count; i++) {
		const struct op *op = key_op(naming->key, i);
		if (op->invoke_at < naming->inner_at || !sees(naming, op, &seen) ||
		    !is_outer(naming, seen))
			continue;
		note_process(comeback, op->process);
		comeback->by_cas |= op->f == F_CAS;
		if (op->complete_at < first_at) {
			first_at = op->complete_at;
			comeback->first = naming->key->ops[i];
		}
		if (op->invoke_at >= last_at) {
			last_at = op->invoke_at;
			comeback->last = naming->key->ops[i];
		}
	}
}

/* Whether others went on seeing newer values while the outer one came back. */
static void
find_others(const struct naming *naming, struct comeback *comeback)
{
	uint32_t first_at = op_at(naming->key, comeback->first)->complete_at;
	uint32_t last_at = op_at(naming->key, comeback->last)->invoke_at;
	val seen;

	comeback->is_final = true;
	for (size_t i = 0; i < naming->key->count; i++) {
		const struct op *op = key_op(naming->key, i);
		if (op->invoke_at < first_at || !sees(naming, op, &seen) ||
		    is_outer(naming, seen))
			continue;
		comeback->is_mixed |= op->invoke_at < last_at ||
				      contains(naming, naming->inner_values.items,
					       naming->inner_values.count, seen);
		comeback->is_final = false;
	}
}

static bool
is_inner_seen(const struct naming *naming)
{
	val seen;

	for (size_t i = 0; i < naming->key->count; i++)
		if (sees(naming, key_op(naming->key, i), &seen) &&
		    contains(naming, naming->inner_values.items,
			     naming->inner_values.count, seen))
			return true;
	return false;
}

static const char *
name_of(const struct naming *naming, const struct comeback *comeback)
{
	uint32_t root = naming->conflict->outer.root;
	bool was_open = root != OP_NEVER &&
			(op_at(naming->key, root)->type == OP_INFO ||
			 op_at(naming->key, root)->complete_at > naming->inner_at);
	bool is_sure = comeback->by_cas || comeback->process_count > 1;

	if (comeback->is_mixed)
		return "stale-read";
	if (was_open)
		return "duplicate-write";
	if (is_sure || (comeback->is_final && !is_inner_seen(naming)))
		return "lost-write";
	return "stale-read";
}

static void
say_outer_before(const struct naming *naming, struct buf *text)
{
	const struct zone *outer = &naming->conflict->outer;

	if (outer->first == OP_NEVER) {
		buf_string(text, "the initial value was there at the start");
		return;
	}
	const struct op *op = op_at(naming->key, outer->first);
	buf_string(text, "it was in effect by ");
	explain_ms(op->complete_ns, text);
	buf_string(text, " (");
	say_deed(naming->key, op, text);
	buf_char(text, ')');
}

static void
say_inner(const struct naming *naming, struct buf *text)
{
	const struct op *op = op_at(naming->key, naming->conflict->inner.first);
	val inner = naming->inner_values.items[0];

	explain_value(naming->key->history, inner, text);
	buf_string(text,
		   op->f == F_WRITE ? " was acknowledged at " : " was in effect by ");
	explain_ms(op->complete_ns, text);
	if (op->f != F_WRITE) {
		buf_string(text, " (");
		say_deed(naming->key, op, text);
		buf_char(text, ')');
	}
}

static void
say_overlap(const struct naming *naming, struct anomaly *anomaly)
{
	const struct zones_conflict *conflict = naming->conflict;
	const struct op *last = op_at(naming->key, conflict->outer.last);
	struct buf text = {0};

	say_deed(naming->key, last, &text);
	say_times(last, &text);
	buf_string(&text, ", but ");
	say_inner(naming, &text);
	buf_string(&text, ", before that began, and had replaced ");
	explain_value(naming->key->history, naming->outer_values.items[0], &text);
	buf_string(&text, ":\n");
	explain_list(naming->key->history, anomaly, &text);
	explain_value(naming->key->history, naming->outer_values.items[0], &text);
	buf_string(&text, " came first: ");
	say_outer_before(naming, &text);
	buf_string(&text, ".\n");
	buf_printf(&text,
		   "Each value was written once, so the register holds it during one "
		   "unbroken period; these two\nperiods cannot be kept apart: no "
		   "order of these %zu operations respects real time.\n",
		   anomaly->ops.count);
	explain_finish(anomaly, &text);
}

static void
add_zone(const struct zone *zone, struct anomaly *anomaly)
{
	explain_add(anomaly, zone->first);
	explain_add(anomaly, zone->last);
	explain_add(anomaly, zone->root);
}

static void
explain_overlap(const struct key_ops *key, const struct check_options *options,
		const struct zones_conflict *conflict, struct anomaly *anomaly)
{
	struct naming naming = {.key = key, .options = options, .conflict = conflict};
	struct comeback comeback;

	naming.inner_at = op_at(key, conflict->inner.first)->complete_at;
	collect_chain(&naming, conflict->outer.root, true);
	collect_chain(&naming, conflict->inner.root, false);
	find_comeback(&naming, &comeback);
	anomaly->name = "not-linearizable";
	if (comeback.first != OP_NEVER) {
		find_others(&naming, &comeback);
		anomaly->name = name_of(&naming, &comeback);
	}
	add_zone(&conflict->outer, anomaly);
	add_zone(&conflict->inner, anomaly);
	say_overlap(&naming, anomaly);
	vec_release(&naming.outer_values);
	vec_release(&naming.inner_values);
}

void
register_explain(const struct key_ops *key, const struct check_options *options,
		 const struct zones_conflict *conflict, struct anomaly *anomaly)
{
	switch (conflict->kind) {
	case ZONES_UNWRITTEN:
		register_explain_unwritten(key, options, conflict->late, anomaly);
		return;
	case ZONES_FORKED:
		explain_forked(key, conflict, anomaly);
		return;
	case ZONES_CYCLE:
		explain_ring(key, conflict, anomaly);
		return;
	case ZONES_CHAIN:
		explain_chain(key, conflict, anomaly);
		return;
	case ZONES_OVERLAP:
		explain_overlap(key, options, conflict, anomaly);
		return;
	}
	ASSERT(false);
}
