/* Lines of a Jepsen log, and history.txt, which is the same without what stands before:
 *
 *	INFO [2018-03-29 17:10:37,123] jepsen worker 0 - jepsen.util 0	:invoke	:write	3
 *	2024-03-29 17:10:37,123{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:invoke	:write	3
 *	0	:invoke	:write	3
 *
 * Process, type, function, value (EDN), and perhaps an error. Other lines are passed
 * over. */
#include "results/formats/reader.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* The next word, and behind it; empty at the end. */
static struct bytes
take_word(const char **at, const char *end)
{
	const char *from = skip_blanks(*at, end);

	*at = from;
	while (*at < end && !is_blank(**at))
		++*at;
	return (struct bytes){.data = from, .len = (size_t)(*at - from)};
}

static enum event_type
type_of(struct bytes word)
{
	static const char *const names[] = {"", ":invoke", ":ok", ":fail", ":info"};

	for (int type = EVENT_INVOKE; type <= EVENT_INFO; type++)
		if (strlen(names[type]) == word.len &&
		    memcmp(names[type], word.data, word.len) == 0)
			return (enum event_type)type;
	return EVENT_NONE;
}

/* What follows `jepsen.util` and perhaps `:` or ` - `; the line itself when it has none. */
static const char *
payload_of(const char *line, const char *end)
{
	static const char mark[] = "jepsen.util";
	const char *found = memmem(line, (size_t)(end - line), mark, sizeof(mark) - 1);

	if (found == NULL)
		return line;
	found = skip_blanks(found + sizeof(mark) - 1, end);
	return found < end && (*found == '-' || *found == ':') ? found + 1 : found;
}

static bool
parse_process(struct bytes word, uint32_t *process, bool *is_nemesis)
{
	uint64_t number = 0;

	*is_nemesis = word.len == 8 && memcmp(word.data, ":nemesis", 8) == 0;
	if (*is_nemesis)
		return true;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9' || number >= UINT32_MAX / 10)
			return false;
		number = number * 10 + (uint64_t)(word.data[i] - '0');
	}
	*process = (uint32_t)number;
	return word.len > 0;
}

/* Whether the line tells an operation; then `at` stands behind its type. */
static bool
parse_start(const char **at, const char *end, struct event *event)
{
	struct bytes word = take_word(at, end);

	if (!parse_process(word, &event->process, &event->is_nemesis))
		return false;
	event->has_process = true;
	event->type = type_of(take_word(at, end));
	return event->type != EVENT_NONE;
}

/* A line that tells no operation is left aside, but for one of a process with a word where
 * the type belongs. */
static bool
leave_aside(struct reading *reading, const char *line, const char *end)
{
	const char *at = payload_of(line, end);
	struct event event = event_empty();
	struct bytes process = take_word(&at, end), type = take_word(&at, end);

	if (!parse_process(process, &event.process, &event.is_nemesis) || type.len < 2 ||
	    *type.data != ':')
		return true;
	return scan_fail(&reading->scan, type.data,
			 "the type must be :invoke, :ok, :fail or :info, not '%.*s'",
			 (int)(type.len < 40 ? type.len : 40), type.data);
}

static uint32_t
error_of(struct reading *reading, const char *at, const char *end)
{
	at = skip_blanks(at, end);
	while (end > at && is_blank(end[-1]))
		end--;
	if (at < end && *at == ':')
		at++;
	if (at == end)
		return 0;
	return intern_bytes(&reading->scan.values->strings, at, (size_t)(end - at)) + 1;
}

/* The value and, when the operation did not succeed, the error. Old logs have the error
 * in the place of the value: `:info :write :timed-out`. */
static bool
read_value(struct reading *reading, const char *end, struct event *event)
{
	struct scan *scan = &reading->scan;
	const char *at = skip_blanks(scan->at, end);
	bool can_fail = event->type == EVENT_FAIL || event->type == EVENT_INFO;

	scan->at = at;
	if (at == end)
		return true;
	if (!(can_fail && !event->is_nemesis && *at == ':')) {
		if (!scan_value(scan, &event->value))
			return false;
		at = scan->at;
	}
	if (can_fail)
		event->error = error_of(reading, at, end);
	return true;
}

/* The scanner sees only the line, so that nothing runs on into the next. */
static bool
read_line(struct reading *reading, const char *line, const char *end)
{
	struct scan *scan = &reading->scan;
	struct event event = event_empty();
	const char *at = payload_of(line, end), *input_end = scan->end;
	struct err err;

	if (!parse_start(&at, end, &event))
		return leave_aside(reading, line, end);
	const char *from = skip_blanks(at, end);
	struct bytes f = take_word(&at, end);
	if (f.len > 0 && *f.data == ':')
		f = (struct bytes){.data = f.data + 1, .len = f.len - 1};
	if (f.len == 0)
		return scan_fail(scan, from, "the operation has no f");
	if (!events_f(&reading->events, &event, f, &err))
		return scan_fail(scan, from, "%s", err.text);
	scan->at = at;
	scan->end = end;
	bool ok = read_value(reading, end, &event);
	scan->end = input_end;
	return ok && reading_add(reading, &event, line);
}

static bool
read_log(struct reading *reading)
{
	struct scan *scan = &reading->scan;

	scan->syntax = SCAN_EDN;
	for (const char *line = scan->start; line < scan->end;) {
		const char *end = memchr(line, '\n', (size_t)(scan->end - line));
		if (end == NULL)
			end = scan->end;
		if (!read_line(reading, line, end))
			return false;
		line = end + (end < scan->end);
	}
	return true;
}

static int
sniff(struct bytes head)
{
	const char *end = head.data + head.len;

	for (const char *line = head.data; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line));
		struct event event = event_empty();
		if (line_end == NULL)
			line_end = end;
		const char *at = payload_of(line, line_end);
		if (parse_start(&at, line_end, &event))
			return at > line && line == head.data ? 80 : 60;
		line = line_end + 1;
	}
	return 0;
}

const struct format format_jepsen_log = {
	.name = "jepsen-log",
	.summary = "lines of a Jepsen log, and history.txt",
	.sniff = sniff,
	.read = read_log,
	.nil_is_unknown = true,
};
