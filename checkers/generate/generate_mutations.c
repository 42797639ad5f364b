/* generate_mutations.c - what makes a valid history certainly invalid.
 *
 * Each mutation looks for a place from a random operation on, and changes one answer or
 * adds one operation. Why the result is invalid in every order of the operations stands
 * above each. */
#include "checkers/generate/generate_world.h"

#include <string.h>

enum {
	LOOK_BACK = 4096, /* how far a place is searched from one operation */
};

#define GARBAGE (INT64_C(1) << 59) /* greater than all that is ever written */

struct mutating {
	struct history *history;
	struct rng *rng;
};

static struct op *
op_at(const struct mutating *m, size_t i)
{
	return &m->history->ops.items[i];
}

static bool
is_before(const struct op *a, const struct op *b)
{
	return a->complete_at < b->invoke_at;
}

static bool
same_key(const struct op *a, const struct op *b)
{
	return a->key == b->key;
}

/* It was answered with what nobody else may be answered with: an element, an id, an offset,
 * a token. */
static bool
is_take(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL &&
	       (op->f == F_DEQUEUE || op->f == F_POP || op->f == F_POLL ||
		op->f == F_TAKE || op->f == F_GENERATE || op->f == F_ACQUIRE ||
		op->f == F_APPEND);
}

static bool
is_put(const struct op *op)
{
	return op->type == OP_OK &&
	       (op->f == F_ENQUEUE || op->f == F_PUSH || op->f == F_INSERT);
}

static bool
is_read(const struct op *op)
{
	return op->type == OP_OK && op->f == F_READ;
}

static bool
is_write(const struct op *op)
{
	return op->type == OP_OK && (op->f == F_WRITE || op->f == F_CAS);
}

/* Tries `mutate` on the operations from a random one on, and from the first one. */
static bool
try_each(struct mutating *m, bool (*mutate)(struct mutating *m, size_t i))
{
	size_t count = m->history->ops.count, start = rng_below(m->rng, count);

	for (size_t i = 0; i < count; i++)
		if (mutate(m, (start + i) % count))
			return true;
	return false;
}

/* ---- registers, counters, ids, collections ---- */

static val
written_by(const struct mutating *m, const struct op *op)
{
	return op->f == F_CAS ? val_at(&m->history->values, op->input, 1) : op->input;
}

/* The last write before `later` in real time; its index, or SIZE_MAX. */
static size_t
write_before(const struct mutating *m, const struct op *later, size_t i)
{
	for (size_t back = 0; i-- > 0 && back < LOOK_BACK; back++)
		if (is_write(op_at(m, i)) && same_key(op_at(m, i), later) &&
		    is_before(op_at(m, i), later))
			return i;
	return SIZE_MAX;
}

/* A read of w1's value, where w1 was over before w2 began, and w2 before the read. Values
 * are written once, so w2 stands between w1 and the read and ends the value. */
static bool
read_stale(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);
	size_t w2, w1;

	if (!is_read(read) || (w2 = write_before(m, read, i)) == SIZE_MAX ||
	    (w1 = write_before(m, op_at(m, w2), w2)) == SIZE_MAX)
		return false;
	read->output = written_by(m, op_at(m, w1));
	return true;
}

/* Nobody ever wrote or put this. */
static bool
see_garbage(struct mutating *m, size_t i)
{
	if (!is_read(op_at(m, i)) && !is_take(op_at(m, i)))
		return false;
	op_at(m, i)->output = val_small(GARBAGE);
	return true;
}

/* What is put or given once is taken or given twice. */
static bool
take_twice(struct mutating *m, size_t i)
{
	if (!is_take(op_at(m, i)))
		return false;
	for (size_t j = i; j-- > 0;) {
		if (!is_take(op_at(m, j)) || !same_key(op_at(m, i), op_at(m, j)))
			continue;
		op_at(m, i)->output = op_at(m, j)->output;
		return true;
	}
	return false;
}

static struct op *
put_of(const struct mutating *m, val element, size_t before)
{
	for (size_t back = 0; before-- > 0 && back < LOOK_BACK; back++)
		if (is_put(op_at(m, before)) && op_at(m, before)->input == element)
			return op_at(m, before);
	return NULL;
}

/* a was put before b and taken before b, all in real time; now they are taken the other way
 * round. */
static bool
swap_order(struct mutating *m, size_t i)
{
	struct op *second = op_at(m, i);

	if (!is_take(second))
		return false;
	for (size_t j = i, back = 0; j-- > 0 && back < LOOK_BACK; back++) {
		struct op *first = op_at(m, j);
		if (!is_take(first) || !same_key(first, second) ||
		    !is_before(first, second))
			continue;
		struct op *put_first = put_of(m, first->output, j);
		struct op *put_second = put_of(m, second->output, i);
		if (put_first == NULL || put_second == NULL ||
		    !is_before(put_first, put_second))
			continue;
		val output = first->output;
		first->output = second->output;
		second->output = output;
		return true;
	}
	return false;
}

