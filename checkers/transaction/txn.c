#include "checkers/transaction/txn.h"

#include "checkers/budget.h"

#include <string.h>

enum {
	SMALL_KEYS = 1 << 20, /* numbers below are found without hashing */
	FETCH_LISTS = 16,     /* transactions ahead */
	FETCH_MOPS = 8,
	MOPS_FREE = 10000 /* so few fit everywhere */
};

/* "r where > 5" is a read that a predicate read implies (predicate_expand.h). */
static enum mop_kind
kind_of_name(struct bytes name)
{
	static const struct {
		const char *name;
		enum mop_kind kind;
	} kinds[] = {{"r", MOP_READ},
		     {"read", MOP_READ},
		     {"w", MOP_WRITE},
		     {"write", MOP_WRITE},
		     {"append", MOP_APPEND}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (name.len == strlen(kinds[i].name) &&
		    memcmp(name.data, kinds[i].name, name.len) == 0)
			return kinds[i].kind;
	return name.len > 8 && memcmp(name.data, "r where ", 8) == 0 ? MOP_READ : 0;
}

/* Names are interned: mostly the word is one that was met before. */
static enum mop_kind
mop_kind_of(struct txns *txns, val name)
{
	for (enum mop_kind kind = MOP_READ; kind <= MOP_APPEND; kind++)
		if (txns->names[kind] == name)
			return kind;
	enum mop_kind kind = kind_of_name(val_text(&txns->history->values, name));
	if (kind != 0)
		txns->names[kind] = name;
	return kind;
}

/* Other keys than small numbers. Those that are one word are found by it; the rest
 * (lists, reals, large numbers) by a walk over those met so far, which are few. */
static uint32_t
hashed_key_id(struct txns *txns, val key)
{
	bool is_new;
	uint64_t *id = map_at(&txns->key_ids, key, &is_new);

	if (!is_new)
		return (uint32_t)*id;
	*id = txns->keys.count;
	enum val_kind kind = val_kind(key);
	if (kind == VAL_LIST || kind == VAL_MAP || kind == VAL_REAL)
		for (uint32_t k = 0; k < txns->keys.count; k++)
			if (val_equal(&txns->history->values, txns->keys.items[k], key)) {
				*id = k;
				return k;
			}
	vec_push(&txns->keys, key);
	return (uint32_t)txns->keys.count - 1;
}

static uint32_t
key_id(struct txns *txns, val key)
{
	int64_t number;

	if (!val_small_number(key, &number) || number < 0 || number >= SMALL_KEYS)
		return hashed_key_id(txns, key);
	while (txns->small_ids.count <= (size_t)number)
		vec_push(&txns->small_ids, 0);
	uint32_t *id = &txns->small_ids.items[number];
	if (*id == 0) {
		vec_push(&txns->keys, key);
		*id = (uint32_t)txns->keys.count;
	}
	return *id - 1;
}

static bool
bad_mop(const struct txns *txns, const struct op *op, val mop, struct err *err)
{
	struct buf text = {0};

	val_print(&txns->history->values, mop, &text);
	err_set(err,
		"operation %u of process %u: '%.80s' is not a micro-operation [f key "
		"value] "
		"with f one of r, w, append",
		op->invoke_at, op->process, buf_text(&text));
	buf_release(&text);
	return false;
}

static bool
add_mop(struct txns *txns, const struct op *op, val mop, struct err *err)
{
	const struct values *values = &txns->history->values;
	size_t count = 0;
	const val *items =
		val_kind(mop) == VAL_LIST ? val_items(values, mop, &count) : NULL;

	if (count < 2 || count > 3 || val_kind(items[0]) != VAL_STRING)
		return bad_mop(txns, op, mop, err);
	enum mop_kind kind = mop_kind_of(txns, items[0]);
	if (kind == 0)
		return bad_mop(txns, op, mop, err);
	val value = count == 3 ? items[2] : VAL_OF_NIL;
	if (kind == MOP_READ && op->type != OP_OK)
		value = VAL_OF_NIL;
	bool is_list = kind == MOP_READ && (value & 7) == VAL_LIST;
	vec_push(&txns->mops,
		 (struct mop){.key = key_id(txns, items[1]),
			      .kind = kind,
			      .length = is_list ? (uint32_t)val_count(values, value) : 0,
			      .value = value});
	return true;
}

static bool
add_txn(struct txns *txns, uint32_t index, struct err *err)
{
	const struct op *op = &txns->history->ops.items[index];
	const struct values *values = &txns->history->values;
	val list = op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;

	if (val_kind(list) != VAL_LIST)
		return err_set(err,
			       "operation %u of process %u: a transaction must be a list "
			       "of micro-operations",
			       op->invoke_at, op->process);
	size_t count;
	const val *mops = val_items(values, list, &count);
	struct txn txn = {.op = index,
			  .first = (uint32_t)txns->mops.count,
			  .count = (uint32_t)count,
			  .type = op->type};
	for (uint32_t i = 0; i < txn.count; i++)
		if (!add_mop(txns, op, mops[i], err))
			return false;
	vec_push(&txns->of, txn);
	return true;
}

/* Lists lie in the pool as they came to be, not as transactions were invoked: each step would
 * wait for memory. So what is read a little later is asked for now: a transaction's list
 * first, then the first of its micro-operations. */
static void
fetch_ahead(const struct history *history, uint32_t index)
{
	const struct op *far = &history->ops.items[index + FETCH_LISTS];
	const struct op *near = &history->ops.items[index + FETCH_MOPS];
	size_t count;

	if (val_kind(far->output) == VAL_LIST)
		__builtin_prefetch(val_items(&history->values, far->output, &count));
	if (val_kind(near->output) != VAL_LIST)
		return;
	const val *mops = val_items(&history->values, near->output, &count);
	if (count > 0 && val_kind(mops[0]) == VAL_LIST)
		__builtin_prefetch(val_items(&history->values, mops[0], &count));
}

bool
txns_init(struct txns *txns, const struct history *history, struct err *err)
{
	*txns = (struct txns){.history = history};
	for (uint32_t i = 0; i < history->ops.count; i++) {
		if (i + FETCH_LISTS < history->ops.count)
			fetch_ahead(history, i);
		if (history->ops.items[i].f == F_TXN && !add_txn(txns, i, err))
			return false;
	}
	return true;
}

bool
txns_fit(const struct history *history, const struct budget *budget, size_t bytes_each,
	 struct err *err)
{
	size_t count = 0;

	vec_each (const struct op, op, &history->ops) {
		bool is_told = op->type == OP_OK && op->output != VAL_OF_NIL;
		val list = is_told ? op->output : op->input;
		if (op->f == F_TXN && val_kind(list) == VAL_LIST)
			count += val_count(&history->values, list);
	}
	return count <= MOPS_FREE || budget_has_room(budget, count, bytes_each, err);
}

void
txns_release(struct txns *txns)
{
	vec_release(&txns->of);
	vec_release(&txns->mops);
	vec_release(&txns->keys);
	map_release(&txns->key_ids);
	vec_release(&txns->small_ids);
}
