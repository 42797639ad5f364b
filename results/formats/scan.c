#include "results/formats/scan_bytes.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned char scan_byte_classes[256] = {
	[0 ... 8] = BYTE_END,
	['\t'] = BYTE_SPACE | BYTE_END,
	['\n'] = BYTE_SPACE | BYTE_END,
	[11 ... 12] = BYTE_END,
	['\r'] = BYTE_SPACE | BYTE_END,
	[14 ... 31] = BYTE_END,
	[' '] = BYTE_SPACE | BYTE_END | BYTE_IN_STRING,
	['!'] = BYTE_IN_STRING,
	['"'] = BYTE_END,
	['#' ... '\''] = BYTE_IN_STRING,
	['('] = BYTE_END | BYTE_IN_STRING,
	[')'] = BYTE_END | BYTE_IN_STRING,
	['*' ... '+'] = BYTE_IN_STRING,
	[','] = BYTE_COMMA | BYTE_END | BYTE_IN_STRING,
	['-' ... '/'] = BYTE_IN_STRING,
	['0' ... '9'] = BYTE_DIGIT | BYTE_IN_STRING,
	[':'] = BYTE_IN_STRING,
	[';'] = BYTE_END | BYTE_IN_STRING,
	['<' ... 'Z'] = BYTE_IN_STRING,
	['['] = BYTE_END | BYTE_IN_STRING,
	['\\'] = 0,
	[']'] = BYTE_END | BYTE_IN_STRING,
	['^' ... 'z'] = BYTE_IN_STRING,
	['{'] = BYTE_END | BYTE_IN_STRING,
	['|'] = BYTE_IN_STRING,
	['}'] = BYTE_END | BYTE_IN_STRING,
	['~' ... 255] = BYTE_IN_STRING,
};

void
scan_set_input(struct scan *scan, struct bytes input)
{
	scan->start = scan->at = input.data;
	scan->end = input.data + input.len;
	scan->failed_at = NULL;
	vec_clear(&scan->items);
	vec_clear(&scan->frames);
}

void
scan_init(struct scan *scan, enum scan_syntax syntax, struct values *values,
	  struct bytes input)
{
	*scan = (struct scan){.syntax = syntax, .values = values};
	scan_set_input(scan, input);
}

void
scan_release(struct scan *scan)
{
	vec_release(&scan->items);
	vec_release(&scan->frames);
	buf_release(&scan->scratch);
}

bool
scan_fail(struct scan *scan, const char *at, const char *format, ...)
{
	va_list arguments;

	if (scan->failed_at != NULL)
		return false;
	scan->failed_at = at;
	va_start(arguments, format);
	vsnprintf(scan->problem, sizeof(scan->problem), format, arguments);
	va_end(arguments);
	return false;
}

void
scan_place(const struct scan *scan, const char *at, size_t *line, size_t *column)
{
	*line = *column = 1;
	if (scan->window != NULL)
		window_move(scan->window, scan->start);
	for (const char *c = scan->start; c < at; c++) {
		scan_passed(scan, c);
		if (*c == '\n') {
			++*line;
			*column = 1;
		} else if ((*c & 0xc0) != 0x80) {
			++*column;
		}
	}
}

bool
scan_error(const struct scan *scan, const char *name, struct err *err)
{
	size_t line, column;

	ASSERT(scan->failed_at != NULL);
	scan_place(scan, scan->failed_at, &line, &column);
	return err_set(err, "%s:%zu:%zu: %s", name, line, column, scan->problem);
}

/* "expected WHAT, found 'x'", or what else there is. */
bool
scan_unexpected(struct scan *scan, const char *what)
{
	if (scan->at == scan->end)
		return scan_fail(scan, scan->at, "expected %s, found the end", what);
	unsigned char c = (unsigned char)*scan->at;
	if (c < 0x20 || c >= 0x7f)
		return scan_fail(scan, scan->at, "expected %s, found byte 0x%02x", what,
				 c);
	return scan_fail(scan, scan->at, "expected %s, found '%c'", what, c);
}

bool
scan_expect(struct scan *scan, char c, const char *what)
{
	if (scan->at == scan->end || *scan->at != c)
		return scan_unexpected(scan, what);
	scan->at++;
	return true;
}

/* One step over `#_ form`, `#tag` or `; comment`; sets *moved. */
static bool
skip_edn_prefix(struct scan *scan, bool *moved)
{
	*moved = true;
	if (*scan->at == ';') {
		const char *line_end =
			memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
		scan->at = line_end != NULL ? line_end : scan->end;
		return true;
	}
	*moved = false;
	if (*scan->at != '#' || scan->at + 1 == scan->end || scan->at[1] != '_')
		return true;
	*moved = true;
	scan->at += 2;
	return scan_drop(scan);
}

