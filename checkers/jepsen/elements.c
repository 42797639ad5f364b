#include "checkers/jepsen/elements.h"

#include "base/assert.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	DIRECT_SPARE = 1024,
	DIRECT_PER_PUT = 5,
	SPAN_PER_EVENT_MAX = 4,
	BYTES_PER_OP = 64,
	BYTES_PER_STACKED = 128, /* steps and elements set aside */
	FETCH_AHEAD = 16
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

/* Of the element's take and looks the one that was over first and the one that began last. */
static void
find_shown(const struct elements *elements, const struct element *e, uint32_t *first,
	   uint32_t *last)
{
	*first = *last = e->take;
	for (uint32_t k = 0; k < e->look_count; k++) {
		uint32_t op = elements->looks.items[e->look_first + k].op;
		if (*first == NO_OP || elements->end[op] < elements->end[*first])
			*first = op;
		if (*last == NO_OP || elements->begin[op] > elements->begin[*last])
			*last = op;
	}
}

void
finding_add_element(struct finding *finding, const struct elements *elements,
		    uint32_t element)
{
	const struct element *e = &elements->items.items[element];
	uint32_t first, last;

	find_shown(elements, e, &first, &last);
	finding_add(finding, e->put);
	finding_add(finding, first);
	finding_add(finding, last);
	finding_add(finding, e->take);
}

/* ---- operations, read once ----------------------------------------------------------- */

/* What was put, and what was taken or seen, in the order of the operations. */
struct gathering {
	struct elements *elements;
	uint32_t *puts; /* owned; their values are in elements->values */
	size_t put_count;
	uint32_t *shown;   /* owned; operation << 2 | enum shown_how */
	val *shown_values; /* owned */
	size_t shown_count;
	int64_t low, high; /* of what was put */
	bool all_small;	   /* all that was put are integers */
	uint32_t *of_id;   /* owned; id -> element, NO_OP: none. NULL: the id itself */
	struct finding *finding;
};

enum shown_how {
	SHOWN_BY_LOOK = 0,
	SHOWN_BY_TAKE = 1,
	SHOWN_NEVER = 2 /* it does not match what was asked for */
};

static uint32_t
ends_at(const struct op *op)
{
	return op->type == OP_INFO ? OP_NEVER : op->complete_at;
}

static void
read_put(struct gathering *g, uint32_t i, val v)
{
	int64_t number;

	g->all_small = g->all_small && val_small_number(v, &number);
	if (g->all_small) {
		g->low = number < g->low ? number : g->low;
		g->high = number > g->high ? number : g->high;
	}
	g->elements->values[g->put_count] = v;
	g->puts[g->put_count++] = i;
}

static void
read_shown(struct gathering *g, uint32_t i, enum shown_how how, val v)
{
	g->shown_values[g->shown_count] = v;
	g->shown[g->shown_count++] = i << 2 | how;
}

static void
read_op(struct gathering *g, uint32_t i, const struct op *op)
{
	struct elements *elements = g->elements;
	val v = VAL_OF_NIL;

	switch (collection_role(elements->collection, elements->key->history, op, &v)) {
	case COLLECTION_PUT:
		read_put(g, i, v);
		return;
	case COLLECTION_TAKE:
		read_shown(g, i, SHOWN_BY_TAKE, v);
		return;
	case COLLECTION_LOOK:
		read_shown(g, i, SHOWN_BY_LOOK, v);
		return;
	case COLLECTION_NEVER:
		read_shown(g, i, SHOWN_NEVER, v);
		return;
	case COLLECTION_MISS:
		vec_push(&elements->misses, i);
		return;
	case COLLECTION_TAKE_SOME:
		vec_push(&elements->phantoms, i);
		return;
	case COLLECTION_SILENT:
		return;
	}
}

/* Positions are taken as they are. */
static void
read_ops(struct gathering *g)
{
	struct elements *elements = g->elements;
	const struct key_ops *key = elements->key;
	uint32_t first = key_op(key, 0)->invoke_at, last = first;

	for (uint32_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		uint32_t begin = op->invoke_at, end = ends_at(op);
		elements->begin[i] = (begin - first) * 2;
		elements->end[i] = end == OP_NEVER ? NO_POINT : (end - first) * 2;
		last = begin > last ? begin : last;
		last = end > last && end != OP_NEVER ? end : last;
		read_op(g, i, op);
	}
	elements->event_count = last - first + 1;
}

