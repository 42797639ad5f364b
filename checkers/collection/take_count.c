#include "checkers/collection/take_count.h"

#include "base/search.h"
#include "checkers/value_ids.h"
#include "checkers/sort.h"

#include <stdlib.h>

enum {
	WORK_MAX = 1 << 26, /* elements looked at */
	OWING_MAX = 4096,   /* matched with takes that ask for patterns */
	NOBODY = UINT32_MAX,
};

/* Instants are numbers of events: that just behind the event. */
struct stay {
	uint32_t id;			/* of the value */
	uint32_t puts, takes;		/* that happened, or may have */
	uint32_t put_from, put_to;	/* OP_NEVER: not for certain */
	uint32_t take_from, look_until; /* when a take began; when the last look did */
	bool is_left_out;
};

struct taker {
	val pattern;
	uint32_t from;
	uint32_t has; /* of `owing`, while matching; NOBODY */
	bool is_tried;
};

struct counting {
	enum collection collection;
	const struct key_ops *key;
	const struct check_options *options;
	struct value_ids ids;
	VEC(struct stay) stays;	  /* by id */
	VEC(struct taker) takers; /* takes of unknown outcome, as they began */
	VEC(uint32_t) blockers;	  /* stays that the operation must not meet */
	VEC(uint32_t) owing;	  /* of these, what takes of unknown outcome must take */
	size_t work;
};

/* ---- gathering ---------------------------------------------------------------------- */

static struct stay *
stay_of(struct counting *c, val element)
{
	uint32_t id = value_ids_add(&c->ids, element);

	while (c->stays.count <= id) {
		uint32_t next = (uint32_t)c->stays.count;
		vec_push(&c->stays, (struct stay){.id = next,
						  .put_from = OP_NEVER,
						  .put_to = OP_NEVER,
						  .take_from = OP_NEVER});
	}
	return &c->stays.items[id];
}

static void
lower(uint32_t *bound, uint32_t position)
{
	*bound = position < *bound ? position : *bound;
}

static void
gather(struct counting *c, const struct op *op)
{
	val element;
	enum collection_role role =
		collection_role(c->collection, c->key->history, op, &element);

	if (role == COLLECTION_TAKE_SOME)
		vec_push(&c->takers,
			 (struct taker){.pattern = op->input, .from = op->invoke_at});
	if (role != COLLECTION_PUT && role != COLLECTION_TAKE && role != COLLECTION_LOOK)
		return;
	struct stay *stay = stay_of(c, element);
	if (op->type == OP_OK)
		lower(&stay->put_to, op->complete_at);
	if (role == COLLECTION_PUT) {
		stay->puts++;
		lower(&stay->put_from, op->invoke_at);
	} else if (role == COLLECTION_TAKE) {
		stay->takes++;
		stay->take_from = op->invoke_at;
	} else if (op->invoke_at > stay->look_until) {
		stay->look_until = op->invoke_at;
	}
}

static void
counting_init(struct counting *c, enum collection collection, const struct key_ops *key,
	      const struct check_options *options)
{
	*c = (struct counting){.collection = collection, .key = key, .options = options};
	value_ids_init(&c->ids, &key->history->values);
	for (size_t i = 0; i < key->count; i++)
		gather(c, key_op(key, i));
	vec_each (struct stay, stay, &c->stays)
		stay->is_left_out = stay->puts != 1 || stay->takes > 1;
}

static void
counting_release(struct counting *c)
{
	value_ids_release(&c->ids);
	vec_release(&c->stays);
	vec_release(&c->takers);
	vec_release(&c->blockers);
	vec_release(&c->owing);
}

/* ---- what an operation must not meet -------------------------------------------------- */

static bool
is_in_front(const struct counting *c, const struct stay *stay, const struct stay *own)
{
	switch (c->collection) {
	case COLLECTION_QUEUE:
		return stay->put_to < own->put_from;
	case COLLECTION_STACK:
		return own->put_to < stay->put_from;
	case COLLECTION_PRIORITY_QUEUE:
		return collection_compare(c->options, &c->key->history->values,
					  value_ids_value(&c->ids, stay->id),
					  value_ids_value(&c->ids, own->id)) < 0;
	default:
		return false;
	}
}

static bool
is_wanted(const struct counting *c, val pattern, const struct stay *stay)
{
	return c->collection != COLLECTION_TUPLE_SPACE ||
	       collection_matches(&c->key->history->values, pattern,
				  value_ids_value(&c->ids, stay->id));
}

