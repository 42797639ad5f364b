#include "checkers/jepsen/elements.h"

#include "base/assert.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	DIRECT_SPARE = 1024,
	DIRECT_PER_PUT = 5,
	SPAN_PER_EVENT_MAX = 4,
	BYTES_PER_OP = 64
};

void
finding_add(struct finding *finding, uint32_t op)
{
	if (op == NO_OP)
		return;
	vec_each (uint32_t, present, &finding->ops)
		if (*present == op)
			return;
	vec_push(&finding->ops, op);
}

void
finding_add_element(struct finding *finding, const struct elements *elements,
		    uint32_t element)
{
	const struct element *e = &elements->items.items[element];

	finding_add(finding, e->put);
	finding_add(finding, e->first_shown);
	finding_add(finding, e->last_shown);
	finding_add(finding, e->take);
}

/* ---- positions ---------------------------------------------------------------------- */

static uint32_t
ends_at(const struct op *op)
{
	return op->type == OP_INFO ? OP_NEVER : op->complete_at;
}

/* The key's events are a good part of all in their time: positions are taken as they are. */
static void
place_directly(struct elements *elements, uint32_t first)
{
	for (size_t i = 0; i < elements->key->count; i++) {
		const struct op *op = key_op(elements->key, i);
		uint32_t end = ends_at(op);
		elements->begin[i] = (op->invoke_at - first) * 2;
		elements->end[i] = end == OP_NEVER ? NO_POINT : (end - first) * 2;
	}
}

static void
place_by_rank(struct elements *elements)
{
	size_t count = 0;
	uint64_t *events = mem_new(elements->key->count * 2 + 1, sizeof(*events));

	for (size_t i = 0; i < elements->key->count; i++) {
		const struct op *op = key_op(elements->key, i);
		events[count++] = (uint64_t)op->invoke_at << 32 | i << 1;
		elements->end[i] = NO_POINT;
		if (ends_at(op) != OP_NEVER)
			events[count++] = (uint64_t)ends_at(op) << 32 | i << 1 | 1;
	}
	sort_words(events, count);
	for (size_t rank = 0; rank < count; rank++) {
		uint32_t i = (uint32_t)events[rank] >> 1;
		uint32_t *position =
			events[rank] & 1 ? &elements->end[i] : &elements->begin[i];
		*position = (uint32_t)rank * 2;
	}
	free(events);
}

static void
place(struct elements *elements)
{
	const struct key_ops *key = elements->key;
	uint32_t first = key_op(key, 0)->invoke_at, last = first;

	elements->begin = mem_resize(NULL, key->count + 1, sizeof(uint32_t));
	elements->end = mem_resize(NULL, key->count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		uint32_t end = ends_at(op) == OP_NEVER ? op->invoke_at : ends_at(op);
		last = end > last ? end : last;
	}
	if ((uint64_t)(last - first) <= key->count * 2 * SPAN_PER_EVENT_MAX)
		place_directly(elements, first);
	else
		place_by_rank(elements);
}

/* ---- values ------------------------------------------------------------------------- */

struct gathering {
	struct elements *elements;
	uint8_t *roles; /* owned; by operation of the key */
	size_t put_count;
	uint32_t *of_id; /* owned; id -> element, NO_OP: none */
	size_t id_count;
	struct finding *finding;
};

/* What each operation is. Integers that are close together number themselves. */
static void
find_roles(struct gathering *g)
{
	struct elements *elements = g->elements;
	const struct key_ops *key = elements->key;
	int64_t low = INT64_MAX, high = INT64_MIN;
	bool all_small = true;

	g->roles = mem_resize(NULL, key->count + 1, sizeof(*g->roles));
	for (size_t i = 0; i < key->count; i++) {
		val v;
		int64_t number;
		g->roles[i] = (uint8_t)collection_role(elements->collection, key->history,
						       key_op(key, i), &v);
		if (g->roles[i] != COLLECTION_PUT)
			continue;
		g->put_count++;
		all_small = all_small && val_small_number(v, &number);
		if (!all_small)
			continue;
		low = number < low ? number : low;
		high = number > high ? number : high;
	}
	if (g->put_count > 0 && all_small &&
	    (uint64_t)high - (uint64_t)low < DIRECT_PER_PUT * g->put_count + DIRECT_SPARE)
		value_ids_direct(&elements->ids, low, high);
	vec_reserve(&elements->items, g->put_count);
}

