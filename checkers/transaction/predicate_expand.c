#include "checkers/transaction/predicate_expand.h"

#include "checkers/budget.h"
#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPANDED_NAME "r where "

struct universe_key {
	val key;
	VEC(val) written;
	val known;	   /* while a transaction is walked: what it must see */
	uint32_t known_by; /* transaction + 1 */
	uint32_t shown_by; /* ->reads */
};

/* What it says of a key that it is not shown. */
enum miss {
	MISS_SILENT = 0, /* nothing: no value that was ever written satisfies */
	MISS_NIL,	 /* all do, so that it was nil */
	MISS_OPEN	 /* some do */
};

/* A predicate met before. */
struct known_predicate {
	struct predicate predicate;
	val name;
	uint8_t *misses; /* owned, by key: enum miss */
};

struct expansion {
	const struct history *from;
	const struct check_options *options;
	bool items_only;
	struct expanded *out;
	VEC(struct universe_key) keys;
	struct map places; /* hash of a key -> its place + 1 */
	VEC(struct known_predicate) predicates;
	struct map predicate_places; /* hash of a predicate -> its place + 1 */
	uint32_t reads;		     /* predicate reads so far */
	VEC(val) mops;		     /* of the present transaction */
	uint32_t op;
	size_t bytes; /* of what was expanded so far, about */
};

static struct universe_key *
find_key(const struct expansion *x, val key)
{
	const uint64_t *place = map_find(&x->places, val_hash(&x->from->values, key));
	val number;

	if (place != NULL)
		return &x->keys.items[*place - 1];
	return predicate_key_number(&x->from->values, key, &number) ? find_key(x, number)
								    : NULL;
}

static void
add_written(struct expansion *x, val key, val value)
{
	uint64_t *place = map_at(&x->places, val_hash(&x->from->values, key), NULL);

	if (*place == 0) {
		vec_push(&x->keys, (struct universe_key){.key = key});
		*place = x->keys.count;
	}
	vec_push(&x->keys.items[*place - 1].written, value);
}

static bool
bad_op(const struct expansion *x, struct err *err)
{
	char text[sizeof(err->text)];

	snprintf(text, sizeof(text), "%s", err->text);
	return err_set(err, "operation %u: %.600s", x->op, text);
}

/* Each micro-operation must be one, as txns_init asks too; and all writes. */
static bool
collect_written(struct expansion *x, const struct op *op, struct err *err)
{
	const struct values *values = &x->from->values;

	if (val_kind(raw_list(op)) != VAL_LIST)
		return err_set(err, "operation %u: a transaction must be a list", x->op);
	for (size_t i = 0; i < raw_count(values, op); i++) {
		val item = val_at(values, raw_list(op), i);
		if (val_kind(item) != VAL_LIST || val_count(values, item) < 2 ||
		    val_kind(val_at(values, item, 0)) != VAL_STRING ||
		    val_text(values, val_at(values, item, 0)).len == 0)
			return err_set(err,
				       "operation %u: a micro-operation must be a list "
				       "[f key value]",
				       x->op);
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f == 'a')
			return err_set(err,
				       "operation %u appends to a list: predicate reads "
				       "are judged with registers alone",
				       x->op);
		if (mop.f == 'w')
			add_written(x, mop.key, mop.value);
	}
	return true;
}

static bool
collect(struct expansion *x, struct err *err)
{
	bool ok = true;

	for (x->op = 0; ok && x->op < x->from->ops.count; x->op++)
		if (x->from->ops.items[x->op].f == F_TXN)
			ok = collect_written(x, &x->from->ops.items[x->op], err);
	return ok;
}

/* ---- predicates ---- */

static enum miss
judge_key(const struct expansion *x, const struct predicate *predicate,
	  const struct universe_key *key)
{
	size_t satisfy = 0;

	vec_each (const val, value, &key->written)
		satisfy += predicate_holds(&x->from->values, predicate, *value);
	if (satisfy == 0)
		return MISS_SILENT;
	return satisfy == key->written.count && !x->options->nil_is_unknown ? MISS_NIL
									    : MISS_OPEN;
}

