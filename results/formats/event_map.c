#include "results/formats/event_map.h"

#include "results/formats/event_exception.h"

#include <math.h>
#include <string.h>

enum field {
	FIELD_OTHER = 0,
	FIELD_TYPE,
	FIELD_PROCESS,
	FIELD_F,
	FIELD_KEY,
	FIELD_VALUE,
	FIELD_OUTPUT,
	FIELD_TIME,
	FIELD_START,
	FIELD_END,
	FIELD_NODE,
	FIELD_ERROR,
	FIELD_EXCEPTION,
	FIELD_REBALANCES
};

/* A name of up to seven bytes as one word, so that comparing it is one instruction. */
#define WORD(a, b, c, d, e, f, g)                                                        \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 |                      \
	 (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | (uint64_t)(f) << 40 |               \
	 (uint64_t)(g) << 48)

static uint64_t
word_of(struct bytes name)
{
	uint64_t word = 0;

	for (size_t i = 0; i < name.len; i++)
		word |= (uint64_t)(unsigned char)name.data[i] << (8 * i);
	return word;
}

static enum field
known_field(uint64_t word)
{
	switch (word) {
	case WORD('t', 'y', 'p', 'e', 0, 0, 0):
		return FIELD_TYPE;
	case WORD('p', 'r', 'o', 'c', 'e', 's', 's'):
		return FIELD_PROCESS;
	case WORD('f', 0, 0, 0, 0, 0, 0):
		return FIELD_F;
	case WORD('k', 'e', 'y', 0, 0, 0, 0):
		return FIELD_KEY;
	case WORD('v', 'a', 'l', 'u', 'e', 0, 0):
	case WORD('i', 'n', 'p', 'u', 't', 0, 0):
		return FIELD_VALUE;
	case WORD('o', 'u', 't', 'p', 'u', 't', 0):
		return FIELD_OUTPUT;
	case WORD('t', 'i', 'm', 'e', 0, 0, 0):
		return FIELD_TIME;
	case WORD('s', 't', 'a', 'r', 't', 0, 0):
		return FIELD_START;
	case WORD('e', 'n', 'd', 0, 0, 0, 0):
		return FIELD_END;
	case WORD('n', 'o', 'd', 'e', 0, 0, 0):
		return FIELD_NODE;
	case WORD('e', 'r', 'r', 'o', 'r', 0, 0):
		return FIELD_ERROR;
	default:
		return FIELD_OTHER;
	}
}

static bool
is_name(struct bytes name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static enum field
long_field(struct bytes name)
{
	if (is_name(name, "exception"))
		return FIELD_EXCEPTION;
	return is_name(name, "rebalance-log") ? FIELD_REBALANCES : FIELD_OTHER;
}

static enum field
field_of(struct reading *reading, struct bytes name)
{
	enum field field = name.len <= 7 ? known_field(word_of(name)) : long_field(name);

	if (field == FIELD_OTHER && reading->key_field != NULL &&
	    is_name(name, reading->key_field))
		field = FIELD_KEY;
	reading->has_key_field |= field == FIELD_KEY;
	return field;
}

static enum event_type
type_of(struct bytes name)
{
	switch (name.len <= 7 ? word_of(name) : 0) {
	case WORD('i', 'n', 'v', 'o', 'k', 'e', 0):
		return EVENT_INVOKE;
	case WORD('o', 'k', 0, 0, 0, 0, 0):
		return EVENT_OK;
	case WORD('f', 'a', 'i', 'l', 0, 0, 0):
		return EVENT_FAIL;
	case WORD('i', 'n', 'f', 'o', 0, 0, 0):
		return EVENT_INFO;
	default:
		return EVENT_NONE;
	}
}

static bool
read_type(struct reading *reading, struct event *event)
{
	const char *from = reading->scan.at;
	struct bytes word;

	if (!scan_word(&reading->scan, &word))
		return false;
	event->type = type_of(word);
	if (event->type != EVENT_NONE)
		return true;
	return scan_fail(&reading->scan, from,
			 "the type must be invoke, ok, fail or info, not '%.*s'",
			 (int)(word.len < 40 ? word.len : 40), word.data);
}

/* A number or a name. */
static bool
read_process(struct reading *reading, struct event *event)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct bytes word;
	struct err err;
	val number;
	bool ok;

	if (scan->at < scan->end && (*scan->at == '"' || *scan->at == ':'))
		return scan_word(scan, &word) &&
		       (events_process_name(&reading->events, event, word, &err) ||
			scan_fail(scan, from, "%s", err.text));
	if (!scan_value(scan, &number))
		return false;
	if (val_kind(number) != VAL_INT)
		return scan_fail(scan, from, "the process must be a number or a name");
	ok = events_process_number(event, val_number(scan->values, number), &err);
	return ok || scan_fail(scan, from, "%s", err.text);
}

