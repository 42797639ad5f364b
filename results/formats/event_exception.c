#include "results/formats/event_exception.h"

#include <string.h>

/* The value of a field of a map, nil when it is none or has no such field. */
static val
field(const struct values *values, val map, const char *name)
{
	for (size_t i = 0; val_kind(map) == VAL_MAP && i + 1 < val_count(values, map);
	     i += 2) {
		val key = val_at(values, map, i);
		if (val_kind(key) != VAL_STRING)
			continue;
		struct bytes text = val_text(values, key);
		if (text.len == strlen(name) && memcmp(text.data, name, text.len) == 0)
			return val_at(values, map, i + 1);
	}
	return VAL_OF_NIL;
}

/* The outermost of the exceptions that caused each other; else the map itself. */
static val
outermost(const struct values *values, val exception)
{
	val via = field(values, exception, "via");

	if (val_kind(via) == VAL_LIST && val_count(values, via) > 0)
		return val_at(values, via, 0);
	return exception;
}

static val
first_of(val a, val b)
{
	return a != VAL_OF_NIL ? a : b;
}

static void
print_plain(const struct values *values, val v, struct buf *out)
{
	if (val_kind(v) == VAL_STRING)
		buf_append(out, val_text(values, v).data, val_text(values, v).len);
	else if (v != VAL_OF_NIL)
		val_print(values, v, out);
}

/* What is known besides the class: the error's own text, else a message. */
static void
print_rest(const struct history *history, uint32_t error, val exception, struct buf *out)
{
	const struct values *values = &history->values;
	struct op op = {.error = error};
	val message = first_of(field(values, outermost(values, exception), "message"),
			       field(values, exception, "cause"));

	if (error != 0)
		buf_string(out, history_error(history, &op));
	else
		print_plain(values, message, out);
}

uint32_t
event_exception(struct history *history, uint32_t error, val exception)
{
	const struct values *values = &history->values;
	val outer = outermost(values, exception);
	val class = first_of(field(values, outer, "type"), field(values, outer, "class"));
	struct buf text = {0}, rest = {0};

	print_plain(values, class != VAL_OF_NIL ? class : exception, &text);
	print_rest(history, error, exception, &rest);
	if (rest.len > 0 && strncmp(buf_text(&rest), buf_text(&text), text.len) == 0)
		buf_clear(&text); /* the text names the class already */
	else if (rest.len > 0)
		buf_string(&text, ": ");
	buf_append(&text, buf_text(&rest), rest.len);
	error = history_error_id(history, buf_text(&text));
	buf_release(&text);
	buf_release(&rest);
	return error;
}
