#include "results/drawing/cycle_graph.h"

#include "base/child.h"
#include "checkers/transaction/graph.h"
#include "checkers/transaction/raw_txn.h"
#include "results/drawing/timeline.h"

#include <string.h>

enum {
	ROWS_MAX = 8,	  /* micro-operations in one box */
	VALUE_MAX = 22,	  /* characters */
	ELEMENTS_MAX = 5, /* of a list, the last ones */
	SVG_BYTES_MAX = 4 << 20,
	ACROSS_MAX = 5 /* steps of a cycle that is laid out from left to right */
};

/* One colour for each kind of edge, dark enough to be read on white. */
static const struct kind_style {
	enum edge_kind kind;
	const char *name, *colour, *style;
} styles[] = {
	{EDGE_WW, "ww", "#5b3fa0", "solid"},
	{EDGE_WR, "wr", "#1f6f43", "solid"},
	{EDGE_RW, "rw", "#b3261e", "solid"},
	{EDGE_PROCESS, "process", "#6b5a00", "dashed"},
	{EDGE_REALTIME, "real time", "#1d5fa8", "dashed"},
	{EDGE_GIVEN, "given", "#555555", "dashed"},
	{EDGE_ORDER, "order", "#9a4b00", "solid"},
};

static const struct kind_style *
style_of(unsigned kind)
{
	size_t i = 0;

	while (i + 1 < sizeof(styles) / sizeof(styles[0]) && styles[i].kind != kind)
		i++;
	return &styles[i];
}

/* ---- values ---------------------------------------------------------------------------
 */

static void
print_cut(const struct buf *text, struct buf *out)
{
	char short_text[VALUE_MAX + 4];
	size_t length = text->len <= VALUE_MAX ? text->len : VALUE_MAX;

	/* Not in the middle of a character. */
	while (length < text->len && length > 0 &&
	       ((unsigned char)text->data[length] & 0xc0) == 0x80)
		length--;
	memcpy(short_text, buf_text(text), length);
	memcpy(short_text + length, length < text->len ? "..." : "",
	       length < text->len ? 4 : 1);
	html_print(short_text, out);
}

static void
print_plain(const struct values *values, val v, struct buf *out)
{
	struct buf text = {0};

	if (val_kind(v) == VAL_STRING) {
		struct bytes string = val_text(values, v);
		buf_append(&text, string.data, string.len);
	} else {
		val_print(values, v, &text);
	}
	print_cut(&text, out);
	buf_release(&text);
}

/* Lists show their end: that is where transactions meet. */
static void
print_value(const struct values *values, val v, struct buf *out)
{
	if (val_kind(v) != VAL_LIST) {
		print_plain(values, v, out);
		return;
	}
	size_t count = val_count(values, v);
	buf_string(out, count > ELEMENTS_MAX ? "[... " : "[");
	for (size_t i = count > ELEMENTS_MAX ? count - ELEMENTS_MAX : 0; i < count; i++) {
		print_plain(values, val_at(values, v, i), out);
		buf_string(out, i + 1 < count ? " " : "");
	}
	buf_char(out, ']');
}

/* ---- boxes ----------------------------------------------------------------------------
 */

/* A key that some step of the cycle is about stands out. */
static bool
is_concerned(const struct values *values, const struct anomaly_step *steps, size_t count,
	     uint32_t op, val key)
{
	for (size_t i = 0; i < count; i++)
		if ((steps[i].from == op || steps[i].to == op ||
		     steps[i].witness == op) &&
		    (steps[i].kind & (EDGE_PROCESS | EDGE_REALTIME | EDGE_GIVEN)) == 0 &&
		    val_equal(values, steps[i].key, key))
			return true;
	return false;
}

static void
print_mop(const struct values *values, const struct raw_mop *mop, bool concerned,
	  struct buf *out)
{
	buf_printf(out,
		   "<TR><TD ALIGN=\"LEFT\"><FONT COLOR=\"%s\" FACE=\"DejaVu Sans Mono\" "
		   "POINT-SIZE=\"11\">%s ",
		   concerned ? "#111111" : "#8a8a8a",
		   mop->f == 'a'   ? "append"
		   : mop->f == 'w' ? "write"
				   : "read");
	print_value(values, mop->key, out);
	buf_string(out, mop->f == 'r' ? " = " : " ");
	print_value(values, mop->value, out);
	buf_string(out, "</FONT></TD></TR>");
}

