#include "checkers/transaction/finding_certify.h"

#include "checkers/transaction/causal_past.h"
#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

#include <string.h>

/* What the anomaly says; `saw` and `blamed` are NULL when it names no such operation. */
struct claim {
	const struct history *history;
	const struct values *values;
	const struct check_options *options;
	const struct anomaly *anomaly;
	const struct op *saw, *blamed;
};

static bool
equal(const struct claim *c, val a, val b)
{
	return val_equal(c->values, a, b);
}

static bool
is_on_key(const struct claim *c, const struct raw_mop *mop)
{
	return equal(c, mop->key, c->anomaly->key);
}

/* Where the operation wrote the value to the anomaly's key, counted from 1; 0: it did not.
 * *again: it wrote to the key once more behind that. */
static size_t
write_at(const struct claim *c, const struct op *op, val value, bool *again)
{
	size_t at = 0;

	*again = false;
	for (size_t i = 0; i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (mop.f == 'r' || !is_on_key(c, &mop))
			continue;
		*again = at != 0;
		if (at == 0 && equal(c, mop.value, value))
			at = i + 1;
	}
	return at;
}

/* The operation's reads of the anomaly's key show the value: as it is, or in a list. */
static bool
shows(const struct claim *c, const struct op *op, val value, bool as_last)
{
	for (size_t i = 0; i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (!raw_is_read(op, &mop) || !is_on_key(c, &mop))
			continue;
		size_t place = raw_place(c->values, mop.value, value);
		if (equal(c, mop.value, value) ||
		    (place != 0 &&
		     (!as_last || place == val_count(c->values, mop.value))))
			return true;
	}
	return false;
}

static bool
was_written(const struct claim *c, val value)
{
	bool again;

	vec_each (const struct op, op, &c->history->ops)
		if (write_at(c, op, value, &again) != 0)
			return true;
	return false;
}

/* It certainly took place. An aborted one of which a write was read is another anomaly. */
static bool
took_place(const struct claim *c, const struct op *op)
{
	return op->type != OP_FAIL &&
	       raw_took_place(c->history, (uint32_t)(op - c->history->ops.items));
}

/* ---- one rule for each anomaly ---- */

static bool
is_garbage_read(const struct claim *c)
{
	val value = c->anomaly->subject;

	return c->saw != NULL && value != VAL_OF_NIL && shows(c, c->saw, value, false) &&
	       !was_written(c, value);
}

/* One read shows the element twice; no transaction appends it twice. */
static bool
is_duplicate(const struct claim *c)
{
	for (size_t i = 0; c->saw != NULL && i < raw_count(c->values, c->saw); i++) {
		struct raw_mop mop = raw_mop(c->values, c->saw, i);
		size_t times = 0, count = 0;
		const val *items = NULL;
		if (raw_is_read(c->saw, &mop) && is_on_key(c, &mop) &&
		    val_kind(mop.value) == VAL_LIST)
			items = val_items(c->values, mop.value, &count);
		for (size_t j = 0; j < count; j++)
			times += equal(c, items[j], c->anomaly->subject);
		if (times > 1)
			return true;
	}
	return false;
}

/* Two reads of the key, of which neither is the beginning of the other. */
static bool
is_incompatible(const struct claim *c)
{
	for (size_t i = 0; c->saw != NULL && i < raw_count(c->values, c->saw); i++) {
		struct raw_mop a = raw_mop(c->values, c->saw, i);
		for (size_t j = 0;
		     c->blamed != NULL && j < raw_count(c->values, c->blamed); j++) {
			struct raw_mop b = raw_mop(c->values, c->blamed, j);
			if (raw_is_read(c->saw, &a) && raw_is_read(c->blamed, &b) &&
			    is_on_key(c, &a) && is_on_key(c, &b) &&
			    raw_disagree(c->values, a.value, b.value))
				return true;
		}
	}
	return false;
}

static bool
is_g1a(const struct claim *c)
{
	bool again;

	return c->saw != NULL && c->blamed != NULL && c->blamed->type == OP_FAIL &&
	       shows(c, c->saw, c->anomaly->subject, false) &&
	       write_at(c, c->blamed, c->anomaly->subject, &again) != 0;
}

