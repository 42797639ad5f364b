/* Containers, random numbers, files and child programs. */
#include "base/arena.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void
a_map_holds_every_key_it_was_given(void **state)
{
	struct map map = {0};
	bool is_new;

	(void)state;
	for (uint64_t key = 0; key < 10000; key++)
		*map_at(&map, key * 0x100000001u, &is_new) = key;
	assert_int_equal(map.count, 10000);
	for (uint64_t key = 0; key < 10000; key++)
		assert_int_equal(*map_find(&map, key * 0x100000001u), key);
	assert_null(map_find(&map, 7));
	map_clear(&map);
	assert_null(map_find(&map, 0));
	map_release(&map);
}

static void
a_vec_takes_items_in_and_out_at_any_place(void **state)
{
	VEC(int) numbers = {0};

	(void)state;
	for (int i = 0; i < 100; i += 2)
		vec_push(&numbers, i);
	for (int i = 1; i < 100; i += 2)
		vec_insert(&numbers, (size_t)i, i);
	vec_insert(&numbers, 0, -1);
	vec_insert(&numbers, numbers.count, 100);
	assert_int_equal(numbers.count, 102);
	for (int i = -1; i <= 100; i++)
		assert_int_equal(numbers.items[i + 1], i);
	vec_remove(&numbers, 0);
	vec_remove(&numbers, numbers.count - 1);
	vec_remove(&numbers, 50);
	assert_int_equal(numbers.count, 99);
	assert_int_equal(numbers.items[49], 49);
	assert_int_equal(numbers.items[50], 51);
	vec_release(&numbers);
}

static void
an_arena_stops_at_its_bound(void **state)
{
	struct arena arena;
	size_t given = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	while (arena_alloc(&arena, 1000) != NULL)
		given += 1000;
	assert_in_range(given, 1 << 19, 1 << 20);
	arena_clear(&arena);
	char *text = arena_string(&arena, "again");
	assert_string_equal(text, "again");
	arena_release(&arena);
}

static void
random_numbers_follow_the_published_algorithm(void **state)
{
	struct rng rng = {.word = {1, 2, 3, 4}};

	(void)state;
	assert_true(rng_next(&rng) == 11520);
	assert_true(rng_next(&rng) == 0);
	assert_true(rng_next(&rng) == 1509978240);
	assert_true(rng_next(&rng) == 1215971899390074240);
}

static void
random_numbers_below_a_bound_cover_it_evenly(void **state)
{
	int counts[7] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 42);
	for (int i = 0; i < 70000; i++)
		counts[rng_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 9500, 10500);
}

static void
add_one(void *context, size_t i)
{
	atomic_int *items = context;

	atomic_fetch_add(&items[i], 1);
}

static void
parallel_for_visits_each_item_once(void **state)
{
	static atomic_int items[1000];

	(void)state;
	parallel_for(1000, 4, add_one, items);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], 1);
}

static void
files_are_written_whole_and_trees_removed(void **state)
{
	char folder[] = "/tmp/faultline-test-XXXXXX";
	struct buf contents = {0};
	struct err err;
	char path[128];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a/b/c", folder);
	assert_true(file_make_folder(path, &err));
	snprintf(path, sizeof(path), "%s/a/b/file", folder);
	assert_true(file_write(path, "hello", 5, &err));
	assert_true(file_read(path, 5, &contents, &err));
	assert_string_equal(buf_text(&contents), "hello");
	assert_false(file_read(path, 4, &contents, &err));
	assert_true(file_remove_tree(folder, &err));
	assert_false(file_exists(folder));
	assert_true(file_remove_tree(folder, &err));
	assert_false(file_read(path, 0, &contents, &err));
	assert_non_null(strstr(err.text, "No such file"));
	buf_release(&contents);
}

/* What a container sees: its own group may have no limit where one above it has. */
static void
memory_is_bounded_by_the_control_groups(void **state)
{
	char folder[] = "/tmp/faultline-test-XXXXXX", path[128];
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(machine_group_limit("0::/a/b\n", folder) == UINT64_MAX);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	assert_true(file_make_folder(path, &err));
	snprintf(path, sizeof(path), "%s/a/b/memory.max", folder);
	assert_true(file_write(path, "max\n", 4, &err));
	snprintf(path, sizeof(path), "%s/a/memory.max", folder);
	assert_true(file_write(path, "1048576\n", 8, &err));
	assert_true(machine_group_limit("0::/a/b\n", folder) == 1048576);
	assert_true(machine_group_limit("0::/\n", folder) == UINT64_MAX);
	snprintf(path, sizeof(path), "%s/memory/c", folder);
	assert_true(file_make_folder(path, &err));
	snprintf(path, sizeof(path), "%s/memory/c/memory.limit_in_bytes", folder);
	assert_true(file_write(path, "4096\n", 5, &err));
	assert_true(machine_group_limit("3:cpu:/c\n2:memory:/c\n0::/a\n", folder) ==
		    4096);
	assert_true(machine_group_limit("nonsense\n:\n::\n", folder) == UINT64_MAX);
	assert_true(machine_memory() > 1 << 20);
	assert_true(file_remove_tree(folder, &err));
}