static void
judge_keys(const struct expansion *x, struct known_predicate *known)
{
	known->misses = mem_new(x->keys.count + 1, sizeof(*known->misses));
	for (size_t k = 0; k < x->keys.count; k++)
		known->misses[k] =
			(uint8_t)judge_key(x, &known->predicate, &x->keys.items[k]);
}

static const struct known_predicate *
find_predicate(struct expansion *x, val predicate, struct err *err)
{
	uint64_t *place =
		map_at(&x->predicate_places, val_hash(&x->from->values, predicate), NULL);
	struct known_predicate known = {0};
	struct buf name = {0};

	if (*place != 0)
		return &x->predicates.items[*place - 1];
	if (!predicate_parse(&x->from->values, predicate, &known.predicate, err)) {
		bad_op(x, err);
		return NULL;
	}
	buf_string(&name, EXPANDED_NAME);
	predicate_print(&x->from->values, &known.predicate, &name);
	known.name = val_string(&x->out->history.values, buf_text(&name));
	buf_release(&name);
	judge_keys(x, &known);
	vec_push(&x->predicates, known);
	*place = x->predicates.count;
	x->bytes += x->keys.count;
	return vec_last(&x->predicates);
}

struct bytes
expanded_predicate(const struct values *values, val mop)
{
	size_t prefix = strlen(EXPANDED_NAME);
	struct bytes name = val_text(values, val_at(values, mop, 0));

	if (name.len <= prefix || memcmp(name.data, EXPANDED_NAME, prefix) != 0)
		return (struct bytes){.data = "", .len = 0};
	return (struct bytes){.data = name.data + prefix, .len = name.len - prefix};
}

/* ---- micro-operations ---- */

static void
emit(struct expansion *x, val name, val key, val value)
{
	vec_push(&x->mops,
		 val_list(&x->out->history.values, (val[]){name, key, value}, 3));
	x->bytes += 8 * sizeof(val);
}

static void
learn(const struct expansion *x, struct universe_key *key, val value)
{
	key->known = value;
	key->known_by = x->op + 1;
}

static bool
knows(const struct expansion *x, const struct universe_key *key)
{
	return key->known_by == x->op + 1;
}

/* A value that a predicate read shows. */
static void
expand_match(struct expansion *x, const struct known_predicate *predicate, val key,
	     val value)
{
	struct universe_key *known = find_key(x, key);

	key = known != NULL ? known->key : key;
	if (!predicate_holds(&x->from->values, &predicate->predicate, value))
		vec_push(&x->out->mismatches,
			 (struct predicate_mismatch){x->op, key, value});
	emit(x, predicate->name, key, value);
	if (known != NULL)
		learn(x, known, value);
}

/* A key that a predicate read does not show: nil, when no other version fits. */
static void
expand_miss(struct expansion *x, const struct known_predicate *predicate,
	    struct universe_key *key)
{
	if (knows(x, key)) {
		if (predicate_holds(&x->from->values, &predicate->predicate, key->known))
			emit(x, predicate->name, key->key, VAL_OF_NIL);
		return;
	}
	enum miss miss = x->items_only
				 ? MISS_SILENT
				 : (enum miss)predicate->misses[key - x->keys.items];
	if (miss == MISS_NIL) {
		emit(x, predicate->name, key->key, VAL_OF_NIL);
		learn(x, key, VAL_OF_NIL);
	} else if (miss == MISS_OPEN && !x->out->leaves_out) {
		x->out->unknown_op = x->op;
		x->out->unknown_key = key->key;
		x->out->leaves_out = true;
	}
}

static void
mark_shown(struct expansion *x, val result)
{
	val key, value;

	x->reads++;
	for (size_t i = 0; i < predicate_result_count(&x->from->values, result); i++) {
		predicate_result_at(&x->from->values, result, i, &key, &value);
		struct universe_key *known = find_key(x, key);
		if (known != NULL)
			known->shown_by = x->reads;
	}
}

