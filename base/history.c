#include "base/history.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

void
history_init(struct history *history)
{
	*history = (struct history){0};
	values_init(&history->values);
	intern_init(&history->fs);
}

void
history_release(struct history *history)
{
	vec_release(&history->ops);
	vec_release(&history->nemesis);
	values_release(&history->values);
	intern_release(&history->fs);
	map_release(&history->open);
}

static void
copy_names(const struct intern *from, struct intern *to)
{
	for (uint32_t id = 0; id < from->count; id++) {
		struct bytes text = intern_get(from, id);
		intern_bytes(to, text.data, text.len);
	}
}

void
history_copy(const struct history *from, struct history *to)
{
	history_init(to);
	vec_each (const struct op, op, &from->ops)
		vec_push(&to->ops, *op);
	vec_each (const uint64_t, word, &from->values.words)
		vec_push(&to->values.words, *word);
	copy_names(&from->values.strings, &to->values.strings);
	copy_names(&from->fs, &to->fs);
	to->events = from->events;
}

uint16_t
history_f(struct history *history, const char *name, size_t bytes)
{
	enum op_f known = op_f_find(name, bytes);

	if (known != F_NONE)
		return known;
	uint32_t id = intern_bytes(&history->fs, name, bytes);
	ASSERT(id < UINT16_MAX - F_KNOWN);
	return (uint16_t)(F_KNOWN + id);
}

const char *
history_f_name(const struct history *history, uint16_t f)
{
	if (f < F_KNOWN)
		return op_f_name((enum op_f)f);
	return intern_get(&history->fs, f - F_KNOWN).data;
}

bool
history_invoke(struct history *history, const struct op *op, struct err *err)
{
	bool is_new;
	uint64_t *open = map_at(&history->open, op->process, &is_new);

	if (*open != 0)
		return err_set(err,
			       "process %u invokes '%s' while its '%s' is still open",
			       op->process, history_f_name(history, op->f),
			       history_f_name(history, history->ops.items[*open - 1].f));
	struct op added = *op;
	added.type = OP_INFO;
	added.complete_ns = -1;
	added.invoke_at = history->events++;
	added.complete_at = OP_NEVER;
	added.output = VAL_OF_NIL;
	vec_push(&history->ops, added);
	*open = history->ops.count;
	return true;
}

bool
history_complete(struct history *history, const struct op *op, struct err *err)
{
	uint64_t *open = map_find(&history->open, op->process);

	if (open == NULL || *open == 0)
		return err_set(err, "process %u completes '%s' that it never invoked",
			       op->process, history_f_name(history, op->f));
	struct op *completed = &history->ops.items[*open - 1];
	if (completed->f != op->f)
		return err_set(err,
			       "process %u completes '%s' but its open operation is '%s'",
			       op->process, history_f_name(history, op->f),
			       history_f_name(history, completed->f));
	uint32_t at = history->events++;
	completed->type = op->type;
	completed->complete_at = op->type == OP_INFO ? OP_NEVER : at;
	completed->complete_ns = op->complete_ns;
	completed->output = op->output;
	completed->error = op->error;
	if (completed->key == VAL_OF_NIL)
		completed->key = op->key;
	*open = 0;
	return true;
}

void
history_add(struct history *history, const struct op *op)
{
	vec_push(&history->ops, *op);
}

static int
by_invocation(const void *a, const void *b)
{
	uint32_t at_a = ((const struct op *)a)->invoke_at;
	uint32_t at_b = ((const struct op *)b)->invoke_at;

	return at_a < at_b ? -1 : at_a > at_b;
}

static int
by_position(const void *a, const void *b)
{
	uint64_t at_a = *(const uint64_t *)a, at_b = *(const uint64_t *)b;

	return at_a < at_b ? -1 : at_a > at_b;
}

/* A set of positions with the rank of each: a bit a position, a count before each word. */
struct marks {
	uint64_t *words;  /* owned */
	uint32_t *before; /* owned: marks in the words before */
	size_t count;	  /* of words */
};

/* False when the position is there already. */
static bool
mark(struct marks *marks, uint32_t position)
{
	uint64_t bit = (uint64_t)1 << position % 64, *word = &marks->words[position / 64];
	bool is_new = (*word & bit) == 0;

	*word |= bit;
	return is_new;
}

static uint32_t
rank_of(const struct marks *marks, uint32_t position)
{
	uint64_t below = ((uint64_t)1 << position % 64) - 1;

	return marks->before[position / 64] +
	       (uint32_t)__builtin_popcountll(marks->words[position / 64] & below);
}

static bool
mark_all(struct marks *marks, const struct history *history)
{
	bool distinct = true;

	vec_each (struct op, op, &history->ops) {
		distinct = distinct && mark(marks, op->invoke_at);
		if (op->complete_at != OP_NEVER)
			distinct = distinct && mark(marks, op->complete_at);
	}
	return distinct;
}

