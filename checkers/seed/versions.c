/* versions.c - a replicated store in which every value has a version, with gossip, and
 * update-if by agreement of all replicas.
 *
 * A version is [NUMBER REPLICA]: the higher number is newer, of equal ones the lower
 * replica. Operations, each with a key (the node of the operation is the replica that was
 * asked, if the history tells it):
 *
 *	write V			ok: VERSION
 *	update-if [OLD NEW]	ok: VERSION; fails when the value was not OLD
 *	read			ok: [V VERSION], or nil when the key has no value
 *	final-read		the same, when all is quiet
 *
 *	version-conflict    one version of a key has two values.
 *	version-reused      two acknowledged updates of a key have one version.
 *	unwritten-version   a read saw a value that nobody wrote, or with a version other
 *	                    than the one that its write was told.
 *	aborted-version     a read saw what only failed updates wrote.
 *	replica-regression  a replica shows an older version than one that it showed or
 *	                    acknowledged before (not with the model "volatile": replicas
 *	                    that forget when they restart).
 *	version-not-newer   a replica gave an update a version that is not newer than one
 *	                    that it had shown before.
 *	session-regression  a process reads an older version than one that it saw or wrote.
 *	lost-update         more update-ifs took the place of a value than it was written.
 *	update-if-mismatch  an update-if succeeded, but no version that it can have met has
 *	                    the expected value.
 *	stale-after-update-if
 *	                    a read misses an update-if that was acknowledged before the
 *	                    read began: all replicas had agreed to it.
 *	lost-version        a final read is older than an acknowledged update.
 *	diverged            two final reads of a key differ.
 *
 * Versions order the updates of a key, so that every check is a maximum over the past:
 * O(n log n). Complete for each property above; causality over several keys is not
 * judged. */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE	   UINT32_MAX
#define NO_VERSION UINT64_MAX

/* The newest version that somebody knows of a key, and who showed it. */
struct newest {
	uint64_t version; /* 0: none */
	uint32_t op;
};

/* A value with its version, in the eyes of one operation. */
struct shown {
	uint32_t key, op;
	uint64_t version;
	val value;
	bool is_update;
};

struct store {
	const struct history *history;
	struct check_result *result;
	bool is_volatile;
	struct value_ids keys;
	uint32_t *key_of;			       /* owned; by operation */
	struct map replicas, sessions, updates, final; /* -> index in newest */
	VEC(struct newest) newest;
	VEC(struct shown) shown;
	uint64_t reads, update_count, final_reads;
};

/* ---- reading -------------------------------------------------------------------------- */

static bool
is_final(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "final-read");
}

static bool
is_look(const struct history *history, const struct op *op)
{
	return op->f == F_READ || is_final(history, op);
}

static bool
is_update(const struct op *op)
{
	return op->f == F_WRITE || op->f == F_UPDATE_IF;
}

/* [NUMBER REPLICA] as one number in the order of age; NO_VERSION when it is none. */
static uint64_t
version_of(const struct values *values, val v)
{
	int64_t number, replica;

	if (fields_items(values, v) != 2 ||
	    !fields_number(values, fields_item(values, v, 0), &number) ||
	    !fields_number(values, fields_item(values, v, 1), &replica) || number < 0 ||
	    number >= (int64_t)1 << 46 || replica < 0 || replica > 0xfffe)
		return NO_VERSION;
	return (uint64_t)number << 16 | (uint64_t)(0xffff - replica);
}

/* What an ok operation shows; false when it has another shape. */
static bool
show(const struct history *history, const struct op *op, struct shown *shown)
{
	const struct values *values = &history->values;

	shown->is_update = is_update(op);
	if (shown->is_update) {
		shown->value =
			op->f == F_WRITE ? op->input : fields_item(values, op->input, 1);
		shown->version = version_of(values, op->output);
	} else if (op->output == VAL_OF_NIL) {
		shown->value = VAL_OF_NIL;
		shown->version = 0;
	} else {
		shown->value = fields_item(values, op->output, 0);
		shown->version = version_of(values, fields_item(values, op->output, 1));
	}
	return shown->version != NO_VERSION;
}

