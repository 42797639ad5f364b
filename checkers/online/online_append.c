/* online_append.c - transactions that append to lists and read them
 * (checkers/transaction/list_append.h): strict serializability.
 *
 * Each answer is told to the lists (append_lists.h), which order transactions in a graph
 * (txn_graph.h). On the way: garbage-read, duplicate-elements, incompatible-order, internal,
 * G1a where a transaction fails after it was seen, not-serializable (a cycle) and
 * not-strict-serializable (a cycle with real time); the checker at the end tells which
 * classes they are. Forgotten are transactions that ended before all that are open began
 * and whose elements are placed, and of lists all but a hash of what such ones appended.
 *
 * Complete where every transaction is known to have happened or not: the first prefix that
 * is not strictly serializable raises it. Left to the end: cycles through transactions of
 * unknown outcome that show long after, and levels below strict serializability. Elements
 * must be appended once to a key. O(elements read + transactions that a new edge concerns).
 */
#include "checkers/online/append_lists.h"
#include "checkers/online/decider.h"

#include <string.h>

/* What the transaction at hand did to a key so far. */
struct own {
	uint32_t key;
	online_value value;
};
struct seen {
	uint32_t key;
	size_t length; /* of its list as it read it last, and appended since */
};

struct online_append {
	struct append_lists lists;
	VEC(struct own) own; /* appends, in order */
	VEC(struct seen) seen;
	VEC(online_value) items; /* of the read at hand */
};

/* ---- micro-operations ---- */

struct mop {
	bool is_append;
	val key, value;
};

static bool
is_word(const struct values *values, val v, const char *word)
{
	struct bytes text = val_text(values, v);

	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool
mop_of(const struct values *values, val v, struct mop *mop)
{
	if (val_kind(v) != VAL_LIST || val_count(values, v) < 2 ||
	    val_kind(val_at(values, v, 0)) != VAL_STRING)
		return false;
	val f = val_at(values, v, 0);
	mop->is_append = is_word(values, f, "append");
	mop->key = val_at(values, v, 1);
	mop->value = val_count(values, v) > 2 ? val_at(values, v, 2) : VAL_OF_NIL;
	return mop->is_append ||
	       ((is_word(values, f, "r") || is_word(values, f, "read")) &&
		(mop->value == VAL_OF_NIL || val_kind(mop->value) == VAL_LIST));
}

/* Calls `each` for all of them; false: it is no transaction of this kind, or `each` refused. */
static bool each_mop (const struct online_call *call,
		      bool (*each)(const struct online_call *call, const struct mop *mop))
{
	const struct values *values = call->values;
	struct mop mop;

	if (call->f != F_TXN || val_kind(call->value) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, call->value); i++)
		if (!mop_of(values, val_at(values, call->value, i), &mop) ||
		    !each(call, &mop))
			return false;
	return true;
}

static uint32_t
key_of(const struct online_call *call, const struct mop *mop)
{
	struct online_append *append = call->state;

	return append_lists_key(&append->lists, online_value_of(call->values, mop->key),
				call->at);
}

static void
raise(const struct online_call *call)
{
	const struct append_lists *lists =
		&((const struct online_append *)call->state)->lists;

	if (lists->problem != NULL)
		online_violate(call, lists->problem, lists->problem_key,
			       lists->problem_value);
}

/* ---- begin ---- */

static bool
begin_mop(const struct online_call *call, const struct mop *mop)
{
	struct online_append *append = call->state;
	uint32_t key = key_of(call, mop);

	return !mop->is_append || key == LIST_FORGOTTEN ||
	       append_lists_add(&append->lists, (uint32_t)call->notes[0], key,
				online_value_of(call->values, mop->value));
}

static void
begin(const struct online_call *call)
{
	struct online_append *append = call->state;

	call->notes[0] = append_lists_begin(&append->lists, call->invoke_at);
	if (!each_mop (call, begin_mop))
		online_give_up(call, "not all are transactions that append elements once "
				     "and read lists");
}

