/* The five collections as models. A state is a set of possible contents; a take of unknown
 * outcome multiplies them, and what is seen later rules some out. Contents are lists of ids
 * of elements: in the order in which they went in for queue and stack, sorted for the
 * others, which know no order of arrival. */
#include "checkers/collection/collection.h"

#include "base/assert.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum {
	POSSIBILITIES_MAX = 1 << 12 /* contents in one state */
};

struct words {
	uint32_t *items; /* a vec */
	size_t count, capacity;
};

/* Word sequences, each stored once; states and contents are both. */
struct sequences {
	struct words words;
	VEC(size_t) starts; /* one more than there are sequences */
	uint32_t *slots;    /* owned; id + 1; open addressing */
	size_t slot_count;
};

struct self {
	enum collection collection;
	const struct history *history;
	const struct check_options *options;
	struct value_ids elements, patterns;
	struct value_ids observed; /* what anybody took or saw */
	struct sequences contents; /* of elements */
	struct sequences states;   /* of contents, ascending */
	struct words scratch, found;
	size_t bytes_max;
	bool is_full;
	bool is_branching; /* a take of unknown outcome may have several results */
};

/* ---- sequences ---------------------------------------------------------------------- */

static size_t
sequence_count(const struct sequences *sequences)
{
	return sequences->starts.count == 0 ? 0 : sequences->starts.count - 1;
}

static const uint32_t *
sequence_at(const struct sequences *sequences, uint32_t id, size_t *count)
{
	size_t start = sequences->starts.items[id];

	*count = sequences->starts.items[id + 1] - start;
	return sequences->words.items + start;
}

static uint64_t
hash_words(const uint32_t *items, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ items[i]) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

static uint32_t *
sequence_slot(const struct sequences *sequences, const uint32_t *items, size_t count)
{
	size_t mask = sequences->slot_count - 1, at = hash_words(items, count) & mask;

	for (; sequences->slots[at] != 0; at = (at + 1) & mask) {
		size_t present_count;
		const uint32_t *present =
			sequence_at(sequences, sequences->slots[at] - 1, &present_count);
		if (present_count == count &&
		    (count == 0 || memcmp(present, items, count * sizeof(*items)) == 0))
			break;
	}
	return &sequences->slots[at];
}

static void
sequences_grow(struct sequences *sequences)
{
	free(sequences->slots);
	sequences->slot_count = sequences->slot_count ? sequences->slot_count * 2 : 64;
	sequences->slots = mem_new(sequences->slot_count, sizeof(*sequences->slots));
	for (uint32_t id = 0; id < sequence_count(sequences); id++) {
		size_t count;
		const uint32_t *items = sequence_at(sequences, id, &count);
		*sequence_slot(sequences, items, count) = id + 1;
	}
}

static uint32_t
sequence_id(struct sequences *sequences, const uint32_t *items, size_t count)
{
	if (sequence_count(sequences) * 2 >= sequences->slot_count)
		sequences_grow(sequences);
	uint32_t *slot = sequence_slot(sequences, items, count);
	if (*slot != 0)
		return *slot - 1;
	if (sequences->starts.count == 0)
		vec_push(&sequences->starts, 0);
	for (size_t i = 0; i < count; i++)
		vec_push(&sequences->words, items[i]);
	vec_push(&sequences->starts, sequences->words.count);
	*slot = (uint32_t)sequence_count(sequences);
	return *slot - 1;
}

static size_t
sequences_bytes(const struct sequences *sequences)
{
	return sequences->words.capacity * sizeof(uint32_t) +
	       sequences->starts.capacity * sizeof(size_t) +
	       sequences->slot_count * sizeof(uint32_t);
}

static void
sequences_release(struct sequences *sequences)
{
	vec_release(&sequences->words);
	vec_release(&sequences->starts);
	free(sequences->slots);
}

/* ---- life --------------------------------------------------------------------------- */