/* Adds a whole operation of a new process between two positions; there is room, because
 * all positions are spread first. */
static void
insert_op(struct mutating *m, struct op op, const struct op *after)
{
	uint32_t at = after->complete_at * 4;

	op.invoke_ns = op.complete_ns = after->complete_ns;
	vec_each (struct op, other, &m->history->ops) {
		other->invoke_at *= 4;
		if (other->complete_at != OP_NEVER)
			other->complete_at *= 4;
		op.process =
			other->process >= op.process ? other->process + 1 : op.process;
	}
	op.invoke_at = at + 1;
	op.complete_at = at + 2;
	op.type = OP_OK;
	history_add(m->history, &op);
	history_sort(m->history);
}

/* A take finds nothing between a put and the take of its element. */
static bool
miss_what_is_there(struct mutating *m, size_t i)
{
	const struct op *take = op_at(m, i);

	if (!is_take(take))
		return false;
	const struct op *put = put_of(m, take->output, i);
	if (put == NULL || !is_before(put, take))
		return false;
	insert_op(m, (struct op){.key = take->key, .f = take->f}, put);
	return true;
}

/* Somebody else acquires between an acquisition and its release. */
static bool
acquire_twice(struct mutating *m, size_t i)
{
	const struct op *acquire = op_at(m, i);

	if (acquire->f != F_ACQUIRE || acquire->type != OP_OK)
		return false;
	insert_op(m, (struct op){.key = acquire->key, .f = F_ACQUIRE}, acquire);
	return true;
}

/* The version of a read with a value that no write brought. */
static bool
see_other_version(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	struct values *values = &m->history->values;

	if (!is_read(op) || val_at(values, op->output, 1) == VAL_OF_NIL)
		return false;
	op->output = val_pair(values, val_at(values, op->output, 0), val_small(GARBAGE));
	return true;
}

/* Below: only reads, where what is appended or acquired answers with numbers. */
static bool
read_garbage(struct mutating *m, size_t i)
{
	return is_read(op_at(m, i)) && see_garbage(m, i);
}

/* More than all increments together. */
static bool
count_too_high(struct mutating *m, size_t i)
{
	if (!is_read(op_at(m, i)))
		return false;
	op_at(m, i)->output = val_small((int64_t)m->history->ops.count + 1);
	return true;
}

/* ---- lists as answers ---- */

/* A copy of the list, less one value (nil: none), with another behind (nil: none). */
static val
changed_list(struct mutating *m, val list, val without, val with)
{
	struct values *values = &m->history->values;
	VEC(val) items = {0};

	for (size_t i = 0; list != VAL_OF_NIL && i < val_count(values, list); i++) {
		val item = val_at(values, list, i);
		if (item != without)
			vec_push(&items, item);
	}
	if (with != VAL_OF_NIL)
		vec_push(&items, with);
	val changed = val_list(values, items.items, items.count);
	vec_release(&items);
	return changed;
}

/* An acknowledged element is in no read. */
static bool
lose_element(struct mutating *m, size_t i)
{
	const struct op *add = op_at(m, i);

	if (add->f != F_ADD || add->type != OP_OK)
		return false;
	vec_each (struct op, op, &m->history->ops)
		if (is_read(op) && same_key(op, add))
			op->output = changed_list(m, op->output, add->input, VAL_OF_NIL);
	return true;
}

static bool
see_unexpected(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!is_read(op))
		return false;
	op->output = changed_list(m, op->output, VAL_OF_NIL, val_small(GARBAGE));
	return true;
}

static val
last_of(const struct mutating *m, val list)
{
	const struct values *values = &m->history->values;

	if (val_kind(list) != VAL_LIST || val_count(values, list) == 0)
		return VAL_OF_NIL;
	return val_at(values, list, val_count(values, list) - 1);
}

static bool
see_twice(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!is_read(op) || last_of(m, op->output) == VAL_OF_NIL)
		return false;
	op->output = changed_list(m, op->output, VAL_OF_NIL, last_of(m, op->output));
	return true;
}

/* ---- transactions ---- */

static val
mop_part(const struct mutating *m, val mops, size_t i, size_t part)
{
	const struct values *values = &m->history->values;

	return val_at(values, val_at(values, mops, i), part);
}

static bool
is_read_mop(const struct mutating *m, const struct op *op, size_t i)
{
	return mop_part(m, op->input, i, 2) == VAL_OF_NIL;
}

/* The first micro-operation that reads a key which the transaction does not write and reads
 * only once, so that nothing within it contradicts; SIZE_MAX: none. */