static bool
is_g1b(const struct claim *c)
{
	bool again;

	return c->saw != NULL && c->blamed != NULL && c->saw != c->blamed &&
	       shows(c, c->saw, c->anomaly->subject, true) &&
	       write_at(c, c->blamed, c->anomaly->subject, &again) != 0 && again;
}

/* In a read, an element of `saw` stands behind the aborted one; or `saw` read the aborted
 * value and then wrote. */
static bool
is_dirty_update(const struct claim *c)
{
	val aborted = c->anomaly->subject;
	bool again, written = false;

	if (c->saw == NULL || c->blamed == NULL || c->blamed->type != OP_FAIL ||
	    !took_place(c, c->saw) || write_at(c, c->blamed, aborted, &again) == 0)
		return false;
	for (size_t i = 0; i < raw_count(c->values, c->saw); i++) {
		struct raw_mop mop = raw_mop(c->values, c->saw, i);
		written |= mop.f == 'w' && is_on_key(c, &mop);
		if (mop.f != 'a' || !is_on_key(c, &mop))
			continue;
		vec_each (const struct op, op, &c->history->ops)
			for (size_t j = 0; j < raw_count(c->values, op); j++) {
				struct raw_mop read = raw_mop(c->values, op, j);
				if (!raw_is_read(op, &read) || !is_on_key(c, &read))
					continue;
				size_t first = raw_place(c->values, read.value, aborted);
				if (first != 0 &&
				    raw_place(c->values, read.value, mop.value) > first)
					return true;
			}
	}
	return written && shows(c, c->saw, aborted, false);
}

/* ---- internal ---- */

/* A list read must be the one read before, and then what was appended since; of a list that
 * was not read before only the end is known. */
static bool
list_continues(const struct claim *c, const struct op *op, size_t from, size_t to)
{
	struct raw_mop first = raw_mop(c->values, op, from);
	struct raw_mop last = raw_mop(c->values, op, to);
	bool known = first.f == 'r';
	VEC(val) expected = {0};

	if (known && first.value != VAL_OF_NIL)
		for (size_t i = 0; i < val_count(c->values, first.value); i++)
			vec_push(&expected, val_at(c->values, first.value, i));
	for (size_t i = from; i < to; i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (mop.f == 'a' && is_on_key(c, &mop))
			vec_push(&expected, mop.value);
	}
	size_t count = last.value == VAL_OF_NIL ? 0 : val_count(c->values, last.value);
	bool fits = known ? count == expected.count : count >= expected.count;
	for (size_t i = 0; i < expected.count && fits; i++)
		fits = equal(c, expected.items[i],
			     val_at(c->values, last.value, count - expected.count + i));
	vec_release(&expected);
	return fits;
}

/* A register shows what the transaction wrote or read last. */
static bool
value_continues(const struct claim *c, const struct op *op, size_t from, size_t to)
{
	val last = raw_mop(c->values, op, from).value;

	for (size_t i = from; i < to; i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (mop.f == 'w' && is_on_key(c, &mop))
			last = mop.value;
	}
	return equal(c, last, raw_mop(c->values, op, to).value);
}

/* Its own later write, read before it was written. */
static bool
reads_the_future(const struct claim *c, const struct op *op, size_t at)
{
	bool again;
	size_t written = write_at(c, op, raw_mop(c->values, op, at).value, &again);

	return written > at + 1;
}

/* The same of a list: it has an element that is appended only later. */
static bool
lists_the_future(const struct claim *c, const struct op *op, size_t at)
{
	val read = raw_mop(c->values, op, at).value;
	size_t count = read == VAL_OF_NIL ? 0 : val_count(c->values, read);

	for (size_t i = at + 1; i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		for (size_t e = 0; mop.f == 'a' && is_on_key(c, &mop) && e < count; e++)
			if (equal(c, mop.value, val_at(c->values, read, e)))
				return true;
	}
	return false;
}

/* The key is a list: something is appended to it or, where nothing is written, read as one.
 * (Registers may hold lists, and other values.) */
