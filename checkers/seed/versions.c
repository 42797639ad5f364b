#include "checkers/seed/versions.h"

#include "base/mem.h"
#include "base/search.h"
#include "base/text.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	BYTES_EACH = 320 /* an operation: what it shows, and maps */
};

/* ---- reading -------------------------------------------------------------------------- */

static bool
promises(const struct check_options *options, const char *word)
{
	return options->model != NULL && strstr(options->model, word) != NULL;
}

bool
version_rules_init(struct version_rules *rules, const struct check_options *options,
		   struct err *err)
{
	*rules = (struct version_rules){
		.is_volatile = promises(options, "volatile"),
		.is_sessionless = promises(options, "sessionless"),
		.is_strict = promises(options, "strict"),
		.is_atomic = promises(options, "atomic"),
		.names_coordinator = promises(options, "coordinator"),
		.locked_ns_max = INT64_MAX};
	if (options->level == NULL)
		return true;
	return text_duration(options->level, &rules->locked_ns_max, err) ||
	       err_context(err, "how long a key may be locked");
}

bool
version_is_final(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "final-read");
}

bool
version_is_look(const struct history *history, const struct op *op)
{
	return op->f == F_READ || version_is_final(history, op);
}

bool
version_is_update(const struct op *op)
{
	return op->f == F_WRITE || op->f == F_UPDATE_IF;
}

val
version_value(const struct history *history, const struct op *op)
{
	return op->f == F_WRITE ? op->input : fields_item(&history->values, op->input, 1);
}

val
version_expected(const struct history *history, const struct op *op)
{
	return fields_item(&history->values, op->input, 0);
}

uint64_t
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

uint32_t
version_replica(uint64_t version)
{
	return 0xffff - (uint32_t)(version & 0xffff);
}

bool
version_show(const struct history *history, uint32_t index, struct shown *shown)
{
	const struct values *values = &history->values;
	const struct op *op = &history->ops.items[index];

	shown->op = index;
	shown->is_update = version_is_update(op);
	if (shown->is_update) {
		shown->value = version_value(history, op);
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

static bool
fails_with(const struct history *history, const struct op *op, const char *word)
{
	return op->type == OP_FAIL && version_is_update(op) &&
	       strstr(history_error(history, op), word) != NULL;
}

bool
version_is_mismatch(const struct history *history, const struct op *op)
{
	return op->f == F_UPDATE_IF && fails_with(history, op, "mismatch");
}

bool
version_is_locked(const struct history *history, const struct op *op)
{
	return fails_with(history, op, "locked");
}

int64_t
version_healed_ns(const struct history *history)
{
	int64_t healed = 0;

	vec_each (struct op, fault, &history->nemesis) {
		int64_t ns = fault->complete_ns > fault->invoke_ns ? fault->complete_ns
								   : fault->invoke_ns;
		healed = ns > healed ? ns : healed;
	}
	return healed;
}

/* ---- the store ------------------------------------------------------------------------ */

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

static void
find_guarded(struct store *store)
{
	const struct history *history = store->history;
	size_t keys = value_ids_count(&store->keys);

	store->is_guarded = mem_new(keys + 1, sizeof(*store->is_guarded));
	memset(store->is_guarded, true, keys * sizeof(*store->is_guarded));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->f == F_WRITE && op->type != OP_FAIL)
			store->is_guarded[store->key_of[i]] = false;
	}
}

bool
store_init(struct store *store, const struct history *history)
{
	store->history = history;
	value_ids_init(&store->keys, &history->values);
	store->key_of = mem_new(history->ops.count + 1, sizeof(*store->key_of));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		struct shown shown = {.key = value_ids_add(&store->keys, op->key)};
		store->key_of[i] = shown.key;
		if (!version_is_update(op) && !version_is_look(history, op))
			return false;
		if (op->type != OP_OK)
			continue;
		if (!version_show(history, i, &shown))
			return false;
		vec_push(&store->shown, shown);
	}
	if (store->shown.count > 0)
		qsort(store->shown.items, store->shown.count, sizeof(struct shown),
		      by_key_and_version);
	find_guarded(store);
	return true;
}

