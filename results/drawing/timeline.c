#include "results/drawing/timeline.h"

#include "checkers/transaction/raw_txn.h"

#include <stdlib.h>
#include <string.h>

enum {
	LANE_HEIGHT = 46,
	LEFT = 120,
	RIGHT = 60,
	TOP = 14,
	BOTTOM = 34,
	CHARACTER_WIDTH = 7,
	LABEL_MAX = 56, /* bytes */
};

struct bar {
	const struct op *op;
	struct buf label;
	int start, end; /* ranks of its events */
	int lane;
};

struct timeline {
	const struct history *history;
	struct bar bars[TIMELINE_OPS_MAX];
	size_t count;
	uint32_t lanes[TIMELINE_OPS_MAX]; /* processes, ascending */
	int lane_count;
	int64_t times[2 * TIMELINE_OPS_MAX]; /* ns of each rank */
	int rank_count;
	int step; /* pixels between two ranks */
};

void
html_print(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			buf_string(out, "&amp;");
			break;
		case '<':
			buf_string(out, "&lt;");
			break;
		case '>':
			buf_string(out, "&gt;");
			break;
		case '"':
			buf_string(out, "&quot;");
			break;
		case '\'':
			buf_string(out, "&#39;");
			break;
		default:
			buf_char(out, *text);
		}
}

static bool
is_txn(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	if (op->f != F_TXN || val_kind(raw_list(op)) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, raw_list(op)); i++) {
		val mop = val_at(values, raw_list(op), i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
	}
	return true;
}

/* A transaction: `T5 append x 1, r y [1,2]`. */
static void
label_txn(const struct history *history, const struct op *op, struct buf *label)
{
	const struct values *values = &history->values;
	size_t count = raw_count(values, op);

	buf_printf(label, "T%zu ", (size_t)(op - history->ops.items));
	for (size_t i = 0; i < count && label->len <= LABEL_MAX; i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		buf_string(label, i == 0 ? "" : ", ");
		buf_string(label, mop.f == 'a' ? "append " : mop.f == 'w' ? "w " : "r ");
		val_print(values, mop.key, label);
		if (mop.f == 'r' && op->type != OP_OK)
			continue;
		buf_string(label, mop.f == 'r' ? " = " : " ");
		val_print(values, mop.value, label);
	}
	if (op->type != OP_OK)
		buf_printf(label, " (%s)", op_type_name((enum op_type)op->type));
}

static void
label_other(const struct history *history, const struct op *op, struct buf *label)
{
	buf_string(label, history_f_name(history, op->f));
	if (op->input != VAL_OF_NIL) {
		buf_char(label, ' ');
		val_print(&history->values, op->input, label);
	}
	if (op->type == OP_OK && op->output != VAL_OF_NIL && op->f != F_WRITE &&
	    op->f != F_CAS) {
		buf_string(label, " = ");
		val_print(&history->values, op->output, label);
	} else if (op->type == OP_OK && op->f == F_READ) {
		buf_string(label, " = nil");
	} else if (op->type != OP_OK) {
		buf_printf(label, " (%s)", op_type_name((enum op_type)op->type));
	}
}

