/* Values: numbers, symbols, and what is built of them without recursion. */
#include "results/formats/scan_bytes.h"
#include "results/formats/scan_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- single values ---- */

static bool
make_string(struct scan *scan, struct bytes text, val *value)
{
	size_t used = scan->values->strings.text.len;

	*value = VAL_OF_NIL;
	if (scan->discards)
		return true;
	if (used + text.len >= UINT32_MAX - 1 ||
	    (scan->bytes_max > 0 && used + text.len > scan->bytes_max)) {
		scan->is_full = true;
		return scan_fail(scan, scan->at, "more text than fits into memory");
	}
	*value = val_bytes(scan->values, text.data, text.len);
	return true;
}

static bool
skip_digits(const char **at, const char *end)
{
	const char *from = *at;

	while (*at < end && is_class(**at, BYTE_DIGIT))
		++*at;
	return *at > from;
}

/* The grammar of RFC 8259; EDN also takes a plus, leading zeros, `1.` and the suffixes
 * N and M. */
static bool
is_number(struct bytes token, enum scan_syntax syntax, bool *is_real)
{
	const char *at = token.data, *end = at + token.len;

	*is_real = false;
	if (*at == '-' || (*at == '+' && syntax == SCAN_EDN))
		at++;
	if (syntax == SCAN_JSON && end - at > 1 && *at == '0' &&
	    is_class(at[1], BYTE_DIGIT))
		return false;
	if (!skip_digits(&at, end))
		return false;
	if (at < end && *at == '.') {
		*is_real = true;
		at++;
		if (!skip_digits(&at, end) && syntax == SCAN_JSON)
			return false;
	}
	if (at < end && (*at | 32) == 'e') {
		*is_real = true;
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if (!skip_digits(&at, end))
			return false;
	}
	if (at < end && syntax == SCAN_EDN && (*at == 'M' || (*at == 'N' && !*is_real)))
		*is_real |= *at++ == 'M';
	return at == end;
}

static bool
fits_int64(const char *digits, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(digits, &end, 10);
	return errno == 0;
}

/* Numbers that the fast path leaves: long, real, or with a suffix. */
static bool
scan_long_number(struct scan *scan, val *value)
{
	const char *from = scan->at;
	struct bytes token = scan_take_token(scan);
	char text[512];
	bool is_real;
	int64_t number;

	if (token.len >= sizeof(text))
		return scan_fail(scan, from, "a number of more than 500 characters");
	memcpy(text, token.data, token.len);
	text[token.len] = '\0';
	if (!is_number(token, scan->syntax, &is_real) && scan->syntax == SCAN_EDN)
		return make_string(scan, token, value); /* 1/2, 0x7f: kept as text */
	if (!is_number(token, scan->syntax, &is_real))
		return scan_fail(scan, from, "'%.40s' is no number", text);
	*value = VAL_OF_NIL;
	if (scan->discards)
		return true;
	if (is_real)
		*value = val_real(scan->values, strtod(text, NULL));
	else if (fits_int64(text, &number))
		*value = val_int(scan->values, number);
	else
		return make_string(
			scan, (struct bytes){.data = text, .len = strcspn(text, "N")},
			value);
	return true;
}

bool
scan_number(struct scan *scan, val *value)
{
	const char *at = scan->at;
	bool is_negative = *at == '-';
	uint64_t number = 0;

	if (is_negative)
		at++;
	const char *digits = at;
	while (at < scan->end && is_class(*at, BYTE_DIGIT) && at - digits < 18)
		number = number * 10 + (uint64_t)(*at++ - '0');
	bool is_plain = at > digits && (at == scan->end || is_class(*at, BYTE_END)) &&
			(*digits != '0' || at == digits + 1);
	if (!is_plain)
		return scan_long_number(scan, value);
	scan->at = at;
	*value = val_int(scan->values, is_negative ? -(int64_t)number : (int64_t)number);
	return true;
}

static bool
is_word(struct bytes token, const char *word)
{
	return token.len == strlen(word) && memcmp(token.data, word, token.len) == 0;
}