/* `own`: what it got; NULL: nothing. */
static void
find_blockers(struct counting *c, const struct op *op, const struct stay *own)
{
	vec_clear(&c->blockers);
	c->work += c->stays.count;
	vec_each (struct stay, stay, &c->stays)
		if (!stay->is_left_out && stay != own && stay->put_to < op->complete_at &&
		    (own == NULL ? is_wanted(c, op->input, stay)
				 : is_in_front(c, stay, own)))
			vec_push(&c->blockers, stay->id);
}

/* ---- an instant ----------------------------------------------------------------------- */

/* Some take that had begun takes it, if need be one that then leaves another its own. */
static bool
find_taker(struct counting *c, uint32_t owed, uint32_t instant)
{
	const struct stay *stay = &c->stays.items[c->owing.items[owed]];

	vec_each (struct taker, taker, &c->takers) {
		c->work++;
		if (taker->from > instant)
			return false;
		if (taker->is_tried || !is_wanted(c, taker->pattern, stay))
			continue;
		taker->is_tried = true;
		if (taker->has == NOBODY || find_taker(c, taker->has, instant)) {
			taker->has = owed;
			return true;
		}
	}
	return false;
}

static bool
can_all_be_taken(struct counting *c, uint32_t instant)
{
	size_t begun = 0;

	while (begun < c->takers.count && c->takers.items[begun].from <= instant)
		begun++;
	if (c->owing.count > begun || c->collection != COLLECTION_TUPLE_SPACE)
		return c->owing.count <= begun;
	if (c->owing.count > OWING_MAX)
		return true;
	vec_each (struct taker, fresh, &c->takers)
		fresh->has = NOBODY;
	for (uint32_t owed = 0; owed < c->owing.count; owed++) {
		vec_each (struct taker, taker, &c->takers)
			taker->is_tried = false;
		if (!find_taker(c, owed, instant))
			return false;
	}
	return true;
}

static bool
is_possible_at(struct counting *c, uint32_t instant)
{
	vec_clear(&c->owing);
	c->work += c->blockers.count;
	vec_each (uint32_t, id, &c->blockers) {
		const struct stay *stay = &c->stays.items[*id];
		if (stay->put_to > instant || stay->is_left_out)
			continue;
		bool is_known = stay->takes > 0;
		if (stay->look_until > instant || (is_known && stay->take_from > instant))
			return false;
		if (!is_known)
			vec_push(&c->owing, *id);
	}
	return can_all_be_taken(c, instant);
}

/* The first operation of the key that began after the event. */
static size_t
first_after(const struct key_ops *key, uint32_t event)
{
	size_t at;

	search_first(at, 0, key->count, key_op(key, at)->invoke_at <= event);
	return at;
}

/* Only when something begins can an instant be better than the one before it. What was seen
 * before it was put is for others to tell. */
static bool
is_possible(struct counting *c, const struct op *op, const struct stay *own)
{
	uint32_t from = op->invoke_at;

	if (own != NULL && own->put_from != OP_NEVER && own->put_from > from)
		from = own->put_from;
	if (from >= op->complete_at || is_possible_at(c, from))
		return true;
	for (size_t i = first_after(c->key, from);
	     i < c->key->count && key_op(c->key, i)->invoke_at < op->complete_at; i++)
		if (c->work >= WORK_MAX ||
		    is_possible_at(c, key_op(c->key, i)->invoke_at))
			return true;
	return false;
}

/* ---- operations ----------------------------------------------------------------------- */

/* True: it asks for an instant; *own is what it got, NULL: nothing. */
static bool
asks(struct counting *c, const struct op *op, const struct stay **own)
{
	val element;
	enum collection_role role =
		collection_role(c->collection, c->key->history, op, &element);

	*own = NULL;
	if (role == COLLECTION_MISS)
		return true;
	if ((role != COLLECTION_TAKE && role != COLLECTION_LOOK) ||
	    c->collection == COLLECTION_BAG || c->collection == COLLECTION_TUPLE_SPACE)
		return false;
	*own = stay_of(c, element);
	return (*own)->puts == 1;
}

static bool
is_refuted(struct counting *c, const struct op *op)
{
	const struct stay *own;

	if (!asks(c, op, &own))
		return false;
	find_blockers(c, op, own);
	return c->blockers.count > 0 && !is_possible(c, op, own);
}

static void
leave_out(struct counting *c, size_t from, size_t to, bool is_left_out)
{
	for (size_t i = from; i < to; i++)
		c->stays.items[c->blockers.items[i]].is_left_out = is_left_out;
}