bool
scan_long_space(struct scan *scan)
{
	unsigned space = scan->syntax == SCAN_EDN ? BYTE_SPACE | BYTE_COMMA : BYTE_SPACE;

	for (;;) {
		while (scan->at < scan->end && is_class(*scan->at, space))
			scan->at++;
		if (scan->syntax == SCAN_JSON || scan->at == scan->end)
			return true;
		bool moved;
		if (!skip_edn_prefix(scan, &moved))
			return false;
		if (!moved)
			return true;
	}
}

/* ---- strings --------------------------------------------------------------------------
 */

void
scan_append_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_char(out, (char)code);
	} else if (code < 0x800) {
		buf_char(out, (char)(0xc0 | code >> 6));
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_char(out, (char)(0xe0 | code >> 12));
		buf_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | code >> 18));
		buf_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	}
}

unsigned
scan_hex4(const char *at, const char *end)
{
	unsigned code = 0;

	if (end - at < 4)
		return 0x10000;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		unsigned digit;
		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (unsigned)((c | 32) - 'a') + 10;
		else
			return 0x10000;
		code = code << 4 | digit;
	}
	return code;
}

/* `at` stands on the u of \uXXXX. Pairs of surrogates are one character; a lone one is
 * U+FFFD. */
static bool
unescape_unicode(struct scan *scan, const char *escape)
{
	unsigned code = scan_hex4(scan->at + 1, scan->end);

	if (code > 0xffff)
		return scan_fail(scan, escape,
				 "expected four hexadecimal digits after \\u");
	scan->at += 5;
	if (code >= 0xd800 && code < 0xdc00 && scan->end - scan->at >= 6 &&
	    scan->at[0] == '\\' && scan->at[1] == 'u') {
		unsigned low = scan_hex4(scan->at + 2, scan->end);
		if (low >= 0xdc00 && low < 0xe000) {
			scan->at += 6;
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	scan_append_utf8(&scan->scratch, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
	return true;
}

static bool
unescape(struct scan *scan)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *escape = scan->at++;

	if (scan->at == scan->end)
		return scan_fail(scan, escape, "the string does not end");
	if (*scan->at == 'u')
		return unescape_unicode(scan, escape);
	const char *found = strchr(from, *scan->at);
	if (found == NULL || *scan->at == '\0')
		return scan_fail(scan, escape, "no such escape in a string");
	buf_char(&scan->scratch, to[found - from]);
	scan->at++;
	return true;
}

/* The rest of a string that has escapes (or line ends, which EDN allows). */
static bool
scan_long_string(struct scan *scan, const char *open, struct bytes *text)
{
	for (;;) {
		const char *run = scan->at;
		while (scan->at < scan->end && is_class(*scan->at, BYTE_IN_STRING))
			scan->at++;
		buf_append(&scan->scratch, run, (size_t)(scan->at - run));
		if (scan->at == scan->end)
			return scan_fail(scan, open, "the string does not end");
		if (*scan->at == '"')
			break;
		if (*scan->at == '\\') {
			if (!unescape(scan))
				return false;
		} else if (scan->syntax == SCAN_JSON) {
			return scan_unexpected(scan, "no control characters in a string");
		} else {
			buf_char(&scan->scratch, *scan->at++);
		}
	}
	scan->at++;
	*text = buf_bytes(&scan->scratch);
	return true;
}

/* `at` stands on the opening quote. */
bool
scan_string(struct scan *scan, struct bytes *text)
{
	const char *open = scan->at, *at = open + 1;

	while (at < scan->end && is_class(*at, BYTE_IN_STRING))
		at++;
	if (at < scan->end && *at == '"') {
		*text = (struct bytes){.data = open + 1, .len = (size_t)(at - open - 1)};
		scan->at = at + 1;
		return true;
	}
	buf_clear(&scan->scratch);
	scan->at = open + 1;
	return scan_long_string(scan, open, text);
}

/* The bytes up to the next delimiter. */
struct bytes
scan_take_token(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && !is_class(*scan->at, BYTE_END))
		scan->at++;
	return (struct bytes){.data = from, .len = (size_t)(scan->at - from)};
}

bool
scan_word(struct scan *scan, struct bytes *word)
{
	if (scan->at < scan->end && *scan->at == '"')
		return scan_string(scan, word);
	if (scan->syntax == SCAN_JSON || scan->at == scan->end)
		return scan_unexpected(scan, "a string");
	if (*scan->at == ':')
		scan->at++;
	*word = scan_take_token(scan);
	return word->len > 0 || scan_unexpected(scan, "a keyword or a string");
}