static void *
collection_open(enum collection collection, const struct key_ops *key,
		const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	size_t bytes = options->budget.bytes_max;

	self->collection = collection;
	self->history = key->history;
	self->options = options;
	self->bytes_max = (bytes > 0 ? bytes : BUDGET_BYTES_DEFAULT) / 4;
	value_ids_init(&self->elements, &key->history->values);
	value_ids_init(&self->patterns, &key->history->values);
	value_ids_init(&self->observed, &key->history->values);
	for (size_t i = 0; i < key->count; i++) {
		val element;
		enum collection_role role = collection_role(collection, key->history,
							    key_op(key, i), &element);
		if (role == COLLECTION_TAKE || role == COLLECTION_LOOK)
			value_ids_add(&self->observed, element);
		if (role == COLLECTION_TAKE_SOME && collection != COLLECTION_QUEUE &&
		    collection != COLLECTION_STACK)
			self->is_branching = true;
	}
	return self;
}

static void
collection_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->elements);
	value_ids_release(&self->patterns);
	value_ids_release(&self->observed);
	sequences_release(&self->contents);
	sequences_release(&self->states);
	vec_release(&self->scratch);
	vec_release(&self->found);
	free(self);
}

/* A put of unknown outcome that nobody saw the result of can be left out: without it, and
 * without the take that took it, any order is still one. */
static bool
collection_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	val element = VAL_OF_NIL;

	call->kind = collection_role(self->collection, self->history, op, &element);
	call->a = call->b = 0;
	if (call->kind == COLLECTION_PUT && op->type == OP_INFO &&
	    value_ids_find(&self->observed, element) == VALUE_ID_NONE)
		return false;
	if (call->kind == COLLECTION_MISS || call->kind == COLLECTION_TAKE_SOME)
		call->b = value_ids_add(&self->patterns,
					self->collection == COLLECTION_TUPLE_SPACE
						? op->input
						: VAL_OF_NIL);
	else if (call->kind != COLLECTION_SILENT)
		call->a = value_ids_add(&self->elements, element);
	return call->kind != COLLECTION_SILENT;
}

static uint32_t
collection_init(void *context)
{
	struct self *self = context;
	uint32_t empty = sequence_id(&self->contents, NULL, 0);

	return sequence_id(&self->states, &empty, 1);
}

/* ---- steps -------------------------------------------------------------------------- */

static val
element_value(const struct self *self, uint32_t element)
{
	return value_ids_value(&self->elements, element);
}

static bool
matches(const struct self *self, uint32_t pattern, uint32_t element)
{
	return self->collection != COLLECTION_TUPLE_SPACE ||
	       collection_matches(&self->history->values,
				  value_ids_value(&self->patterns, pattern),
				  element_value(self, element));
}

static bool
goes_first(const struct self *self, const uint32_t *items, size_t count, uint32_t element)
{
	for (size_t i = 0; i < count; i++)
		if (collection_compare(self->options, &self->history->values,
				       element_value(self, items[i]),
				       element_value(self, element)) < 0)
			return false;
	return true;
}

/* The element at place i may be taken or seen now. */
static bool
is_accessible(const struct self *self, const uint32_t *items, size_t count, size_t i)
{
	switch (self->collection) {
	case COLLECTION_QUEUE:
		return i == 0;
	case COLLECTION_STACK:
		return i + 1 == count;
	case COLLECTION_PRIORITY_QUEUE:
		return goes_first(self, items, count, items[i]);
	case COLLECTION_BAG:
	case COLLECTION_TUPLE_SPACE:
		return true;
	case COLLECTION_NONE:
	case COLLECTION_KINDS:
		break;
	}
	ASSERT(false);
	return false;
}

/* The state found has one more possibility: `contents`. Kept sorted, each once. */
static void
add_possibility(struct self *self, uint32_t contents)
{
	struct words *found = &self->found;
	size_t at = found->count;

	while (at > 0 && found->items[at - 1] > contents)
		at--;
	if (at > 0 && found->items[at - 1] == contents)
		return;
	vec_push(found, contents);
	memmove(found->items + at + 1, found->items + at,
		(found->count - 1 - at) * sizeof(*found->items));
	found->items[at] = contents;
}