/* When not all fit, those on keys that the cycle is about come first. */
static void
print_mops(const struct history *history, const struct anomaly_step *steps, size_t count,
	   uint32_t op, struct buf *out)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];
	size_t mops = raw_count(values, o), shown = 0;
	bool all = mops <= ROWS_MAX;

	for (size_t i = 0; i < mops && shown < ROWS_MAX; i++) {
		struct raw_mop mop = raw_mop(values, o, i);
		bool concerned = is_concerned(values, steps, count, op, mop.key);
		if (!all && !concerned)
			continue;
		print_mop(values, &mop, concerned, out);
		shown++;
	}
	if (shown < mops)
		buf_printf(out,
			   "<TR><TD ALIGN=\"LEFT\"><FONT COLOR=\"#8a8a8a\" "
			   "POINT-SIZE=\"11\">and %zu more</FONT></TD></TR>",
			   mops - shown);
}

static void
print_box(const struct history *history, const struct anomaly_step *steps, size_t count,
	  uint32_t op, bool is_witness, struct buf *out)
{
	const struct op *o = &history->ops.items[op];

	buf_printf(out,
		   "T%u [style=\"rounded,filled%s\" color=\"%s\" label=<<TABLE "
		   "BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"1\" CELLPADDING=\"1\">"
		   "<TR><TD ALIGN=\"LEFT\"><B>T%u</B><FONT COLOR=\"#666666\" "
		   "POINT-SIZE=\"10\">&#160; process %u%s</FONT></TD></TR>",
		   op, is_witness ? ",dashed" : "", is_witness ? "#888888" : "#445566",
		   op, o->process,
		   o->type == OP_OK	? ""
		   : o->type == OP_INFO ? ", outcome unknown"
					: ", aborted");
	print_mops(history, steps, count, op, out);
	buf_string(out, "</TABLE>>];\n");
}

/* Whether one of the first steps leads from or to the transaction. */
static bool
is_end(const struct anomaly_step *steps, size_t count, uint32_t op)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].from == op || steps[i].to == op)
			return true;
	return false;
}

static bool
is_witness(const struct anomaly_step *steps, size_t count, uint32_t op)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].witness == op)
			return true;
	return false;
}

static void
print_boxes(const struct history *history, const struct anomaly_step *steps, size_t count,
	    struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_end(steps, i, steps[i].from))
			print_box(history, steps, count, steps[i].from, false, out);
		if (!is_end(steps, i, steps[i].to) && steps[i].to != steps[i].from)
			print_box(history, steps, count, steps[i].to, false, out);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t witness = steps[i].witness;
		if (witness != UINT32_MAX && !is_end(steps, count, witness) &&
		    !is_witness(steps, i, witness))
			print_box(history, steps, count, witness, true, out);
	}
}

/* ---- arrows ---------------------------------------------------------------------------
 */

static void
print_key_of(const struct values *values, const struct anomaly_step *step,
	     struct buf *out)
{
	buf_string(out, "<BR/><FONT COLOR=\"#444444\" POINT-SIZE=\"10\">&#160;key ");
	print_value(values, step->key, out);
	buf_string(out, ": ");
}

/* By which lemma, or by how many steps that are not drawn. */
static void
print_given(const struct anomaly_step *step, struct buf *out)
{
	int64_t lemma = 0, length = 0;

	val_small_number(step->first, &lemma);
	val_small_number(step->second, &length);
	buf_string(out, "<BR/><FONT COLOR=\"#444444\" POINT-SIZE=\"10\">&#160;");
	if (lemma > 0)
		buf_printf(out, "by lemma %lld", (long long)lemma);
	else if (length > 1)
		buf_printf(out, "by %lld steps", (long long)length);
	else
		buf_string(out, "by what others did");
	buf_string(out, "</FONT>");
}

/* What the arrow says below its kind: `key x: 3, then 7`. */
static void
print_reason(const struct history *history, const struct anomaly_step *step,
	     struct buf *out)
{
	const struct values *values = &history->values;

