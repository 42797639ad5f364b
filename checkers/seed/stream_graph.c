/* stream_graph.c - the graph of operators: read from the history, and what each operator
 * makes of a tuple. */
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream.h"

#include <string.h>

/* ---- operations ----------------------------------------------------------------------- */

bool
stream_is_send(const struct history *history, const struct op *op)
{
	return op->f == F_SEND && fields_items(&history->values, op->input) > 0 &&
	       val_kind(fields_item(&history->values, op->input, 0)) != VAL_LIST;
}

bool
stream_is_collect(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "collect");
}

bool
stream_is_state(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "state");
}

bool
stream_is_pipeline(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "pipeline");
}

void
stream_collects_find(struct stream_collects *collects, const struct history *history)
{
	bool is_behind = false;

	*collects = (struct stream_collects){.count = 0};
	for (size_t i = history->ops.count; i-- > 0;) {
		const struct op *op = &history->ops.items[i];
		if (!stream_is_collect(history, op))
			continue;
		if (op->type == OP_OK) {
			collects->has_last |= !is_behind;
			collects->of[collects->count++] = (uint32_t)i;
		}
		is_behind = true;
		if (collects->count == (size_t)STREAM_PARTIAL_MAX + collects->has_last)
			return;
	}
}

bool
stream_was_offered(const struct history *history, const struct op *send, uint32_t collect)
{
	return stream_is_send(history, send) && send->type != OP_FAIL &&
	       send->invoke_at < history->ops.items[collect].complete_at;
}

bool
stream_was_acked(const struct history *history, const struct op *send, uint32_t collect)
{
	return stream_is_send(history, send) && send->type == OP_OK &&
	       send->complete_at < history->ops.items[collect].invoke_at;
}

/* ---- reading the graph ---------------------------------------------------------------- */

static const struct {
	const char *name;
	enum stream_function function;
} functions[] = {
	{"dup", STREAM_DUP},	     {"filter", STREAM_FILTER},
	{"project", STREAM_PROJECT}, {"flatten", STREAM_FLATTEN},
	{"table", STREAM_TABLE},     {"uniq", STREAM_UNIQ},
	{"count", STREAM_COUNT},
};

static bool
read_function(const struct history *history, val name, struct stream_operator *operator,
	      struct err * err)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (fields_is_text(&history->values, name, functions[i].name)) {
			operator->function = functions[i].function;
			return true;
		}
	return err_set(err, "an operator of the pipeline has an unknown function");
}

static bool
read_condition(const struct history *history, val text, char *condition)
{
	static const struct {
		const char *text;
		char condition;
	} conditions[] = {
		{"=", '='}, {"!=", '!'}, {"<", '<'}, {">", '>'}, {"contains", 'c'}};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (fields_is_text(&history->values, text, conditions[i].text)) {
			*condition = conditions[i].condition;
			return true;
		}
	return false;
}

/* What stands behind the inputs. */
static bool
read_arguments(const struct history *history, val told, struct stream_operator *operator,
	       struct err * err)
{
	const struct values *values = &history->values;
	val first = fields_item(values, told, 3);

	operator->field = - 1;
	if (operator->function == STREAM_PROJECT) {
		operator->argument = first;
		return val_kind(first) == VAL_LIST ||
		       err_set(err, "'project' needs a list of fields");
	}
	if (operator->function != STREAM_DUP &&(
		    !fields_number(values, first, &operator->field) || operator->field<
								       0) &&
	    (operator->function != STREAM_COUNT || first != VAL_OF_NIL))
		return err_set(err, "an operator of the pipeline needs a field");
	if (operator->function == STREAM_TABLE) {
		operator->argument = fields_item(values, told, 4);
		return val_kind(operator->argument) == VAL_MAP ||
		       err_set(err, "'table' needs a map of lists");
	}
	if (operator->function == STREAM_FILTER) {
		operator->argument = fields_item(values, told, 5);
		return read_condition(history, fields_item(values, told, 4),
				      &operator->condition) ||
		       err_set(err, "'filter' needs a condition: = != < > contains");
	}
	if (operator->function == STREAM_COUNT && first == VAL_OF_NIL)
		operator->field = - 1;
	return true;
}

