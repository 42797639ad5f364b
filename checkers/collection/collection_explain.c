#include "checkers/collection/collection_explain.h"

#include "checkers/explain.h"

#include <string.h>

enum {
	SHOWN_MAX = 12
};

static const struct {
	const char *name, *sentence;
} sentences[] = {
	{"never-added", "something was taken or seen that nobody ever put in"},
	{"failed-add-seen", "something was taken or seen, though every put of it failed"},
	{"seen-before-added", "something was taken or seen before its put began"},
	{"taken-twice", "something was taken more often than it was put in"},
	{"seen-after-taken", "something was seen after it had been taken"},
	{"false-empty", "nothing was found, though something that would have been found "
			"was in all the time"},
	{"lost-element", "what was put in later is taken, and what was put in before "
			 "never is"},
	{"priority-inversion", "something was taken or seen while what goes before it "
			       "was in all the time"},
	{"pattern-mismatch", "what was returned does not match what was asked for"},
};

/* What a queue or a stack promises, by what was done. */
static const char *
sentence_of_order(const struct key_ops *key, const struct anomaly *anomaly)
{
	bool is_stack = false;

	vec_each (uint32_t, op, &anomaly->ops) {
		uint16_t f = key->history->ops.items[*op].f;
		is_stack |= f == F_PUSH || f == F_POP;
	}
	return is_stack
		       ? "these cannot be ordered so that what was put in last comes out "
			 "first"
		       : "these cannot be ordered so that what was put in first comes "
			 "out first";
}

static const char *
sentence_of(const char *name)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (strcmp(sentences[i].name, name) == 0)
			return sentences[i].sentence;
	return "no order of the operations is one that the collection allows";
}

static size_t
takes_of_unknown_outcome(const struct key_ops *key)
{
	size_t count = 0;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		count += op->type == OP_INFO && (op->f == F_DEQUEUE || op->f == F_POP ||
						 op->f == F_POLL || op->f == F_TAKE);
	}
	return count;
}

static void
explain_proof(const struct collection_outcome *outcome, size_t unknown, struct buf *text)
{
	if (!outcome->is_proven)
		buf_string(text, "No small part of the history was found that shows it "
				 "alone.\n");
	else if (outcome->is_counted)
		buf_printf(
			text,
			"Of the takes of unknown outcome, %zu in all, those that had "
			"begun cannot have taken all of these that must have been out.\n",
			unknown);
	else
		buf_string(text, "Every order of these operations was tried; those on "
				 "other elements cannot make it possible.\n");
	if (outcome->is_proven && !outcome->is_counted && unknown > 0)
		buf_printf(text,
			   "The takes of unknown outcome, %zu in all, cannot explain it "
			   "either.\n",
			   unknown);
}

static bool
is_put(const struct op *op)
{
	return op->f == F_ENQUEUE || op->f == F_PUSH || op->f == F_INSERT ||
	       op->f == F_WRITE;
}

/* The puts that failed of what was taken or seen. */
static void
list_failed_puts(const struct key_ops *key, val element, struct buf *text)
{
	size_t shown = 0;

	for (size_t i = 0; i < key->count && shown < SHOWN_MAX; i++) {
		const struct op *op = key_op(key, i);
		if (op->type != OP_FAIL || !is_put(op) ||
		    !val_equal(&key->history->values, op->input, element))
			continue;
		explain_op(key->history, op, text);
		shown++;
	}
}

void
collection_explain(const struct key_ops *key, struct anomaly *anomaly,
		   const struct collection_outcome *outcome)
{
	struct buf text = {0};

	for (size_t i = 0;
	     i < outcome->core_count && (outcome->is_proven || i < SHOWN_MAX); i++)
		explain_add(anomaly, outcome->core[i]);
	buf_printf(&text, "%s:\n",
		   strcmp(anomaly->name, "out-of-order") == 0
			   ? sentence_of_order(key, anomaly)
			   : sentence_of(anomaly->name));
	if (strcmp(anomaly->name, "failed-add-seen") == 0 && anomaly->ops.count > 0)
		list_failed_puts(key,
				 key->history->ops.items[anomaly->ops.items[0]].output,
				 &text);
	explain_list(key->history, anomaly, &text);
	explain_proof(outcome, takes_of_unknown_outcome(key), &text);
	explain_finish(anomaly, &text);
}
