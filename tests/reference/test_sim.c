/* Simulated clusters: clean without bugs, caught with them, the same from the same seed. */
#include "harness/cmd_sim_judge.h"
#include "reference/sim/sim_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* Sanitizers make everything ten times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum {
	SEEDS = 100,
	SEEDS_FEW = 15
};
#else
enum {
	SEEDS = 1000,
	SEEDS_FEW = 150
};
#endif

static void
assert_clean(const struct sim_options *options, uint64_t count, struct sim_stats *stats)
{
	struct sim_seeds seeds = {
		.options = *options, .count = count, .judge = sim_judge};
	struct sim_verdict verdict;

	sim_seeds_run(&seeds, &verdict);
	if (verdict.failed)
		fail_msg("seed %llu: %s: %s", (unsigned long long)verdict.seed,
			 verdict.anomaly, buf_text(&verdict.explanation));
	assert_int_equal(verdict.ran, count);
	if (stats != NULL)
		*stats = verdict.stats;
	sim_verdict_release(&verdict);
}

static void
thousand_seeds_are_clean_and_everything_happens_in_them(void **state)
{
	struct sim_options options;
	struct sim_stats stats;

	(void)state;
	sim_options_init(&options);
	assert_clean(&options, SEEDS, &stats);
	assert_true(stats.ok > 200 * SEEDS && stats.info > SEEDS && stats.fail > SEEDS);
	assert_true(stats.lost > SEEDS && stats.cut > SEEDS && stats.duplicated > SEEDS);
	assert_true(stats.reordered > SEEDS && stats.pauses > SEEDS &&
		    stats.clock_jumps > SEEDS);
	assert_true(stats.crashes > SEEDS && stats.writes_dropped > SEEDS);
	assert_true(stats.elections > 5 * SEEDS && stats.split_terms == 0);
	assert_true(stats.installs > SEEDS && stats.truncations > SEEDS);
	assert_true(stats.retries > 10 * SEEDS && stats.repeats > 10 * SEEDS);
}

static void
other_sizes_of_cluster_are_clean(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 7};
	struct sim_options options;

	(void)state;
	sim_options_init(&options);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		options.nodes = sizes[i];
		assert_clean(&options, SEEDS_FEW, NULL);
	}
}

static void
conditions_that_provoke_bugs_are_clean_without_them(void **state)
{
	(void)state;
	for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
		struct sim_options options;
		sim_options_init(&options);
		sim_options_provoke(&options, (enum bug)bug);
		options.bugs = 0;
		assert_clean(&options, SEEDS_FEW, NULL);
	}
}

static void
every_planted_bug_is_caught_as_what_the_table_names(void **state)
{
	(void)state;
	for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
		struct sim_seeds seeds = {.count = 500,
					  .judge = sim_judge,
					  .wanted = bug_table[bug].anomaly};
		struct sim_verdict verdict;
		sim_options_init(&seeds.options);
		sim_options_provoke(&seeds.options, (enum bug)bug);
		sim_seeds_run(&seeds, &verdict);
		if (!verdict.failed)
			fail_msg("bug '%s' escapes", bug_table[bug].name);
		assert_string_equal(verdict.anomaly, bug_table[bug].anomaly);
		sim_verdict_release(&verdict);
	}
}

static void
broken_invariants_are_seen_from_inside_too(void **state)
{
	static const char *const bugs[] = {"ack-before-commit", "forgotten-vote",
					   "unsynced-log"};

	(void)state;
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
		struct sim_seeds seeds = {
			.count = 500, .judge = sim_judge, .wanted = "invariant"};
		struct sim_verdict verdict;
		sim_options_init(&seeds.options);
		sim_options_provoke(&seeds.options,
				    (enum bug)__builtin_ctzll(bug_bit(bugs[i])));
		seeds.options.strict = true;
		sim_seeds_run(&seeds, &verdict);
		assert_true(verdict.failed);
		sim_verdict_release(&verdict);
	}
}

static void
describe(const struct sim_result *result, struct buf *text)
{
	vec_each (const struct op, op, &result->history.ops) {
		history_describe(&result->history, op, text);
		buf_char(text, '\n');
	}
}

static void
same_seed_gives_the_same_bytes(void **state)
{
	struct sim_result a, b, other;
	struct buf text_a = {0}, text_b = {0};
	struct sim_options options;

	(void)state;
	sim_options_init(&options);
	options.seed = 42;
	sim_run(&options, &a);
	sim_run(&options, &b);
	options.seed = 43;
	sim_run(&options, &other);
	assert_int_equal(a.hash, b.hash);
	assert_int_not_equal(a.hash, other.hash);
	assert_memory_equal(&a.stats, &b.stats, sizeof(a.stats));
	describe(&a, &text_a);
	describe(&b, &text_b);
	assert_string_equal(buf_text(&text_a), buf_text(&text_b));
	assert_true(text_a.len > 10000);
	buf_release(&text_a);
	buf_release(&text_b);
	sim_result_release(&a);
	sim_result_release(&b);
	sim_result_release(&other);
}