static void
rank_all(struct marks *marks, struct history *history)
{
	uint32_t count = 0;

	for (size_t i = 0; i < marks->count; i++) {
		marks->before[i] = count;
		count += (uint32_t)__builtin_popcountll(marks->words[i]);
	}
	vec_each (struct op, op, &history->ops) {
		op->invoke_at = rank_of(marks, op->invoke_at);
		if (op->complete_at != OP_NEVER)
			op->complete_at = rank_of(marks, op->complete_at);
	}
	history->events = count;
}

static uint32_t
last_position(const struct history *history)
{
	uint32_t last = 0;

	vec_each (struct op, op, &history->ops) {
		last = op->invoke_at > last ? op->invoke_at : last;
		if (op->complete_at != OP_NEVER && op->complete_at > last)
			last = op->complete_at;
	}
	return last;
}

/* Replaces every position by its rank in linear time. False, with nothing changed, when
 * positions are too sparse for a bit each or not distinct. */
static bool
number_by_marks(struct history *history)
{
	struct marks marks = {.count = (size_t)last_position(history) / 64 + 1};

	if (marks.count > history->ops.count + 1024)
		return false;
	marks.words = mem_new(marks.count, sizeof(*marks.words));
	marks.before = mem_new(marks.count, sizeof(*marks.before));
	bool distinct = mark_all(&marks, history);
	if (distinct)
		rank_all(&marks, history);
	free(marks.words);
	free(marks.before);
	return distinct;
}

/* The same by sorting. Each entry is position << 32 | index * 2 + end. */
static void
number_by_sorting(struct history *history)
{
	VEC(uint64_t) events = {0};

	vec_reserve(&events, history->ops.count * 2);
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		vec_push(&events, (uint64_t)op->invoke_at << 32 | i * 2);
		if (op->complete_at != OP_NEVER)
			vec_push(&events, (uint64_t)op->complete_at << 32 | (i * 2 + 1));
	}
	qsort(events.items, events.count, sizeof(*events.items), by_position);
	for (size_t rank = 0; rank < events.count; rank++) {
		uint32_t entry = (uint32_t)events.items[rank];
		struct op *op = &history->ops.items[entry / 2];
		if (entry % 2 == 0)
			op->invoke_at = (uint32_t)rank;
		else
			op->complete_at = (uint32_t)rank;
	}
	history->events = (uint32_t)events.count;
	vec_release(&events);
}

static bool
is_sorted(const struct history *history)
{
	for (size_t i = 1; i < history->ops.count; i++)
		if (history->ops.items[i].invoke_at < history->ops.items[i - 1].invoke_at)
			return false;
	return true;
}

void
history_sort(struct history *history)
{
	ASSERT(history->ops.count < (size_t)1 << 31);
	if (history->ops.count == 0)
		return;
	if (!is_sorted(history))
		qsort(history->ops.items, history->ops.count, sizeof(struct op),
		      by_invocation);
	if (!number_by_marks(history))
		number_by_sorting(history);
}

const char *
history_error(const struct history *history, const struct op *op)
{
	if (op->error == 0)
		return "";
	return intern_get(&history->values.strings, op->error - 1).data;
}

size_t
history_bytes(const struct history *history)
{
	return (history->ops.count + history->nemesis.count) * sizeof(struct op) +
	       values_bytes(&history->values) + intern_memory(&history->fs) +
	       history->open.slot_count * sizeof(struct map_slot);
}

uint32_t
history_error_id(struct history *history, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return 0;
	return intern_string(&history->values.strings, text) + 1;
}

void
history_describe(const struct history *history, const struct op *op, struct buf *out)
{
	buf_printf(out, "process %u: %s", op->process, history_f_name(history, op->f));
	if (op->key != VAL_OF_NIL) {
		buf_char(out, ' ');
		val_print(&history->values, op->key, out);
	}
	if (op->input != VAL_OF_NIL) {
		buf_char(out, ' ');
		val_print(&history->values, op->input, out);
	}
	buf_printf(out, " -> %s", op_type_name((enum op_type)op->type));
	if (op->type == OP_OK ? op->output != VAL_OF_NIL || op->f == F_READ
			      : op->output != VAL_OF_NIL && op->output != op->input) {
		buf_char(out, ' ');
		val_print(&history->values, op->output, out);
	}
	if (op->complete_ns >= 0)
		buf_printf(out, " (%.3f .. %.3f ms)", (double)op->invoke_ns / 1e6,
			   (double)op->complete_ns / 1e6);
	else
		buf_printf(out, " (%.3f ms .. never)", (double)op->invoke_ns / 1e6);
}