/* Long labels are cut, not in the middle of a character. */
static void
label_op(const struct history *history, const struct op *op, struct buf *label)
{
	size_t length = LABEL_MAX - 3;

	(is_txn(history, op) ? label_txn : label_other)(history, op, label);
	if (label->len <= LABEL_MAX)
		return;
	while (length > 0 && ((unsigned char)label->data[length] & 0xc0) == 0x80)
		length--;
	label->len = length;
	label->data[length] = '\0';
	buf_string(label, "...");
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Gives every event its rank and remembers its time. */
static void
rank_events(struct timeline *t)
{
	uint64_t events[2 * TIMELINE_OPS_MAX];
	int count = 0;

	for (size_t i = 0; i < t->count; i++) {
		events[count++] = (uint64_t)t->bars[i].op->invoke_at << 8 | i;
		if (t->bars[i].op->complete_at != OP_NEVER)
			events[count++] =
				(uint64_t)t->bars[i].op->complete_at << 8 | i | 128;
	}
	qsort(events, (size_t)count, sizeof(events[0]), by_number);
	for (size_t i = 0; i < t->count; i++)
		t->bars[i].end = count;
	for (int rank = 0; rank < count; rank++) {
		struct bar *bar = &t->bars[events[rank] & 127];
		bool ends = (events[rank] & 128) != 0;
		*(ends ? &bar->end : &bar->start) = rank;
		t->times[rank] = ends ? bar->op->complete_ns : bar->op->invoke_ns;
	}
	t->rank_count = count;
}

static void
find_lanes(struct timeline *t)
{
	for (size_t i = 0; i < t->count; i++) {
		uint32_t process = t->bars[i].op->process;
		int lane = 0;
		while (lane < t->lane_count && t->lanes[lane] < process)
			lane++;
		if (lane < t->lane_count && t->lanes[lane] == process)
			continue;
		memmove(t->lanes + lane + 1, t->lanes + lane,
			(size_t)(t->lane_count - lane) * sizeof(t->lanes[0]));
		t->lanes[lane] = process;
		t->lane_count++;
	}
	for (size_t i = 0; i < t->count; i++)
		while (t->lanes[t->bars[i].lane] != t->bars[i].op->process)
			t->bars[i].lane++;
}

/* The step is so wide that every label fits its bar. */
static void
choose_step(struct timeline *t)
{
	t->step = 36;
	for (size_t i = 0; i < t->count; i++) {
		int ranks = t->bars[i].end - t->bars[i].start;
		int wanted = ((int)t->bars[i].label.len * CHARACTER_WIDTH + 14) / ranks;
		if (wanted > t->step)
			t->step = wanted;
	}
}

static void
print_bar(const struct timeline *t, const struct bar *bar, struct buf *out)
{
	static const char *const fills[] = {"#eee", "#cfe0f5", "#f9d3e5", "#fbe3b8"};
	static const char *const lines[] = {"#888", "#2b6cb0", "#d53f8c", "#dd8a0b"};
	int x = LEFT + bar->start * t->step, y = TOP + bar->lane * LANE_HEIGHT + 6;
	int width = (bar->end - bar->start) * t->step;
	bool open = bar->op->complete_at == OP_NEVER;

	buf_printf(out,
		   "<rect x='%d' y='%d' width='%d' height='26' rx='4' fill='%s' "
		   "stroke='%s'%s/><text x='%d' y='%d' class='op'>",
		   x, y, open ? width + RIGHT / 2 : width, fills[bar->op->type],
		   lines[bar->op->type], open ? " stroke-dasharray='5 3'" : "", x + 7,
		   y + 17);
	html_print(buf_text(&bar->label), out);
	buf_string(out, "</text>\n");
}

static void
print_lane(const struct timeline *t, int lane, int width, struct buf *out)
{
	int y = TOP + lane * LANE_HEIGHT + 19;

	buf_printf(out,
		   "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='#ddd'/>"
		   "<text x='%d' y='%d' class='lane'>process %u</text>\n",
		   LEFT - 8, y, width - 10, y, LEFT - 14, y + 4, t->lanes[lane]);
}

static void
print_times(const struct timeline *t, int height, struct buf *out)
{
	int last = -1000;

	for (int rank = 0; rank < t->rank_count; rank++) {
		int x = LEFT + rank * t->step;
		buf_printf(out,
			   "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='#e9e9e9'/>", x,
			   TOP, x, height - BOTTOM + 6);
		if (x - last < 74)
			continue;
		last = x;
		buf_printf(out, "<text x='%d' y='%d' class='time'>%.2f ms</text>\n", x,
			   height - BOTTOM + 22, (double)t->times[rank] / 1e6);
	}
}

static void
print_svg(const struct timeline *t, struct buf *out)
{
	int width = LEFT + t->rank_count * t->step + RIGHT;
	int height = TOP + t->lane_count * LANE_HEIGHT + BOTTOM;

	buf_printf(
		out,
		"<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
		"viewBox='0 0 %d %d' class='timeline'>\n<style>.timeline "
		"text{font-family:"
		"'DejaVu Sans',sans-serif;font-size:12px;fill:#222}.timeline .lane{"
		"text-anchor:end;fill:#555}.timeline .time{text-anchor:middle;font-size:"
		"10px;fill:#777}</style>\n<rect width='100%%' height='100%%' "
		"fill='#fff'/>",
		width, height, width, height);
	print_times(t, height, out);
	for (int lane = 0; lane < t->lane_count; lane++)
		print_lane(t, lane, width, out);
	for (size_t i = 0; i < t->count; i++)
		print_bar(t, &t->bars[i], out);
	buf_string(out, "</svg>\n");
}

void
timeline_print(const struct history *history, const uint32_t *ops, size_t count,
	       struct buf *out)
{
	struct timeline t = {.history = history};

	for (size_t i = 0; i < count && t.count < TIMELINE_OPS_MAX; i++)
		if (ops[i] < history->ops.count)
			t.bars[t.count++].op = &history->ops.items[ops[i]];
	if (t.count == 0)
		return;
	for (size_t i = 0; i < t.count; i++)
		label_op(history, t.bars[i].op, &t.bars[i].label);
	rank_events(&t);
	find_lanes(&t);
	choose_step(&t);
	print_svg(&t, out);
	for (size_t i = 0; i < t.count; i++)
		buf_release(&t.bars[i].label);
}