static bool
run(const char *script, const char *input, int timeout_ms, struct buf *output,
    struct err *err)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct child child = {.argv = argv,
			      .input = {.data = input, .len = strlen(input)},
			      .timeout_ms = timeout_ms};

	return child_run(&child, output, err);
}

/* In a mount namespace of its own: a folder is mounted in the tree that is removed. */
static void
removing_a_tree_spares_what_is_mounted_in_it(void **state)
{
	char folder[] = "/tmp/faultline-test-XXXXXX", mounted[64], kept[64];
	struct err err;
	int status;

	(void)state;
	if (geteuid() != 0) {
		printf("skip: mounts need root\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	snprintf(mounted, sizeof(mounted), "%s/tree/mounted", folder);
	snprintf(kept, sizeof(kept), "%s/tree/mounted/kept", folder);
	assert_true(file_make_folder(mounted, &err));
	pid_t pid = fork();
	if (pid == 0) {
		bool ready = unshare(CLONE_NEWNS) == 0 &&
			     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			     mount("tmpfs", mounted, "tmpfs", 0, NULL) == 0 &&
			     file_write(kept, "kept", 4, &err);
		snprintf(mounted, sizeof(mounted), "%s/tree", folder);
		_exit(!(ready && !file_remove_tree(mounted, &err) && file_exists(kept)));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(file_remove_tree(folder, &err));
}

static void
a_child_gets_input_and_gives_output(void **state)
{
	struct buf output = {0};
	struct err err;

	(void)state;
	assert_true(run("cat; echo end", "begin ", 5000, &output, &err));
	assert_string_equal(buf_text(&output), "begin end\n");
	assert_false(run("echo why >&2; exit 3", "unread", 5000, NULL, &err));
	assert_string_equal(err.text, "'sh' failed with exit code 3: why");
	buf_release(&output);
}

static void
a_child_that_reads_nothing_does_not_end_its_parent(void **state)
{
	static const char *const argv[] = {"true", NULL};
	static char more_than_a_pipe_holds[1 << 20];
	struct child child = {
		.argv = argv,
		.input = {more_than_a_pipe_holds, sizeof(more_than_a_pipe_holds)}};
	struct err err;
	sigset_t pending;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_true(child_run(&child, NULL, &err));
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
}

static void
a_child_that_hangs_is_killed_with_its_children(void **state)
{
	struct buf output = {0};
	struct err err;
	int64_t start = clock_ns();

	(void)state;
	assert_false(run("sleep 60 & echo $!; wait", "", 200, &output, &err));
	assert_true(clock_ns() - start < 5 * NS_PER_S);
	assert_non_null(strstr(err.text, "did not end within 200 ms"));
	pid_t grandchild = atoi(buf_text(&output));
	assert_true(grandchild > 1);
	int64_t deadline = clock_ns() + 5 * NS_PER_S;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)grandchild);
	struct buf line = {0};
	do { /* a zombie has an empty command line until it is reaped */
		buf_clear(&line);
		if (!file_read(path, 0, &line, &err)) {
			buf_clear(&line); /* it may have gone in the midst of it */
			break;
		}
	} while (line.len > 0 && clock_left_ms(deadline) > 0);
	assert_int_equal(line.len, 0);
	buf_release(&line);
	buf_release(&output);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_holds_every_key_it_was_given),
		cmocka_unit_test(a_vec_takes_items_in_and_out_at_any_place),
		cmocka_unit_test(an_arena_stops_at_its_bound),
		cmocka_unit_test(random_numbers_follow_the_published_algorithm),
		cmocka_unit_test(random_numbers_below_a_bound_cover_it_evenly),
		cmocka_unit_test(parallel_for_visits_each_item_once),
		cmocka_unit_test(memory_is_bounded_by_the_control_groups),
		cmocka_unit_test(files_are_written_whole_and_trees_removed),
		cmocka_unit_test(removing_a_tree_spares_what_is_mounted_in_it),
		cmocka_unit_test(a_child_gets_input_and_gives_output),
		cmocka_unit_test(a_child_that_reads_nothing_does_not_end_its_parent),
		cmocka_unit_test(a_child_that_hangs_is_killed_with_its_children),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