static void
find_one(struct gathering *g, const char *name, uint32_t a, uint32_t b, uint32_t c)
{
	if (g->finding->name != NULL)
		return;
	g->finding->name = name;
	finding_add(g->finding, a);
	finding_add(g->finding, b);
	finding_add(g->finding, c);
}

static void
note_put(struct gathering *g, uint32_t i, val v)
{
	struct elements *elements = g->elements;
	uint32_t id = value_ids_add(&elements->ids, v);

	while (id >= g->id_count) {
		size_t wider = g->id_count * 2 + 64;
		g->of_id = mem_resize(g->of_id, wider, sizeof(*g->of_id));
		memset(g->of_id + g->id_count, 0xff,
		       (wider - g->id_count) * sizeof(*g->of_id));
		g->id_count = wider;
	}
	if (g->of_id[id] != NO_OP)
		elements->is_unique = false;
	g->of_id[id] = (uint32_t)elements->items.count;
	vec_push(&elements->items, (struct element){.put = i,
						    .take = NO_OP,
						    .put_from = elements->begin[i],
						    .put_to = elements->end[i],
						    .shown_to = NO_POINT,
						    .take_from = elements->begin[i],
						    .take_to = NO_POINT,
						    .first_shown = NO_OP,
						    .last_shown = NO_OP});
}

static bool
is_failed_put(const struct elements *elements, const struct op *op, val v)
{
	struct op happened = *op;
	val put;

	happened.type = OP_OK;
	return op->type == OP_FAIL &&
	       collection_role(elements->collection, elements->key->history, &happened,
			       &put) == COLLECTION_PUT &&
	       val_equal(&elements->key->history->values, put, v);
}

static void
find_unput(struct gathering *g, uint32_t i, val v)
{
	const struct key_ops *key = g->elements->key;

	for (uint32_t k = 0; k < key->count && g->finding->name == NULL; k++)
		if (is_failed_put(g->elements, key_op(key, k), v))
			find_one(g, "failed-add-seen", i, k, NO_OP);
	find_one(g, "never-added", i, NO_OP, NO_OP);
}

/* The element was seen or taken. */
static void
note_shown(struct gathering *g, uint32_t i, val v, bool takes)
{
	struct elements *elements = g->elements;
	uint32_t id = value_ids_find(&elements->ids, v);
	uint32_t number = id == VALUE_ID_NONE ? NO_OP : g->of_id[id];

	if (number == NO_OP) {
		find_unput(g, i, v);
		return;
	}
	struct element *element = &elements->items.items[number];
	if (elements->end[i] < element->shown_to) {
		element->shown_to = elements->end[i];
		element->first_shown = i;
	}
	if (elements->begin[i] >= element->take_from || element->last_shown == NO_OP) {
		if (elements->begin[i] > element->take_from)
			element->take_from = elements->begin[i];
		element->last_shown = i;
	}
	if (takes && element->take != NO_OP)
		find_one(g, "taken-twice", element->put, element->take, i);
	if (takes) {
		element->take = i;
		element->take_to = elements->end[i];
	} else {
		vec_push(&elements->looks, (struct look){number, i});
		element->look_count++;
	}
}

static void
note_puts(struct gathering *g)
{
	const struct key_ops *key = g->elements->key;

	for (uint32_t i = 0; i < key->count; i++)
		if (g->roles[i] == COLLECTION_PUT)
			note_put(g, i, key_op(key, i)->input);
}

