#include "checkers/online/online.h"

#include <inttypes.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HASHED 7 /* a tag that no word of a pool has */

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t
hash_of(const struct values *values, val v)
{
	uint64_t hash = mix(0, val_kind(v));

	switch (val_kind(v)) {
	case VAL_INT:
		return mix(hash, (uint64_t)val_number(values, v));
	case VAL_STRING: {
		struct bytes text = val_text(values, v);
		return mix(hash, XXH3_64bits(text.data, text.len));
	}
	case VAL_REAL: {
		double number = val_double(values, v);
		return mix(hash, XXH3_64bits(&number, sizeof(number)));
	}
	case VAL_LIST:
	case VAL_MAP:
		for (size_t i = 0; i < val_count(values, v); i++)
			hash = mix(hash, hash_of(values, val_at(values, v, i)));
		return hash;
	default:
		return mix(hash, v);
	}
}

online_value
online_value_of(const struct values *values, val v)
{
	int64_t number;

	if (v == VAL_OF_NIL || val_small_number(v, &number) || val_kind(v) == VAL_BOOL)
		return v;
	return hash_of(values, v) | HASHED;
}

void
online_value_print(online_value value, struct buf *out)
{
	int64_t number;

	if (value == 0)
		buf_string(out, "nil");
	else if (val_small_number(value, &number))
		buf_printf(out, "%" PRId64, number);
	else if ((value & 7) == HASHED)
		buf_printf(out, "value #%" PRIx64, value >> 44);
	else
		buf_string(out, val_truth(value) ? "true" : "false");
}

static void
print_named(const char *before, online_value value, struct buf *out)
{
	if (value == 0)
		return;
	buf_string(out, before);
	online_value_print(value, out);
}

void
online_violation_print(const struct online_violation *violation, struct buf *out)
{
	buf_string(out, violation->name);
	print_named(" of key ", violation->key, out);
	print_named(": ", violation->value, out);
	print_named(", against ", violation->other, out);
	buf_printf(out, " (events %" PRId64 " to %" PRId64 ")", violation->invoke_at,
		   violation->at);
}