static void
number_of_threads_changes_nothing(void **state)
{
	struct sim_seeds seeds = {.count = 40, .threads = 1, .judge = sim_judge};
	struct sim_verdict one, two;

	(void)state;
	sim_options_init(&seeds.options);
	sim_seeds_run(&seeds, &one);
	seeds.threads = 2;
	sim_seeds_run(&seeds, &two);
	assert_int_equal(one.hash, two.hash);
	assert_memory_equal(&one.stats, &two.stats, sizeof(one.stats));
	sim_verdict_release(&one);
	sim_verdict_release(&two);
}

static void
faults_that_are_off_do_not_happen(void **state)
{
	struct sim_options options;
	struct sim_stats stats;

	(void)state;
	sim_options_init(&options);
	options.faults = 0;
	assert_clean(&options, 20, &stats);
	assert_int_equal(stats.lost + stats.duplicated + stats.reordered + stats.cut, 0);
	assert_int_equal(stats.crashes + stats.pauses + stats.clock_jumps, 0);
	assert_int_equal(stats.info, 0);
}

/* ---- the simulated disk ----------------------------------------------------------------- */

static void
write_entries(struct sim_disk *disk, uint64_t first, uint64_t last)
{
	struct protocol_effects effects = {0};

	for (uint64_t i = first; i <= last; i++)
		vec_push(
			&effects.append,
			(struct protocol_entry){.index = i, .term = 1, .data = {"x", 1}});
	sim_disk_write(disk, &effects);
	effects_release(&effects);
}

static void
crash_keeps_what_was_synced_and_a_prefix_of_the_rest(void **state)
{
	size_t least = 100, most = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	for (int i = 0; i < 200; i++) {
		struct sim_disk disk = {0};
		struct sim_disk_view view;
		write_entries(&disk, 1, 5);
		sim_disk_sync(&disk);
		write_entries(&disk, 6, 10);
		size_t dropped = sim_disk_crash(&disk, &rng);
		sim_disk_read(&disk, &view);
		assert_int_equal(view.disk.entry_count + dropped, 10);
		for (size_t e = 0; e < view.disk.entry_count; e++)
			assert_int_equal(view.disk.entries[e].index, e + 1);
		least = view.disk.entry_count < least ? view.disk.entry_count : least;
		most = view.disk.entry_count > most ? view.disk.entry_count : most;
		sim_disk_view_release(&view);
		sim_disk_release(&disk);
	}
	assert_int_equal(least, 5);
	assert_int_equal(most, 10);
}

static void
compaction_leaves_the_entries_behind_the_snapshot(void **state)
{
	struct sim_disk disk = {0};
	struct sim_disk_view view;

	(void)state;
	write_entries(&disk, 1, 10);
	sim_disk_compact(&disk, 7, 1, (struct bytes){"state", 5});
	sim_disk_sync(&disk);
	sim_disk_read(&disk, &view);
	assert_int_equal(view.disk.snapshot_index, 7);
	assert_int_equal(view.disk.entry_count, 3);
	assert_int_equal(view.disk.entries[0].index, 8);
	sim_disk_view_release(&view);
	sim_disk_release(&disk);
}

static void
names_of_faults_are_found_and_others_are_not(void **state)
{
	(void)state;
	assert_int_equal(sim_fault_bit("crash"), SIM_CRASH);
	assert_int_equal(sim_fault_bit("all"), SIM_FAULTS_ALL);
	assert_int_equal(sim_fault_bit("rain"), 0);
	assert_string_equal(sim_fault_name(SIM_CLOCK), "clock");
	assert_int_equal(bug_bit("none"), 0);
	assert_int_equal(bug_bit("stale-read"), 1u << BUG_STALE_READ);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_gives_the_same_bytes),
		cmocka_unit_test(number_of_threads_changes_nothing),
		cmocka_unit_test(faults_that_are_off_do_not_happen),
		cmocka_unit_test(crash_keeps_what_was_synced_and_a_prefix_of_the_rest),
		cmocka_unit_test(compaction_leaves_the_entries_behind_the_snapshot),
		cmocka_unit_test(names_of_faults_are_found_and_others_are_not),
		cmocka_unit_test(every_planted_bug_is_caught_as_what_the_table_names),
		cmocka_unit_test(broken_invariants_are_seen_from_inside_too),
		cmocka_unit_test(conditions_that_provoke_bugs_are_clean_without_them),
		cmocka_unit_test(other_sizes_of_cluster_are_clean),
		cmocka_unit_test(thousand_seeds_are_clean_and_everything_happens_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