/* ---- positions ---------------------------------------------------------------------- */

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
	elements->event_count = (uint32_t)count;
	free(events);
}

/* Ranks only where the key's events are a small part of all in their time. */
static void
gather(struct gathering *g)
{
	struct elements *elements = g->elements;
	size_t count = elements->key->count;

	elements->begin = mem_resize(NULL, count + 1, sizeof(uint32_t));
	elements->end = mem_resize(NULL, count + 1, sizeof(uint32_t));
	elements->values = mem_resize(NULL, count + 1, sizeof(val));
	g->puts = mem_resize(NULL, count + 1, sizeof(uint32_t));
	g->shown = mem_resize(NULL, count + 1, sizeof(uint32_t));
	g->shown_values = mem_resize(NULL, count + 1, sizeof(val));
	read_ops(g);
	if (elements->event_count - 1 > count * 2 * SPAN_PER_EVENT_MAX)
		place_by_rank(elements);
}

/* ---- values ------------------------------------------------------------------------- */

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

/* Integers that are close together number themselves. Other values get the numbers of their
 * elements, as long as each is new. */
static void
choose_ids(struct gathering *g)
{
	struct value_ids *ids = &g->elements->ids;

	if (g->put_count == 0 || !g->all_small ||
	    (uint64_t)g->high - (uint64_t)g->low >=
		    DIRECT_PER_PUT * g->put_count + DIRECT_SPARE)
		return;
	value_ids_direct(ids, g->low, g->high);
	g->of_id = mem_resize(NULL, ids->direct_count, sizeof(*g->of_id));
	memset(g->of_id, 0xff, ids->direct_count * sizeof(*g->of_id));
}

/* The element of a value that was put; NO_OP: none. */
static uint32_t
element_of(const struct gathering *g, val v)
{
	uint32_t id = value_ids_find(&g->elements->ids, v);

	return id == VALUE_ID_NONE || g->of_id == NULL ? id : g->of_id[id];
}

/* False: it was put before. */
static bool
name_element(struct gathering *g, uint32_t number, val v)
{
	if (g->of_id == NULL)
		return value_ids_add(&g->elements->ids, v) == number;
	uint32_t *element = &g->of_id[value_ids_find(&g->elements->ids, v)];
	bool is_new = *element == NO_OP;
	*element = number;
	return is_new;
}

/* Values may come in any order: where the number of a later one stands. */
static void
fetch_number(const struct gathering *g, const val *values, size_t k, size_t count)
{
	if (g->of_id == NULL || k >= count)
		return;
	uint32_t id = value_ids_find(&g->elements->ids, values[k]);
	if (id != VALUE_ID_NONE)
		__builtin_prefetch(&g->of_id[id], 1);
}

