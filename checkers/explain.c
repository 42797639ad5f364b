#include "checkers/explain.h"

#include "base/mem.h"
#include "base/text.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

void
explain_add(struct anomaly *anomaly, uint32_t op)
{
	if (op == OP_NEVER)
		return;
	vec_each (uint32_t, present, &anomaly->ops)
		if (*present == op)
			return;
	vec_push(&anomaly->ops, op);
}

void
explain_add_nearest(struct anomaly *anomaly, uint32_t stuck_op, const uint32_t *ops,
		    size_t count)
{
	uint32_t *sorted = mem_new(count + 1, sizeof(*sorted));
	size_t end = 0;

	if (count > 0)
		memcpy(sorted, ops, count * sizeof(*sorted));
	sort_numbers(sorted, count);
	while (end < count && (sorted[end] <= stuck_op || end < EXPLAIN_OPS_MAX))
		end++;
	explain_add(anomaly, stuck_op);
	while (end > 0 && anomaly->ops.count < EXPLAIN_OPS_MAX)
		explain_add(anomaly, sorted[--end]);
	free(sorted);
}

void
explain_cut(struct buf *text, size_t from, size_t bytes_max)
{
	if (text->len - from <= bytes_max)
		return;
	size_t end = from + bytes_max;
	while (end > from && ((unsigned char)text->data[end] & 0xc0) == 0x80)
		end--;
	text->len = end;
	buf_string(text, " ...");
}

/* The line is cut between `from` and `times`. */
static void
cut_middle(const struct history *history, const struct op *op, struct buf *text,
	   size_t from, size_t times)
{
	char *tail = mem_string(buf_text(text) + times);

	explain_cut(text, from, EXPLAIN_LINE_MAX);
	if (op->f == F_READ && op->type == OP_OK && val_kind(op->output) == VAL_LIST) {
		char count[32];
		buf_printf(text, " (%s in all)",
			   text_count(val_count(&history->values, op->output), count,
				      sizeof(count)));
	}
	buf_string(text, tail);
	free(tail);
}

void
explain_op(const struct history *history, const struct op *op, struct buf *text)
{
	buf_string(text, "  ");
	size_t from = text->len;
	history_describe(history, op, text);
	const char *line = buf_text(text) + from, *times = strrchr(line, '(');
	size_t times_at = from + (size_t)(times - line) - 1;
	if (times_at - from > EXPLAIN_LINE_MAX)
		cut_middle(history, op, text, from, times_at);
	buf_char(text, '\n');
}

void
explain_list(const struct history *history, struct anomaly *anomaly, struct buf *text)
{
	if (anomaly->ops.count > 0)
		sort_numbers(anomaly->ops.items, anomaly->ops.count);
	vec_each (uint32_t, op, &anomaly->ops)
		explain_op(history, &history->ops.items[*op], text);
}

void
explain_value(const struct history *history, val v, struct buf *text)
{
	val_print(&history->values, v, text);
}

void
explain_ms(int64_t ns, struct buf *text)
{
	buf_printf(text, "%.3f ms", (double)ns / 1e6);
}

void
explain_finish(struct anomaly *anomaly, struct buf *text)
{
	free(anomaly->text);
	anomaly->text = mem_string(buf_text(text));
	buf_release(text);
}