/* true, false, null; in EDN nil, and every other symbol is a string. */
static bool
scan_symbol(struct scan *scan, val *value)
{
	const char *from = scan->at;
	struct bytes token = scan_take_token(scan);

	if (is_word(token, "true") || is_word(token, "false"))
		*value = val_bool(token.len == 4);
	else if (is_word(token, scan->syntax == SCAN_JSON ? "null" : "nil"))
		*value = VAL_OF_NIL;
	else if (scan->syntax == SCAN_EDN && token.len > 0)
		return make_string(scan, token, value);
	else {
		scan->at = from;
		return scan_unexpected(scan, "a value");
	}
	return true;
}

/* `\a`, `\newline`, `\u0041`. */
static bool
scan_character(struct scan *scan, val *value)
{
	static const struct {
		const char *name, *text;
	} names[] = {{"newline", "\n"}, {"space", " "},	     {"tab", "\t"},
		     {"return", "\r"},	{"backspace", "\b"}, {"formfeed", "\f"}};
	const char *from = scan->at++;

	if (scan->at == scan->end)
		return scan_fail(scan, from, "expected a character after the backslash");
	scan->at++;
	struct bytes token = scan_take_token(scan);
	token = (struct bytes){.data = from + 1, .len = token.len + 1};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_word(token, names[i].name))
			return make_string(
				scan, (struct bytes){.data = names[i].text, .len = 1},
				value);
	if (token.len == 5 && token.data[0] == 'u') {
		unsigned code = scan_hex4(token.data + 1, scan->end);
		buf_clear(&scan->scratch);
		scan_append_utf8(&scan->scratch,
				 code > 0xffff || (code >= 0xd800 && code < 0xe000)
					 ? 0xfffd
					 : code);
		token = buf_bytes(&scan->scratch);
	}
	return make_string(scan, token, value);
}

/* A value without parts; `at` stands on its first byte. */
static bool
scan_atom(struct scan *scan, val *value)
{
	struct bytes text;
	char c = *scan->at;
	bool is_edn = scan->syntax == SCAN_EDN;

	if (is_class(c, BYTE_DIGIT))
		return scan_number(scan, value);
	if (c == '"')
		return scan_string(scan, &text) && make_string(scan, text, value);
	if ((c == '-' || (c == '+' && is_edn)) && scan->at + 1 < scan->end &&
	    is_class(scan->at[1], BYTE_DIGIT))
		return scan_number(scan, value);
	if (c == ':' && is_edn) {
		scan->at++;
		text = scan_take_token(scan);
		return text.len > 0 ? make_string(scan, text, value)
				    : scan_unexpected(scan, "a keyword");
	}
	if (c == '\\' && is_edn)
		return scan_character(scan, value);
	return scan_symbol(scan, value);
}

/* Whether the next byte is one of a symbol, so that `#x` is a tag. */
static bool
starts_symbol(const struct scan *scan, const char *at)
{
	return at < scan->end && !is_class(*at, BYTE_END) && *at != '\\' && *at != '#';
}

/* ---- values with parts ---- */

/* What closes the sequence that opens at `at`, 0 when none does. */
static char
closer_of(struct scan *scan)
{
	bool is_edn = scan->syntax == SCAN_EDN;

	switch (*scan->at) {
	case '[':
		return ']';
	case '{':
		return '}';
	case '(':
		return is_edn ? ')' : 0;
	case '#':
		if (is_edn && scan->at + 1 < scan->end && scan->at[1] == '{')
			return '}';
		return 0;
	default:
		return 0;
	}
}

static bool
open_sequence(struct scan *scan, char closer)
{
	if (scan->frames.count + scan->discard_depth >= SCAN_DEPTH_MAX)
		return scan_fail(scan, scan->at, "values nest deeper than %d",
				 SCAN_DEPTH_MAX);
	bool is_set = *scan->at == '#';
	vec_push(&scan->frames, (struct scan_frame){.closer = closer,
						    .is_map = closer == '}' && !is_set,
						    .is_set = is_set,
						    .start = scan->items.count});
	scan->at += is_set ? 2 : 1;
	return true;
}