static int
versions_fits(const struct history *history)
{
	struct shown shown;
	bool some = false;

	vec_each (struct op, op, &history->ops) {
		if (!is_update(op) && !is_look(history, op))
			return 0;
		if (op->type == OP_OK && !show(history, op, &shown))
			return 0;
		some |= op->type == OP_OK && is_update(op);
	}
	return some ? 85 : 0;
}

static void
report(struct store *store, const char *name, uint32_t key, const char *sentence,
       uint32_t a, uint32_t b)
{
	val k = value_ids_value(&store->keys, key);
	struct buf text = {0};

	buf_string(&text, "key ");
	tell_value(store->history, k, &text);
	buf_printf(&text, ": %s", sentence);
	tell(store->history, store->result, name, k, &text, (uint32_t[]){a, b}, 2);
}

/* ---- maxima over the past ------------------------------------------------------------- */

static struct newest *
newest_of(struct store *store, struct map *map, uint64_t who, uint32_t key)
{
	bool is_new;
	uint64_t *id = map_at(map, who << 32 | key, &is_new);

	if (is_new) {
		*id = store->newest.count;
		vec_push(&store->newest, (struct newest){.op = NONE});
	}
	return &store->newest.items[*id];
}

static void
raise(struct newest *newest, uint64_t version, uint32_t op)
{
	if (version <= newest->version && newest->op != NONE)
		return;
	*newest = (struct newest){version, op};
}

/* When an operation begins, what it will answer must not be older than what counts. */
static void
judge_begin(struct store *store, uint32_t index)
{
	const struct op *op = &store->history->ops.items[index];
	uint32_t key = store->key_of[index];
	struct shown shown;

	if (op->type != OP_OK)
		return;
	show(store->history, op, &shown);
	struct newest replica = *newest_of(store, &store->replicas, op->node, key);
	struct newest session = *newest_of(store, &store->sessions, op->process, key);
	struct newest update = *newest_of(store, &store->updates, 0, key);
	bool knows_replica = op->node != 0 && !store->is_volatile;
	if (shown.is_update) {
		if (knows_replica && replica.op != NONE &&
		    shown.version <= replica.version)
			report(store, "version-not-newer", key,
			       "the replica had shown a version that is as new, or newer",
			       replica.op, index);
		return;
	}
	if (knows_replica && shown.version < replica.version)
		report(store, "replica-regression", key,
		       "the replica had shown a newer version before", replica.op, index);
	if (shown.version < session.version)
		report(store, "session-regression", key,
		       "the process had seen a newer version before", session.op, index);
	if (shown.version < update.version)
		report(store, "stale-after-update-if", key,
		       "the read misses an update-if to which all replicas had agreed",
		       update.op, index);
}

static void
judge_end(struct store *store, uint32_t index)
{
	const struct op *op = &store->history->ops.items[index];
	uint32_t key = store->key_of[index];
	struct shown shown = {.key = key, .op = index};

	if (op->type != OP_OK)
		return;
	show(store->history, op, &shown);
	vec_push(&store->shown, shown);
	raise(newest_of(store, &store->replicas, op->node, key), shown.version, index);
	raise(newest_of(store, &store->sessions, op->process, key), shown.version, index);
	if (op->f == F_UPDATE_IF)
		raise(newest_of(store, &store->updates, 0, key), shown.version, index);
}

/* The operations at each position of the order of events: begins, and ends + 1 bit. */
static void
sweep(struct store *store)
{
	const struct history *history = store->history;
	size_t positions = 0;

	vec_each (struct op, op, &history->ops) {
		positions = op->invoke_at >= positions ? op->invoke_at + 1u : positions;
		if (op->complete_at != OP_NEVER && op->complete_at >= positions)
			positions = op->complete_at + 1u;
	}
	uint64_t *events = mem_new(positions + 1, sizeof(*events));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		events[op->invoke_at] = (uint64_t)i << 2 | 1;
		if (op->complete_at != OP_NEVER)
			events[op->complete_at] = (uint64_t)i << 2 | 2;
	}
	for (size_t at = 0; at < positions; at++) {
		if (events[at] & 1)
			judge_begin(store, (uint32_t)(events[at] >> 2));
		else if (events[at] & 2)
			judge_end(store, (uint32_t)(events[at] >> 2));
	}
	free(events);
}