static bool
read_inputs(const struct stream_graph *graph, val described, val told,
	    struct stream_operator *operator, struct err * err)
{
	const struct values *values = &graph->history->values;
	val inputs = fields_item(values, told, 2);

	operator->input_count = fields_items(values, inputs);
	if (operator->input_count == 0 || operator->input_count> STREAM_INPUTS_MAX)
		return err_set(err, "an operator of the pipeline has no inputs, or more "
				    "than 16");
	for (size_t i = 0; i < operator->input_count; i++) {
		operator->sources[i] = fields_item(values, inputs, i);
		operator->inputs[i] = STREAM_SOURCE;
		for (size_t k = 0; k < graph->count; k++) {
			val other = fields_item(values, described, k);
			if (val_equal(values, operator->sources[i],
				      fields_item(values, other, 0)))
				operator->inputs[i] =(uint8_t) k;
		}
	}
	return true;
}

/* A count speaks last: its order would matter to what is behind it. */
static bool
are_counts_last(const struct stream_graph *graph, struct err *err)
{
	for (size_t i = 0; i < graph->count; i++)
		for (size_t k = 0; k < graph->operators[i].input_count; k++) {
			uint8_t input = graph->operators[i].inputs[k];
			if (input != STREAM_SOURCE &&
			    graph->operators[input].function == STREAM_COUNT)
				return err_set(err, "operators behind a count are not "
						    "evaluated");
		}
	return true;
}

static bool
read_graph(struct stream_graph *graph, val described, struct err *err)
{
	const struct values *values = &graph->history->values;
	size_t count = fields_items(values, described);

	if (count == 0 || count > STREAM_OPERATORS_MAX)
		return err_set(err, "the pipeline has no operators, or more than 64");
	for (graph->count = 0; graph->count < count; graph->count++) {
		val told = fields_item(values, described, graph->count);
		struct stream_operator *operator= & graph->operators[graph->count];
		if (!read_function(graph->history, fields_item(values, told, 1), operator,
				   err) ||
		    !read_inputs(graph, described, told, operator, err) ||
		    !read_arguments(graph->history, told, operator, err))
			return false;
	}
	return are_counts_last(graph, err);
}

static bool
promises(const struct check_options *options, const char *word)
{
	return options->model != NULL && strstr(options->model, word) != NULL;
}

bool
stream_graph_init(struct stream_graph *graph, const struct history *history,
		  const struct check_options *options, struct err *err)
{
	struct stream_operator *only = &graph->operators[0];

	*graph = (struct stream_graph){.history = history, .count = 1};
	graph->may_lose = promises(options, "at-most-once");
	graph->may_repeat = promises(options, "at-least-once");
	graph->is_ordered = promises(options, "ordered");
	vec_each (struct op, op, &history->ops)
		if (stream_is_pipeline(history, op))
			return read_graph(graph, op->input, err);
	only->input_count = 1;
	only->inputs[0] = STREAM_SOURCE;
	only->field = 1;
	only->function = promises(options, "uniq")    ? STREAM_UNIQ
			 : promises(options, "count") ? STREAM_COUNT
						      : STREAM_DUP;
	if (only->function != STREAM_UNIQ)
		return true;
	graph->count = 2;
	graph->operators[1] = (struct stream_operator){
		.function = STREAM_PROJECT, .inputs = {0}, .input_count = 1, .field = 1};
	return true;
}

struct stream_bounds
stream_promise(const struct stream_graph *graph, uint64_t certain, uint64_t possible)
{
	return (struct stream_bounds){graph->may_lose || graph->is_partial ? 0 : certain,
				      graph->may_repeat && possible > 0 ? UINT64_MAX
									: possible};
}

/* ---- what operators make of tuples ---------------------------------------------------- */

void
stream_pool_init(struct stream_pool *pool, const struct stream_graph *graph)
{
	*pool = (struct stream_pool){.graph = graph};
	values_init(&pool->values);
	for (size_t i = 0; i < graph->count; i++) {
		val argument = val_copy(&pool->values, &graph->history->values,
					graph->operators[i].argument);
		pool->arguments[i] = argument;
		value_ids_init(&pool->tables[i], &pool->values);
		if (graph->operators[i].function == STREAM_TABLE)
			for (size_t k = 0; k < fields_count(&pool->values, argument); k++)
				value_ids_add(&pool->tables[i],
					      fields_name(&pool->values, argument, k));
	}
}