	if (step->kind == EDGE_PROCESS) {
		buf_printf(out,
			   "<BR/><FONT COLOR=\"#444444\" POINT-SIZE=\"10\">&#160;process "
			   "%u</FONT>",
			   history->ops.items[step->from].process);
		return;
	}
	if (step->kind == EDGE_REALTIME) {
		buf_string(out,
			   "<BR/><FONT COLOR=\"#444444\" POINT-SIZE=\"10\">&#160;over "
			   "before the other began</FONT>");
		return;
	}
	if (step->kind == EDGE_GIVEN) {
		print_given(step, out);
		return;
	}
	print_key_of(values, step, out);
	switch (step->kind) {
	case EDGE_WW:
		print_value(values, step->first, out);
		buf_string(out, ", then ");
		print_value(values, step->second, out);
		break;
	case EDGE_WR:
		print_value(values, step->first, out);
		buf_string(out, " was read");
		break;
	case EDGE_RW:
		print_value(values, step->second, out);
		buf_string(out, " was not seen");
		break;
	default:
		buf_printf(out, "T%u read ", step->witness);
		print_value(values, step->second, out);
		buf_string(out, ", not ");
		print_value(values, step->first, out);
	}
	buf_string(out, "</FONT>");
}

static void
print_arrow(const struct history *history, const struct anomaly_step *step,
	    struct buf *out)
{
	const struct kind_style *style = style_of(step->kind);

	buf_printf(out,
		   "T%u -> T%u [color=\"%s\" style=\"%s\" label=<<FONT COLOR=\"%s\">"
		   "&#160;<B>%s</B></FONT>",
		   step->from, step->to, style->colour,
		   step->is_implied ? "dotted" : style->style, style->colour,
		   style->name);
	print_reason(history, step, out);
	buf_string(out, ">];\n");
}

void
cycle_graph_describe(const struct history *history, const struct anomaly_step *steps,
		     size_t count, struct buf *out)
{
	bool across = count <= ACROSS_MAX;

	buf_printf(out,
		   "digraph cycle {\n"
		   "graph [rankdir=\"%s\" bgcolor=\"white\" nodesep=\"0.5\" "
		   "ranksep=\"%s\" pad=\"0.15\"];\n"
		   "node [shape=\"box\" fillcolor=\"#f6f8fa\" fontname=\"DejaVu Sans\" "
		   "fontsize=\"13\" margin=\"0.08,0.05\"];\n"
		   "edge [fontname=\"DejaVu Sans\" fontsize=\"12\" penwidth=\"1.6\" "
		   "arrowsize=\"0.8\"];\n",
		   across ? "LR" : "TB", across ? "0.9" : "0.5");
	print_boxes(history, steps, count, out);
	for (size_t i = 0; i < count; i++)
		print_arrow(history, &steps[i], out);
	buf_string(out, "}\n");
}

bool
cycle_graph_print(const struct history *history, const struct anomaly_step *steps,
		  size_t count, struct buf *svg, struct err *err)
{
	static const char *const argv[] = {"dot", "-Tsvg", NULL};
	struct buf source = {0}, output = {0};

	if (count > CYCLE_GRAPH_NODES_MAX)
		return err_set(err,
			       "a cycle of %zu transactions is not drawn: more than %d "
			       "cannot be looked at",
			       count, CYCLE_GRAPH_NODES_MAX);
	cycle_graph_describe(history, steps, count, &source);
	struct child child = {.argv = argv,
			      .input = buf_bytes(&source),
			      .timeout_ms = CYCLE_GRAPH_TIMEOUT_MS,
			      .output_bytes_max = SVG_BYTES_MAX};
	bool ok = child_run(&child, &output, err);
	const char *from = strstr(buf_text(&output), "<svg");
	const char *end = from != NULL ? strstr(from, "</svg>") : NULL;
	if (!ok) {
		err_context(err, "a cycle is not drawn");
		err_hint(err, "cycles are drawn by 'dot': install the package graphviz");
	} else if (end == NULL) {
		ok = err_set(err, "a cycle is not drawn: 'dot' printed no picture");
	} else {
		buf_append(svg, from, (size_t)(end - from) + strlen("</svg>"));
		buf_char(svg, '\n');
	}
	buf_release(&source);
	buf_release(&output);
	return ok;
}