static bool
read_f(struct reading *reading, struct event *event)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct bytes word;
	struct err err;

	return scan_word(scan, &word) && (events_f(&reading->events, event, word, &err) ||
					  scan_fail(scan, from, "%s", err.text));
}

/* Nanoseconds, whole or not; nil is as good as absent. */
static bool
read_time(struct reading *reading, int64_t *ns)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	val time;

	if (!scan_value(scan, &time))
		return false;
	if (time == VAL_OF_NIL)
		return true;
	if (val_kind(time) == VAL_INT)
		*ns = val_number(scan->values, time);
	else if (val_kind(time) == VAL_REAL &&
		 fabs(val_double(scan->values, time)) < 9e18)
		*ns = (int64_t)val_double(scan->values, time);
	else
		return scan_fail(scan, from, "a time must be a number of nanoseconds");
	return *ns >= 0 || scan_fail(scan, from, "a time must not be negative");
}

static bool
read_node(struct reading *reading, struct event *event)
{
	struct values *values = reading->scan.values;
	val node;

	if (!scan_value(&reading->scan, &node))
		return false;
	if (val_kind(node) == VAL_STRING)
		event->node = events_node(&reading->events, val_text(values, node));
	else if (val_kind(node) == VAL_INT && val_number(values, node) >= 0 &&
		 val_number(values, node) < 250)
		event->node = (uint8_t)(val_number(values, node) + 1);
	return true;
}

/* Errors are text; what is no string is kept as JSON. */
static bool
read_error(struct reading *reading, struct event *event)
{
	struct values *values = reading->scan.values;
	val error;

	if (!scan_value(&reading->scan, &error))
		return false;
	event->error = 0;
	if (error == VAL_OF_NIL)
		return true;
	if (val_kind(error) == VAL_STRING) {
		struct bytes text = val_text(values, error);
		event->error = intern_find(&values->strings, text.data, text.len) + 1;
		return true;
	}
	struct buf text = {0};
	val_print(values, error, &text);
	event->error = history_error_id(reading->events.history, buf_text(&text));
	buf_release(&text);
	return true;
}

static bool
read_field(struct reading *reading, enum field field, struct event *event)
{
	struct scan *scan = &reading->scan;

	switch (field) {
	case FIELD_TYPE:
		return read_type(reading, event);
	case FIELD_PROCESS:
		return read_process(reading, event);
	case FIELD_F:
		return read_f(reading, event);
	case FIELD_KEY:
		return scan_value(scan, &event->key);
	case FIELD_VALUE:
		return scan_value(scan, &event->value);
	case FIELD_OUTPUT:
		event->has_output = true;
		return scan_value(scan, &event->output);
	case FIELD_TIME:
		return read_time(reading, &event->at_ns);
	case FIELD_START:
		event->is_whole = true;
		return read_time(reading, &event->at_ns);
	case FIELD_END:
		event->is_whole = true;
		return read_time(reading, &event->end_ns);
	case FIELD_NODE:
		return read_node(reading, event);
	case FIELD_ERROR:
		return read_error(reading, event);
	case FIELD_EXCEPTION:
		return scan_value(scan, &event->exception);
	case FIELD_REBALANCES:
		return scan_value(scan, &event->rebalances);
	default:
		return scan_drop(scan);
	}
}

/* After a field: JSON has a comma or the end, EDN nothing. */
static bool
more_fields(struct scan *scan, bool *more)
{
	if (!scan_space(scan))
		return false;
	*more = scan->at == scan->end || *scan->at != '}';
	if (scan->at == scan->end && scan->syntax == SCAN_EDN)
		return scan_expect(scan, '}', "a key or '}'");
	if (!*more || scan->syntax == SCAN_EDN)
		return true;
	return scan_expect(scan, ',', "',' or '}'") && scan_space(scan);
}