/* ---- versions and their values -------------------------------------------------------- */

static int
by_key_and_version(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	if (x->is_update != y->is_update)
		return x->is_update ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

/* Who tried to write a value to a key. */
struct attempt {
	uint32_t key, op;
	val value;
	enum op_type type;
};

struct attempts {
	VEC(struct attempt) of; /* by key, value */
	const struct values *values;
};

static int
by_key_and_value(const void *a, const void *b, void *values)
{
	const struct attempt *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return val_compare(values, x->value, y->value);
}

static void
attempts_init(struct attempts *attempts, const struct store *store)
{
	const struct history *history = store->history;

	*attempts = (struct attempts){.values = &history->values};
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		val value = op->f == F_WRITE
				    ? op->input
				    : fields_item(&history->values, op->input, 1);
		if (is_update(op))
			vec_push(&attempts->of,
				 (struct attempt){store->key_of[i], i, value,
						  (enum op_type)op->type});
	}
	if (attempts->of.count > 0)
		qsort_r(attempts->of.items, attempts->of.count, sizeof(struct attempt),
			by_key_and_value, (void *)attempts->values);
}

/* The attempts of a value: their count, and the first in *first. */
static size_t
attempts_find(const struct attempts *attempts, uint32_t key, val value,
	      const struct attempt **first)
{
	struct attempt wanted = {.key = key, .value = value};
	size_t low = 0, high = attempts->of.count, count = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (by_key_and_value(&attempts->of.items[middle], &wanted,
				     (void *)attempts->values) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = &attempts->of.items[low];
	while (low + count < attempts->of.count &&
	       by_key_and_value(&attempts->of.items[low + count], &wanted,
				(void *)attempts->values) == 0)
		count++;
	return count;
}

/* A read must show what some update wrote, with the version that the update was told. */
static void
judge_source(struct store *store, const struct attempts *attempts,
	     const struct shown *shown)
{
	const struct attempt *first;
	size_t count = attempts_find(attempts, shown->key, shown->value, &first);
	bool is_possible = false, all_failed = count > 0;
	struct shown told;

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &store->history->ops.items[first[i].op];
		all_failed = all_failed && first[i].type == OP_FAIL;
		is_possible = is_possible || first[i].type == OP_INFO;
		if (first[i].type == OP_OK && show(store->history, op, &told))
			is_possible = is_possible || told.version == shown->version;
	}
	if (is_possible || shown->is_update || shown->version == 0)
		return;
	report(store, all_failed ? "aborted-version" : "unwritten-version", shown->key,
	       all_failed
		       ? "the read saw what only a failed update wrote"
		       : "the read saw a value, or its version, that no update gave it",
	       count > 0 ? first->op : OP_NEVER, shown->op);
}

static void
judge_versions(struct store *store, const struct attempts *attempts)
{
	if (store->shown.count > 0)
		qsort(store->shown.items, store->shown.count, sizeof(struct shown),
		      by_key_and_version);
	for (size_t i = 0; i < store->shown.count; i++) {
		const struct shown *shown = &store->shown.items[i];
		judge_source(store, attempts, shown);
		if (i == 0 || shown[-1].key != shown->key ||
		    shown[-1].version != shown->version || shown->version == 0)
			continue;
		if (!val_equal(&store->history->values, shown[-1].value, shown->value))
			report(store, "version-conflict", shown->key,
			       "one version has two values", shown[-1].op, shown->op);
		else if (shown->is_update)
			report(store, "version-reused", shown->key,
			       "two updates were told the same version", shown[-1].op,
			       shown->op);
	}
}

/* ---- update-if ------------------------------------------------------------------------ */

