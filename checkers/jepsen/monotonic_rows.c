#include "checkers/jepsen/monotonic_rows.h"

#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/monotonic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
monotonic_answers_maps(const struct key_ops *key)
{
	for (size_t i = 0; i < key->count; i++)
		if (key_op(key, i)->f == F_ADD && key_op(key, i)->type == OP_OK &&
		    val_kind(key_op(key, i)->output) == VAL_MAP)
			return true;
	return false;
}

static val
row_of(const struct op *add)
{
	return add->output != VAL_OF_NIL ? add->output : add->input;
}

bool
monotonic_told(const struct values *values, const struct op *add, bool only_maps,
	       int64_t *number)
{
	return (val_kind(row_of(add)) == VAL_MAP || !only_maps) &&
	       monotonic_row(values, row_of(add), number);
}

val
monotonic_process(const struct values *values, val row)
{
	val process = fields_get(values, row, "proc");

	return process != VAL_OF_NIL ? process : fields_get(values, row, "process");
}

/* The table of a row; what was there at first stands in one below zero, or in none. */
static bool
table_of(const struct values *values, val row, int64_t *table)
{
	return fields_number(values, fields_get(values, row, "tb"), table) && *table >= 0;
}

bool
monotonic_is_split(const struct key_ops *key)
{
	const struct values *values = &key->history->values;
	int64_t first = -1, table;
	bool is_split = false;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		for (size_t r = 0;
		     monotonic_is_rows(op) && r < fields_items(values, op->output); r++) {
			val row = fields_item(values, op->output, r);
			if (!table_of(values, row, &table))
				continue;
			if (monotonic_process(values, row) == VAL_OF_NIL)
				return false;
			first = first < 0 ? table : first;
			is_split |= table != first;
		}
	}
	return is_split;
}

/* The digits of a whole number that is not negative; none of anything else. */
static struct bytes
digits_of(const struct values *values, val stamp, char number[32])
{
	struct bytes digits = {0};

	if (val_kind(stamp) == VAL_STRING)
		digits = val_text(values, stamp);
	else if (val_kind(stamp) == VAL_INT && val_number(values, stamp) >= 0)
		digits = (struct bytes){number,
					(size_t)snprintf(number, 32, "%" PRId64,
							 val_number(values, stamp))};
	if (digits.len > 1 && digits.data[0] == '0')
		return (struct bytes){0};
	for (size_t i = 0; i < digits.len; i++)
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return (struct bytes){0};
	return digits;
}

int
monotonic_compare_stamps(const struct values *values, val row, val other)
{
	char a_number[32], b_number[32];
	struct bytes a = digits_of(values, fields_get(values, row, "sts"), a_number),
		     b = digits_of(values, fields_get(values, other, "sts"), b_number);

	if (a.len == 0 || b.len == 0)
		return 0;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}
