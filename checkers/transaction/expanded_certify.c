#include "checkers/transaction/expanded_certify.h"

#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

enum {
	SATISFIES = 1,
	FAILS = 2
};

struct written {
	val key, value;
};

/* A key that somebody writes. */
struct subject {
	val key;
	val known;	    /* what the transaction at hand must see of it */
	uint32_t known_to;  /* operation + 1 */
	uint32_t listed_by; /* ->reads */
};

struct audit {
	const struct history *recorded, *expanded;
	const struct check_options *options;
	bool items_only;
	VEC(struct subject) subjects;
	struct map places; /* hash of a key -> its subject + 1 */
	VEC(struct written) writes;
	struct map
		misses; /* hash of predicate and key -> some written value is none + 1 */
	uint32_t op, reads;
	size_t at;	 /* micro-operation of the expanded transaction */
	bool leaves_out; /* some version that a predicate read saw is not known */
};

static struct subject *
subject_of(const struct audit *a, val key)
{
	const struct values *values = &a->recorded->values;
	const uint64_t *place = map_find(&a->places, val_hash(values, key));

	if (place == NULL && predicate_key_number(values, key, &key))
		place = map_find(&a->places, val_hash(values, key));
	return place == NULL ? NULL : &a->subjects.items[*place - 1];
}

static void
note_writes(struct audit *a)
{
	const struct values *values = &a->recorded->values;

	vec_each (const struct op, op, &a->recorded->ops)
		for (size_t i = 0; i < raw_count(values, op); i++) {
			struct raw_mop mop = raw_mop(values, op, i);
			if (mop.f != 'w')
				continue;
			uint64_t *place =
				map_at(&a->places, val_hash(values, mop.key), NULL);
			if (*place == 0) {
				vec_push(&a->subjects, (struct subject){.key = mop.key});
				*place = a->subjects.count;
			}
			vec_push(&a->writes, (struct written){mop.key, mop.value});
		}
}

static uint64_t
hash_of_miss(const struct audit *a, val predicate, val key)
{
	const struct values *values = &a->recorded->values;

	return val_hash(values, predicate) * 0x9e3779b97f4a7c15u ^ val_hash(values, key);
}

/* For every key, once for each predicate. */
static void
judge_writes(struct audit *a, val text, const struct predicate *predicate)
{
	const struct values *values = &a->recorded->values;

	vec_each (const struct written, write, &a->writes)
		*map_at(&a->misses, hash_of_miss(a, text, write->key), NULL) |=
			predicate_holds(values, predicate, write->value) ? SATISFIES
									 : FAILS;
}

/* Of the values of a key, those that the predicate would show, and those it would not. */
static uint64_t
values_of_key(struct audit *a, val text, const struct predicate *predicate, val key)
{
	uint64_t hash = hash_of_miss(a, text, key);

	if (map_find(&a->misses, hash) == NULL)
		judge_writes(a, text, predicate);
	return *map_at(&a->misses, hash, NULL);
}

/* The next micro-operation of the expanded transaction. */
static val
next_expanded(struct audit *a)
{
	const struct values *values = &a->expanded->values;
	const struct op *op = &a->expanded->ops.items[a->op];

	return a->at < raw_count(values, op) ? val_at(values, raw_list(op), a->at++)
					     : VAL_OF_NIL;
}

static bool
has_read(struct audit *a, val key, val value)
{
	const struct values *values = &a->expanded->values;
	val mop = next_expanded(a);

	return mop != VAL_OF_NIL && expanded_predicate(values, mop).len > 0 &&
	       val_equal(values, val_at(values, mop, 1), key) &&
	       val_equal(values, val_at(values, mop, 2), value);
}

static void
know(const struct audit *a, struct subject *subject, val value)
{
	subject->known = value;
	subject->known_to = a->op + 1;
}