void
stream_pool_release(struct stream_pool *pool)
{
	for (size_t i = 0; i < pool->graph->count; i++)
		value_ids_release(&pool->tables[i]);
	values_release(&pool->values);
}

size_t
stream_pool_bytes(const struct stream_pool *pool)
{
	return pool->values.words.capacity * sizeof(uint64_t) +
	       pool->values.strings.text.cap;
}

val
stream_output(struct stream_pool *pool, val output)
{
	val copy = val_copy(&pool->values, &pool->graph->history->values, output);

	return val_kind(copy) == VAL_LIST ? copy : val_list(&pool->values, &copy, 1);
}

val
stream_field(const struct values *values, val tuple, int64_t field)
{
	return field < 0 ? VAL_OF_NIL : fields_item(values, tuple, (size_t)field);
}

static bool
is_passed(const struct stream_pool *pool, size_t i, val tuple)
{
	const struct stream_operator *operator= & pool->graph->operators[i];
	const struct values *values = &pool->values;
	val field = stream_field(values, tuple, operator->field);
	val argument = pool->arguments[i];

	if (operator->condition == 'c') {
		if (val_kind(field) != VAL_STRING || val_kind(argument) != VAL_STRING)
			return false;
		struct bytes text = val_text(values, field);
		struct bytes part = val_text(values, argument);
		return memmem(text.data, text.len, part.data, part.len) != NULL;
	}
	int order = val_compare(values, field, argument);
	return operator->condition == '=' ? order == 0 :
	       operator->condition == '!' ? order != 0
	       :
	       operator->condition == '<' ? order < 0
					  : order> 0;
}

static val
projected(struct stream_pool *pool, size_t i, val tuple)
{
	const struct stream_operator *operator= & pool->graph->operators[i];
	size_t count = fields_items(&pool->values, pool->arguments[i]);
	VEC(val) fields = {0};
	int64_t field;

	if (operator->field >= 0)
		vec_push(&fields, stream_field(&pool->values, tuple, operator->field));
	for (size_t k = 0; k < count; k++)
		if (fields_number(&pool->values,
				  fields_item(&pool->values, pool->arguments[i], k),
				  &field))
			vec_push(&fields, stream_field(&pool->values, tuple, field));
	val made = val_list(&pool->values, fields.items, fields.count);
	vec_release(&fields);
	return made;
}

/* The tuple with another value in the operator's field. */
static val
replaced(struct stream_pool *pool, size_t i, val tuple, val item)
{
	VEC(val) fields = {0};

	for (size_t k = 0; k < fields_items(&pool->values, tuple); k++)
		vec_push(&fields, fields_item(&pool->values, tuple, k));
	if ((size_t)pool->graph->operators[i].field < fields.count)
		fields.items[pool->graph->operators[i].field] = item;
	val made = val_list(&pool->values, fields.items, fields.count);
	vec_release(&fields);
	return made;
}

static void
spread(struct stream_pool *pool, size_t i, val tuple, val items,
       struct stream_tuples *made)
{
	for (size_t k = 0; k < fields_items(&pool->values, items); k++)
		vec_push(made,
			 replaced(pool, i, tuple, fields_item(&pool->values, items, k)));
}

void
stream_apply(struct stream_pool *pool, size_t i, val tuple, struct stream_tuples *made)
{
	const struct stream_operator *operator= & pool->graph->operators[i];
	val field = stream_field(&pool->values, tuple, operator->field);

	if (operator->function == STREAM_PROJECT) {
		vec_push(made, projected(pool, i, tuple));
	} else if (operator->function == STREAM_FLATTEN) {
		spread(pool, i, tuple, field, made);
	} else if (operator->function == STREAM_TABLE) {
		uint32_t id = value_ids_find(&pool->tables[i],
					     fields_key(&pool->values, field));
		if (id != VALUE_ID_NONE)
			spread(pool, i, tuple,
			       fields_at(&pool->values, pool->arguments[i], id), made);
	} else if (operator->function != STREAM_FILTER || is_passed(pool, i, tuple)) {
		vec_push(made, tuple);
	}
}
