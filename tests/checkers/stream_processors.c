#include "tests/checkers/stream_processors.h"

#include <stdarg.h>

val
stream_list(struct values *values, size_t count, ...)
{
	val items[8];
	va_list arguments;

	va_start(arguments, count);
	for (size_t i = 0; i < count; i++)
		items[i] = va_arg(arguments, val);
	va_end(arguments);
	return val_list(values, items, count);
}

val
stream_description(struct values *v, enum graph graph)
{
	val none = stream_list(v, 1, VAL_OF_NIL), a = val_string(v, "a");
	val uniq = stream_list(v, 4, val_string(v, "u"), val_string(v, "uniq"), none,
			       val_small(1));
	val behind_uniq = stream_list(v, 1, val_string(v, "u"));

	switch (graph) {
	case SPLIT_MERGE:
		return stream_list(
			v, 3,
			stream_list(v, 6, val_string(v, "f"), val_string(v, "filter"),
				    none, val_small(1), val_string(v, "="), a),
			stream_list(v, 6, val_string(v, "g"), val_string(v, "filter"),
				    none, val_small(1), val_string(v, "!="), a),
			stream_list(
				v, 4, val_string(v, "m"), val_string(v, "project"),
				stream_list(v, 2, val_string(v, "f"), val_string(v, "g")),
				stream_list(v, 1, val_small(1))));
	case UNIQ_LAST:
		return stream_list(v, 1, uniq);
	case UNIQ_FILTER:
		return stream_list(v, 2, uniq,
				   stream_list(v, 6, val_string(v, "f"),
					       val_string(v, "filter"), behind_uniq,
					       val_small(0), val_string(v, "<"),
					       val_small(3)));
	case FLATTEN:
		return stream_list(
			v, 2,
			stream_list(v, 4, val_string(v, "s"), val_string(v, "flatten"),
				    none, val_small(2)),
			stream_list(v, 4, val_string(v, "p"), val_string(v, "project"),
				    stream_list(v, 1, val_string(v, "s")),
				    stream_list(v, 2, val_small(1), val_small(2))));
	case UNIQ_COUNT:
		return stream_list(v, 2, uniq,
				   stream_list(v, 3, val_string(v, "c"),
					       val_string(v, "count"), behind_uniq));
	case TABLE: {
		val table[] = {a,
			       stream_list(v, 2, val_string(v, "x"), val_string(v, "y"))};
		return stream_list(
			v, 2,
			stream_list(v, 5, val_string(v, "t"), val_string(v, "table"),
				    none, val_small(1), val_map(v, table, 2)),
			stream_list(v, 4, val_string(v, "p"), val_string(v, "project"),
				    stream_list(v, 1, val_string(v, "t")),
				    stream_list(v, 1, val_small(1))));
	}
	default:
		return VAL_OF_NIL;
	}
}

size_t
stream_times(const struct values *v, const struct outs *outs, val tuple)
{
	size_t found = 0;

	for (size_t i = 0; i < outs->count; i++)
		found += val_equal(v, outs->items[i], tuple);
	return found;
}

void
stream_put(struct outs *outs, val tuple)
{
	if (outs->count < OUTS_MAX)
		outs->items[outs->count++] = tuple;
}

static bool
is_first_of_key(const struct values *v, const val *tuples, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (val_at(v, tuples[k], 1) == val_at(v, tuples[i], 1))
			return false;
	return true;
}

void
stream_process(enum graph graph, struct values *v, const val *tuples, size_t count,
	       struct outs *outs)
{
	outs->count = 0;
	for (size_t i = 0; i < count; i++) {
		val tuple = tuples[i], key = val_at(v, tuple, 1);
		bool is_first = is_first_of_key(v, tuples, i);
		if (graph == PASS)
			stream_put(outs, tuple);
		if (graph == UNIQ_KEY && is_first)
			stream_put(outs, stream_list(v, 1, key));
		if (graph == SPLIT_MERGE)
			stream_put(outs, stream_list(v, 1, key));
		if (graph == UNIQ_LAST && is_first)
			stream_put(outs, tuple);
		if (graph == UNIQ_FILTER && is_first &&
		    val_number(v, val_at(v, tuple, 0)) < 3)
			stream_put(outs, tuple);
		if (graph == COUNT_KEY)
			stream_put(outs, stream_list(v, 1, key));
		if (graph == UNIQ_COUNT && is_first)
			stream_put(outs, stream_list(v, 1, VAL_OF_NIL));
		for (size_t k = 0; graph == FLATTEN && k < 2; k++)
			stream_put(outs, stream_list(v, 2, key,
						     val_at(v, val_at(v, tuple, 2), k)));
		if (graph == TABLE && key == val_string(v, "a")) {
			stream_put(outs, stream_list(v, 1, val_string(v, "x")));
			stream_put(outs, stream_list(v, 1, val_string(v, "y")));
		}
	}
}
