#include "tests/checkers/wide_tuples.h"

#include <string.h>

enum {
	FIELDS_MAX = 4
};

static const char *const types[] = {
	[VAL_NIL] = "nil",	 [VAL_INT] = "int",   [VAL_BOOL] = "bool",
	[VAL_STRING] = "string", [VAL_LIST] = "list", [VAL_MAP] = "map",
	[VAL_REAL] = "real",
};

static val
type_field(struct values *values, const char *type)
{
	return val_map(values,
		       (val[]){val_string(values, "type"), val_string(values, type)}, 2);
}

/* Some look like patterns: as fields of tuples they are values like others. */
static val
some_field(struct values *values, struct rng *rng)
{
	switch (rng_below(rng, 12)) {
	case 0:
		return val_string(values, "a");
	case 1:
		return val_real(values, 1.0);
	case 2:
		return val_bool(rng_chance(rng, 0.5));
	case 3:
		return val_list(values, (val[]){val_small(1), VAL_OF_NIL}, 2);
	case 4:
		return rng_chance(rng, 0.5)
			       ? type_field(values, "int")
			       : val_map(values, (val[]){val_small(1), val_small(2)}, 2);
	case 5:
		return VAL_OF_NIL;
	default:
		return val_small((int64_t)rng_below(rng, 3));
	}
}

val
wide_tuple(struct values *values, struct rng *rng, int64_t unique)
{
	val fields[FIELDS_MAX];
	size_t count = 1 + rng_below(rng, unique != 0 ? FIELDS_MAX : 2);

	if (rng_chance(rng, 0.05))
		return unique != 0 ? val_small(1000 + unique) : val_string(values, "a");
	for (size_t i = 0; i < count; i++)
		fields[i] = unique != 0 ? some_field(values, rng)
					: val_small((int64_t)rng_below(rng, 2));
	if (unique != 0)
		fields[rng_below(rng, count)] = val_small(1000 + unique);
	return val_list(values, fields, count);
}

static val
pattern_field(struct values *values, struct rng *rng, val like)
{
	uint64_t dice = rng_below(rng, 100);

	if (dice < 50)
		return VAL_OF_NIL;
	if (dice < 65)
		return type_field(values, types[val_kind(like)]);
	if (dice < 70)
		return type_field(values, rng_chance(rng, 0.5) ? "int" : "no such type");
	return dice < 95 ? like : some_field(values, rng);
}

val
wide_pattern(struct values *values, struct rng *rng, val like)
{
	val fields[FIELDS_MAX];

	if (like == VAL_OF_NIL || rng_chance(rng, 0.1))
		like = wide_tuple(values, rng, rng_chance(rng, 0.5) ? 9999 : 0);
	if (rng_chance(rng, 0.1))
		return VAL_OF_NIL;
	if (val_kind(like) != VAL_LIST || rng_chance(rng, 0.05))
		return pattern_field(values, rng, like);
	size_t count = val_count(values, like);
	for (size_t i = 0; i < count; i++)
		fields[i] = pattern_field(values, rng, val_at(values, like, i));
	return val_list(values, fields, count);
}

/* ---- matching ----------------------------------------------------------------------- */

static bool
is_text(const struct values *values, val v, const char *text)
{
	if (val_kind(v) != VAL_STRING)
		return false;
	struct bytes bytes = val_text(values, v);
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static bool
field_plainly_matches(const struct values *values, val field, val v)
{
	if (field == VAL_OF_NIL)
		return true;
	if (val_kind(field) == VAL_MAP && val_count(values, field) == 2 &&
	    is_text(values, val_at(values, field, 0), "type") &&
	    val_kind(val_at(values, field, 1)) == VAL_STRING)
		return is_text(values, val_at(values, field, 1), types[val_kind(v)]);
	return val_compare(values, field, v) == 0;
}

bool
plainly_matches(const struct values *values, val pattern, val tuple)
{
	if (val_kind(pattern) != VAL_LIST)
		return field_plainly_matches(values, pattern, tuple);
	if (val_kind(tuple) != VAL_LIST ||
	    val_count(values, pattern) != val_count(values, tuple))
		return false;
	for (size_t i = 0; i < val_count(values, pattern); i++)
		if (!field_plainly_matches(values, val_at(values, pattern, i),
					   val_at(values, tuple, i)))
			return false;
	return true;
}
