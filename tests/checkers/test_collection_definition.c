/* Queues, stacks, priority queues, bags and tuple spaces against the definition: an order
 * of the operations, found by trying all, with contents written down as a plain list.
 * Elements are put once, or again and again; tuples and patterns are of all kinds. */
#include "checkers/collection/collection.h"
#include "tests/checkers/definition.h"
#include "tests/checkers/wide_tuples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the definition ------------------------------------------------------------------- */

struct contents {
	val items[DEFINITION_OPS_MAX]; /* in the order of their puts */
	size_t count;
};

static bool
is_put(const struct op *op)
{
	return op->f == F_ENQUEUE || op->f == F_PUSH || op->f == F_INSERT ||
	       op->f == F_WRITE;
}

static bool
is_look(const struct op *op)
{
	return op->f == F_PEEK || op->f == F_READ;
}

static struct contents
without(struct contents contents, size_t place)
{
	contents.count--;
	for (size_t i = place; i < contents.count; i++)
		contents.items[i] = contents.items[i + 1];
	return contents;
}

static int64_t
priority(const struct values *values, val v)
{
	return val_number(values, val_kind(v) == VAL_LIST ? val_at(values, v, 0) : v);
}

static bool least_first; /* the model priority-queue-least */

static bool
goes_before(const struct values *values, val a, val b)
{
	return least_first ? priority(values, a) < priority(values, b)
			   : priority(values, a) > priority(values, b);
}

/* Whoever asks now may be given what lies at this place. */
static bool
is_next(const struct values *values, enum collection collection,
	const struct contents *contents, size_t place, val pattern)
{
	switch (collection) {
	case COLLECTION_QUEUE:
		return place == 0;
	case COLLECTION_STACK:
		return place + 1 == contents->count;
	case COLLECTION_PRIORITY_QUEUE:
		for (size_t i = 0; i < contents->count; i++)
			if (goes_before(values, contents->items[i],
					contents->items[place]))
				return false;
		return true;
	case COLLECTION_TUPLE_SPACE:
		return plainly_matches(values, pattern, contents->items[place]);
	default:
		return true;
	}
}

struct search {
	const struct history *history;
	enum collection collection;
};

static bool can_finish(const struct search *search, unsigned placed,
		       const struct contents *contents);

/* After what lies at this place was taken or seen. */
static bool
can_finish_after(const struct search *search, unsigned placed, const struct op *op,
		 const struct contents *contents, size_t place)
{
	struct contents rest = without(*contents, place);

	return can_finish(search, placed, is_look(op) ? contents : &rest);
}

static bool
can_put(const struct search *search, unsigned placed, const struct op *op,
	const struct contents *contents)
{
	struct contents more = *contents;

	more.items[more.count++] = op->input;
	return can_finish(search, placed, &more);
}

/* Of unknown outcome: it got anything that it may get. */
static bool
can_get(const struct search *search, unsigned placed, const struct op *op,
	const struct contents *contents)
{
	const struct values *values = &search->history->values;
	bool finds_nothing = true;

	for (size_t i = 0; i < contents->count; i++) {
		if (!is_next(values, search->collection, contents, i, op->input))
			continue;
		finds_nothing = false;
		if ((op->type == OP_INFO ||
		     val_equal(values, contents->items[i], op->output)) &&
		    can_finish_after(search, placed, op, contents, i))
			return true;
	}
	return op->output == VAL_OF_NIL && finds_nothing &&
	       can_finish(search, placed, contents);
}

static bool
may_be_next(const struct history *history, unsigned placed, size_t next)
{
	const struct op *ops = history->ops.items;

	for (size_t i = 0; i < history->ops.count; i++)
		if ((placed >> i & 1) == 0 && ops[i].type == OP_OK &&
		    ops[i].complete_at < ops[next].invoke_at)
			return false;
	return (placed >> next & 1) == 0 && ops[next].type != OP_FAIL;
}

static bool
can_finish(const struct search *search, unsigned placed, const struct contents *contents)
{
	const struct op *ops = search->history->ops.items;
	bool is_complete = true;

	for (size_t i = 0; i < search->history->ops.count; i++)
		is_complete = is_complete && (ops[i].type != OP_OK || (placed >> i & 1));
	if (is_complete)
		return true;
	for (size_t i = 0; i < search->history->ops.count; i++) {
		unsigned after = placed | 1u << i;
		if (may_be_next(search->history, placed, i) &&
		    (is_put(&ops[i]) ? can_put(search, after, &ops[i], contents)
				     : can_get(search, after, &ops[i], contents)))
			return true;
	}
	return false;
}

/* ---- what clients do ------------------------------------------------------------------ */

static const uint16_t fs[COLLECTION_KINDS][3] = {
	[COLLECTION_QUEUE] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_STACK] = {F_PUSH, F_POP, F_PEEK},
	[COLLECTION_PRIORITY_QUEUE] = {F_INSERT, F_POLL, F_PEEK},
	[COLLECTION_BAG] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_TUPLE_SPACE] = {F_WRITE, F_TAKE, F_READ},
};