static bool
read_pair(struct reading *reading, struct event *event)
{
	struct scan *scan = &reading->scan;
	struct bytes name;

	if (!scan_word(scan, &name))
		return false;
	enum field field = field_of(reading, name);
	if (!scan_space(scan))
		return false;
	if (scan->syntax == SCAN_JSON &&
	    (!scan_expect(scan, ':', "':'") || !scan_space(scan)))
		return false;
	return scan_tags(scan) && read_field(reading, field, event);
}

/* The partitions of all rebalances. */
static val
rebalanced_keys(struct values *values, val rebalances)
{
	VEC(val) keys = {0};

	for (size_t i = 0; i < val_count(values, rebalances); i++) {
		val one = val_at(values, rebalances, i);
		for (size_t k = 0;
		     val_kind(one) == VAL_MAP && k + 1 < val_count(values, one); k += 2) {
			val name = val_at(values, one, k),
			    list = val_at(values, one, k + 1);
			bool is_keys = name == val_string(values, "keys");
			for (size_t n = 0; is_keys && val_kind(list) == VAL_LIST &&
					   n < val_count(values, list);
			     n++)
				vec_push(&keys, val_at(values, list, n));
		}
	}
	val all = val_list(values, keys.items, keys.count);
	vec_release(&keys);
	return all;
}

/* A consumer's rebalances stand behind what it did, as ["rebalance" [KEY ...]]. */
static void
add_rebalances(struct values *values, struct event *event)
{
	VEC(val) items = {0};

	if (val_kind(event->rebalances) != VAL_LIST || val_kind(event->value) != VAL_LIST)
		return;
	for (size_t i = 0; i < val_count(values, event->value); i++)
		vec_push(&items, val_at(values, event->value, i));
	vec_push(&items, val_pair(values, val_string(values, "rebalance"),
				  rebalanced_keys(values, event->rebalances)));
	event->value = val_list(values, items.items, items.count);
	vec_release(&items);
}

/* `at` stands on the opening brace. */
static bool
read_map(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct event event = event_empty();
	const char *from = scan->at;
	bool more;

	if (!scan_expect(scan, '{', "an operation as a map") || !scan_space(scan))
		return false;
	more = scan->at == scan->end || *scan->at != '}';
	while (more)
		if (!read_pair(reading, &event) || !more_fields(scan, &more))
			return false;
	scan->at++;
	add_rebalances(scan->values, &event);
	if (event.exception != VAL_OF_NIL)
		event.error = event_exception(reading->events.history, event.error,
					      event.exception);
	return reading_add(reading, &event, from);
}

/* The bracket of a list around all maps, 0 when there is none. */
static char
open_list(struct scan *scan)
{
	char open = scan->at < scan->end ? *scan->at : 0;

	if (open != '[' && (open != '(' || scan->syntax == SCAN_JSON))
		return 0;
	scan->at++;
	return open == '[' ? ']' : ')';
}

static bool
close_list(struct scan *scan, char closer)
{
	if (!scan_expect(scan, closer, "the end of the list") || !scan_space(scan))
		return false;
	return scan->at == scan->end ||
	       scan_fail(scan, scan->at, "something follows the list of operations");
}

bool
event_maps_read(struct reading *reading, enum scan_syntax syntax)
{
	struct scan *scan = &reading->scan;

	scan->syntax = syntax;
	if (!scan_space(scan) || !scan_tags(scan))
		return false;
	char closer = open_list(scan);
	for (bool is_first = true;; is_first = false) {
		if (!scan_space(scan) || !scan_tags(scan))
			return false;
		if (closer != 0 && scan->at < scan->end && *scan->at == closer)
			return close_list(scan, closer);
		if (scan->at == scan->end)
			return closer == 0 ||
			       scan_expect(scan, closer, "the end of the list");
		if (closer != 0 && syntax == SCAN_JSON && !is_first &&
		    (!scan_expect(scan, ',', "',' or ']'") || !scan_space(scan)))
			return false;
		if (!read_map(reading))
			return false;
	}
}
