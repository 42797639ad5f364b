/* EDN as Jepsen, Knossos and Elle write histories: maps with :type :process :f :value. */
#include "results/formats/event_map.h"
#include "results/formats/event_order.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The first byte of substance, after comments. */
static size_t
skip_space(struct bytes head, size_t at)
{
	while (at < head.len) {
		if (head.data[at] == ';')
			while (at < head.len && head.data[at] != '\n')
				at++;
		else if (!isspace((unsigned char)head.data[at]) && head.data[at] != ',')
			break;
		else
			at++;
	}
	return at;
}

static int
sniff(struct bytes head)
{
	size_t at = skip_space(head, 0);

	if (at < head.len && (head.data[at] == '[' || head.data[at] == '('))
		at = skip_space(head, at + 1);
	if (at >= head.len)
		return 0;
	if (head.data[at] == '#' || head.data[at] == '^')
		return 60;
	if (head.data[at] != '{') /* or an empty list */
		return head.data[at] == ']' || head.data[at] == ')' ? 10 : 0;
	at = skip_space(head, at + 1);
	if (at >= head.len)
		return 30;
	return head.data[at] == ':' ? 90 : head.data[at] == '"' ? 50 : 10;
}

static bool
read_edn(struct reading *reading)
{
	return event_maps_read(reading, SCAN_EDN);
}

/* ---- writing ---- */

struct writing {
	const struct history *history;
	struct buf line;
	uint64_t index;
	bool are_whole; /* an operation a map */
	FILE *to;
};

/* What EDN reads behind a colon as we mean it. */
static bool
is_keyword(struct bytes text)
{
	static const char marks[] = "-_?!*+/.";

	if (text.len == 0 || isdigit((unsigned char)text.data[0]))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.data[i]) &&
		    memchr(marks, text.data[i], strlen(marks)) == NULL)
			return false;
	return true;
}

static void
print_word(struct buf *out, struct bytes text)
{
	if (is_keyword(text)) {
		buf_char(out, ':');
		buf_append(out, text.data, text.len);
	} else {
		json_print_string(text.data, text.len, out);
	}
}

static void print_value(struct writing *writing, val v, int keywords_depth);

/* Functions of micro-operations are keywords: the first item two lists down. */
static void
print_items(struct writing *writing, val v, int keywords_depth)
{
	const struct values *values = &writing->history->values;
	bool is_map = val_kind(v) == VAL_MAP;

	buf_char(&writing->line, is_map ? '{' : '[');
	for (size_t i = 0; i < val_count(values, v); i++) {
		val item = val_at(values, v, i);
		if (i > 0)
			buf_char(&writing->line, ' ');
		if (keywords_depth == 1 && i == 0 && val_kind(item) == VAL_STRING)
			print_word(&writing->line, val_text(values, item));
		else
			print_value(writing, item, keywords_depth - 1);
	}
	buf_char(&writing->line, is_map ? '}' : ']');
}

/* Recursion is as deep as the value, which the readers bound. */
static void
print_value(struct writing *writing, val v, int keywords_depth)
{
	switch (val_kind(v)) {
	case VAL_NIL:
		buf_string(&writing->line, "nil");
		break;
	case VAL_LIST:
	case VAL_MAP:
		print_items(writing, v, keywords_depth);
		break;
	default: /* numbers, booleans and strings are as in JSON */
		val_print(&writing->history->values, v, &writing->line);
	}
}

static void
print_keyed_value(struct writing *writing, const char *field, const struct op *op, val v)
{
	int keywords_depth = op->f == F_TXN ? 2 : 0;

	buf_printf(&writing->line, ", %s ", field);
	if (op->key == VAL_OF_NIL) {
		print_value(writing, v, keywords_depth);
		return;
	}
	buf_char(&writing->line, '[');
	print_value(writing, op->key, 0);
	buf_char(&writing->line, ' ');
	print_value(writing, v, keywords_depth);
	buf_char(&writing->line, ']');
}

static void
print_text(struct writing *writing, const char *field, const char *text)
{
	buf_printf(&writing->line, ", %s ", field);
	print_word(&writing->line, (struct bytes){.data = text, .len = strlen(text)});
}

static bool
write_line(const struct writing *writing)
{
	return fwrite(writing->line.data, 1, writing->line.len, writing->to) ==
	       writing->line.len;
}

static void
print_head(struct writing *writing, const struct op *op, const char *type)
{
	buf_clear(&writing->line);
	buf_printf(&writing->line, "{:type :%s", type);
	print_text(writing, ":f", history_f_name(writing->history, op->f));
}

static void
print_tail(struct writing *writing, const struct op *op, bool is_invocation)
{
	buf_printf(&writing->line, ", :process %" PRIu32, op->process);
	if (!is_invocation && op->error != 0)
		print_text(writing, ":error", history_error(writing->history, op));
	if (op->node > 0)
		buf_printf(&writing->line, ", :node \"n%d\"", op->node);
}

static bool
write_whole(struct writing *writing, const struct op *op)
{
	print_head(writing, op, op_type_name((enum op_type)op->type));
	print_keyed_value(writing, ":value", op, op->input);
	print_keyed_value(writing, ":output", op, op->output);
	print_tail(writing, op, false);
	buf_printf(&writing->line, ", :start %" PRId64, op->invoke_ns);
	if (op->complete_ns >= 0)
		buf_printf(&writing->line, ", :end %" PRId64, op->complete_ns);
	buf_string(&writing->line, "}\n");
	return write_line(writing);
}

static bool
write_event(void *context, const struct history_event *event)
{
	struct writing *writing = context;
	const struct op *op = event->op;
	const char *type =
		event->is_end ? op_type_name((enum op_type)op->type) : "invoke";

	if (writing->are_whole && !event->is_nemesis)
		return event->is_end || write_whole(writing, op);
	print_head(writing, op, event->is_nemesis ? "info" : type);
	print_keyed_value(writing, ":value", op, event->is_end ? op->output : op->input);
	if (event->is_nemesis)
		buf_string(&writing->line, ", :process :nemesis");
	else
		print_tail(writing, op, !event->is_end);
	buf_printf(&writing->line, ", :time %" PRId64 ", :index %" PRIu64 "}\n",
		   event->ns, writing->index++);
	return write_line(writing);
}

static bool
write_edn(const struct history *history, FILE *to)
{
	struct writing writing = {.history = history, .to = to};

	writing.are_whole = history_has_overlaps(history);
	bool ok = history_each_event(history, write_event, &writing);
	buf_release(&writing.line);
	return ok;
}

const struct format format_edn = {
	.name = "edn",
	.summary = "EDN histories of Jepsen, Knossos and Elle",
	.sniff = sniff,
	.read = read_edn,
	.write = write_edn,
	.nil_is_unknown = true, /* as Knossos' register */
};
