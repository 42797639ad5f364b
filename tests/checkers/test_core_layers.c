/* Large cores told a dozen transactions at a time: none is left without, each layer is decided
 * by brute force, and forged ones are refused. */
#include "checkers/generate/generate.h"
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/core_layers.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_rw_register;

enum {
	DOZEN = 12
};

/* ---- large cores ---------------------------------------------------------------------- */

/* Generated histories whose smallest core is large, of parallel snapshots, of snapshots, of
 * processes and of neither; the last one has more than a hundred transactions. */
static const struct {
	struct generate_options shape;
	const char *level;
} large[] = {
	{{.operations = 1000, .processes = 60, .keys = 10, .seed = 10},
	 "snapshot-isolation"},
	{{.operations = 1000, .processes = 60, .keys = 10, .info_percent = 5, .seed = 11},
	 "serializable"},
	{{.operations = 1000,
	  .processes = 10,
	  .keys = 300,
	  .info_percent = 5,
	  .seed = 111},
	 "strong-session-serializable"},
	{{.operations = 1000,
	  .processes = 60,
	  .keys = 50,
	  .info_percent = 20,
	  .seed = 131},
	 "strong-session-serializable"},
	{{.operations = 200, .processes = 30, .keys = 10, .seed = 67},
	 "strong-snapshot-isolation"},
	{{.operations = 3000, .processes = 10, .keys = 300, .seed = 135}, "serializable"},
};

enum {
	LARGE = sizeof(large) / sizeof(large[0])
};

static void
make_large(struct history *history, size_t number)
{
	struct generate_options shape = large[number].shape;
	struct err err;

	shape.type = "rw-register";
	shape.mutate = "stale-read";
	history_init(history);
	if (!generate_history(history, &shape, &err))
		fail_msg("%s", err.text);
	history_sort(history);
}

typedef void on_core(const struct history *history, struct anomaly *core,
		     const struct check_options *options);

/* Calls for each core of more than a dozen; returns how many there were. */
static int
each_large_core(const struct history *history, const char *level, on_core *visit)
{
	struct check_options options = {.level = level};
	struct check_result result;
	int count = 0;

	checker_run(&checker_rw_register, history, &options, &result);
	vec_each (struct anomaly, anomaly, &result.anomalies)
		if (anomaly->is_core && anomaly->ops.count > DOZEN) {
			assert_true(result.certified);
			visit(history, anomaly, &options);
			count++;
		}
	check_result_release(&result);
	return count;
}

static size_t
count_txns_of(const char *text)
{
	size_t count = 0;

	for (; (text = strstr(text, " = process ")) != NULL; text++)
		count++;
	return count;
}

/* The first layer is a dozen or fewer, the lemmas too, and the words say so. */
static void
assert_told(const struct history *history, struct anomaly *core,
	    const struct check_options *options)
{
	struct core_list words = {core->layers.items, core->layers.count};
	struct core_layer layer;
	size_t layers = 0, listed = 0;
	struct err err;

	for (; core_layers_take(&words, &layer); layers++) {
		assert_in_range(layer.txns.count, 2, DOZEN);
		listed += layer.txns.count;
	}
	assert_in_range(layers, 1, LAYERS_MAX);
	assert_in_range(count_txns_of(core->text), 2, listed);
	assert_non_null(strstr(core->text, "which is a cycle: "));
	assert_non_null(strstr(core->text, "so these "));
	if (layers > 1)
		assert_non_null(strstr(core->text, "lemma 1: T"));
	if (!core_certify(history, options, core, &err))
		fail_msg("%s", err.text);
}

static void
large_cores_are_told_by_a_dozen(void **state)
{
	(void)state;
	for (size_t i = 0; i < LARGE; i++) {
		struct history history;
		make_large(&history, i);
		assert_int_not_equal(
			each_large_core(&history, large[i].level, assert_told), 0);
		history_release(&history);
	}
}

static void
no_run_of_snapshots_is_left_with_a_large_core_alone(void **state)
{
	int total = (int)random_share(60, 2000), told = 0;
	struct rng rng;

	(void)state;
	for (int i = 0; i < total; i++) {
		rng_init(&rng, (uint64_t)i);
		struct random_txns shape = {
			.txns = 500 + rng_below(&rng, 3000),
			.processes = 5 + (uint32_t)rng_below(&rng, 50),
			.keys = 10 + (uint32_t)rng_below(&rng, 500),
			.mops_max = 3 + (int)rng_below(&rng, 5),
			.write_percent = 30 + (int)rng_below(&rng, 50),
			.info_percent = 1,
			.snapshot = true};
		struct history history;
		random_txns_play(&history, &shape, &rng);
		told += each_large_core(&history, "serializable", assert_told);
		history_release(&history);
	}
	assert_in_range(told, total / 20, total);
}