/* One of what was put so far; nil: nothing was. */
static val
something_put(const struct history *history, struct choices *choices)
{
	val put[DEFINITION_OPS_MAX];
	size_t count = 0;

	vec_each (struct op, op, &history->ops)
		if (is_put(op))
			put[count++] = op->input;
	return count == 0 ? VAL_OF_NIL : put[choose(choices, count)];
}

/* One of the two elements of all histories, whether somebody puts it or not. */
static val
some_of_two(struct history *history, struct choices *choices, bool in_tuple)
{
	val number = val_small((int64_t)choose(choices, 2));

	return in_tuple ? val_list(&history->values, &number, 1) : number;
}

static val
some_element(struct history *history, struct choices *choices, enum collection collection,
	     size_t kinds)
{
	if (choices->tries_all)
		return some_of_two(history, choices,
				   collection == COLLECTION_TUPLE_SPACE);
	int64_t number = (int64_t)choose(choices, kinds);

	if (collection == COLLECTION_TUPLE_SPACE)
		return wide_tuple(&history->values, &choices->rng,
				  kinds < 50 ? 0 : (int64_t)history->ops.count + 1);
	if (collection == COLLECTION_PRIORITY_QUEUE && choose_whether(choices, 0.3))
		return val_pair(&history->values, val_small(number),
				val_small((int64_t)choose(choices, 2)));
	return val_small(number);
}

static val
some_pattern(struct history *history, struct choices *choices)
{
	if (!choices->tries_all)
		return wide_pattern(&history->values, &choices->rng,
				    something_put(history, choices));
	val field = choose(choices, 2) == 1 ? val_small(1) : VAL_OF_NIL;
	return val_list(&history->values, &field, 1);
}

static void
ask(struct history *history, struct choices *choices, struct op *op,
    enum collection collection, size_t kinds)
{
	bool puts = choose_whether(choices, 0.45);

	op->f = fs[collection][puts ? 0 : choose_whether(choices, 0.2) ? 2 : 1];
	if (puts)
		op->input = some_element(history, choices, collection, kinds);
	else if (collection == COLLECTION_TUPLE_SPACE)
		op->input = some_pattern(history, choices);
}

static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	if (is_put(op) || !choose_whether(choices, 0.7))
		return;
	op->output = choices->tries_all ? some_of_two(history, choices,
						      op->f == F_TAKE || op->f == F_READ)
					: something_put(history, choices);
}

#define DEFINE(id, COLLECTION, name)                                                     \
	static bool id##_is_allowed(const struct history *history, bool strict)          \
	{                                                                                \
		struct search search = {history, COLLECTION};                            \
		struct contents contents = {{0}, 0};                                     \
		(void)strict;                                                            \
		return can_finish(&search, 0, &contents);                                \
	}                                                                                \
	static void id##_ask_once(struct history *history, struct choices *choices,      \
				  struct op *op)                                         \
	{                                                                                \
		ask(history, choices, op, COLLECTION, 100);                              \
	}                                                                                \
	static void id##_ask_again(struct history *history, struct choices *choices,     \
				   struct op *op)                                        \
	{                                                                                \
		ask(history, choices, op, COLLECTION, 2);                                \
	}                                                                                \
	static void id##_put_once(void **state)                                          \
	{                                                                                \
		compare(name, id##_ask_once, id##_is_allowed, 0);                        \
		(void)state;                                                             \
	}                                                                                \
	static void id##_put_again_and_again(void **state)                               \
	{                                                                                \
		compare(name, id##_ask_again, id##_is_allowed, 3);                       \
		(void)state;                                                             \
	}

static void
compare(const char *checker,
	void (*asks)(struct history *history, struct choices *choices, struct op *op),
	bool (*is_allowed)(const struct history *history, bool strict), size_t ops_all)
{
	static const char *const anomalies[] = {"false-empty",	      "out-of-order",
						"priority-inversion", "taken-twice",
						"not-linearizable",   NULL};
	struct definition definition = {.checker = checker,
					.model = least_first ? "priority-queue-least"
							     : NULL,
					.ask = asks,
					.answer = answer,
					.is_allowed = is_allowed,
					.anomalies = anomalies,
					.ops_all = ops_all};

	definition_compare(&definition);
}

DEFINE(queue, COLLECTION_QUEUE, "queue")
DEFINE(stack, COLLECTION_STACK, "stack")
DEFINE(priority_queue, COLLECTION_PRIORITY_QUEUE, "priority-queue")
DEFINE(bag, COLLECTION_BAG, "bag")
DEFINE(tuple_space, COLLECTION_TUPLE_SPACE, "tuple-space")

static void
the_least_first(void **state)
{
	least_first = true;
	priority_queue_put_once(state);
	priority_queue_put_again_and_again(state);
	least_first = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_put_once),
		cmocka_unit_test(queue_put_again_and_again),
		cmocka_unit_test(stack_put_once),
		cmocka_unit_test(stack_put_again_and_again),
		cmocka_unit_test(priority_queue_put_once),
		cmocka_unit_test(priority_queue_put_again_and_again),
		cmocka_unit_test(the_least_first),
		cmocka_unit_test(bag_put_once),
		cmocka_unit_test(bag_put_again_and_again),
		cmocka_unit_test(tuple_space_put_once),
		cmocka_unit_test(tuple_space_put_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
