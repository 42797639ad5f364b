/* Orders that prove levels below snapshot isolation: accepted when the axioms, word by word,
 * hold of the order, and refused otherwise. */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/txn_sessions.h"
#include "checkers/transaction/weak_certify.h"
#include "tests/checkers/long_txns.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* ---- small histories ------------------------------------------------------------------
 */

static bool
reads_from(const struct small_txn *reader, const struct small_txn *writer)
{
	for (int r = 0; r < reader->mop_count; r++)
		for (int w = 0; w < writer->mop_count; w++)
			if (!reader->mops[r].write && writer->mops[w].write &&
			    reader->mops[r].value == writer->mops[w].value)
				return true;
	return false;
}

/* Acknowledged, or of unknown outcome and read by somebody who was. */
static bool
has_committed(const struct small_txns *h, int t)
{
	bool is_read = false;

	for (int reader = 0; reader < h->count; reader++)
		is_read |= h->txns[reader].type == OP_OK && reader != t &&
			   reads_from(&h->txns[reader], &h->txns[t]);
	return h->txns[t].type == OP_OK || (h->txns[t].type == OP_INFO && is_read);
}

/* As they began, but for a few that were exchanged; now and then one is left out. */
static void
make_order(const struct small_txns *h, struct rng *rng, struct small_order *order)
{
	order->count = 0;
	for (int t = 0; t < h->count; t++)
		if (has_committed(h, t))
			order->txns[order->count++] = t;
	for (uint64_t swaps = rng_below(rng, 4); swaps > 0 && order->count > 1; swaps--) {
		uint64_t at = rng_below(rng, (uint64_t)order->count - 1);
		int kept = order->txns[at];
		order->txns[at] = order->txns[at + 1];
		order->txns[at + 1] = kept;
	}
	if (order->count > 0 && rng_chance(rng, 0.02))
		order->count--;
}

static void
fail_with(const struct history *history, const struct small_order *order,
	  const char *level, const char *what)
{
	struct buf text = {0};

	vec_each (const struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " events %u..%u\n", op->invoke_at, op->complete_at);
	}
	for (int i = 0; i < order->count; i++)
		buf_printf(&text, " T%d", order->txns[i]);
	fail_msg("%s: %s\n%s", level, what, buf_text(&text));
}

/* Counts accepted orders. Operations have the numbers of their transactions. */
static void
assert_judged(const struct small_txns *h, const struct history *history,
	      const struct small_order *order, const struct small_level *level,
	      int *accepted)
{
	struct check_options options = {.level = level->name};
	uint32_t ops[SMALL_TXNS_MAX];
	struct order claimed = {.ops = ops, .count = (size_t)order->count};
	bool varies;
	bool expected = small_txns_allow(h, order, level->view, level->process, &varies);
	struct err err = {0};

	for (int i = 0; i < order->count; i++)
		ops[i] = (uint32_t)order->txns[i];
	bool ok = weak_certify(history, &options, &claimed,
			       level_forbids_named(level->name), &err);
	if (ok != expected)
		fail_with(history, order, level->name,
			  ok ? "an order that breaks an axiom is accepted" : err.text);
	*accepted += ok;
}

static void
orders_are_accepted_when_the_axioms_hold_of_them(void **state)
{
	int total = (int)random_count(20000), accepted[SMALL_AXIOM_LEVELS] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 31);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct small_order order;
		struct history history, split;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		const struct history *sessions = txn_sessions_of(&history, &split);
		make_order(&h, &rng, &order);
		for (size_t l = 0; l < SMALL_AXIOM_LEVELS; l++)
			assert_judged(&h, sessions, &order, &small_levels[l],
				      &accepted[l]);
		history_release(&history);
		history_release(&split);
	}
	for (size_t l = 0; l < SMALL_AXIOM_LEVELS; l++)
		assert_in_range(accepted[l], total / 20, total * 9 / 10);
}

/* ---- long ones ------------------------------------------------------------------------
 */

/* In the end the reader reads the last value of key 1, and with `misses` the one before it
 * after that. */
static void
play_strangers(struct history *history, int64_t rounds, bool misses)
{
	int64_t last = (rounds - 1) / 2 * 2 + 1;

	long_txns_play_strangers(history, rounds);
	long_txns_add(history, 1, "r", 1, val_small(last));
	if (misses)
		long_txns_add(history, 1, "r", 1, val_small(last - 2));
	history_sort(history);
}

/* A search finds who was missed, and where that takes too long, clocks: all processes in one
 * pass, or in a small budget one by one. */
static void
what_was_missed_is_found_by_search_and_by_clocks(void **state)
{
	static const struct {
		int64_t rounds;
		size_t bytes_max;
	} rows[] = {{3, 0}, {3000, 0}, {3000, 1 << 10}};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool misses = i % 2 == 1;
		struct check_options options = {
			.level = "causal",
			.budget = {.bytes_max = rows[i / 2].bytes_max}};
		struct history history;
		struct err err = {0};
		play_strangers(&history, rows[i / 2].rounds, misses);
		struct order order = {.count = history.ops.count};
		order.ops = mem_new(order.count, sizeof(*order.ops));
		for (uint32_t op = 0; op < order.count; op++)
			order.ops[op] = op;
		bool ok = weak_certify(&history, &options, &order,
				       level_forbids_named("causal"), &err);
		assert_int_equal(ok, !misses);
		if (misses)
			assert_non_null(strstr(err.text, "misses what it depends on"));
		free(order.ops);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_accepted_when_the_axioms_hold_of_them),
		cmocka_unit_test(what_was_missed_is_found_by_search_and_by_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