static void
note_puts(struct gathering *g)
{
	struct elements *elements = g->elements;

	vec_reserve(&elements->items, g->put_count);
	for (uint32_t n = 0; n < g->put_count && elements->is_unique; n++) {
		uint32_t op = g->puts[n];
		fetch_number(g, elements->values, n + 2 * FETCH_AHEAD, g->put_count);
		elements->is_unique = name_element(g, n, elements->values[n]);
		elements->items.items[n] =
			(struct element){.put = op,
					 .take = NO_OP,
					 .put_to = elements->end[op],
					 .shown_to = NO_POINT,
					 .take_from = elements->begin[op],
					 .take_to = NO_POINT};
		elements->items.count = n + 1;
	}
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
note_shown(struct gathering *g, uint32_t i, bool takes, val v)
{
	struct elements *elements = g->elements;
	uint32_t number = element_of(g, v);

	if (number == NO_OP) {
		find_unput(g, i, v);
		return;
	}
	struct element *element = &elements->items.items[number];
	uint32_t begin = elements->begin[i], end = elements->end[i];
	element->shown_to = end < element->shown_to ? end : element->shown_to;
	element->take_from = begin > element->take_from ? begin : element->take_from;
	if (takes && element->take != NO_OP)
		find_one(g, "taken-twice", element->put, element->take, i);
	if (takes) {
		element->take = i;
		element->take_to = end;
	} else {
		vec_push(&elements->looks, (struct look){number, i});
		element->look_count++;
	}
}

/* The element that is met some answers later. */
static void
fetch_element(const struct gathering *g, size_t k)
{
	fetch_number(g, g->shown_values, k + 2 * FETCH_AHEAD, g->shown_count);
	if (g->of_id == NULL || k + FETCH_AHEAD >= g->shown_count)
		return;
	uint32_t number = element_of(g, g->shown_values[k + FETCH_AHEAD]);
	if (number != NO_OP)
		__builtin_prefetch(&g->elements->items.items[number], 1);
}

static void
note_answers(struct gathering *g)
{
	for (size_t k = 0; k < g->shown_count; k++) {
		uint32_t op = g->shown[k] >> 2, how = g->shown[k] & 3;
		fetch_element(g, k);
		if (how == SHOWN_NEVER)
			find_one(g, "pattern-mismatch", op, NO_OP, NO_OP);
		else
			note_shown(g, op, how == SHOWN_BY_TAKE, g->shown_values[k]);
	}
}

/* ---- one element alone -------------------------------------------------------------- */

/* Looks stand by element. */
static void
sort_looks(struct elements *elements, const uint32_t *renamed)
{
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
}

/* Leaves out puts of unknown outcome that nobody saw the result of. `renamed` (by old
 * number) may be NULL. */
static void
drop_unseen(struct elements *elements, uint32_t *renamed)
{
	uint32_t kept = 0, looks = 0;

	for (size_t i = 0; i < elements->items.count; i++) {
		struct element element = elements->items.items[i];
		if (element.put_to == NO_POINT && element.shown_to == NO_POINT)
			continue;
		element.look_first = looks;
		looks += element.look_count;
		if (renamed != NULL)
			renamed[i] = kept;
		elements->values[kept] = elements->values[i];
		elements->items.items[kept++] = element;
	}
	elements->items.count = kept;
}

static void
settle_element(struct gathering *g, struct element *element)
{
	const struct elements *elements = g->elements;
	uint32_t first, last;
	bool is_early = element->shown_to < element_put_from(elements, element);
	bool is_late = element->take != NO_OP && element->take_from > element->take_to;

	if (is_early || is_late) {
		find_shown(elements, element, &first, &last);
		if (is_early)
			find_one(g, "seen-before-added", element->put, first, NO_OP);
		else
			find_one(g, "seen-after-taken", element->put, element->take,
				 last);
	}
	if (element->shown_to < element->put_to)
		element->put_to = element->shown_to;
	if (element->take == NO_OP)
		element->take_from = NO_POINT;
}

static void
settle(struct gathering *g)
{
	struct elements *elements = g->elements;
	uint32_t *renamed = NULL;

	if (elements->looks.count > 0)
		renamed = mem_resize(NULL, elements->items.count, sizeof(*renamed));
	drop_unseen(elements, renamed);
	if (renamed != NULL)
		sort_looks(elements, renamed);
	vec_each (struct element, element, &elements->items)
		settle_element(g, element);
	free(renamed);
}

bool
elements_init(struct elements *elements, enum collection collection,
	      const struct key_ops *key, const struct check_options *options,
	      struct finding *finding)
{
	struct gathering g = {.elements = elements,
			      .finding = finding,
			      .low = INT64_MAX,
			      .high = INT64_MIN,
			      .all_small = true};

	*elements = (struct elements){.key = key,
				      .options = options,
				      .collection = collection,
				      .is_unique = true};
	value_ids_init(&elements->ids, &key->history->values);
	elements->bytes = key->count * (collection == COLLECTION_STACK ? BYTES_PER_STACKED
								       : BYTES_PER_OP);
	if (elements->bytes > options->budget.bytes_max || key->count == 0)
		return key->count == 0;
	gather(&g);
	choose_ids(&g);
	note_puts(&g);
	if (elements->is_unique)
		note_answers(&g);
	if (elements->is_unique && finding->name == NULL)
		settle(&g);
	free(g.puts);
	free(g.shown);
	free(g.shown_values);
	free(g.of_id);
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
	free(elements->values);
}