/* The contents with one more element, or with the one at `left_out` gone. */
static void
add_changed(struct self *self, uint32_t contents, size_t left_out, const uint32_t *added)
{
	bool is_sorted = self->collection != COLLECTION_QUEUE &&
			 self->collection != COLLECTION_STACK;
	size_t count;
	const uint32_t *items = sequence_at(&self->contents, contents, &count);

	vec_clear(&self->scratch);
	for (size_t i = 0; i < count; i++) {
		if (added != NULL && is_sorted && items[i] > *added) {
			vec_push(&self->scratch, *added);
			added = NULL;
		}
		if (i != left_out)
			vec_push(&self->scratch, items[i]);
	}
	if (added != NULL)
		vec_push(&self->scratch, *added);
	add_possibility(self, sequence_id(&self->contents, self->scratch.items,
					  self->scratch.count));
}

static void
step_take(struct self *self, uint32_t contents, const struct call *call)
{
	size_t count;
	const uint32_t *items = sequence_at(&self->contents, contents, &count);
	uint32_t last = VALUE_ID_NONE;

	for (size_t i = 0; i < count; i++) {
		bool is_it = call->kind == COLLECTION_TAKE_SOME
				     ? matches(self, call->b, items[i])
				     : items[i] == call->a;
		if (!is_it || items[i] == last || !is_accessible(self, items, count, i))
			continue;
		last = items[i];
		if (call->kind == COLLECTION_LOOK) {
			add_possibility(self, contents);
			return;
		}
		add_changed(self, contents, i, NULL);
		if (call->kind == COLLECTION_TAKE)
			return;
		items = sequence_at(&self->contents, contents, &count);
	}
}

static void
step_miss(struct self *self, uint32_t contents, const struct call *call)
{
	size_t count;
	const uint32_t *items = sequence_at(&self->contents, contents, &count);

	for (size_t i = 0; i < count; i++)
		if (matches(self, call->b, items[i]))
			return;
	add_possibility(self, contents);
}

static void
step_contents(struct self *self, uint32_t contents, const struct call *call)
{
	if (call->kind == COLLECTION_PUT)
		add_changed(self, contents, SIZE_MAX, &call->a);
	else if (call->kind == COLLECTION_MISS)
		step_miss(self, contents, call);
	else if (call->kind != COLLECTION_NEVER)
		step_take(self, contents, call);
}

static bool
collection_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	size_t count;

	sequence_at(&self->states, state, &count);
	vec_clear(&self->found);
	for (size_t i = 0; i < count; i++)
		step_contents(self, sequence_at(&self->states, state, &count)[i], call);
	if (self->found.count == 0)
		return false;
	if (self->found.count > POSSIBILITIES_MAX ||
	    sequences_bytes(&self->contents) + sequences_bytes(&self->states) >
		    self->bytes_max) {
		self->is_full = true;
		return false;
	}
	*next = sequence_id(&self->states, self->found.items, self->found.count);
	return true;
}

/* Where there are several possibilities, looks and misses rule some out. */
static bool
collection_is_read(void *context, const struct call *call)
{
	const struct self *self = context;

	return !self->is_branching &&
	       (call->kind == COLLECTION_LOOK || call->kind == COLLECTION_MISS ||
		call->kind == COLLECTION_NEVER);
}

static bool
collection_is_overwrite(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
collection_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
collection_is_full(void *context)
{
	const struct self *self = context;

	return self->is_full;
}

#define MODEL(id, COLLECTION, text)                                                      \
	static void *id##_open(const struct key_ops *key,                                \
			       const struct check_options *options)                      \
	{                                                                                \
		return collection_open(COLLECTION, key, options);                        \
	}                                                                                \
	static const struct model id = {                                                 \
		.name = text,                                                            \
		.open = id##_open,                                                       \
		.close = collection_close,                                               \
		.decode = collection_decode,                                             \
		.init = collection_init,                                                 \
		.step = collection_step,                                                 \
		.is_read = collection_is_read,                                           \
		.is_overwrite = collection_is_overwrite,                                 \
		.state_count = collection_state_count,                                   \
		.is_full = collection_is_full,                                           \
	}

MODEL(queue, COLLECTION_QUEUE, "queue");
MODEL(stack, COLLECTION_STACK, "stack");
MODEL(priority_queue, COLLECTION_PRIORITY_QUEUE, "priority-queue");
MODEL(bag, COLLECTION_BAG, "bag");
MODEL(tuple_space, COLLECTION_TUPLE_SPACE, "tuple-space");

const struct model *
model_of_collection(enum collection collection)
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
