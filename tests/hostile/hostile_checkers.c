/* Any history for every checker: operations and values of which most make no sense. */
#include "tests/hostile/hostile.h"

#include "results/formats/reader.h"

#include <string.h>

void hostile_checkers_text(const char *argument, struct bytes input);
void hostile_checkers_any(const char *argument, struct bytes input);

enum {
	TEXT_OPS_MAX = 200, /* longer ones are for the reader */
	OPS_MAX = 40,
	PROCESSES_MAX = 6,
	DEPTH_MAX = 3,
	ITEMS_MAX = 5
};

/* A history as a text, in whatever format. The choices stand behind the text: a NUL and what
 * comes after it. */
void
hostile_checkers_text(const char *argument, struct bytes input)
{
	const struct reader_options options = {.bytes_max = 1 << 24};
	const char *end = memchr(input.data, '\0', input.len);
	struct bytes text = input, choices = {0};
	struct history history;
	struct err err;

	(void)argument;
	if (end != NULL) {
		bytes_take(&input, (size_t)(end - input.data), &text);
		hostile_byte(&input);
		choices = input;
	}
	history_init(&history);
	if (reader_read_bytes(text, "input", &options, &history, NULL, &err) &&
	    history.ops.count <= TEXT_OPS_MAX)
		hostile_judge(&history, &choices);
	history_release(&history);
}

static const char *const words[] = {
	"r",	   "w",	      "append", "send",	 "poll",  "value",   "token", "offset",
	"version", "balance", "from",	"to",	 "id",	  "key",     "x",     "",
	"amount",  "type",    "assign", "count", "title", "replica", "stock", "total",
	"isbn",	   "tuple",   "_",	"?",	 "ok",	  "data",    "1",     "a b",
};

static val take_value(struct bytes *input, struct values *values, int depth);

static val
take_items(struct bytes *input, struct values *values, int depth, bool is_map)
{
	val items[2 * ITEMS_MAX];
	size_t count = hostile_byte(input) % (ITEMS_MAX + 1) * (is_map ? 2 : 1);

	for (size_t i = 0; i < count; i++)
		items[i] = take_value(input, values, depth - 1);
	return is_map ? val_map(values, items, count) : val_list(values, items, count);
}

static val
take_value(struct bytes *input, struct values *values, int depth)
{
	uint8_t byte = hostile_byte(input);

	switch (byte & 7) {
	case 0:
	case 1:
		return val_small(byte >> 3);
	case 2:
		return VAL_OF_NIL;
	case 3:
		return val_string(values, words[byte >> 3]);
	case 4:
		if ((byte >> 3) < 16)
			return val_int(values, hostile_number(input));
		return (byte >> 3) < 24 ? val_bool(byte >> 3 & 1)
					: val_real(values, (byte >> 3) / 3.0 - 9);
	default:
		return depth == 0 ? val_small(byte >> 3)
				  : take_items(input, values, depth, (byte & 7) == 7);
	}
}

static uint16_t
take_f(struct bytes *input, struct history *history)
{
	uint8_t byte = hostile_byte(input);

	if (byte < 0xf0)
		return (uint16_t)(1 + byte % (F_KNOWN - 1));
	return history_f(history, words[byte & 0xf], strlen(words[byte & 0xf]));
}

/* Few functions a history, so that they meet. */
struct cast {
	struct bytes *input;
	struct history *history;
	struct op open[PROCESSES_MAX];
	bool is_open[PROCESSES_MAX];
	uint16_t fs[4];
	int64_t now;
};

static void
take_event(struct cast *cast)
{
	uint8_t byte = hostile_byte(cast->input);
	size_t p = byte % PROCESSES_MAX;
	struct op *op = &cast->open[p];
	struct values *values = &cast->history->values;
	struct err err;

	cast->now += byte >> 7;
	if (!cast->is_open[p]) {
		*op = (struct op){.process = (uint32_t)p +
					     op->process / PROCESSES_MAX * PROCESSES_MAX,
				  .f = cast->fs[byte >> 3 & 3],
				  .node = (uint8_t)(byte >> 5 & 3),
				  .invoke_ns = cast->now,
				  .input = take_value(cast->input, values, DEPTH_MAX)};
		op->key = byte >> 6 & 1 ? val_small(byte >> 5 & 1) : VAL_OF_NIL;
		cast->is_open[p] = history_invoke(cast->history, op, &err);
		return;
	}
	op->type = byte >> 3 & 3 ? (byte >> 3 & 3) == 3 ? OP_OK : (byte >> 3 & 3) + 1
				 : OP_OK;
	op->complete_ns = cast->now;
	op->output =
		byte >> 5 & 1 ? op->input : take_value(cast->input, values, DEPTH_MAX);
	history_complete(cast->history, op, &err);
	cast->is_open[p] = false;
	if (op->type == OP_INFO)
		op->process += PROCESSES_MAX;
}

void
hostile_checkers_any(const char *argument, struct bytes input)
{
	struct history history;
	struct cast cast = {.input = &input, .history = &history};
	struct bytes choices = {0};

	(void)argument;
	bytes_take(&input, 3, &choices);
	history_init(&history);
	for (size_t i = 0; i < 4; i++)
		cast.fs[i] = take_f(&input, &history);
	while (input.len > 0 && history.ops.count < OPS_MAX)
		take_event(&cast);
	hostile_judge(&history, &choices);
	history_release(&history);
}