static bool
expand_predicate(struct expansion *x, const struct op *op, val item, struct err *err)
{
	const struct values *values = &x->from->values;
	const struct known_predicate *predicate =
		find_predicate(x, val_at(values, item, 1), err);
	val result, key, value;

	if (predicate == NULL)
		return false;
	if (op->type != OP_OK)
		return true;
	if (!predicate_result(values, item, &result, err))
		return bad_op(x, err);
	if (result == VAL_OF_NIL)
		return true;
	mark_shown(x, result);
	for (size_t k = 0; k < x->keys.count; k++)
		if (x->keys.items[k].shown_by != x->reads)
			expand_miss(x, predicate, &x->keys.items[k]);
	for (size_t i = 0; i < predicate_result_count(values, result); i++) {
		predicate_result_at(values, result, i, &key, &value);
		expand_match(x, predicate, key, value);
	}
	return true;
}

static bool
expand_op(struct expansion *x, struct op *op, struct err *err)
{
	const struct values *values = &x->from->values;

	vec_clear(&x->mops);
	for (size_t i = 0; i < raw_count(values, op); i++) {
		val item = val_at(values, raw_list(op), i);
		struct raw_mop mop = raw_mop(values, op, i);
		if (predicate_is_read(values, item)) {
			if (!expand_predicate(x, op, item, err))
				return false;
		} else if (mop.f == 'w') {
			vec_push(&x->mops, item);
			learn(x, find_key(x, mop.key), mop.value);
		} else {
			struct universe_key *key = find_key(x, mop.key);
			bool taught =
				raw_is_read(op, &mop) &&
				!(mop.value == VAL_OF_NIL && x->options->nil_is_unknown);
			vec_push(&x->mops, item);
			if (key != NULL && taught && !knows(x, key))
				learn(x, key, mop.value);
		}
	}
	val list = val_list(&x->out->history.values, x->mops.items, x->mops.count);
	op->input = list;
	op->output = op->type == OP_OK ? list : VAL_OF_NIL;
	return true;
}

static size_t
bytes_max_of(const struct expansion *x)
{
	size_t bytes_max = x->options->budget.bytes_max;

	return bytes_max != 0 ? bytes_max : BUDGET_BYTES_DEFAULT;
}

static bool
refuse(struct err *err)
{
	return err_set(err, "the budget of memory is too small for what predicate reads "
			    "imply");
}

static bool
expand_all(struct expansion *x, struct err *err)
{
	for (x->op = 0; x->op < x->from->ops.count; x->op++) {
		struct op *op = &x->out->history.ops.items[x->op];
		if (op->f == F_TXN && !expand_op(x, op, err))
			return false;
		if (budget_is_over(&x->options->budget))
			return err_set(err, BUDGET_TIME_IS_OVER);
		if (x->bytes > bytes_max_of(x) / 4)
			return refuse(err);
	}
	return true;
}

bool
predicate_expand(const struct history *history, const struct check_options *options,
		 bool items_only, struct expanded *expanded, struct err *err)
{
	struct expansion x = {.from = history,
			      .options = options,
			      .items_only = items_only,
			      .out = expanded};

	*expanded = (struct expanded){0};
	history_init(&expanded->history);
	if (history_bytes(history) > bytes_max_of(&x) / 2)
		return refuse(err);
	history_copy(history, &expanded->history);
	bool ok = collect(&x, err) && expand_all(&x, err);
	vec_each (struct universe_key, key, &x.keys)
		vec_release(&key->written);
	vec_each (struct known_predicate, known, &x.predicates)
		free(known->misses);
	vec_release(&x.keys);
	vec_release(&x.predicates);
	vec_release(&x.mops);
	map_release(&x.places);
	map_release(&x.predicate_places);
	return ok;
}

void
expanded_release(struct expanded *expanded)
{
	vec_release(&expanded->mismatches);
	history_release(&expanded->history);
}