/* Those that are left out are no blockers. */
static void
forget_left_out(struct counting *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->blockers.count; i++)
		if (!c->stays.items[c->blockers.items[i]].is_left_out)
			c->blockers.items[kept++] = c->blockers.items[i];
	c->blockers.count = kept;
}

/* Leaves out what the proof does not need, half of all at first. */
static void
shrink(struct counting *c, const struct op *op, const struct stay *own)
{
	for (size_t chunk = (c->blockers.count + 1) / 2; chunk > 0; chunk /= 2) {
		for (size_t from = 0; from < c->blockers.count; from += chunk) {
			size_t to = from + chunk < c->blockers.count ? from + chunk
								     : c->blockers.count;
			leave_out(c, from, to, true);
			if (is_possible(c, op, own))
				leave_out(c, from, to, false);
		}
		forget_left_out(c);
	}
}

static const char *
name_of(const struct counting *c, const struct stay *own)
{
	if (own == NULL)
		return "false-empty";
	return c->collection == COLLECTION_PRIORITY_QUEUE ? "priority-inversion"
							  : "out-of-order";
}

/* All on the elements that are blockers, and on what the operation got. */
static void
write_proof(struct counting *c, uint32_t index, const struct stay *own,
	    struct count_proof *proof)
{
	proof->name = name_of(c, own);
	vec_each (struct stay, stay, &c->stays)
		stay->is_left_out = stay != own;
	vec_each (uint32_t, id, &c->blockers)
		c->stays.items[*id].is_left_out = false;
	for (size_t i = 0; i < c->key->count; i++) {
		val element = VAL_OF_NIL;
		enum collection_role role = collection_role(
			c->collection, c->key->history, key_op(c->key, i), &element);
		bool has_element = role == COLLECTION_PUT || role == COLLECTION_TAKE ||
				   role == COLLECTION_LOOK;
		if (c->key->ops[i] == index ||
		    (has_element && !stay_of(c, element)->is_left_out))
			vec_push(&proof->ops, c->key->ops[i]);
	}
}

/* What got nothing asks for most and is tried first. */
bool
take_count_find(enum collection collection, const struct key_ops *key,
		const struct check_options *options, struct count_proof *proof)
{
	struct counting c;
	bool is_found = false;

	*proof = (struct count_proof){0};
	counting_init(&c, collection, key, options);
	for (size_t i = 0; i < 2 * key->count && c.takers.count > 0 && !is_found &&
			   c.work < WORK_MAX && !budget_is_over(&options->budget);
	     i++) {
		const struct op *op = key_op(key, i % key->count);
		const struct stay *own;
		bool is_miss = op->type == OP_OK && op->output == VAL_OF_NIL;
		is_found = is_miss == (i < key->count) && is_refuted(&c, op);
		if (!is_found)
			continue;
		asks(&c, op, &own);
		shrink(&c, op, own);
		write_proof(&c, key->ops[i % key->count], own, proof);
	}
	counting_release(&c);
	return is_found;
}

/* The operation, if it is one of the key. */
static const struct op *
op_of_key(const struct key_ops *key, uint32_t index)
{
	return sort_has(key->ops, key->count, index) ? &key->history->ops.items[index]
						     : NULL;
}

/* Of the elements only those that are named. */
static void
leave_others_out(struct counting *c, const uint32_t *ops, size_t count)
{
	bool *is_named = mem_new(c->stays.count + 1, sizeof(*is_named));

	for (size_t i = 0; i < count; i++) {
		const struct op *op = op_of_key(c->key, ops[i]);
		val element = VAL_OF_NIL;
		if (op == NULL)
			continue;
		collection_role(c->collection, c->key->history, op, &element);
		uint32_t id = value_ids_find(&c->ids, element);
		if (id != VALUE_ID_NONE)
			is_named[id] = true;
	}
	vec_each (struct stay, stay, &c->stays)
		stay->is_left_out = stay->is_left_out || !is_named[stay->id];
	free(is_named);
}

bool
take_count_proves(enum collection collection, const struct key_ops *key,
		  const struct check_options *options, const uint32_t *ops, size_t count)
{
	struct counting c;
	bool is_proven = false;

	counting_init(&c, collection, key, options);
	leave_others_out(&c, ops, count);
	for (size_t i = 0; i < count && !is_proven; i++) {
		const struct op *op = op_of_key(key, ops[i]);
		is_proven = op != NULL && is_refuted(&c, op);
	}
	counting_release(&c);
	return is_proven;
}
