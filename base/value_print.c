#include "base/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at `data`, 0 when it is not one (RFC 3629). */
static size_t
utf8_length(const unsigned char *data, size_t bytes)
{
	static const struct {
		unsigned char lead_min, lead_max, second_min, second_max, length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		if (data[0] < forms[f].lead_min || data[0] > forms[f].lead_max)
			continue;
		if (bytes < forms[f].length || data[1] < forms[f].second_min ||
		    data[1] > forms[f].second_max)
			return 0;
		for (size_t i = 2; i < forms[f].length; i++)
			if ((data[i] & 0xc0) != 0x80)
				return 0;
		return forms[f].length;
	}
	return 0;
}

static void
print_ascii(unsigned char c, struct buf *out)
{
	if (c == '"' || c == '\\')
		buf_char(out, '\\');
	if (c == '\n')
		buf_string(out, "\\n");
	else if (c == '\t')
		buf_string(out, "\\t");
	else if (c == '\r')
		buf_string(out, "\\r");
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\u%04x", c);
	else
		buf_char(out, (char)c);
}

/* How many bytes from here on stand for themselves. */
static size_t
plain_run(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *from = at;

	while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - from);
}

void
json_print_string(const char *data, size_t bytes, struct buf *out)
{
	const unsigned char *at = (const unsigned char *)data;
	const unsigned char *end = at + bytes;

	buf_char(out, '"');
	while (at < end) {
		size_t run = plain_run(at, end);
		buf_append(out, at, run);
		at += run;
		if (at == end)
			break;
		if (*at < 0x80) {
			print_ascii(*at++, out);
			continue;
		}
		size_t length = utf8_length(at, (size_t)(end - at));
		if (length == 0)
			buf_string(out, "\xef\xbf\xbd");
		else
			buf_append(out, at, length);
		at += length ? length : 1;
	}
	buf_char(out, '"');
}

static void
print_list(const struct values *values, val v, struct buf *out)
{
	size_t count;
	const val *items = val_items(values, v, &count);

	buf_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(out, ',');
		val_print(values, items[i], out);
	}
	buf_char(out, ']');
}

static void
print_pairs(const struct values *values, val map, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < val_count(values, map); i += 2) {
		buf_string(out, i > 0 ? ",[" : "[");
		val_print(values, val_at(values, map, i), out);
		buf_char(out, ',');
		val_print(values, val_at(values, map, i + 1), out);
		buf_char(out, ']');
	}
	buf_char(out, ']');
}

static bool
is_object(const struct values *values, val map)
{
	for (size_t i = 0; i < val_count(values, map); i += 2) {
		enum val_kind kind = val_kind(val_at(values, map, i));
		if (kind != VAL_STRING && kind != VAL_INT)
			return false;
	}
	return true;
}

static void
print_object(const struct values *values, val map, struct buf *out)
{
	buf_char(out, '{');
	for (size_t i = 0; i < val_count(values, map); i += 2) {
		val key = val_at(values, map, i);
		if (i > 0)
			buf_char(out, ',');
		if (val_kind(key) == VAL_INT)
			buf_printf(out, "\"%" PRId64 "\"", val_number(values, key));
		else
			val_print(values, key, out);
		buf_char(out, ':');
		val_print(values, val_at(values, map, i + 1), out);
	}
	buf_char(out, '}');
}

static void
print_real(double number, struct buf *out)
{
	if (!isfinite(number)) {
		buf_string(out, "null");
		return;
	}
	size_t start = out->len;
	buf_printf(out, "%.17g", number);
	if (strpbrk(out->data + start, ".e") == NULL)
		buf_string(out, ".0");
}

void
val_print(const struct values *values, val v, struct buf *out)
{
	switch (val_kind(v)) {
	case VAL_NIL:
		buf_string(out, "null");
		break;
	case VAL_BOOL:
		buf_string(out, val_truth(v) ? "true" : "false");
		break;
	case VAL_INT:
		buf_number(out, val_number(values, v));
		break;
	case VAL_REAL:
		print_real(val_double(values, v), out);
		break;
	case VAL_STRING: {
		struct bytes text = val_text(values, v);
		json_print_string(text.data, text.len, out);
		break;
	}
	case VAL_LIST:
		print_list(values, v, out);
		break;
	case VAL_MAP:
		if (is_object(values, v))
			print_object(values, v, out);
		else
			print_pairs(values, v, out);
		break;
	}
}