static bool
is_list_key(const struct claim *c, const struct op *op)
{
	bool is_list = false, is_register = false, is_appended = false;

	for (size_t i = 0; op != NULL && i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (!is_on_key(c, &mop))
			continue;
		is_appended |= mop.f == 'a';
		if (mop.f == 'r' && mop.value != VAL_OF_NIL) {
			is_list |= val_kind(mop.value) == VAL_LIST;
			is_register |= val_kind(mop.value) != VAL_LIST;
		} else if (mop.f == 'w') {
			is_register |= !is_appended;
		}
	}
	return (is_appended || is_list) && !is_register;
}

static bool
is_internal(const struct claim *c)
{
	bool is_list = is_list_key(c, c->saw);
	size_t first = SIZE_MAX;

	for (size_t i = 0; c->saw != NULL && i < raw_count(c->values, c->saw); i++) {
		struct raw_mop mop = raw_mop(c->values, c->saw, i);
		bool taught = mop.f != 'r' || mop.value != VAL_OF_NIL ||
			      !c->options->nil_is_unknown;
		if (!is_on_key(c, &mop) || !taught)
			continue;
		first = first == SIZE_MAX ? i : first;
		if (!raw_is_read(c->saw, &mop))
			continue;
		bool fits = is_list ? list_continues(c, c->saw, first, i) &&
					      !lists_the_future(c, c->saw, i)
				    : value_continues(c, c->saw, first, i) &&
					      !reads_the_future(c, c->saw, i);
		if (!fits)
			return true;
	}
	return false;
}

/* ---- two transactions ---- */

static bool
appends(const struct claim *c, const struct op *op)
{
	for (size_t i = 0; i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (mop.f == 'a' && is_on_key(c, &mop))
			return true;
	}
	return false;
}

/* Of a list that the operation read: up to the last element that it did not append itself. */
static size_t
others_in(const struct claim *c, const struct op *op, val list)
{
	size_t count = val_kind(list) == VAL_LIST ? val_count(c->values, list) : 0;
	bool again;

	while (count > 0 &&
	       write_at(c, op, val_at(c->values, list, count - 1), &again) != 0)
		count--;
	return count;
}

/* Both lists begin with the same elements. */
static bool
begin_alike(const struct claim *c, val a, val b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!equal(c, val_at(c->values, a, i), val_at(c->values, b, i)))
			return false;
	return true;
}

/* The operation read this version of the key (a list up to the element `length`) and writes
 * there. */
static bool
replaces(const struct claim *c, const struct op *op, val version, size_t length)
{
	bool reads = false, writes = false, again;

	for (size_t i = 0; i < raw_count(c->values, op); i++) {
		struct raw_mop mop = raw_mop(c->values, op, i);
		if (!is_on_key(c, &mop))
			continue;
		writes |= mop.f != 'r';
		if (!raw_is_read(op, &mop) ||
		    (mop.value == VAL_OF_NIL && c->options->nil_is_unknown))
			continue;
		reads |= appends(c, op)
				 ? others_in(c, op, mop.value) == length &&
					   begin_alike(c, mop.value, version, length)
				 : equal(c, mop.value, version) &&
					   write_at(c, op, version, &again) == 0;
	}
	return reads && writes;
}

static bool
is_lost_update(const struct claim *c)
{
	val version = c->anomaly->subject;

	if (c->saw == NULL || c->blamed == NULL || c->saw == c->blamed ||
	    !took_place(c, c->saw) || !took_place(c, c->blamed))
		return false;
	size_t length = others_in(c, c->saw, version);
	return replaces(c, c->saw, version, length) &&
	       replaces(c, c->blamed, version, length);
}

/* The reader found nothing at the key, although it could see a transaction that wrote there:
 * it read from that one (for non-monotonic-view before), follows it in its process, or
 * depends on it. */
