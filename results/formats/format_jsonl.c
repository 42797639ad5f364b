/* JSON lines: our own format (results/formats/event_map.h), and JSON as Jepsen writes it. */
#include "results/formats/event_map.h"
#include "results/formats/event_order.h"

#include <ctype.h>
#include <string.h>

static size_t
skip_space(struct bytes head, size_t at)
{
	while (at < head.len && isspace((unsigned char)head.data[at]))
		at++;
	return at;
}

/* `:invoke` after a name is a keyword of EDN, `:true` one of JSON's three words. */
static bool
is_keyword(struct bytes head, size_t colon)
{
	static const char *const words[] = {"true", "false", "null"};
	const char *word = head.data + colon + 1;
	size_t letters = 0;

	while (colon + 1 + letters < head.len && isalpha((unsigned char)word[letters]))
		letters++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (letters == strlen(words[i]) && memcmp(word, words[i], letters) == 0)
			return false;
	return letters > 0;
}

/* `{"name":` */
static int
sniff(struct bytes head)
{
	size_t at = skip_space(head, 0);

	if (at < head.len && head.data[at] == '[')
		at = skip_space(head, at + 1);
	if (at >= head.len || head.data[at] != '{')
		return 0;
	at = skip_space(head, at + 1);
	if (at < head.len && head.data[at] == '}')
		return 50;
	if (at >= head.len || head.data[at] != '"')
		return 0;
	const char *quote = memchr(head.data + at + 1, '"', head.len - at - 1);
	if (quote == NULL)
		return 40;
	at = skip_space(head, (size_t)(quote - head.data) + 1);
	if (at >= head.len)
		return 90;
	return head.data[at] != ':' ? 0 : is_keyword(head, at) ? 20 : 90;
}

static bool
read_jsonl(struct reading *reading)
{
	return event_maps_read(reading, SCAN_JSON);
}

struct writing {
	const struct history *history;
	struct buf line;
	uint64_t index;
	bool are_whole; /* an operation a line */
	FILE *to;
};

static void
print_name(struct writing *writing, const char *name)
{
	buf_string(&writing->line, ",\"");
	buf_string(&writing->line, name);
	buf_string(&writing->line, "\":");
}

static void
print_number(struct writing *writing, const char *name, int64_t number)
{
	print_name(writing, name);
	buf_number(&writing->line, number);
}

static void
print_value(struct writing *writing, const char *name, val v)
{
	print_name(writing, name);
	val_print(&writing->history->values, v, &writing->line);
}

static void
print_text(struct writing *writing, const char *name, const char *text)
{
	print_name(writing, name);
	json_print_string(text, strlen(text), &writing->line);
}

static void
print_head(struct writing *writing, const struct op *op, bool is_invocation)
{
	buf_char(&writing->line, '"');
	buf_string(&writing->line,
		   is_invocation ? "invoke" : op_type_name((enum op_type)op->type));
	buf_char(&writing->line, '"');
	print_number(writing, "process", op->process);
	print_text(writing, "f", history_f_name(writing->history, op->f));
	if (op->key != VAL_OF_NIL)
		print_value(writing, "key", op->key);
}

static void
print_tail(struct writing *writing, const struct op *op, bool is_invocation)
{
	const char *error = history_error(writing->history, op);

	if (op->node > 0)
		buf_printf(&writing->line, ",\"node\":\"n%d\"", op->node);
	if (!is_invocation && error[0] != '\0')
		print_text(writing, "error", error);
}

static void
print_client(struct writing *writing, const struct history_event *event)
{
	const struct op *op = event->op;

	print_head(writing, op, !event->is_end);
	print_value(writing, "value", event->is_end ? op->output : op->input);
	print_tail(writing, op, !event->is_end);
}

static void
print_nemesis(struct writing *writing, const struct history_event *event)
{
	buf_string(&writing->line, "\"info\",\"process\":\"nemesis\"");
	print_text(writing, "f", history_f_name(writing->history, event->op->f));
	print_value(writing, "value",
		    event->is_end ? event->op->output : event->op->input);
}

static bool
write_line(const struct writing *writing)
{
	return fwrite(writing->line.data, 1, writing->line.len, writing->to) ==
	       writing->line.len;
}

static bool
write_whole(struct writing *writing, const struct op *op)
{
	struct buf *line = &writing->line;

	buf_clear(line);
	buf_string(line, "{\"type\":");
	print_head(writing, op, false);
	print_value(writing, "value", op->input);
	print_value(writing, "output", op->output);
	print_tail(writing, op, false);
	print_number(writing, "start", op->invoke_ns);
	if (op->complete_ns >= 0)
		print_number(writing, "end", op->complete_ns);
	buf_string(line, "}\n");
	return write_line(writing);
}

static bool
write_event(void *context, const struct history_event *event)
{
	struct writing *writing = context;

	if (writing->are_whole && !event->is_nemesis)
		return event->is_end || write_whole(writing, event->op);
	buf_clear(&writing->line);
	buf_string(&writing->line, "{\"type\":");
	if (event->is_nemesis)
		print_nemesis(writing, event);
	else
		print_client(writing, event);
	print_number(writing, "time", event->ns);
	print_number(writing, "index", (int64_t)writing->index++);
	buf_string(&writing->line, "}\n");
	return write_line(writing);
}

static bool
write_jsonl(const struct history *history, FILE *to)
{
	struct writing writing = {.history = history, .to = to};

	writing.are_whole = history_has_overlaps(history);
	bool ok = history_each_event(history, write_event, &writing);
	buf_release(&writing.line);
	return ok;
}

const struct format format_jsonl = {
	.name = "jsonl",
	.summary = "JSON lines, one event or one whole operation a line",
	.sniff = sniff,
	.read = read_jsonl,
	.write = write_jsonl,
};
