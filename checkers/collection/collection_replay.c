#include "checkers/collection/collection_replay.h"

#include "base/assert.h"
#include "checkers/collection/tuple_replay.h"
#include "checkers/collection/tuple_settle.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

struct replay {
	enum collection collection;
	const struct history *history;
	const struct check_options *options;
	struct value_ids ids;
	VEC(uint32_t) live_count; /* by id: how often it is in */
	VEC(uint32_t) needed;	  /* by id: how often the rest takes or sees it */
	VEC(uint32_t) items;	  /* what is in; see remove_element for what is out */
	VEC(uint32_t) gone;	  /* by id: copies in the heap that are out already */
	size_t live_total;
	VEC(uint32_t) used_at;	    /* by id: the place of the last put or look of it */
	struct tuple_replay tuples; /* tuple space: instead of items */
	struct tuple_settle settle; /* what takes of unknown outcome took */
	uint32_t place;		    /* in the order */
	size_t head;		    /* queue: the first of `items` that is still in */
	const struct op *op;	    /* decoded last: its pattern */
};

static uint32_t
id_of(struct replay *replay, val element)
{
	uint32_t id = value_ids_add(&replay->ids, element);

	while (replay->live_count.count <= id) {
		vec_push(&replay->live_count, 0);
		vec_push(&replay->needed, 0);
		vec_push(&replay->gone, 0);
		vec_push(&replay->used_at, 0);
	}
	return id;
}

/* What the rest of the order will do with elements and patterns. */
static void
foresee(struct replay *replay, const struct op *op)
{
	val element;

	switch (collection_role(replay->collection, replay->history, op, &element)) {
	case COLLECTION_TAKE:
	case COLLECTION_LOOK: {
		uint32_t id = id_of(replay, element);
		replay->needed.items[id]++;
		return;
	}
	case COLLECTION_MISS:
		tuple_replay_ask(&replay->tuples, op->input);
		return;
	case COLLECTION_TAKE_SOME:
		tuple_settle_expect(&replay->settle, op->input);
		replay->tuples.keeps_ids = true;
		return;
	default:
		return;
	}
}

static void *
replay_open(enum collection collection, const struct key_ops *key,
	    const struct check_options *options)
{
	struct replay *replay = mem_new(1, sizeof(*replay));

	replay->collection = collection;
	replay->history = key->history;
	replay->options = options;
	value_ids_init(&replay->ids, &key->history->values);
	tuple_replay_init(&replay->tuples, &key->history->values);
	tuple_settle_init(&replay->settle, &key->history->values);
	for (size_t i = 0; i < key->count; i++)
		if (key->ops[i] < key->history->ops.count)
			foresee(replay, key_op(key, i));
	return replay;
}

static void
replay_close(void *context)
{
	struct replay *replay = context;

	value_ids_release(&replay->ids);
	vec_release(&replay->live_count);
	vec_release(&replay->needed);
	vec_release(&replay->items);
	vec_release(&replay->gone);
	vec_release(&replay->used_at);
	tuple_replay_release(&replay->tuples);
	tuple_settle_release(&replay->settle);
	free(replay);
}

static bool
replay_decode(void *context, const struct op *op, struct call *call)
{
	struct replay *replay = context;
	val element = VAL_OF_NIL;

	call->kind = collection_role(replay->collection, replay->history, op, &element);
	replay->op = op;
	if (call->kind == COLLECTION_PUT || call->kind == COLLECTION_TAKE ||
	    call->kind == COLLECTION_LOOK)
		call->a = id_of(replay, element);
	return call->kind != COLLECTION_SILENT;
}

static uint32_t
replay_init(void *context)
{
	(void)context;
	return 0;
}

static int
compare(const struct replay *replay, uint32_t a, uint32_t b)
{
	return collection_compare(replay->options, &replay->history->values,
				  value_ids_value(&replay->ids, a),
				  value_ids_value(&replay->ids, b));
}

/* ---- the heap of a priority queue ---------------------------------------------------- */

static void
swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

static void
heap_push(struct replay *replay, uint32_t id)
{
	vec_push(&replay->items, id);
	uint32_t *heap = replay->items.items;
	for (size_t i = replay->items.count - 1;
	     i > 0 && compare(replay, heap[i], heap[(i - 1) / 2]) < 0; i = (i - 1) / 2)
		swap(&heap[i], &heap[(i - 1) / 2]);
}

static void
heap_pop(struct replay *replay)
{
	uint32_t *heap = replay->items.items;
	size_t count = --replay->items.count, i = 0;

	heap[0] = heap[count];
	for (;;) {
		size_t best = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < count && compare(replay, heap[child], heap[best]) < 0)
				best = child;
		if (best == i)
			return;
		swap(&heap[i], &heap[best]);
		i = best;
	}
}

/* Removes what is at the top but out already. */
static void
heap_clean(struct replay *replay)
{
	while (replay->items.count > 0 &&
	       replay->gone.items[replay->items.items[0]] > 0) {
		replay->gone.items[replay->items.items[0]]--;
		heap_pop(replay);
	}
}

/* ---- steps -------------------------------------------------------------------------- */

static bool
is_accessible(struct replay *replay, uint32_t id)
{
	if (replay->live_count.items[id] == 0)
		return false;
	switch (replay->collection) {
	case COLLECTION_QUEUE:
		return replay->items.items[replay->head] == id;
	case COLLECTION_STACK:
		return *vec_last(&replay->items) == id;
	case COLLECTION_PRIORITY_QUEUE:
		heap_clean(replay);
		return compare(replay, replay->items.items[0], id) == 0;
	default:
		return true;
	}
}

