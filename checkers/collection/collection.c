#include "checkers/collection/collection.h"

#include "base/assert.h"

#include <string.h>

/* Which functions put, take and look. */
static const struct {
	const char *name;
	uint16_t put, take, look;
} functions[COLLECTION_KINDS] = {
	[COLLECTION_QUEUE] = {"queue", F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_STACK] = {"stack", F_PUSH, F_POP, F_PEEK},
	[COLLECTION_PRIORITY_QUEUE] = {"priority queue", F_INSERT, F_POLL, F_PEEK},
	[COLLECTION_BAG] = {"bag", F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_TUPLE_SPACE] = {"tuple space", F_WRITE, F_TAKE, F_READ},
};

bool
collection_understands(enum collection collection, const struct history *history,
		       const struct op *op, struct err *err)
{
	bool is_put = op->f == functions[collection].put;

	if (!is_put && op->f != functions[collection].take &&
	    op->f != functions[collection].look)
		return err_set(err, "'%s' is not an operation of a %s",
			       history_f_name(history, op->f),
			       functions[collection].name);
	if (is_put && op->input == VAL_OF_NIL)
		return err_set(err,
			       "process %u put nil, which cannot be told from nothing",
			       op->process);
	return true;
}

/* ---- patterns ----------------------------------------------------------------------- */

/* {"type": T} */
static bool
type_asked(const struct values *values, val field, struct bytes *type)
{
	if (val_kind(field) != VAL_MAP || val_count(values, field) != 2)
		return false;
	size_t count;
	const val *items = val_items(values, field, &count);
	if (val_kind(items[0]) != VAL_STRING || val_kind(items[1]) != VAL_STRING)
		return false;
	struct bytes name = val_text(values, items[0]);
	*type = val_text(values, items[1]);
	return name.len == 4 && memcmp(name.data, "type", 4) == 0;
}

static int
kind_of_name(struct bytes name)
{
	static const char *const names[] = {
		[VAL_NIL] = "nil",	 [VAL_INT] = "int",   [VAL_BOOL] = "bool",
		[VAL_STRING] = "string", [VAL_LIST] = "list", [VAL_MAP] = "map",
		[VAL_REAL] = "real"};

	for (int kind = 0; kind < (int)(sizeof(names) / sizeof(*names)); kind++)
		if (strlen(names[kind]) == name.len &&
		    memcmp(names[kind], name.data, name.len) == 0)
			return kind;
	return -1;
}

enum field_ask
collection_field_ask(const struct values *values, val field)
{
	struct bytes type;

	if (field == VAL_OF_NIL)
		return FIELD_ANY;
	return type_asked(values, field, &type) ? FIELD_TYPE : FIELD_EQUAL;
}

int
collection_type_asked(const struct values *values, val field)
{
	struct bytes type;

	return type_asked(values, field, &type) ? kind_of_name(type) : -1;
}

static bool
field_matches(const struct values *values, val field, val v)
{
	struct bytes type;

	if (field == VAL_OF_NIL)
		return true;
	if (type_asked(values, field, &type))
		return kind_of_name(type) == (int)val_kind(v);
	return val_equal(values, field, v);
}

bool
collection_matches(const struct values *values, val pattern, val tuple)
{
	if (pattern == VAL_OF_NIL)
		return true;
	if (val_kind(pattern) != VAL_LIST || val_kind(tuple) != VAL_LIST)
		return field_matches(values, pattern, tuple);
	size_t fields = val_count(values, pattern);
	if (fields != val_count(values, tuple))
		return false;
	for (size_t i = 0; i < fields; i++)
		if (!field_matches(values, val_at(values, pattern, i),
				   val_at(values, tuple, i)))
			return false;
	return true;
}

/* ---- roles -------------------------------------------------------------------------- */

enum collection_role
collection_role(enum collection collection, const struct history *history,
		const struct op *op, val *element)
{
	bool takes = op->f == functions[collection].take;

	if (op->type == OP_FAIL || op->type == OP_NONE)
		return COLLECTION_SILENT;
	if (op->f == functions[collection].put) {
		*element = op->input;
		return COLLECTION_PUT;
	}
	if (op->type == OP_INFO)
		return takes ? COLLECTION_TAKE_SOME : COLLECTION_SILENT;
	if (op->output == VAL_OF_NIL)
		return COLLECTION_MISS;
	*element = op->output;
	if (collection == COLLECTION_TUPLE_SPACE &&
	    !collection_matches(&history->values, op->input, op->output))
		return COLLECTION_NEVER;
	return takes ? COLLECTION_TAKE : COLLECTION_LOOK;
}

/* ---- priorities --------------------------------------------------------------------- */

val
collection_priority(const struct values *values, val element)
{
	if (val_kind(element) == VAL_LIST && val_count(values, element) == 2)
		return val_at(values, element, 0);
	return element;
}

int
collection_compare(const struct check_options *options, const struct values *values,
		   val a, val b)
{
	int order = val_compare(values, collection_priority(values, a),
				collection_priority(values, b));
	bool least_first = options->model != NULL &&
			   strcmp(options->model, "priority-queue-least") == 0;

	return least_first ? order : -order;
}
