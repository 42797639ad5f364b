#include "checkers/jepsen/fields.h"

#include <string.h>

bool
fields_is_f(const struct history *history, const struct op *op, const char *name)
{
	return strcmp(history_f_name(history, op->f), name) == 0;
}

bool
fields_is_text(const struct values *values, val v, const char *text)
{
	if (val_kind(v) != VAL_STRING)
		return false;
	struct bytes bytes = val_text(values, v);
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* Up to 17 digits and a sign: these fit the word of a value. */
val
fields_key(const struct values *values, val v)
{
	if (val_kind(v) != VAL_STRING)
		return v;
	struct bytes text = val_text(values, v);
	bool is_negative = text.len > 1 && text.data[0] == '-';
	size_t at = is_negative ? 1 : 0;
	int64_t number = 0;

	if (text.len == at || text.len > at + 17 ||
	    (text.data[at] == '0' && text.len > 1))
		return v;
	for (; at < text.len; at++) {
		if (text.data[at] < '0' || text.data[at] > '9')
			return v;
		number = number * 10 + (text.data[at] - '0');
	}
	return val_small(is_negative ? -number : number);
}

/* val_count of a map counts names and values. */
size_t
fields_count(const struct values *values, val map)
{
	return val_kind(map) == VAL_MAP ? val_count(values, map) / 2 : 0;
}

val
fields_name(const struct values *values, val map, size_t i)
{
	return fields_key(values, val_at(values, map, 2 * i));
}

val
fields_at(const struct values *values, val map, size_t i)
{
	return val_at(values, map, 2 * i + 1);
}

val
fields_get(const struct values *values, val map, const char *name)
{
	for (size_t i = 0; i < fields_count(values, map); i++)
		if (fields_is_text(values, val_at(values, map, 2 * i), name))
			return fields_at(values, map, i);
	return VAL_OF_NIL;
}

size_t
fields_items(const struct values *values, val list)
{
	return val_kind(list) == VAL_LIST ? val_count(values, list) : 0;
}

val
fields_item(const struct values *values, val list, size_t i)
{
	return i < fields_items(values, list) ? val_at(values, list, i) : VAL_OF_NIL;
}

bool
fields_number(const struct values *values, val v, int64_t *number)
{
	if (val_kind(v) != VAL_INT)
		return false;
	*number = val_number(values, v);
	return true;
}