/* ---- end ---- */

static void
append_own(struct online_append *append, uint32_t key, online_value value)
{
	vec_push(&append->own, (struct own){key, value});
	vec_each (struct seen, seen, &append->seen)
		if (seen->key == key)
			seen->length++;
}

/* What it appended before stands at the end of the list, and nothing else of its own. */
static bool
ends_with_own(const struct online_append *append, uint32_t txn, uint32_t key)
{
	size_t at = append->items.count;

	for (size_t i = append->own.count; i-- > 0;) {
		if (append->own.items[i].key != key)
			continue;
		if (at == 0 || append->items.items[at - 1] != append->own.items[i].value)
			return false;
		at--;
	}
	return at == 0 || append_lists_writer(&append->lists, key, at) != txn;
}

/* Two reads of a key differ by what was appended between them. */
static bool
repeats(struct online_append *append, uint32_t key)
{
	size_t length = append->items.count;

	vec_each (struct seen, seen, &append->seen)
		if (seen->key == key)
			return seen->length == length;
	vec_push(&append->seen, (struct seen){key, length});
	return true;
}

static void
read_list(const struct online_call *call, const struct mop *mop)
{
	struct online_append *append = call->state;
	const struct values *values = call->values;

	vec_clear(&append->items);
	if (mop->value == VAL_OF_NIL)
		return;
	size_t count;
	const val *items = val_items(values, mop->value, &count);
	vec_reserve(&append->items, count);
	for (size_t i = 0; i < count; i++)
		append->items.items[i] = online_value_of(values, items[i]);
	append->items.count = count;
}

static bool
end_mop(const struct online_call *call, const struct mop *mop)
{
	struct online_append *append = call->state;
	uint32_t txn = (uint32_t)call->notes[0], key = key_of(call, mop);

	if (key == LIST_FORGOTTEN)
		return true;
	if (mop->is_append) {
		append_own(append, key, online_value_of(call->values, mop->value));
		return true;
	}
	read_list(call, mop);
	append_lists_read(&append->lists, txn, key, append->items.items,
			  append->items.count);
	raise(call);
	if (!ends_with_own(append, txn, key) || !repeats(append, key))
		online_violate(call, "internal", append->lists.keys.items[key].id, 0);
	return true;
}

static void
end_ok(const struct online_call *call)
{
	struct online_append *append = call->state;
	uint32_t txn = (uint32_t)call->notes[0];

	vec_clear(&append->own);
	vec_clear(&append->seen);
	append_lists_commit(&append->lists, txn, call->at);
	raise(call);
	if (!each_mop (call, end_mop))
		online_give_up(call,
			       "a transaction succeeded without saying what it read");
	append_lists_let_go(&append->lists, txn);
}

static void
end(const struct online_call *call)
{
	struct online_append *append = call->state;
	uint32_t txn = (uint32_t)call->notes[0];

	if (call->type == OP_OK)
		end_ok(call);
	else if (call->type == OP_FAIL)
		append_lists_fail(&append->lists, txn);
	else
		append_lists_let_go(&append->lists, txn);
	raise(call);
	append_lists_forget(&append->lists, call->watermark, call->at);
}

static void
stop(void *state)
{
	struct online_append *append = state;

	append_lists_release(&append->lists);
	vec_release(&append->own);
	vec_release(&append->seen);
	vec_release(&append->items);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_append *append = state;

	size->values += append->lists.graph.live.count + append->lists.element_of.count;
	size->bytes += append_lists_bytes(&append->lists) +
		       append->items.capacity * sizeof(online_value);
}

const struct online_decider online_append = {
	.name = "list-append",
	.summary =
		"cycles, with real time too; garbage, duplicates, incompatible orders, "
		"internal",
	.state_bytes = sizeof(struct online_append),
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
