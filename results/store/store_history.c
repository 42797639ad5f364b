#include "results/store/store_history.h"

#include <stdlib.h>
#include <string.h>

enum {
	BATCH_OPS = 50000
};

struct cell
store_cell(const struct values *values, val v, struct buf *text)
{
	if (v == VAL_OF_NIL)
		return (struct cell){.kind = CELL_NIL};
	if (val_kind(v) == VAL_INT)
		return (struct cell){.kind = CELL_INT, .number = val_number(values, v)};
	buf_clear(text);
	val_print(values, v, text);
	return (struct cell){.kind = CELL_JSON, .json = buf_text(text)};
}

struct texts {
	struct buf key, input, output;
};

static bool
put_op(struct store *store, const struct history *history, const struct op *op,
       struct texts *texts, struct err *err)
{
	const struct values *values = &history->values;
	struct store_op row = {
		.invoke_at = op->invoke_at,
		.complete_at = op->complete_at,
		.invoke_ns = op->invoke_ns,
		.complete_ns = op->complete_ns,
		.process = op->process,
		.node = op->node,
		.type = op->type,
		.f = history_f_name(history, op->f),
		.key = store_cell(values, op->key, &texts->key),
		.input = store_cell(values, op->input, &texts->input),
		.output = store_cell(values, op->output, &texts->output),
		.error = history_error(history, op),
	};

	return store_put_op(store, &row, err);
}

static bool
put_ops(struct store *store, const struct history *history, struct err *err)
{
	struct texts texts = {0};
	bool ok = store_begin(store, err);

	for (size_t i = 0; ok && i < history->ops.count; i++) {
		if (i > 0 && i % BATCH_OPS == 0)
			ok = store_commit(store, err) && store_begin(store, err);
		ok = ok && put_op(store, history, &history->ops.items[i], &texts, err);
	}
	buf_release(&texts.key);
	buf_release(&texts.input);
	buf_release(&texts.output);
	return ok && store_commit(store, err);
}

/* The fault that a name starts or stops: the rest behind the word; NULL when it does not
 * begin with it. */
static const char *
behind(const char *name, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(name, word, bytes) != 0 ||
	    (name[bytes] != '\0' && name[bytes] != '-'))
		return NULL;
	return name[bytes] == '-' ? name + bytes + 1 : "fault";
}

/* The operation that stops what `start` began; NULL: it was never stopped. */
static const struct op *
find_stop(const struct history *history, const struct op *start, const char *fault)
{
	const struct op *end = history->nemesis.items + history->nemesis.count;

	for (const struct op *op = start + 1; op < end; op++) {
		const char *stopped = behind(history_f_name(history, op->f), "stop");
		if (stopped != NULL && strcmp(stopped, fault) == 0)
			return op;
	}
	return NULL;
}

static void
print_plainly(const struct values *values, val v, struct buf *out)
{
	if (val_kind(v) == VAL_STRING)
		buf_string(out, val_text(values, v).data);
	else if (v != VAL_OF_NIL)
		val_print(values, v, out);
}

/* What was asked stands in the first event, what was done in the second. */
static bool
put_fault(struct store *store, const struct history *history, const struct op *op,
	  struct err *err)
{
	const char *name = history_f_name(history, op->f);
	const char *started = behind(name, "start");
	const struct op *stop = started != NULL ? find_stop(history, op, started) : NULL;
	struct buf target = {0}, resolved = {0};

	print_plainly(&history->values, op->input, &target);
	print_plainly(&history->values, op->output, &resolved);
	struct store_fault fault = {
		.fault = started != NULL ? started : name,
		.target = buf_text(&target),
		.resolved = buf_text(&resolved),
		.start_ns = op->invoke_ns,
		.end_ns = started == NULL ? op->complete_ns
			  : stop != NULL  ? stop->invoke_ns
					  : -1,
		.injected = true,
		.healed = stop != NULL,
	};
	bool ok = store_put_fault(store, &fault, err);
	buf_release(&target);
	buf_release(&resolved);
	return ok;
}

bool
store_put_history(struct store *store, const struct history *history, struct err *err)
{
	bool ok = put_ops(store, history, err) && store_begin(store, err);

	for (size_t i = 0; ok && i < history->nemesis.count; i++) {
		const struct op *op = &history->nemesis.items[i];
		if (behind(history_f_name(history, op->f), "stop") == NULL)
			ok = put_fault(store, history, op, err);
	}
	return ok && store_commit(store, err);
}