/* ---- what is needed ------------------------------------------------------------------- */

typedef VEC(uint32_t) word_list;

static void
put_list(word_list *words, const struct core_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		vec_push(words, list->items[i]);
}

static void
put_layer(word_list *words, const struct core_layer *layer)
{
	vec_push(words, layer->step);
	vec_push(words, (uint32_t)layer->lemmas.count);
	vec_push(words, (uint32_t)layer->txns.count);
	vec_push(words, (uint32_t)layer->paths.count);
	put_list(words, &layer->lemmas);
	put_list(words, &layer->txns);
	put_list(words, &layer->paths);
}

/* The core with this as its only layer. */
static bool
is_accepted(const struct history *history, const struct anomaly *core,
	    const struct check_options *options, const struct core_layer *layer)
{
	struct rw_claim claim = core_claim(core->name, options);
	struct anomaly forged = *core;
	word_list words = {0};
	struct err err;

	put_layer(&words, layer);
	forged.layers.items = words.items;
	forged.layers.count = words.count;
	bool ok = core_layers_check(history, &forged, &claim, &err);
	vec_release(&words);
	return ok;
}

/* The paths but those that `leaves_out` by number, or from or to a transaction. */
static void
keep_paths(const struct core_layer *layer, size_t number, uint32_t txn, word_list *kept)
{
	struct core_list paths = layer->paths, path;

	for (size_t i = 0; core_layers_take_path(&paths, &path); i++) {
		if (i == number || path.items[0] == txn ||
		    path.items[path.count - 1] == txn)
			continue;
		vec_push(kept, (uint32_t)path.count);
		put_list(kept, &path);
	}
}

static void
assert_paths_needed(const struct history *history, const struct anomaly *core,
		    const struct check_options *options, const struct core_layer *first)
{
	struct core_list paths = first->paths, path;

	for (size_t i = 0; core_layers_take_path(&paths, &path); i++) {
		struct core_layer layer = *first;
		word_list kept = {0};
		keep_paths(first, i, UINT32_MAX, &kept);
		layer.paths = (struct core_list){kept.items, kept.count};
		if (is_accepted(history, core, options, &layer))
			fail_msg("order %zu is given in vain", i);
		vec_release(&kept);
	}
}

static void
assert_txns_needed(const struct history *history, const struct anomaly *core,
		   const struct check_options *options, const struct core_layer *first)
{
	for (size_t i = 0; i < first->txns.count; i++) {
		struct core_layer layer = *first;
		word_list paths = {0}, txns = {0};
		keep_paths(first, SIZE_MAX, first->txns.items[i], &paths);
		for (size_t k = 0; k < first->txns.count; k++)
			if (k != i)
				vec_push(&txns, first->txns.items[k]);
		layer.paths = (struct core_list){paths.items, paths.count};
		layer.txns = (struct core_list){txns.items, txns.count};
		if (is_accepted(history, core, options, &layer))
			fail_msg("transaction %zu is told in vain", i);
		vec_release(&paths);
		vec_release(&txns);
	}
}

static void
assert_needed(const struct history *history, struct anomaly *core,
	      const struct check_options *options)
{
	struct core_list words = {core->layers.items, core->layers.count};
	struct core_layer first;

	assert_true(core_layers_take(&words, &first));
	assert_true(is_accepted(history, core, options, &first));
	assert_paths_needed(history, core, options, &first);
	assert_txns_needed(history, core, options, &first);
}

static void
nothing_can_be_left_out_of_the_dozen(void **state)
{
	(void)state;
	for (size_t i = 0; i < LARGE; i++) {
		struct history history;
		make_large(&history, i);
		each_large_core(&history, large[i].level, assert_needed);
		history_release(&history);
	}
}

/* ---- forged layers -------------------------------------------------------------------- */

/* A first layer that is cut short. */
static void
assert_words_refused(const struct history *history, struct anomaly *core,
		     const struct check_options *options)
{
	struct rw_claim claim = core_claim(core->name, options);
	struct core_list words = {core->layers.items, core->layers.count};
	size_t whole = core->layers.count;
	struct core_layer layer;
	struct err err;

	assert_true(core_layers_take(&words, &layer));
	for (size_t count = 1; count < whole - words.count; count++) {
		core->layers.count = count;
		assert_false(core_layers_check(history, core, &claim, &err));
	}
	core->layers.count = whole;
}