static bool
close_sequence(struct scan *scan, val *value)
{
	struct scan_frame frame = vec_pop(&scan->frames);
	val *items = scan->items.items + frame.start;
	size_t count = scan->items.count - frame.start;

	if (frame.is_map && count % 2 != 0 && scan->syntax == SCAN_JSON)
		return scan_unexpected(scan, "':'");
	if (frame.is_map && count % 2 != 0)
		return scan_fail(scan, scan->at, "the map has a key without a value");
	scan->at++;
	scan->items.count = frame.start;
	*value = VAL_OF_NIL;
	if (scan->discards)
		return true;
	if (scan->bytes_max > 0 &&
	    (scan->values->words.count + count) * 8 > scan->bytes_max) {
		scan->is_full = true;
		return scan_fail(scan, scan->at, "more values than fit into memory");
	}
	if (frame.is_map)
		scan_order_map(scan->values, items, count);
	else if (frame.is_set)
		scan_order_set(scan->values, items, count);
	*value = frame.is_map ? val_map(scan->values, items, count)
			      : val_list(scan->values, items, count);
	return true;
}

/* JSON between two parts: the comma or colon that must be there, and what may follow. */
static bool
json_separator(struct scan *scan, const struct scan_frame *frame)
{
	size_t count = scan->items.count - frame->start;
	bool wants_colon = frame->is_map && count % 2 == 1;

	if (wants_colon && !scan_expect(scan, ':', "':'"))
		return false;
	if (!wants_colon && count > 0 &&
	    !scan_expect(scan, ',', frame->is_map ? "',' or '}'" : "',' or ']'"))
		return false;
	scan_space(scan);
	if (frame->is_map && count % 2 == 0 &&
	    (scan->at == scan->end || *scan->at != '"'))
		return scan_unexpected(scan, "a key in quotes");
	return true;
}

static bool
is_tag(const struct scan *scan)
{
	return scan->at < scan->end && *scan->at == '#' &&
	       starts_symbol(scan, scan->at + 1);
}

/* Moves over `#tag` or `^metadata` before a value, any number of them. */
bool
scan_long_tags(struct scan *scan)
{
	while (is_tag(scan) || (scan->at < scan->end && *scan->at == '^')) {
		bool is_metadata = *scan->at++ == '^';
		if (is_metadata && !(scan_space(scan) && scan_drop(scan)))
			return false;
		if (!is_metadata)
			scan_take_token(scan);
		if (!scan_space(scan))
			return false;
	}
	return true;
}

/* The next atom or closed sequence; *is_open when a sequence was opened instead. */
static bool
scan_part(struct scan *scan, size_t base, val *value, bool *is_open)
{
	*is_open = false;
	if (scan->at == scan->end)
		return scan_unexpected(scan, "a value");
	if (scan->frames.count > base) {
		const struct scan_frame *frame = vec_last(&scan->frames);
		if (*scan->at == frame->closer)
			return close_sequence(scan, value);
		if (scan->syntax == SCAN_JSON && !json_separator(scan, frame))
			return false;
	}
	if (scan->syntax == SCAN_EDN && !scan_tags(scan))
		return false;
	if (scan->at == scan->end)
		return scan_unexpected(scan, "a value");
	char closer = closer_of(scan);
	*is_open = closer != 0;
	return closer != 0 ? open_sequence(scan, closer) : scan_atom(scan, value);
}

bool
scan_value(struct scan *scan, val *value)
{
	size_t base = scan->frames.count;
	bool is_open;

	for (;;) {
		if (!scan_space(scan) || !scan_part(scan, base, value, &is_open))
			return false;
		if (is_open)
			continue;
		if (scan->frames.count == base)
			return true;
		vec_push(&scan->items, *value);
	}
}

bool
scan_drop(struct scan *scan)
{
	bool discarded = scan->discards;
	val dropped;

	if (scan->discard_depth + scan->frames.count >= SCAN_DEPTH_MAX)
		return scan_fail(scan, scan->at, "values nest deeper than %d",
				 SCAN_DEPTH_MAX);
	scan->discards = true;
	scan->discard_depth++;
	bool ok = scan_value(scan, &dropped);
	scan->discard_depth--;
	scan->discards = discarded;
	return ok;
}
