/* list_append_check.c - the checker of transactions that append to lists and read them.
 */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/list_append.h"
#include "checkers/transaction/txn_certify.h"

#include <stdlib.h>
#include <string.h>

static bool
is_append_txn(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	if (op->f != F_TXN || val_kind(op->input) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, op->input); i++) {
		val mop = val_at(values, op->input, i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
		struct bytes f = val_text(values, val_at(values, mop, 0));
		if (f.len == 6 && memcmp(f.data, "append", 6) == 0)
			return true;
	}
	return false;
}

static int
fits(const struct history *history)
{
	vec_each (const struct op, op, &history->ops)
		if (is_append_txn(history, op))
			return 90;
	return 0;
}

static int
by_word(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The committed transactions by commit point, equal ones as the dependencies say: a
 * serial order that respects real time. */
static void
make_order(const struct dependencies *d, const uint32_t *commit,
	   struct check_result *result)
{
	uint32_t n = d->graph.node_count;
	uint32_t *topological = mem_new(n, sizeof(*topological));
	uint64_t *words = mem_new(n, sizeof(*words));
	struct order order = {.key = VAL_OF_NIL, .ops = mem_new(n, sizeof(*order.ops))};
	size_t count;

	graph_order(&d->graph, EDGE_ALL_DATA, topological, &count);
	for (uint32_t i = 0; i < n; i++)
		words[i] = (uint64_t)commit[topological[i]] << 32 | i;
	qsort(words, n, sizeof(*words), by_word);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t txn = topological[(uint32_t)words[i]];
		if (d->committed[txn])
			order.ops[order.count++] = d->txns.of.items[txn].op;
	}
	vec_push(&result->orders, order);
	free(words);
	free(topological);
}

static bool
is_provable(const struct check_result *result)
{
	if (result->verdict == VERDICT_VALID)
		return result->orders.count > 0;
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (!txn_anomaly_is_known(anomaly))
			return false;
	return result->anomalies.count > 0;
}

static void
check(const struct history *history, const struct check_options *options,
      struct check_result *result)
{
	struct dependencies d = {0};
	struct isolation isolation;
	struct err err;

	result->complexity = "dependency graph of list-append, O(n + elements read)";
	if (!list_append_depend(&d, history, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		dependencies_release(&d);
		return;
	}
	result->operations = d.txns.of.count;
	isolation_search(&d, &options->budget, &isolation);
	isolation_report(&d, &isolation, options->level, result);
	if (result->verdict == VERDICT_VALID && isolation.commit != NULL &&
	    isolation.found == 0)
		make_order(&d, isolation.commit, result);
	/* The absence of anomalies below serializable is not derived again. */
	result->is_unproven = !is_provable(result);
	isolation_release(&isolation);
	dependencies_release(&d);
}

/* ---- the certificate, proven by running it -------------------------------------------
 */

/* The lists as they grow, by key word; elements behind each other in one array per key.
 */
struct replay {
	const struct history *history;
	struct map lists; /* key -> index into contents + 1 */
	VEC(struct replay_list { VEC(val) elements; }) contents;
};

static struct replay_list *
list_of(struct replay *replay, val key)
{
	uint64_t *index =
		map_at(&replay->lists, val_hash(&replay->history->values, key), NULL);

	if (*index == 0) {
		vec_push(&replay->contents, (struct replay_list){0});
		*index = replay->contents.count;
	}
	return &replay->contents.items[*index - 1];
}

static bool
shows(const struct values *values, const struct replay_list *list, val read)
{
	size_t count = 0;
	const val *seen = read == VAL_OF_NIL ? NULL : val_items(values, read, &count);

	if (count != list->elements.count)
		return false;
	if (count == 0 || memcmp(seen, list->elements.items, count * sizeof(*seen)) == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!val_equal(values, seen[i], list->elements.items[i]))
			return false;
	return true;
}

static bool
run_txn(struct replay *replay, const struct op *op)
{
	const struct values *values = &replay->history->values;
	val list = op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;

	for (size_t i = 0; i < val_count(values, list); i++) {
		val mop = val_at(values, list, i);
		struct replay_list *there = list_of(replay, val_at(values, mop, 1));
		bool appends = val_text(values, val_at(values, mop, 0)).data[0] == 'a';
		val value =
			val_count(values, mop) == 3 ? val_at(values, mop, 2) : VAL_OF_NIL;
		if (appends)
			vec_push(&there->elements, value);
		else if (op->type == OP_OK && !shows(values, there, value))
			return false;
	}
	return true;
}

/* Runs the transactions one by one, and checks that each ok one is there once and that
 * none stands behind one that began after it was over. */
static bool
replay_order(struct replay *replay, const struct order *order, struct err *err)
{
	const struct op *ops = replay->history->ops.items;
	bool *run = mem_new(replay->history->ops.count, sizeof(*run));
	uint32_t latest_begin = 0, i = 0;
	bool ok = true;

	for (; i < order->count && ok; i++) {
		const struct op *op = &ops[order->ops[i]];
		latest_begin =
			op->invoke_at > latest_begin ? op->invoke_at : latest_begin;
		ok = !run[order->ops[i]] && op->type != OP_FAIL &&
		     op->complete_at >= latest_begin && run_txn(replay, op);
		run[order->ops[i]] = true;
	}
	if (!ok)
		err_set(err, "the serial order breaks at its transaction number %u",
			i - 1);
	for (size_t o = 0; o < replay->history->ops.count && ok; o++)
		if (ops[o].f == F_TXN && ops[o].type == OP_OK && !run[o])
			ok = err_set(err, "the serial order lacks operation %zu", o);
	free(run);
	return ok;
}

static bool
certify(const struct history *history, const struct check_options *options,
	const struct check_result *result, struct err *err)
{
	struct replay replay = {.history = history};
	bool ok = result->verdict != VERDICT_INVALID || result->is_unproven ||
		  txn_level_is_broken(options, result, err);

	vec_each (const struct anomaly, anomaly, &result->anomalies)
		ok = ok && (!txn_anomaly_is_known(anomaly) ||
			    txn_anomaly_certify(history, options, anomaly, err));
	if (result->verdict == VERDICT_VALID && result->orders.count > 0)
		ok = replay_order(&replay, &result->orders.items[0], err);
	vec_each (struct replay_list, list, &replay.contents)
		vec_release(&list->elements);
	vec_release(&replay.contents);
	map_release(&replay.lists);
	return ok;
}

const struct checker checker_list_append = {
	"list-append",
	"transactions that append to lists and read them: all levels of isolation",
	fits,
	check,
	certify,
};