static bool
audit_miss(struct audit *a, struct subject *subject, val text,
	   const struct predicate *predicate)
{
	const struct values *values = &a->recorded->values;

	if (subject->known_to == a->op + 1)
		return !predicate_holds(values, predicate, subject->known) ||
		       has_read(a, subject->key, VAL_OF_NIL);
	uint64_t kinds =
		a->items_only ? FAILS : values_of_key(a, text, predicate, subject->key);
	if (kinds == FAILS)
		return true;
	if (kinds != SATISFIES || a->options->nil_is_unknown) {
		a->leaves_out = true;
		return true;
	}
	know(a, subject, VAL_OF_NIL);
	return has_read(a, subject->key, VAL_OF_NIL);
}

static bool
audit_shown(struct audit *a, val result)
{
	const struct values *values = &a->recorded->values;
	bool ok = true;
	val key, value;

	for (size_t i = 0; i < predicate_result_count(values, result) && ok; i++) {
		predicate_result_at(values, result, i, &key, &value);
		struct subject *subject = subject_of(a, key);
		ok = has_read(a, subject == NULL ? key : subject->key, value);
		if (subject != NULL)
			know(a, subject, value);
	}
	return ok;
}

static void
list_shown(struct audit *a, val result)
{
	const struct values *values = &a->recorded->values;
	val key, value;

	a->reads++;
	for (size_t i = 0; i < predicate_result_count(values, result); i++) {
		predicate_result_at(values, result, i, &key, &value);
		struct subject *subject = subject_of(a, key);
		if (subject != NULL)
			subject->listed_by = a->reads;
	}
}

static bool
audit_predicate(struct audit *a, const struct op *op, val item)
{
	const struct values *values = &a->recorded->values;
	struct predicate predicate;
	struct err err;
	val text = val_at(values, item, 1), result;

	if (!predicate_parse(values, text, &predicate, &err) ||
	    !predicate_result(values, item, &result, &err))
		return false;
	if (op->type != OP_OK || result == VAL_OF_NIL)
		return true;
	list_shown(a, result);
	vec_each (struct subject, subject, &a->subjects)
		if (subject->listed_by != a->reads &&
		    !audit_miss(a, subject, text, &predicate))
			return false;
	return audit_shown(a, result);
}

/* What is no predicate read stands there as it was. */
static bool
audit_item(struct audit *a, const struct op *op, val item, const struct raw_mop *mop)
{
	struct subject *subject = subject_of(a, mop->key);
	bool is_nil = mop->value == VAL_OF_NIL && a->options->nil_is_unknown;

	if (subject != NULL && mop->f == 'w')
		know(a, subject, mop->value);
	else if (subject != NULL && raw_is_read(op, mop) && !is_nil &&
		 subject->known_to != a->op + 1)
		know(a, subject, mop->value);
	return val_equal(&a->expanded->values, item, next_expanded(a));
}

static bool
audit_op(struct audit *a, const struct op *op)
{
	const struct values *values = &a->recorded->values;
	const struct op *other = &a->expanded->ops.items[a->op];
	bool ok = op->f == other->f && op->type == other->type &&
		  op->process == other->process && op->invoke_at == other->invoke_at &&
		  op->complete_at == other->complete_at;

	a->at = 0;
	for (size_t i = 0; i < raw_count(values, op) && ok; i++) {
		val item = val_at(values, raw_list(op), i);
		struct raw_mop mop = raw_mop(values, op, i);
		ok = predicate_is_read(values, item) ? audit_predicate(a, op, item)
						     : audit_item(a, op, item, &mop);
	}
	return ok && a->at == raw_count(&a->expanded->values, other);
}

bool
expanded_certify(const struct history *history, const struct check_options *options,
		 bool items_only, const struct expanded *expanded, struct err *err)
{
	struct audit a = {.recorded = history,
			  .expanded = &expanded->history,
			  .options = options,
			  .items_only = items_only};
	bool ok = history->ops.count == expanded->history.ops.count;

	note_writes(&a);
	for (a.op = 0; a.op < history->ops.count && ok; a.op++)
		ok = audit_op(&a, &history->ops.items[a.op]);
	ok = ok && a.leaves_out == expanded->leaves_out;
	vec_release(&a.subjects);
	vec_release(&a.writes);
	map_release(&a.places);
	map_release(&a.misses);
	return ok || err_set(err,
			     "what the predicate reads of T%u say was not drawn from "
			     "them",
			     a.op - 1);
}