/* Some update of unknown outcome may have written the value, with any version. */
static bool
may_be_anywhere(const struct attempts *attempts, uint32_t key, val value)
{
	const struct attempt *first;
	size_t count = attempts_find(attempts, key, value, &first);

	for (size_t i = 0; i < count; i++)
		if (first[i].type == OP_INFO)
			return true;
	return false;
}

/* Walks from the version of an update-if to older ones, as long as these were not over
 * when it began: one of them, or the first that was, must have the expected value. */
static void
judge_expected(struct store *store, const struct attempts *attempts, size_t at)
{
	const struct shown *shown = &store->shown.items[at];
	const struct op *op = &store->history->ops.items[shown->op];
	val expected = fields_item(&store->history->values, op->input, 0);
	uint32_t met = OP_NEVER;

	for (size_t i = at; i > 0 && store->shown.items[i - 1].key == shown->key; i--) {
		const struct shown *older = &store->shown.items[i - 1];
		if (older->version == shown->version)
			continue;
		if (val_equal(&store->history->values, older->value, expected))
			return;
		met = older->op;
		if (store->history->ops.items[older->op].complete_at < op->invoke_at)
			break;
		met = OP_NEVER;
	}
	if (met == OP_NEVER && expected == VAL_OF_NIL)
		return;
	if (may_be_anywhere(attempts, shown->key, expected))
		return;
	report(store, "update-if-mismatch", shown->key,
	       "no version that the update-if can have met has the expected value", met,
	       shown->op);
}

/* By key and expected value. */
static void
judge_lost_updates(struct store *store, const struct attempts *written)
{
	struct attempts taken = {.values = written->values};
	const struct attempt *first;

	vec_each (struct shown, shown, &store->shown) {
		const struct op *op = &store->history->ops.items[shown->op];
		if (op->f == F_UPDATE_IF)
			vec_push(&taken.of, (struct attempt){shown->key, shown->op,
							     fields_item(written->values,
									 op->input, 0),
							     OP_OK});
	}
	if (taken.of.count > 0)
		qsort_r(taken.of.items, taken.of.count, sizeof(struct attempt),
			by_key_and_value, (void *)taken.values);
	for (size_t i = 0, end; i < taken.of.count; i = end) {
		const struct attempt *one = &taken.of.items[i];
		size_t sources = attempts_find(written, one->key, one->value, &first);
		size_t possible = one->value == VAL_OF_NIL;
		for (size_t j = 0; j < sources; j++)
			possible += first[j].type != OP_FAIL;
		for (end = i + 1;
		     end < taken.of.count && by_key_and_value(one, &taken.of.items[end],
							      (void *)taken.values) == 0;
		     end++)
			;
		if (end - i > possible && possible > 0)
			report(store, "lost-update", one->key,
			       "more update-ifs took the place of one value than it was "
			       "written",
			       one->op, taken.of.items[i + 1].op);
	}
	vec_release(&taken.of);
}

/* ---- in the end ----------------------------------------------------------------------- */

static void
judge_final(struct store *store)
{
	const struct history *history = store->history;

	vec_each (struct shown, shown, &store->shown)
		if (shown->is_update)
			raise(newest_of(store, &store->final, 0, shown->key),
			      shown->version, shown->op);
	vec_each (struct shown, shown, &store->shown) {
		if (!is_final(history, &history->ops.items[shown->op]))
			continue;
		struct newest acked = *newest_of(store, &store->final, 0, shown->key);
		struct newest *other = newest_of(store, &store->final, 1, shown->key);
		store->final_reads++;
		if (acked.op != NONE && shown->version < acked.version)
			report(store, "lost-version", shown->key,
			       "a final read is older than an acknowledged update",
			       acked.op, shown->op);
		if (other->op != NONE && other->version != shown->version)
			report(store, "diverged", shown->key,
			       "final reads show different versions", other->op,
			       shown->op);
		raise(other, shown->version, shown->op);
	}
}

static bool
number_keys(struct store *store)
{
	const struct history *history = store->history;
	struct shown shown;

	store->key_of = mem_new(history->ops.count + 1, sizeof(*store->key_of));
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		store->key_of[i] = value_ids_add(&store->keys, op->key);
		if ((!is_update(op) && !is_look(history, op)) ||
		    (op->type == OP_OK && !show(history, op, &shown)))
			return false;
		store->reads += is_look(history, op) && op->type == OP_OK;
		store->update_count += is_update(op) && op->type == OP_OK;
	}
	return true;
}