static bool
is_initial_missed(const struct claim *c)
{
	const char *name = c->anomaly->name;
	bool monotonic = strncmp(name, "non-monotonic-view", 18) == 0, writes = false;
	bool sees = false, misses = false, touched = false;

	if (c->saw == NULL || c->blamed == NULL || c->options->nil_is_unknown)
		return false;
	for (size_t i = 0; i < raw_count(c->values, c->blamed); i++) {
		struct raw_mop mop = raw_mop(c->values, c->blamed, i);
		writes |= mop.f != 'r' && is_on_key(c, &mop);
	}
	for (size_t i = 0; i < raw_count(c->values, c->saw); i++) {
		struct raw_mop mop = raw_mop(c->values, c->saw, i);
		struct anomaly about = {.key = mop.key};
		struct claim other = *c;
		bool again;
		other.anomaly = &about;
		if (is_on_key(c, &mop)) {
			misses |= (monotonic ? sees : !touched) &&
				  raw_is_read(c->saw, &mop) && mop.value == VAL_OF_NIL;
			touched = true;
		}
		sees |= raw_is_read(c->saw, &mop) && mop.value != VAL_OF_NIL &&
			write_at(&other, c->blamed, mop.value, &again) != 0;
	}
	if (strcmp(name, "causality-violation") == 0)
		sees = causal_past_has(c->history, c->anomaly->ops.items[0],
				       c->anomaly->ops.items[1]);
	if (strcmp(name, "fractured-read-process") == 0)
		sees |= c->saw->process == c->blamed->process &&
			c->blamed->invoke_at < c->saw->invoke_at;
	return writes && misses && sees && took_place(c, c->blamed);
}

/* A key of a result is that of the anomaly. */
static bool
is_named(const struct claim *c, val key)
{
	val number;

	return equal(c, key, c->anomaly->key) ||
	       (predicate_key_number(c->values, key, &number) &&
		equal(c, number, c->anomaly->key));
}

/* Of the recorded history: a predicate read shows the value, which does not satisfy. */
static bool
is_mismatch(const struct claim *c)
{
	struct predicate predicate;
	struct err err;
	val result, key, value;

	if (c->saw == NULL || c->saw->type != OP_OK)
		return false;
	for (size_t i = 0; i < raw_count(c->values, c->saw); i++) {
		val mop = val_at(c->values, raw_list(c->saw), i);
		if (!predicate_is_read(c->values, mop) ||
		    !predicate_parse(c->values, val_at(c->values, mop, 1), &predicate,
				     &err) ||
		    !predicate_result(c->values, mop, &result, &err))
			continue;
		for (size_t k = 0; k < predicate_result_count(c->values, result); k++) {
			predicate_result_at(c->values, result, k, &key, &value);
			if (is_named(c, key) && equal(c, value, c->anomaly->subject) &&
			    !predicate_holds(c->values, &predicate, value))
				return true;
		}
	}
	return false;
}

static const struct {
	const char *name;
	bool (*holds)(const struct claim *claim);
} rules[] = {
	{"garbage-read", is_garbage_read},
	{"duplicate-elements", is_duplicate},
	{"incompatible-order", is_incompatible},
	{"dirty-update", is_dirty_update},
	{"internal", is_internal},
	{"G1a", is_g1a},
	{"G1b", is_g1b},
	{"lost-update", is_lost_update},
	{"non-monotonic-view", is_initial_missed},
	{"fractured-read", is_initial_missed},
	{"non-monotonic-view-process", is_initial_missed},
	{"fractured-read-process", is_initial_missed},
	{"causality-violation", is_initial_missed},
	{"predicate-mismatch", is_mismatch},
};

enum {
	RULE_COUNT = sizeof(rules) / sizeof(rules[0])
};

static size_t
rule_of(const char *name)
{
	size_t rule = 0;

	while (rule < RULE_COUNT && strcmp(rules[rule].name, name) != 0)
		rule++;
	return rule;
}

bool
finding_is_known(const char *anomaly)
{
	return rule_of(anomaly) < RULE_COUNT;
}

bool
finding_certify(const struct history *history, const struct check_options *options,
		const struct anomaly *anomaly, struct err *err)
{
	size_t rule = rule_of(anomaly->name), named = anomaly->ops.count;
	const struct op *ops = history->ops.items;
	struct claim claim = {.history = history,
			      .values = &history->values,
			      .options = options,
			      .anomaly = anomaly};

	for (size_t i = 0; i < named; i++)
		if (anomaly->ops.items[i] >= history->ops.count)
			return err_set(err, "%s names an operation that is not there",
				       anomaly->name);
	claim.saw = named > 0 ? &ops[anomaly->ops.items[0]] : NULL;
	claim.blamed = named > 1 ? &ops[anomaly->ops.items[1]] : NULL;
	if (rule == RULE_COUNT || !rules[rule].holds(&claim))
		return err_set(err, "the operations do not show %s", anomaly->name);
	return true;
}
