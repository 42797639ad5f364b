/* Files longer than what may be in memory of them. */
#include "results/formats/reader.h"
#include "results/formats/window.h"
#include "tests/base/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	LINES = 200000, /* of two events each: 22 MB */
	STEP = 1000,
	RESIDENT_MAX = 4 << 20
};

/* Bytes of files that are mapped and in memory. */
static size_t
resident_of_files(void)
{
	unsigned long size, resident, shared;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu %lu %lu", &size, &resident, &shared), 3);
	fclose(statm);
	return shared * (size_t)sysconf(_SC_PAGESIZE);
}

/* Writes of one register, one after the other, and `last` as the last line. */
static char *
write_long_file(const char *last)
{
	char *path = mem_format("%s/long.jsonl", scratch);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < LINES; i++)
		fprintf(file,
			"{\"type\":\"invoke\",\"process\":1,\"f\":\"write\",\"value\":%d}"
			"\n"
			"{\"type\":\"ok\",\"process\":1,\"f\":\"write\",\"value\":%d}\n",
			i, i);
	fputs(last, file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static uint64_t
sum_of(struct window *window, size_t *resident_most)
{
	uint64_t sum = 0;

	*resident_most = 0;
	for (size_t i = 0; i < window->file.len; i += STEP) {
		window_reach(window, window->file.data + i);
		sum = sum * 31 + (unsigned char)window->file.data[i];
		size_t resident = i % (STEP * 100) == 0 ? resident_of_files() : 0;
		*resident_most = resident > *resident_most ? resident : *resident_most;
	}
	return sum;
}

static void
of_a_file_that_is_gone_through_little_is_in_memory(void **state)
{
	char *path = write_long_file("");
	int fd = open(path, O_RDONLY);
	size_t bytes = (size_t)lseek(fd, 0, SEEK_END), before = resident_of_files(), most;
	struct window window;
	struct err err;

	(void)state;
	assert_true(bytes > 4 * RESIDENT_MAX);
	assert_true(window_open(&window, fd, bytes, path, &err));
	uint64_t sum = sum_of(&window, &most);
	assert_in_range(most, before + 1, before + RESIDENT_MAX);
	window_move(&window, window.file.data);
	assert_true(sum_of(&window, &most) == sum);
	assert_in_range(most, before + 1, before + RESIDENT_MAX);
	window_close(&window);
	close(fd);
	free(path);
}

static void
all_of_a_long_file_is_read(void **state)
{
	char *path = write_long_file("");
	struct history history;
	struct err err;
	int64_t number;

	(void)state;
	history_init(&history);
	assert_true(reader_read_file(path, &(struct reader_options){0}, &history, NULL,
				     &err));
	assert_int_equal(history.ops.count, LINES);
	for (int i = 0; i < LINES; i++) {
		const struct op *op = &history.ops.items[i];
		assert_true(val_small_number(op->output, &number));
		assert_int_equal(number, i);
	}
	history_release(&history);
	free(path);
}

static void
an_error_far_behind_is_told_with_its_line(void **state)
{
	char *path = write_long_file("{\"type\":\"invoke\", oops");
	char *place = mem_format("%s:%d:19: ", path, 2 * LINES + 1);
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_false(reader_read_file(path, &(struct reader_options){0}, &history, NULL,
				      &err));
	assert_memory_equal(err.text, place, strlen(place));
	history_release(&history);
	free(place);
	free(path);
}

static void
what_is_read_stays_within_the_bound(void **state)
{
	static const size_t bounds[] = {1 << 16, 1 << 20, 8 << 20};
	char *path = write_long_file("");

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct reader_options options = {.bytes_max = bounds[i]};
		struct reader_facts facts;
		struct history history;
		struct err err;
		history_init(&history);
		assert_false(reader_read_file(path, &options, &history, &facts, &err));
		assert_true(facts.over_bound);
		assert_in_range(history_bytes(&history), bounds[i],
				bounds[i] + 2 * sizeof(struct op));
		history_release(&history);
	}
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			of_a_file_that_is_gone_through_little_is_in_memory, scratch_make,
			scratch_remove),
		cmocka_unit_test_setup_teardown(all_of_a_long_file_is_read, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(an_error_far_behind_is_told_with_its_line,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(what_is_read_stays_within_the_bound,
						scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
