#include "checkers/seed/stream_worlds.h"

#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>

enum {
	STEPS_MAX = 1 << 18, /* tuples through operators, in all worlds together */
	CHOICES_MAX = 64,    /* of one world; each leaves two ways at least */
};

/* What comes out, or is counted, in the output and in this world. */
struct expectation {
	uint64_t outs, expected;
};

struct digit {
	uint32_t taken, of;
};

struct worlds {
	struct stream_pool *pool;
	uint32_t collect;
	bool may_lose, may_repeat, is_counted;
	val *copies;	/* owned, by operation: what was sent */
	bool *is_taken; /* owned, by operation */
	struct digit digits[CHOICES_MAX];
	size_t digit_count, at;
	struct stream_tuples streams[STREAM_OPERATORS_MAX];
	struct value_ids ids; /* of outputs, or of the keys of counts */
	VEC(struct expectation) of;
	size_t steps;
	bool is_too_much;
};

/* ---- choices -------------------------------------------------------------------------- */

static uint32_t
choose(struct worlds *worlds, size_t of)
{
	size_t at = worlds->at;

	if (of <= 1 || worlds->is_too_much)
		return 0;
	if (at == CHOICES_MAX) {
		worlds->is_too_much = true;
		return 0;
	}
	if (at == worlds->digit_count)
		worlds->digits[worlds->digit_count++] = (struct digit){0, (uint32_t)of};
	worlds->at++;
	return worlds->digits[at].taken;
}

/* The next choices; false behind the last ones. */
static bool
advance(struct worlds *worlds)
{
	for (worlds->at = 0; worlds->digit_count > 0; worlds->digit_count--) {
		struct digit *last = &worlds->digits[worlds->digit_count - 1];
		if (++last->taken < last->of)
			return true;
	}
	return false;
}

/* ---- one world ------------------------------------------------------------------------ */

/* Where tuples may be lost on the way, all that can be taken is. */
static void
take_sends(struct worlds *worlds)
{
	const struct history *history = worlds->pool->graph->history;

	worlds->steps += history->ops.count;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		worlds->is_taken[i] = stream_was_offered(history, op, worlds->collect) &&
				      (worlds->may_lose ||
				       stream_was_acked(history, op, worlds->collect) ||
				       choose(worlds, 2) == 0);
	}
}

static void
take_source(struct worlds *worlds, val source, struct stream_tuples *in)
{
	const struct history *history = worlds->pool->graph->history;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (worlds->is_taken[i] &&
		    val_equal(&history->values, history->ops.items[i].key, source))
			vec_push(in, worlds->copies[i]);
}

static bool
has_tuple(const struct values *values, const val *tuples, size_t count, val tuple)
{
	for (size_t i = 0; i < count; i++)
		if (val_equal(values, tuples[i], tuple))
			return true;
	return false;
}

/* Brings the different tuples with the field of the first one to the front of the others;
 * those that are equal to one of them are gone. How many they are. */
static size_t
gather_bundle(const struct values *values, struct stream_tuples *rest, int64_t field)
{
	val value = stream_field(values, rest->items[0], field);
	size_t found = 1, kept = 1;

	for (size_t i = 1; i < rest->count; i++) {
		val tuple = rest->items[i];
		if (!val_equal(values, stream_field(values, tuple, field), value)) {
			rest->items[kept++] = tuple;
		} else if (!has_tuple(values, rest->items, found, tuple)) {
			rest->items[kept++] = rest->items[found];
			rest->items[found++] = tuple;
		}
	}
	rest->count = kept;
	return found;
}

static void
let_through(struct worlds *worlds, int64_t field, struct stream_tuples *in,
	    struct stream_tuples *out)
{
	struct stream_tuples rest = *in;

	while (rest.count > 0) {
		size_t found = gather_bundle(&worlds->pool->values, &rest, field);
		worlds->steps += rest.count;
		vec_push(out, rest.items[choose(worlds, found)]);
		rest.items += found;
		rest.count -= found;
	}
}

static void
run_operator(struct worlds *worlds, size_t i)
{
	const struct stream_operator *operator= & worlds->pool->graph->operators[i];
	struct stream_tuples in = {0}, *out = &worlds->streams[i];

	vec_clear(out);
	for (size_t k = 0; k < operator->input_count; k++) {
		if (operator->inputs[k] == STREAM_SOURCE) {
			take_source(worlds, operator->sources[k], &in);
			continue;
		}
		const struct stream_tuples *from = &worlds->streams[operator->inputs[k]];
		for (size_t t = 0; t < from->count; t++)
			vec_push(&in, from->items[t]);
	}
	worlds->steps += in.count;
	if (operator->function == STREAM_UNIQ)
		let_through(worlds, operator->field, &in, out);
	for (size_t t = 0; t < in.count && operator->function != STREAM_UNIQ; t++)
		if (operator->function == STREAM_COUNT)
			vec_push(out, stream_field(&worlds->pool->values,
						   in.items[t], operator->field));
		else
			stream_apply(worlds->pool, i, in.items[t], out);
	vec_release(&in);
}

