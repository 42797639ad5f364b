#include "reference/service/resp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void
resp_simple(struct buf *out, const char *text)
{
	buf_char(out, '+');
	buf_string(out, text);
	buf_append(out, "\r\n", 2);
}

void
resp_error(struct buf *out, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* A line end inside would let the text pose as the next reply. */
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	buf_char(out, '-');
	buf_string(out, text);
	buf_append(out, "\r\n", 2);
}

/* "<mark><number>\r\n", without the cost of printf. */
static void
append_header(struct buf *out, char mark, int64_t number)
{
	char text[24];
	char *at = text + sizeof(text);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	*--at = '\n';
	*--at = '\r';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--at = '-';
	buf_char(out, mark);
	buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

void
resp_integer(struct buf *out, int64_t number)
{
	append_header(out, ':', number);
}

void
resp_bulk(struct buf *out, struct bytes bytes)
{
	append_header(out, '$', (int64_t)bytes.len);
	buf_append(out, bytes.data, bytes.len);
	buf_append(out, "\r\n", 2);
}

void
resp_nil(struct buf *out)
{
	buf_append(out, "$-1\r\n", 5);
}

void
resp_array(struct buf *out, size_t count)
{
	append_header(out, '*', (int64_t)count);
}

void
resp_request(struct buf *out, const struct bytes *argv, size_t argc)
{
	resp_array(out, argc);
	for (size_t i = 0; i < argc; i++)
		resp_bulk(out, argv[i]);
}

bool
resp_word_is(struct bytes word, const char *name)
{
	return strlen(name) == word.len && strncasecmp(word.data, name, word.len) == 0;
}

bool
resp_number(struct bytes word, int64_t *number)
{
	size_t at = word.len > 0 && word.data[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + at; /* one more is below zero */
	uint64_t n = 0;
	bool negative = at == 1;

	if (word.len == at || (word.data[at] == '0' && word.len > 1))
		return false;
	for (; at < word.len; at++) {
		unsigned digit = (unsigned)(unsigned char)word.data[at] - '0';
		if (digit > 9 || n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*number = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

/* Takes a line without its end; false when no whole line is there. */
static bool
take_line(struct bytes *in, struct bytes *line)
{
	const char *end = in->len > 0 ? memchr(in->data, '\n', in->len) : NULL;

	if (end == NULL)
		return false;
	bytes_take(in, (size_t)(end - in->data) + 1, line);
	line->len--;
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	return true;
}

static enum resp_outcome
bad(struct err *err, const char *reason)
{
	err_set(err, "protocol error: %s", reason);
	return RESP_BAD;
}

static enum resp_outcome
parse_inline(struct bytes *in, struct bytes *argv, size_t *argc, struct err *err)
{
	struct bytes line;

	if (!take_line(in, &line))
		return in->len > RESP_INLINE_BYTES_MAX
			       ? bad(err, "too big inline request")
			       : RESP_MORE;
	for (size_t i = 0; i < line.len; i++) {
		bool blank = line.data[i] == ' ' || line.data[i] == '\t';
		bool first =
			i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t';
		if (blank)
			continue;
		if (first && *argc == RESP_ARGS_MAX)
			return bad(err, "too many words");
		if (first)
			argv[(*argc)++] = (struct bytes){.data = line.data + i};
		argv[*argc - 1].len++;
	}
	return RESP_DONE;
}

/* Takes "<mark><number>\r\n" with the number within [0, max]. */
static enum resp_outcome
take_header(struct bytes *in, char mark, int64_t max, int64_t *number, struct err *err)
{
	struct bytes line;

	if (in->len > 0 && in->data[0] != mark)
		return bad(err, mark == '$' ? "expected '$'" : "expected '*'");
	if (!take_line(in, &line))
		return in->len > 32 ? bad(err, "length without a line end") : RESP_MORE;
	line.data++;
	line.len--;
	if (!resp_number(line, number) || *number < 0 || *number > max)
		return bad(err, mark == '$' ? "invalid bulk length" : "invalid count");
	return RESP_DONE;
}

static enum resp_outcome
take_bulk(struct bytes *in, struct bytes *word, struct err *err)
{
	int64_t length;
	struct bytes end;
	enum resp_outcome outcome =
		take_header(in, '$', RESP_BULK_BYTES_MAX, &length, err);

	if (outcome != RESP_DONE)
		return outcome;
	if (!bytes_take(in, (size_t)length, word) || !bytes_take(in, 2, &end))
		return RESP_MORE;
	return memcmp(end.data, "\r\n", 2) == 0 ? RESP_DONE
						: bad(err, "bulk without a line end");
}

static enum resp_outcome
parse_array(struct bytes *in, struct bytes *argv, size_t *argc, struct err *err)
{
	int64_t count;
	enum resp_outcome outcome = take_header(in, '*', RESP_ARGS_MAX, &count, err);

	while (outcome == RESP_DONE && *argc < (size_t)count) {
		outcome = take_bulk(in, &argv[*argc], err);
		(*argc)++;
	}
	return outcome;
}

enum resp_outcome
resp_parse(struct bytes *in, struct bytes *argv, size_t *argc, struct err *err)
{
	struct bytes rest = *in;
	enum resp_outcome outcome;

	*argc = 0;
	if (rest.len == 0)
		return RESP_MORE;
	outcome = rest.data[0] == '*' ? parse_array(&rest, argv, argc, err)
				      : parse_inline(&rest, argv, argc, err);
	if (outcome == RESP_DONE)
		*in = rest;
	if (outcome == RESP_MORE && in->len > RESP_REQUEST_BYTES_MAX)
		return bad(err, "too big request");
	return outcome;
}
