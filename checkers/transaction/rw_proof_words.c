/* rw_proof_words.c - the steps of a proof in words. */
#include "checkers/transaction/rw_prover.h"

#include "checkers/transaction/steps.h"

#include <stdlib.h>

static void
print_value(const struct prover *p, val v, struct buf *out)
{
	if (v == VAL_OF_NIL)
		buf_string(out, "nothing");
	else
		val_print(&p->history->values, v, out);
}

static void
begin_line(struct prover *p)
{
	for (int i = 0; i < p->depth; i++)
		buf_string(&p->text, "  ");
}

/* `T1 < T5 < T3`: the way, snapshots and commits of one transaction as one. */
static void
print_way(struct prover *p, const uint32_t *facts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fact *fact = &p->facts.items[facts[i]];
		if (i == 0)
			buf_printf(&p->text, "T%u", prover_op(p, fact->from));
		if (fact->kind != EDGE_INNER)
			buf_printf(&p->text, " < T%u", prover_op(p, fact->to));
	}
}

static void
print_order(struct prover *p, const struct fact *fact)
{
	buf_printf(&p->text, "T%u < T%u", prover_op(p, fact->from),
		   prover_op(p, fact->to));
}

static void
print_given(struct prover *p, const struct fact *fact)
{
	const struct anomaly_step step = {.from = prover_op(p, fact->from),
					  .to = prover_op(p, fact->to),
					  .witness = UINT32_MAX,
					  .kind = fact->kind,
					  .key = fact->key,
					  .first = fact->first,
					  .second = fact->second};

	if (fact->given != 0) {
		print_order(p, fact);
		buf_printf(&p->text, " %s", p->given[fact->given - 1].why);
		return;
	}
	if (fact->kind != EDGE_RW || step_is_of_predicate(p->history, &step)) {
		step_print(p->history, &step, &p->text);
		return;
	}
	print_order(p, fact);
	buf_printf(&p->text, " because T%u found nothing at key ", step.from);
	print_value(p, fact->key, &p->text);
	buf_printf(&p->text, ", where T%u wrote ", step.to);
	print_value(p, fact->second, &p->text);
}

/* Why the other side of the rule cannot be. */
static void
print_derived(struct prover *p, const struct fact *fact)
{
	const struct rule *rule = &p->rules.items[fact->rule];
	const uint32_t *reasons = p->reasons.items + fact->first_reason;
	uint32_t other = p->ops[rule->other], writer = p->ops[rule->writer];

	print_order(p, fact);
	buf_string(&p->text, " because ");
	if (rule->reader == NO_RULE) {
		buf_string(&p->text, "both wrote key ");
		print_value(p, rule->key, &p->text);
		buf_string(&p->text, p->claim->parallel
					     ? ", so one depends on the other, and "
					     : ", so one was over before the other "
					       "began, and ");
		print_way(p, reasons, fact->reason_count);
		return;
	}
	uint32_t reader = p->ops[rule->reader];
	buf_printf(&p->text, "T%u read ", reader);
	print_value(p, rule->value, &p->text);
	buf_string(&p->text, " of key ");
	print_value(p, rule->key, &p->text);
	buf_printf(&p->text, ", which T%u wrote, and T%u wrote ", writer, other);
	print_value(p, rule->other_value, &p->text);
	buf_string(&p->text, fact->kind == EDGE_WW ? " before the read (" : " later (");
	print_way(p, reasons, fact->reason_count);
	buf_char(&p->text, ')');
}

static void
print_lemma(struct prover *p, const struct fact *fact)
{
	buf_string(&p->text, fact->text);
	begin_line(p);
	buf_string(&p->text, "so ");
	print_order(p, fact);
	buf_char(&p->text, '\n');
}

/* Facts that are no news. */
static bool
is_told(const struct prover *p, const struct fact *fact)
{
	return fact->kind == EDGE_INNER || fact->source == FACT_SUPPOSED ||
	       (fact->given != 0 && p->given[fact->given - 1].why == NULL);
}

static void
print_line(struct prover *p, const struct fact *fact)
{
	if (is_told(p, fact))
		return;
	if (fact->source == FACT_LEMMA) {
		print_lemma(p, fact);
		return;
	}
	begin_line(p);
	if (fact->source == FACT_GIVEN)
		print_given(p, fact);
	else
		print_derived(p, fact);
	buf_char(&p->text, '\n');
}

/* All facts that these hang on, themselves included. */
static bool *
mark_needed(const struct prover *p, const struct fact *closing)
{
	bool *needed = mem_new(p->facts.count + 1, sizeof(*needed));

	vec_each (const uint32_t, f, &p->way)
		needed[*f] = true;
	for (uint32_t i = 0; i < closing->reason_count; i++)
		needed[p->reasons.items[closing->first_reason + i]] = true;
	for (size_t f = p->facts.count; f-- > 0;) {
		const struct fact *fact = &p->facts.items[f];
		for (uint32_t i = 0; needed[f] && i < fact->reason_count; i++)
			needed[p->reasons.items[fact->first_reason + i]] = true;
		if (needed[f] && fact->is_copy) {
			needed[f] = false;
			needed[f - 1] = true;
		}
	}
	return needed;
}

static void
count_in(struct prover *p, const struct fact *fact)
{
	p->class = fact->class > p->class ? fact->class : p->class;
	p->kinds |= fact->kinds;
}

static void
print_cycle(struct prover *p, const struct fact *closing)
{
	begin_line(p);
	buf_string(&p->text, "which is a cycle: ");
	if (closing->kind == EDGE_INNER)
		buf_printf(&p->text, "T%u", prover_op(p, closing->to));
	else
		print_order(p, closing);
	vec_each (const uint32_t, f, &p->way) {
		const struct fact *fact = &p->facts.items[*f];
		if (fact->kind != EDGE_INNER)
			buf_printf(&p->text, " < T%u", prover_op(p, fact->to));
	}
	buf_char(&p->text, '\n');
}

void
prover_tell_cycle(struct prover *p, const struct fact *closing)
{
	bool *needed = mark_needed(p, closing);
	enum cycle_class class = prover_class_of(p, closing->kind);
	bool is_known = false; /* the closing fact is one of the lines already */

	for (uint32_t f = 0; f < p->facts.count; f++) {
		const struct fact *fact = &p->facts.items[f];
		if (!needed[f])
			continue;
		count_in(p, fact);
		vec_push(&p->used, f);
		if (f >= p->scope)
			print_line(p, fact);
	}
	count_in(p, closing);
	p->class = class > p->class ? class : p->class;
	vec_each (const uint32_t, f, &p->used)
		is_known |= &p->facts.items[*f] == closing - closing->is_copy;
	if (!is_known)
		print_line(p, closing);
	print_cycle(p, closing);
	free(needed);
}

void
prover_tell_supposed(struct prover *p, const struct fact *supposed)
{
	p->depth--;
	begin_line(p);
	p->depth++;
	buf_string(&p->text, "suppose ");
	print_order(p, supposed);
	if (p->rules.items[supposed->rule].reader == NO_RULE ||
	    supposed->kind == EDGE_WW) {
		buf_string(&p->text, ", both wrote key ");
		print_value(p, supposed->key, &p->text);
	} else {
		buf_string(&p->text, ", which overwrote ");
		print_value(p, supposed->first, &p->text);
		buf_string(&p->text, " of key ");
		print_value(p, supposed->key, &p->text);
	}
	buf_string(&p->text, ":\n");
}