static void
note_answers(struct gathering *g)
{
	struct elements *elements = g->elements;
	const struct key_ops *key = elements->key;

	for (uint32_t i = 0; i < key->count; i++) {
		uint8_t role = g->roles[i];
		if (role == COLLECTION_TAKE || role == COLLECTION_LOOK)
			note_shown(g, i, key_op(key, i)->output, role == COLLECTION_TAKE);
		else if (role == COLLECTION_MISS)
			vec_push(&elements->misses, i);
		else if (role == COLLECTION_TAKE_SOME)
			vec_push(&elements->phantoms, i);
		else if (role == COLLECTION_NEVER)
			find_one(g, "pattern-mismatch", i, NO_OP, NO_OP);
	}
}

/* ---- one element alone -------------------------------------------------------------- */

static void
settle_element(struct gathering *g, struct element *element)
{
	if (element->shown_to < element->put_from)
		find_one(g, "seen-before-added", element->put, element->first_shown,
			 NO_OP);
	if (element->take != NO_OP && element->take_from > element->take_to)
		find_one(g, "seen-after-taken", element->put, element->take,
			 element->last_shown);
	if (element->shown_to < element->put_to)
		element->put_to = element->shown_to;
	if (element->take == NO_OP)
		element->take_from = NO_POINT;
}

/* Leaves out puts of unknown outcome that nobody saw the result of; looks then stand by
 * element. */
static void
settle(struct gathering *g)
{
	struct elements *elements = g->elements;
	uint32_t kept = 0, looks = 0;
	uint32_t *renamed = NULL;

	if (elements->looks.count > 0)
		renamed = mem_new(elements->items.count + 1, sizeof(*renamed));
	for (size_t i = 0; i < elements->items.count; i++) {
		struct element element = elements->items.items[i];
		if (element.put_to == NO_POINT && element.shown_to == NO_POINT)
			continue;
		settle_element(g, &element);
		element.look_first = looks;
		looks += element.look_count;
		if (renamed != NULL)
			renamed[i] = kept;
		elements->items.items[kept++] = element;
	}
	elements->items.count = kept;
	if (renamed == NULL)
		return;
	struct look *sorted = mem_new(elements->looks.count, sizeof(*sorted));
	vec_each (struct look, look, &elements->looks) {
		uint32_t number = renamed[look->element];
		struct element *element = &elements->items.items[number];
		sorted[element->look_first++] = (struct look){number, look->op};
	}
	vec_each (struct element, element, &elements->items)
		element->look_first -= element->look_count;
	free(elements->looks.items);
	elements->looks.items = sorted;
	elements->looks.capacity = elements->looks.count;
	free(renamed);
}

bool
elements_init(struct elements *elements, enum collection collection,
	      const struct key_ops *key, const struct check_options *options,
	      struct finding *finding)
{
	struct gathering g = {.elements = elements, .finding = finding};

	*elements = (struct elements){.key = key,
				      .options = options,
				      .collection = collection,
				      .is_unique = true};
	value_ids_init(&elements->ids, &key->history->values);
	elements->bytes = key->count * BYTES_PER_OP;
	if (elements->bytes > options->budget.bytes_max || key->count == 0)
		return key->count == 0;
	place(elements);
	find_roles(&g);
	g.id_count = elements->ids.direct_count;
	g.of_id = mem_resize(NULL, g.id_count + 1, sizeof(*g.of_id));
	memset(g.of_id, 0xff, (g.id_count + 1) * sizeof(*g.of_id));
	note_puts(&g);
	if (elements->is_unique)
		note_answers(&g);
	if (elements->is_unique && finding->name == NULL)
		settle(&g);
	free(g.of_id);
	free(g.roles);
	return !budget_is_over(&options->budget);
}

void
elements_release(struct elements *elements)
{
	value_ids_release(&elements->ids);
	vec_release(&elements->items);
	vec_release(&elements->looks);
	vec_release(&elements->misses);
	vec_release(&elements->phantoms);
	free(elements->begin);
	free(elements->end);
}