void
store_release(struct store *store)
{
	value_ids_release(&store->keys);
	free(store->key_of);
	free(store->is_guarded);
	vec_release(&store->shown);
}

uint32_t
store_first_newer(const struct store *store, uint32_t key, uint64_t version)
{
	const struct shown *shown = store->shown.items;
	size_t at;

	search_first(at, 0, store->shown.count,
		     shown[at].key < key ||
			     (shown[at].key == key && shown[at].version <= version));
	return (uint32_t)at;
}

void
store_report(struct store *store, const char *name, uint32_t key, const char *sentence,
	     uint32_t a, uint32_t b)
{
	val k = value_ids_value(&store->keys, key);
	struct buf text = {0};

	buf_string(&text, "key ");
	tell_value(store->history, k, &text);
	buf_printf(&text, ": %s", sentence);
	tell(store->history, store->result, name, k, &text, (uint32_t[]){a, b}, 2);
}

/* ---- the checker ---------------------------------------------------------------------- */

/* The answer is what was asked for once more: a pair that was written, no version. */
static bool
is_echo(const struct history *history, const struct op *op)
{
	return version_is_update(op) &&
	       val_equal(&history->values, op->input, op->output);
}

/* Now and then a version is the pair that an update-if asked for, but not mostly. */
static int
versions_fits(const struct history *history)
{
	struct shown shown;
	size_t updates = 0, echoes = 0;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (!version_is_update(op) && !version_is_look(history, op))
			return 0;
		if (op->type != OP_OK)
			continue;
		if (!version_show(history, i, &shown))
			return 0;
		updates += version_is_update(op);
		echoes += is_echo(history, op);
	}
	return echoes * 2 < updates ? 85 : 0;
}

struct figures {
	uint64_t reads, updates, final_reads;
};

static void
judge(struct store *store, struct figures *figures)
{
	struct version_lag lag = {0};

	vec_each (struct shown, shown, &store->shown) {
		const struct op *op = &store->history->ops.items[shown->op];
		figures->reads += !shown->is_update;
		figures->updates += shown->is_update;
		figures->final_reads += version_is_final(store->history, op);
	}
	if (!versions_judge_past(store) || !versions_judge_sources(store) ||
	    !versions_judge_updates(store) || !versions_judge_end(store)) {
		tell_unknown(store->result, mem_string(BUDGET_TIME_IS_OVER));
		return;
	}
	versions_measure(store, &lag);
	tell_number(&store->result->details, "stale-reads", lag.stale_reads);
	tell_number(&store->result->details, "versions-behind-max", lag.versions_max);
	tell_number(&store->result->details, "time-behind-max-ns", (uint64_t)lag.ns_max);
	tell_number(&store->result->details, "locked-max-ns",
		    (uint64_t)store->locked_ns_max);
}

static void
conclude(const struct figures *figures, struct check_result *result)
{
	tell_number(&result->details, "reads", figures->reads);
	tell_number(&result->details, "updates", figures->updates);
	tell_number(&result->details, "final-reads", figures->final_reads);
	if (figures->reads == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	tell_end(result,
		 mem_format("%" PRIu64 " reads and %" PRIu64
			    " updates keep the order of their versions%s",
			    figures->reads, figures->updates,
			    figures->final_reads > 0 ? ", and the replicas agree" : ""));
}

static void
versions_check(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct store store = {.result = result, .budget = &options->budget};
	struct figures figures = {0};
	struct err err;

	result->complexity = "maxima over the past: O(n log n)";
	result->operations = history->ops.count;
	if (!version_rules_init(&store.rules, options, &err) ||
	    !budget_has_room(&options->budget, history->ops.count, BYTES_EACH, &err)) {
		tell_unknown(result, mem_string(err.text));
		return;
	}
	if (store_init(&store, history))
		judge(&store, &figures);
	else
		tell_unknown(result, mem_string("an operation is none of a versioned "
						"store"));
	conclude(&figures, result);
	store_release(&store);
}

const struct checker checker_versions = {
	.name = "versions",
	.summary =
		"versioned values: replicas and sessions move forward, update-if chains",
	.fits = versions_fits,
	.check = versions_check,
	.certify = versions_certify,
};