static size_t
outer_read(const struct mutating *m, const struct op *op)
{
	size_t count = val_count(&m->history->values, op->input);

	for (size_t i = 0; i < count; i++) {
		bool is_alone = is_read_mop(m, op, i);
		for (size_t j = 0; j < count && is_alone; j++)
			is_alone = j == i || mop_part(m, op->input, j, 1) !=
						     mop_part(m, op->input, i, 1);
		if (is_alone)
			return i;
	}
	return SIZE_MAX;
}

/* Replaces what micro-operation i of an ok transaction read. */
static void
set_read(struct mutating *m, struct op *op, size_t i, val seen)
{
	struct values *values = &m->history->values;
	VEC(val) mops = {0};

	for (size_t j = 0; j < val_count(values, op->output); j++)
		vec_push(&mops, val_at(values, op->output, j));
	const val items[] = {val_at(values, mops.items[i], 0),
			     val_at(values, mops.items[i], 1), seen};
	mops.items[i] = val_list(values, items, 3);
	op->output = val_list(values, mops.items, mops.count);
	vec_release(&mops);
}

/* What the transaction writes last to the key; nil: nothing. */
static val
last_write(const struct mutating *m, const struct op *op, val key)
{
	val written = VAL_OF_NIL;

	if (op->type != OP_OK)
		return VAL_OF_NIL;
	for (size_t i = 0; i < val_count(&m->history->values, op->input); i++)
		if (mop_part(m, op->input, i, 1) == key && !is_read_mop(m, op, i))
			written = mop_part(m, op->input, i, 2);
	return written;
}

static size_t
txn_writing_before(const struct mutating *m, const struct op *later, val key, size_t i)
{
	for (size_t back = 0; i-- > 0 && back < LOOK_BACK; back++)
		if (is_before(op_at(m, i), later) &&
		    last_write(m, op_at(m, i), key) != VAL_OF_NIL)
			return i;
	return SIZE_MAX;
}

static bool
txn_sees_garbage(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val seen = mop_part(m, op->output, read, 2);
	bool is_list = val_kind(seen) == VAL_LIST;
	if (!is_list && seen == VAL_OF_NIL)
		return false; /* it does not say which of the two types it is */
	set_read(m, op, read,
		 is_list ? changed_list(m, seen, VAL_OF_NIL, val_small(GARBAGE))
			 : val_small(GARBAGE));
	return true;
}

/* As for registers: a value that was overwritten in real time before the transaction began.
 * A list lacks an element that was appended in real time before it began. */
static bool
txn_reads_stale(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read, w2, w1;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val key = mop_part(m, op->input, read, 1),
	    seen = mop_part(m, op->output, read, 2);
	if (seen == VAL_OF_NIL || (w2 = txn_writing_before(m, op, key, i)) == SIZE_MAX)
		return false;
	if (val_kind(seen) == VAL_LIST) {
		val last = last_of(m, seen);
		if (last_write(m, op_at(m, w2), key) != last ||
		    val_count(&m->history->values, seen) < 2)
			return false;
		set_read(m, op, read, changed_list(m, seen, last, VAL_OF_NIL));
		return true;
	}
	if ((w1 = txn_writing_before(m, op_at(m, w2), key, w2)) == SIZE_MAX)
		return false;
	set_read(m, op, read, last_write(m, op_at(m, w1), key));
	return true;
}

static bool
txn_sees_twice(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val seen = mop_part(m, op->output, read, 2);
	if (last_of(m, seen) == VAL_OF_NIL)
		return false;
	set_read(m, op, read, changed_list(m, seen, VAL_OF_NIL, last_of(m, seen)));
	return true;
}

static const struct {
	const char *name;
	bool is_txn;
	bool (*mutate)(struct mutating *m, size_t i);
} mutations[] = {
	{"stale-read", false, read_stale},
	{"unwritten-read", false, see_garbage},
	{"never-added", false, see_garbage},
	{"never-appended", false, read_garbage},
	{"offset-conflict", false, take_twice},
	{"token-not-increasing", false, take_twice},
	{"version-conflict", false, see_other_version},
	{"taken-twice", false, take_twice},
	{"duplicate-id", false, take_twice},
	{"out-of-order", false, swap_order},
	{"false-empty", false, miss_what_is_there},
	{"lock-held-twice", false, acquire_twice},
	{"read-too-high", false, count_too_high},
	{"lost-element", false, lose_element},
	{"unexpected-element", false, see_unexpected},
	{"duplicate-element", false, see_twice},
	{"stale-read", true, txn_reads_stale},
	{"garbage-read", true, txn_sees_garbage},
	{"duplicate-elements", true, txn_sees_twice},
};

bool
generate_mutate(struct history *history, const struct acting *acting,
		const char *mutation, struct rng *rng)
{
	struct mutating m = {history, rng};

	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++)
		if (mutations[i].is_txn == acting->is_txn &&
		    strcmp(mutations[i].name, mutation) == 0)
			return try_each(&m, mutations[i].mutate);
	return false;
}