/* ---- the output ----------------------------------------------------------------------- */

static struct expectation *
expectation_of(struct worlds *worlds, val v)
{
	uint32_t id = value_ids_add(&worlds->ids, v);

	if (id == worlds->of.count)
		vec_push(&worlds->of, (struct expectation){0});
	return &worlds->of.items[id];
}

/* Of counts the last one of each key. */
static void
read_output(struct worlds *worlds)
{
	const struct stream_graph *graph = worlds->pool->graph;
	const struct values *values = &graph->history->values;
	val outputs = graph->history->ops.items[worlds->collect].output;
	bool has_key = graph->operators[graph->count - 1].field >= 0;

	for (size_t i = 0; i < fields_items(values, outputs); i++) {
		val out = stream_output(worlds->pool, fields_item(values, outputs, i));
		int64_t count = 0;
		if (!worlds->is_counted) {
			expectation_of(worlds, out)->outs++;
			continue;
		}
		fields_number(&worlds->pool->values,
			      stream_field(&worlds->pool->values, out, has_key), &count);
		val key = has_key ? stream_field(&worlds->pool->values, out, 0)
				  : VAL_OF_NIL;
		expectation_of(worlds, key)->outs = count > 0 ? (uint64_t)count : 0;
	}
}

static bool
is_explained(struct worlds *worlds)
{
	const struct stream_graph *graph = worlds->pool->graph;
	const struct stream_tuples *last = &worlds->streams[graph->count - 1];

	vec_each (struct expectation, expectation, &worlds->of)
		expectation->expected = 0;
	for (size_t i = 0; i < last->count; i++)
		expectation_of(worlds, last->items[i])->expected++;
	vec_each (struct expectation, expectation, &worlds->of)
		if ((!worlds->may_lose && expectation->outs < expectation->expected) ||
		    (!worlds->may_repeat && expectation->outs > expectation->expected))
			return false;
	return true;
}

/* ---- all worlds ----------------------------------------------------------------------- */

static void
copy_sends(struct worlds *worlds)
{
	const struct history *history = worlds->pool->graph->history;

	worlds->copies = mem_new(history->ops.count + 1, sizeof(val));
	worlds->is_taken = mem_new(history->ops.count + 1, sizeof(bool));
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (stream_was_offered(history, &history->ops.items[i], worlds->collect))
			worlds->copies[i] =
				val_copy(&worlds->pool->values, &history->values,
					 history->ops.items[i].input);
}

static enum stream_explained
try_all(struct worlds *worlds, const struct budget *budget)
{
	do {
		take_sends(worlds);
		for (size_t i = 0; i < worlds->pool->graph->count; i++)
			run_operator(worlds, i);
		if (worlds->is_too_much || worlds->steps > STEPS_MAX ||
		    budget_is_over(budget))
			return STREAM_UNDECIDED;
		if (is_explained(worlds))
			return STREAM_EXPLAINED;
	} while (advance(worlds));
	return STREAM_UNEXPLAINED;
}

enum stream_explained
stream_explain(struct stream_pool *pool, uint32_t collect, const struct budget *budget)
{
	const struct stream_graph *graph = pool->graph;
	struct worlds worlds = {.pool = pool,
				.collect = collect,
				.may_lose = graph->may_lose || graph->is_partial,
				.may_repeat = graph->may_repeat,
				.is_counted =
					graph->operators[graph->count - 1].function ==
					STREAM_COUNT};
	enum stream_explained explained = STREAM_UNDECIDED;

	if (graph->history->ops.count > STEPS_MAX)
		return STREAM_UNDECIDED;
	value_ids_init(&worlds.ids, &pool->values);
	copy_sends(&worlds);
	read_output(&worlds);
	explained = try_all(&worlds, budget);
	for (size_t i = 0; i < graph->count; i++)
		vec_release(&worlds.streams[i]);
	value_ids_release(&worlds.ids);
	vec_release(&worlds.of);
	free(worlds.copies);
	free(worlds.is_taken);
	return explained;
}