static void
put(struct replay *replay, uint32_t id)
{
	replay->live_count.items[id]++;
	replay->live_total++;
	if (replay->collection == COLLECTION_PRIORITY_QUEUE)
		heap_push(replay, id);
	else if (replay->collection == COLLECTION_TUPLE_SPACE)
		tuple_replay_put(&replay->tuples, value_ids_value(&replay->ids, id), id);
	else
		vec_push(&replay->items, id);
}

/* Keeps one copy of each element that is in. */
static void
compact(struct replay *replay)
{
	size_t kept = 0;

	for (size_t i = 0; i < replay->items.count; i++) {
		uint32_t id = replay->items.items[i];
		if (replay->live_count.items[id] == 0 || replay->gone.items[id] > 0)
			continue;
		replay->gone.items[id] = 1;
		replay->items.items[kept++] = id;
	}
	replay->items.count = kept;
	vec_each (uint32_t, id, &replay->items)
		replay->gone.items[*id] = 0;
}

/* Queues keep what is out in front of `head`, bags keep it until half of all is out. */
static void
remove_element(struct replay *replay, uint32_t id)
{
	replay->live_count.items[id]--;
	replay->live_total--;
	switch (replay->collection) {
	case COLLECTION_QUEUE:
		replay->head++;
		return;
	case COLLECTION_STACK:
		(void)vec_pop(&replay->items);
		return;
	case COLLECTION_PRIORITY_QUEUE:
		replay->gone.items[id]++;
		heap_clean(replay);
		return;
	case COLLECTION_TUPLE_SPACE:
		tuple_replay_remove(&replay->tuples, value_ids_value(&replay->ids, id));
		return;
	default:
		if (replay->items.count > 2 * replay->live_total + 64)
			compact(replay);
	}
}

/* Some take of unknown outcome may have taken the element after anybody needed it. */
static bool
settle(struct replay *replay, uint32_t id)
{
	if (replay->needed.items[id] > 0 ||
	    !tuple_settle(&replay->settle, value_ids_value(&replay->ids, id),
			  replay->used_at.items[id], replay->place))
		return false;
	remove_element(replay, id);
	return true;
}

/* Nothing that is in matches: or takes of unknown outcome have taken all that does. */
static bool
misses(struct replay *replay)
{
	uint32_t id;

	if (replay->collection != COLLECTION_TUPLE_SPACE)
		return replay->live_total == 0;
	while (tuple_replay_next(&replay->tuples, replay->op->input,
				 replay->live_count.items, &id))
		if (id == VALUE_ID_NONE || !settle(replay, id))
			return false;
	return true;
}

/* Takes the first accessible element that the rest needs less often than it is in. In a
 * tuple space, where patterns differ, that is left open until a miss asks for it. */
static bool
take_some(struct replay *replay)
{
	if (replay->collection == COLLECTION_TUPLE_SPACE) {
		tuple_settle_take(&replay->settle, replay->op->input, replay->place);
		return true;
	}
	for (size_t i = replay->head; i < replay->items.count; i++) {
		uint32_t id = replay->items.items[i];
		bool is_ordered = replay->collection == COLLECTION_QUEUE ||
				  replay->collection == COLLECTION_STACK;
		if (!is_accessible(replay, id) ||
		    (!is_ordered &&
		     replay->needed.items[id] >= replay->live_count.items[id]))
			continue;
		remove_element(replay, id);
		return true;
	}
	return false;
}

static bool
replay_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct replay *replay = context;

	*next = state;
	replay->place++;
	switch ((enum collection_role)call->kind) {
	case COLLECTION_PUT:
		put(replay, call->a);
		replay->used_at.items[call->a] = replay->place;
		return true;
	case COLLECTION_TAKE:
	case COLLECTION_LOOK:
		replay->needed.items[call->a]--;
		if (!is_accessible(replay, call->a))
			return false;
		replay->used_at.items[call->a] = replay->place;
		if (call->kind == COLLECTION_TAKE)
			remove_element(replay, call->a);
		return true;
	case COLLECTION_MISS:
		return misses(replay);
	case COLLECTION_TAKE_SOME:
		return take_some(replay);
	case COLLECTION_NEVER:
	case COLLECTION_SILENT:
		break;
	}
	return false;
}

#define REPLAY(id, COLLECTION)                                                           \
	static void *id##_open(const struct key_ops *key,                                \
			       const struct check_options *options)                      \
	{                                                                                \
		return replay_open(COLLECTION, key, options);                            \
	}                                                                                \
	static const struct model id = {                                                 \
		.name = #id,                                                             \
		.open = id##_open,                                                       \
		.close = replay_close,                                                   \
		.decode = replay_decode,                                                 \
		.init = replay_init,                                                     \
		.step = replay_step,                                                     \
	}

REPLAY(queue, COLLECTION_QUEUE);
REPLAY(stack, COLLECTION_STACK);
REPLAY(priority_queue, COLLECTION_PRIORITY_QUEUE);
REPLAY(bag, COLLECTION_BAG);
REPLAY(tuple_space, COLLECTION_TUPLE_SPACE);

const struct model *
replay_of_collection(enum collection collection)
{
	static const struct model *const models[COLLECTION_KINDS] = {
		[COLLECTION_QUEUE] = &queue,
		[COLLECTION_STACK] = &stack,
		[COLLECTION_PRIORITY_QUEUE] = &priority_queue,
		[COLLECTION_BAG] = &bag,
		[COLLECTION_TUPLE_SPACE] = &tuple_space,
	};

	ASSERT(models[collection] != NULL);
	return models[collection];
}