static void
assert_forged_refused(const struct history *history, struct anomaly *core,
		      const struct check_options *options)
{
	struct core_list words = {core->layers.items, core->layers.count};
	uint32_t backwards[3], lemma[1], txns[2];
	struct core_layer first, second, forged;
	struct core_list paths, path;

	assert_words_refused(history, core, options);
	assert_true(core_layers_take(&words, &first));
	if (core_layers_take(&words, &second)) /* it supposes what nothing shows */
		assert_false(is_accepted(history, core, options, &second));
	forged = first;
	lemma[0] = first.step; /* it follows from itself */
	forged.lemmas = (struct core_list){lemma, 1};
	assert_false(is_accepted(history, core, options, &forged));
	forged = first;
	txns[0] = first.txns.items[1];
	txns[1] = first.txns.items[0];
	forged.txns = (struct core_list){txns, 2};
	assert_false(is_accepted(history, core, options, &forged));
	paths = first.paths;
	if (!core_layers_take_path(&paths, &path))
		return;
	backwards[0] = 2;
	backwards[1] = path.items[path.count - 1];
	backwards[2] = path.items[0];
	forged = first;
	forged.paths = (struct core_list){backwards, 3};
	assert_false(is_accepted(history, core, options, &forged));
}

static void
forged_layers_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LARGE; i++) {
		struct history history;
		make_large(&history, i);
		each_large_core(&history, large[i].level, assert_forged_refused);
		history_release(&history);
	}
}

/* ---- brute force with given orders ---------------------------------------------------- */

static const struct rw_claim claims[] = {
	{0},
	{.process = true, .realtime = true},
	{.snapshot = true},
	{.snapshot = true, .process = true},
	{.parallel = true},
};

enum {
	CLAIMS = sizeof(claims) / sizeof(claims[0])
};

struct small_case {
	struct history history;
	uint32_t ops[SMALL_TXNS_MAX];
	size_t count;
	const struct rw_claim *claim;
};

static bool
has_order(const struct small_case *c, const struct rw_given *given, size_t count)
{
	struct err err;

	return !rw_certify_given(&c->history, c->ops, c->count, given, count, c->claim,
				 &err);
}

/* In every order one end comes before the other, or the other before it. Without an order
 * nothing that is given makes one. */
static void
assert_one_way_or_the_other(const struct small_case *c, uint32_t a, uint32_t b, int *both)
{
	bool whole = has_order(c, NULL, 0);

	for (int ends = 0; ends < 4; ends++) {
		struct rw_given there = {.from = a,
					 .to = b,
					 .from_begin = ends & 1,
					 .to_commit = (ends & 2) != 0};
		struct rw_given back = {.from = b,
					.to = a,
					.from_begin = !there.to_commit,
					.to_commit = !there.from_begin};
		bool is_there = has_order(c, &there, 1), is_back = has_order(c, &back, 1);
		if (c->claim->parallel) /* ways say more than orders there */
			assert_true(whole || (!is_there && !is_back));
		else
			assert_int_equal(whole, is_there || is_back);
		struct rw_given ring[2] = {there, back};
		if (ends == 0 || (!c->claim->snapshot && !c->claim->parallel))
			assert_false(has_order(c, ring, 2));
		*both += is_there && is_back;
	}
}

static void
given_orders_are_kept_by_brute_force(void **state)
{
	int total = (int)random_count(2000), both = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 61);
	for (int i = 0; i < total; i++) {
		struct small_case c = {.claim = &claims[i % CLAIMS]};
		struct small_txns h = {0};
		small_txns_make(&h, &rng);
		small_txns_history(&h, &c.history);
		for (uint32_t op = 0; op < c.history.ops.count; op++)
			if (c.history.ops.items[op].type == OP_OK)
				c.ops[c.count++] = op;
		if (c.count > 1)
			assert_one_way_or_the_other(&c, 0, (uint32_t)c.count - 1, &both);
		history_release(&c.history);
	}
	assert_in_range(both, total / 10, total * 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_cores_are_told_by_a_dozen),
		cmocka_unit_test(no_run_of_snapshots_is_left_with_a_large_core_alone),
		cmocka_unit_test(nothing_can_be_left_out_of_the_dozen),
		cmocka_unit_test(forged_layers_are_refused),
		cmocka_unit_test(given_orders_are_kept_by_brute_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