static void
judge(struct store *store)
{
	struct attempts attempts;

	sweep(store);
	attempts_init(&attempts, store);
	judge_versions(store, &attempts);
	for (size_t i = 0; i < store->shown.count; i++)
		if (store->history->ops.items[store->shown.items[i].op].f == F_UPDATE_IF)
			judge_expected(store, &attempts, i);
	judge_lost_updates(store, &attempts);
	judge_final(store);
	vec_release(&attempts.of);
}

static void
release(struct store *store)
{
	value_ids_release(&store->keys);
	free(store->key_of);
	map_release(&store->replicas);
	map_release(&store->sessions);
	map_release(&store->updates);
	map_release(&store->final);
	vec_release(&store->newest);
	vec_release(&store->shown);
}

static void
versions_check(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct store store = {.history = history, .result = result};

	result->complexity = "O(n log n)";
	result->operations = history->ops.count;
	store.is_volatile =
		options->model != NULL && strcmp(options->model, "volatile") == 0;
	value_ids_init(&store.keys, &history->values);
	if (number_keys(&store))
		judge(&store);
	else
		tell_unknown(result, mem_string("an operation is none of a versioned "
						"store"));
	tell_number(&result->details, "reads", store.reads);
	tell_number(&result->details, "updates", store.update_count);
	tell_number(&result->details, "final-reads", store.final_reads);
	if (store.reads == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	tell_end(result,
		 mem_format("%" PRIu64 " reads and %" PRIu64
			    " updates keep the order of their versions%s",
			    store.reads, store.update_count,
			    store.final_reads > 0 ? ", and the replicas agree" : ""));
	release(&store);
	result->is_unproven = true; /* certify proves some anomalies only */
}

/* ---- proof: the two or three operations of an anomaly, on their own ------------------- */

/* Pairs decide themselves: earlier and later, and their versions. */
static bool
shows(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *ops = history->ops.items;
	const char *name = anomaly->name;
	struct shown a, b;

	if (strcmp(name, "unwritten-version") == 0 ||
	    strcmp(name, "aborted-version") == 0 ||
	    strcmp(name, "update-if-mismatch") == 0)
		return true;
	if (anomaly->ops.count != 2)
		return false;
	const struct op *x = &ops[anomaly->ops.items[0]],
			*y = &ops[anomaly->ops.items[1]];
	if (!val_equal(&history->values, x->key, y->key) || !show(history, x, &a) ||
	    !show(history, y, &b))
		return false;
	if (strcmp(name, "version-conflict") == 0)
		return a.version == b.version &&
		       !val_equal(&history->values, a.value, b.value);
	if (strcmp(name, "version-reused") == 0)
		return a.version == b.version && a.is_update && b.is_update;
	if (strcmp(name, "diverged") == 0)
		return a.version != b.version;
	if (strcmp(name, "lost-update") == 0)
		return x->f == F_UPDATE_IF && y->f == F_UPDATE_IF;
	if (strcmp(name, "lost-version") == 0)
		return a.is_update ? b.version < a.version : a.version < b.version;
	bool is_older = b.version < a.version && x->complete_at < y->invoke_at;
	if (strcmp(name, "version-not-newer") == 0)
		return b.version <= a.version && x->complete_at < y->invoke_at &&
		       x->node == y->node;
	if (strcmp(name, "replica-regression") == 0)
		return is_older && x->node == y->node;
	if (strcmp(name, "session-regression") == 0)
		return is_older && x->process == y->process;
	return is_older && x->f == F_UPDATE_IF;
}

static bool
versions_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!shows(history, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return true;
}

const struct checker checker_versions = {
	.name = "versions",
	.summary =
		"versioned values: replicas and sessions move forward, update-if chains",
	.fits = versions_fits,
	.check = versions_check,
	.certify = versions_certify,
};
