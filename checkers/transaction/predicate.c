#include "checkers/transaction/predicate.h"

#include "checkers/transaction/raw_txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct form {
	const char *name;
	enum predicate_kind kind;
	size_t integers; /* that follow; those of = may be any value */
} forms[] = {
	{"=", PREDICATE_EQUAL, 1},   {"<", PREDICATE_LESS, 1},
	{">", PREDICATE_GREATER, 1}, {"between", PREDICATE_BETWEEN, 2},
	{"mod", PREDICATE_MOD, 2},   {"all", PREDICATE_ALL, 0},
};

static bool
is_text(const struct values *values, val v, const char *text)
{
	if (val_kind(v) != VAL_STRING)
		return false;
	struct bytes bytes = val_text(values, v);
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

bool
predicate_is_read(const struct values *values, val mop)
{
	return val_kind(mop) == VAL_LIST && val_count(values, mop) >= 2 &&
	       is_text(values, val_at(values, mop, 0), "rp");
}

bool
predicates_are_in(const struct history *history)
{
	const struct values *values = &history->values;

	if (intern_find(&values->strings, "rp", 2) == UINT32_MAX)
		return false;
	vec_each (const struct op, op, &history->ops) {
		bool is_txn = op->f == F_TXN && val_kind(raw_list(op)) == VAL_LIST;
		for (size_t i = 0; is_txn && i < raw_count(values, op); i++)
			if (predicate_is_read(values, val_at(values, raw_list(op), i)))
				return true;
	}
	return false;
}

static bool
refuse(const struct values *values, const char *what, val v, struct err *err)
{
	struct buf text = {0};

	val_print(values, v, &text);
	err_set(err, "'%.80s' is not %s", buf_text(&text), what);
	buf_release(&text);
	return false;
}

static bool
take_numbers(const struct values *values, val predicate, struct predicate *parsed)
{
	int64_t *const numbers[] = {&parsed->a, &parsed->b};

	if (parsed->kind == PREDICATE_EQUAL) {
		parsed->value = val_at(values, predicate, 1);
		return true;
	}
	for (size_t i = 1; i < val_count(values, predicate); i++) {
		val number = val_at(values, predicate, i);
		if (val_kind(number) != VAL_INT)
			return false;
		*numbers[i - 1] = val_number(values, number);
	}
	return parsed->kind != PREDICATE_MOD || parsed->a > 0;
}

bool
predicate_parse(const struct values *values, val predicate, struct predicate *parsed,
		struct err *err)
{
	bool is_list = val_kind(predicate) == VAL_LIST;
	size_t count = is_list ? val_count(values, predicate) : 0;

	*parsed = (struct predicate){0};
	for (size_t i = 0; count > 0 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (is_text(values, val_at(values, predicate, 0), forms[i].name) &&
		    count == forms[i].integers + 1)
			parsed->kind = forms[i].kind;
	if (parsed->kind != 0 && take_numbers(values, predicate, parsed))
		return true;
	return refuse(values,
		      "a predicate: [= V], [< N], [> N], [between A B], [mod M R] with M "
		      "above 0, or [all]",
		      predicate, err);
}

static bool
number_fits(const struct predicate *predicate, int64_t number)
{
	switch (predicate->kind) {
	case PREDICATE_LESS:
		return number < predicate->a;
	case PREDICATE_GREATER:
		return number > predicate->a;
	case PREDICATE_BETWEEN:
		return number >= predicate->a && number <= predicate->b;
	default:
		break;
	}
	int64_t rest = number % predicate->a;
	return (rest < 0 ? rest + predicate->a : rest) == predicate->b;
}

bool
predicate_holds(const struct values *values, const struct predicate *predicate, val value)
{
	if (value == VAL_OF_NIL || predicate->kind == PREDICATE_ALL)
		return value != VAL_OF_NIL;
	if (predicate->kind == PREDICATE_EQUAL)
		return val_equal(values, predicate->value, value);
	return val_kind(value) == VAL_INT &&
	       number_fits(predicate, val_number(values, value));
}

static bool
are_pairs(const struct values *values, val list)
{
	for (size_t i = 0; i < val_count(values, list); i++) {
		val pair = val_at(values, list, i);
		if (val_kind(pair) != VAL_LIST || val_count(values, pair) != 2)
			return false;
	}
	return true;
}

bool
predicate_result(const struct values *values, val mop, val *result, struct err *err)
{
	*result = val_count(values, mop) == 3 ? val_at(values, mop, 2) : VAL_OF_NIL;
	if (*result == VAL_OF_NIL || val_kind(*result) == VAL_MAP ||
	    (val_kind(*result) == VAL_LIST && are_pairs(values, *result)))
		return true;
	return refuse(values, "what a predicate read shows: a map of keys and values",
		      *result, err);
}

size_t
predicate_result_count(const struct values *values, val result)
{
	size_t count = result == VAL_OF_NIL ? 0 : val_count(values, result);

	return val_kind(result) == VAL_MAP ? count / 2 : count;
}

void
predicate_result_at(const struct values *values, val result, size_t i, val *key,
		    val *value)
{
	bool is_map = val_kind(result) == VAL_MAP;
	val pair = is_map ? VAL_OF_NIL : val_at(values, result, i);

	*key = is_map ? val_at(values, result, 2 * i) : val_at(values, pair, 0);
	*value = is_map ? val_at(values, result, 2 * i + 1) : val_at(values, pair, 1);
}

bool
predicate_key_number(const struct values *values, val key, val *number)
{
	char digits[32], *end;

	if (val_kind(key) != VAL_STRING || val_text(values, key).len >= 18)
		return false;
	long long n = strtoll(val_text(values, key).data, &end, 10);
	snprintf(digits, sizeof(digits), "%lld", n);
	*number = val_small(n);
	return is_text(values, key, digits);
}

void
predicate_print(const struct values *values, const struct predicate *predicate,
		struct buf *out)
{
	long long a = predicate->a, b = predicate->b;

	switch (predicate->kind) {
	case PREDICATE_EQUAL:
		buf_string(out, "= ");
		val_print(values, predicate->value, out);
		break;
	case PREDICATE_BETWEEN:
		buf_printf(out, "between %lld and %lld", a, b);
		break;
	case PREDICATE_MOD:
		buf_printf(out, "mod %lld = %lld", a, b);
		break;
	case PREDICATE_ALL:
		buf_string(out, "all");
		break;
	default:
		buf_printf(out, "%s %lld", predicate->kind == PREDICATE_LESS ? "<" : ">",
			   a);
	}
}
