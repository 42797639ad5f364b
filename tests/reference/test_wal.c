#include "base/file.h"
#include "base/log.h"
#include "reference/node/disk.h"
#include "reference/node/wal.h"
#include "tests/base/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct err err_; /* of the step at hand */

/* ---- what the tests do with a log --------------------------------------------------- */

static struct wal *
open_wal(struct wal_contents *contents)
{
	struct wal_options options = {
		.folder = scratch, .node = 3, .segment_bytes = 4096};

	*contents = (struct wal_contents){0};
	return wal_open(&options, contents, &err_);
}

static void
append(struct wal *wal, uint64_t index, uint64_t term, const char *data)
{
	wal_append(wal, &(struct protocol_entry){.index = index,
						 .term = term,
						 .origin = 2,
						 .tag = index * 10,
						 .data = {data, strlen(data)}});
}

static void
sync_or_fail(struct wal *wal)
{
	if (!wal_sync(wal, &err_))
		fail_msg("%s", err_.text);
}

/* Opens, expects entries from `first` to `last`, closes. */
static void
expect_entries(uint64_t first, uint64_t last, uint64_t last_term)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	if (wal == NULL)
		fail_msg("%s", err_.text);
	assert_int_equal(contents.entries.count, last + 1 - first);
	for (size_t i = 0; i < contents.entries.count; i++)
		assert_int_equal(contents.entries.items[i].index, first + i);
	if (contents.entries.count > 0)
		assert_int_equal(vec_last(&contents.entries)->term, last_term);
	wal_close(wal);
	wal_contents_release(&contents);
}

static char *
segment_path(int number)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/wal-%012d", scratch, number);
	return path;
}

/* Makes a log of one segment with ten entries, one a sync; `ends` gets the size of the
 * segment's good bytes after each. */
static void
make_ten_entries(uint64_t ends[11])
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);
	struct buf bytes = {0};
	char data[32];

	wal_hard_state(wal, 7, 2);
	sync_or_fail(wal);
	for (uint64_t i = 0; i <= 10; i++) {
		if (i > 0) {
			snprintf(data, sizeof(data), "entry number %d",
				 (int)i); /* no zero at its end */
			append(wal, i, 7, data);
			sync_or_fail(wal);
		}
		buf_clear(&bytes);
		assert_true(file_read(segment_path(1), 0, &bytes, &err_));
		ends[i] = bytes.len;
		while (ends[i] > 0 && bytes.data[ends[i] - 1] == '\0')
			ends[i]--;
		ends[i] = (ends[i] + 7) / 8 * 8;
	}
	buf_release(&bytes);
	wal_close(wal);
	wal_contents_release(&contents);
}

/* Puts the folder back to one first segment with these bytes. */
static void
set_segment(struct bytes bytes)
{
	struct err err;

	assert_true(file_remove_tree(scratch, &err));
	assert_true(file_make_folder(scratch, &err));
	int fd = open(segment_path(1), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(file_write_all(fd, bytes.data, bytes.len));
	close(fd);
}

/* ---- tests -------------------------------------------------------------------------- */

static void
everything_synced_is_there_again(void **state)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	(void)state;
	assert_int_equal(contents.entries.count, 0);
	wal_hard_state(wal, 5, 2);
	append(wal, 1, 4, "a");
	append(wal, 2, 5, "");
	sync_or_fail(wal);
	append(wal, 3, 5, "never synced");
	wal_close(wal);
	wal_contents_release(&contents);

	wal = open_wal(&contents);
	assert_int_equal(contents.term, 5);
	assert_int_equal(contents.vote, 2);
	assert_int_equal(contents.entries.count, 2);
	const struct protocol_entry *entry = &contents.entries.items[0];
	assert_int_equal(entry->term, 4);
	assert_int_equal(entry->origin, 2);
	assert_int_equal(entry->tag, 10);
	assert_int_equal(entry->data.len, 1);
	assert_memory_equal(entry->data.data, "a", 1);
	wal_close(wal);
	wal_contents_release(&contents);
}

static void
truncated_entries_stay_away(void **state)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	(void)state;
	for (uint64_t i = 1; i <= 9; i++)
		append(wal, i, 1, "old");
	sync_or_fail(wal);
	wal_truncate(wal, 5);
	append(wal, 5, 2, "new");
	sync_or_fail(wal);
	wal_close(wal);
	wal_contents_release(&contents);
	expect_entries(1, 5, 2);
	expect_entries(1, 5, 2);
}

static void
nothing_to_write_costs_no_sync(void **state)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);
	uint64_t before = wal_syncs(wal);

	(void)state;
	sync_or_fail(wal);
	assert_int_equal(wal_syncs(wal), before);
	for (uint64_t i = 1; i <= 5; i++)
		append(wal, i, 1, "x");
	sync_or_fail(wal);
	assert_int_equal(wal_syncs(wal), before + 1);
	wal_close(wal);
	wal_contents_release(&contents);
}

static void
compaction_removes_old_segments_and_keeps_the_rest(void **state)
{
	static char big[1000];
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	wal_hard_state(wal, 9, 3);
	for (uint64_t i = 1; i <= 40; i++) {
		append(wal, i, 1, big);
		sync_or_fail(wal);
	}
	size_t before = wal_segment_count(wal);
	assert_in_range(before, 8, 12);
	assert_true(wal_compact(wal, 20, &err_));
	assert_true(wal_segment_count(wal) < before);
	wal_close(wal);
	wal_contents_release(&contents);
	wal = open_wal(&contents);
	assert_int_equal(contents.term,
			 9); /* the hard state stood in a removed segment */
	assert_int_equal(contents.vote, 3);
	assert_true(contents.entries.items[0].index <= 21);
	assert_int_equal(vec_last(&contents.entries)->index, 40);
	wal_close(wal);
	wal_contents_release(&contents);
}

static void
reset_log_goes_on_behind_the_snapshot(void **state)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	(void)state;
	for (uint64_t i = 1; i <= 3; i++)
		append(wal, i, 1, "old");
	sync_or_fail(wal);
	wal_reset(wal, 100, 4);
	append(wal, 101, 4, "new");
	sync_or_fail(wal);
	wal_close(wal);
	wal_contents_release(&contents);
	expect_entries(101, 101, 4);
}

static void
log_cut_at_any_byte_opens_with_what_was_whole(void **state)
{
	uint64_t ends[11];
	struct buf bytes = {0};

	(void)state;
	make_ten_entries(ends);
	assert_true(file_read(segment_path(1), 0, &bytes, &err_));
	for (uint64_t cut = 0; cut <= ends[10]; cut++) {
		uint64_t whole = 0;
		while (whole < 10 && ends[whole + 1] <= cut)
			whole++;
		set_segment((struct bytes){bytes.data, cut});
		expect_entries(1, whole, 7);
		expect_entries(1, whole, 7); /* what was cut stays cut */
	}
	buf_release(&bytes);
}

static void
tail_torn_inside_the_last_batch_is_cut(void **state)
{
	uint64_t ends[11];
	struct buf bytes = {0};

	(void)state;
	make_ten_entries(ends);
	assert_true(file_read(segment_path(1), 0, &bytes, &err_));
	for (uint64_t at = ends[9]; at < ends[10]; at++) {
		char kept = bytes.data[at];
		bytes.data[at] ^= 0x55;
		set_segment(buf_bytes(&bytes));
		/* Padding is no part of a record: then all ten are there. */
		struct wal_contents contents;
		struct wal *wal = open_wal(&contents);
		assert_non_null(wal);
		assert_in_range(contents.entries.count, 9, 10);
		wal_close(wal);
		wal_contents_release(&contents);
		bytes.data[at] = kept;
	}
	buf_release(&bytes);
}

static void
damage_before_the_last_batch_is_refused_with_file_and_offset(void **state)
{
	uint64_t ends[11];
	struct buf bytes = {0};
	int refused = 0;

	(void)state;
	make_ten_entries(ends);
	assert_true(file_read(segment_path(1), 0, &bytes, &err_));
	for (uint64_t at = 0; at < ends[9]; at++) {
		struct wal_contents contents;
		char kept = bytes.data[at];
		bytes.data[at] ^= 0x55;
		set_segment(buf_bytes(&bytes));
		struct wal *wal = open_wal(&contents);
		if (wal == NULL) {
			refused++;
			assert_non_null(
				strstr(err_.text, "/wal-000000000001' is damaged"));
			assert_non_null(strstr(err_.text, "at offset "));
			assert_true(strlen(err_.hint) > 0);
		} else { /* only padding may be damaged unseen */
			assert_int_equal(contents.entries.count, 10);
		}
		wal_close(wal);
		wal_contents_release(&contents);
		bytes.data[at] = kept;
	}
	assert_in_range(refused, ends[9] - 8 * 12, ends[9]);
	buf_release(&bytes);
}

static void
batch_whose_first_page_is_lost_counts_as_torn(void **state)
{
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);
	struct buf bytes = {0};

	(void)state;
	append(wal, 1, 1, "synced");
	sync_or_fail(wal);
	struct stat status;
	assert_int_equal(stat(segment_path(1), &status), 0);
	append(wal, 2, 1, "lost page");
	append(wal, 3, 1, "page that reached the disk");
	sync_or_fail(wal);
	wal_close(wal);
	wal_contents_release(&contents);
	assert_true(file_read(segment_path(1), 0, &bytes, &err_));
	char *lost = memmem(bytes.data, bytes.len, "lost page", 9);
	assert_non_null(lost);
	memset(lost, 0, 9);
	set_segment(buf_bytes(&bytes));
	expect_entries(1, 1, 1);
	buf_release(&bytes);
}

static void
missing_segment_is_named(void **state)
{
	static char big[1000];
	struct wal_contents contents;
	struct wal *wal = open_wal(&contents);

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	for (uint64_t i = 1; i <= 20; i++) {
		append(wal, i, 1, big);
		sync_or_fail(wal);
	}
	wal_close(wal);
	wal_contents_release(&contents);
	assert_int_equal(unlink(segment_path(2)), 0);
	assert_null(open_wal(&contents));
	assert_non_null(strstr(err_.text, "wal-000000000002' is missing"));
	wal_contents_release(&contents);
}

static void
log_of_another_node_is_refused(void **state)
{
	struct wal_contents contents = {0};
	struct wal_options options = {.folder = scratch, .node = 1};
	struct wal *wal = wal_open(&options, &contents, &err_);

	(void)state;
	assert_non_null(wal);
	wal_close(wal);
	wal_contents_release(&contents);
	assert_null(open_wal(&contents));
	assert_non_null(strstr(err_.text, "belongs to node 1, this is node 3"));
	wal_contents_release(&contents);
}

/* In a child, so that the limit is its own. */
static void
write_that_fails_is_an_error_and_nothing_is_synced(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		static char big[3000];
		struct wal_contents contents;
		struct wal *wal = open_wal(&contents);
		struct rlimit limit = {.rlim_cur = 2048, .rlim_max = 2048};
		signal(SIGXFSZ, SIG_IGN);
		memset(big, 'x', sizeof(big) - 1);
		setrlimit(RLIMIT_FSIZE, &limit);
		append(wal, 1, 1, big);
		bool synced = wal_sync(wal, &err_);
		_exit(!synced && strstr(err_.text, "write log '") != NULL ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
unsynced_bug_keeps_entries_from_the_disk(void **state)
{
	struct wal_contents contents = {0};
	struct wal_options options = {.folder = scratch, .node = 3, .unsynced = true};
	struct wal *wal = wal_open(&options, &contents, &err_);

	(void)state;
	append(wal, 1, 1, "acknowledged");
	sync_or_fail(wal);
	wal_close(wal);
	wal_contents_release(&contents);
	expect_entries(1, 0, 0);
}

/* ---- the folder of a node ------------------------------------------------------------ */

static bool
open_disk(struct disk *disk, struct disk_contents *contents)
{
	struct wal_options options = {.folder = scratch, .node = 3};

	*contents = (struct disk_contents){0};
	return disk_open(disk, &options, contents, &err_);
}

static void
folder_in_use_is_refused(void **state)
{
	struct disk disk, second;
	struct disk_contents contents, other;

	(void)state;
	assert_true(open_disk(&disk, &contents));
	assert_false(open_disk(&second, &other));
	assert_non_null(strstr(err_.text, "is in use by another process"));
	disk_contents_release(&other);
	disk_contents_release(&contents);
	disk_close(&disk);
}

/* Persists entries first..last of a term, with an installed snapshot before them if
 * snapshot_index is given. */
static void
persist(struct disk *disk, uint64_t snapshot_index, uint64_t first, uint64_t last,
	uint64_t term)
{
	struct protocol_effects effects = {0};

	effects.snapshot_installed = snapshot_index > 0;
	effects.snapshot_index = snapshot_index;
	effects.snapshot_term = term;
	effects.snapshot = (struct bytes){"state", 5};
	for (uint64_t i = first; i <= last; i++)
		vec_push(&effects.append, (struct protocol_entry){.index = i,
								  .term = term,
								  .data = {"x", 1}});
	if (!disk_persist(disk, &effects, &err_))
		fail_msg("%s", err_.text);
	effects_release(&effects);
}

static void
installed_snapshot_replaces_the_log(void **state)
{
	struct disk disk;
	struct disk_contents contents;

	(void)state;
	assert_true(open_disk(&disk, &contents));
	persist(&disk, 0, 1, 5, 1);
	persist(&disk, 50, 51, 52, 3);
	disk_close(&disk);
	disk_contents_release(&contents);
	assert_true(open_disk(&disk, &contents));
	assert_int_equal(contents.protocol.snapshot_index, 50);
	assert_int_equal(contents.protocol.snapshot_term, 3);
	assert_int_equal(contents.protocol.snapshot.len, 5);
	assert_int_equal(contents.protocol.entry_count, 2);
	assert_int_equal(contents.protocol.entries[0].index, 51);
	disk_close(&disk);
	disk_contents_release(&contents);
}

static void
crash_between_snapshot_and_log_leaves_a_folder_that_opens(void **state)
{
	static const uint64_t snapshots[] = {3, 5, 50}; /* inside, at the end, beyond */
	struct disk disk;
	struct disk_contents contents;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(file_remove_tree(scratch, &err_));
		assert_true(open_disk(&disk, &contents));
		persist(&disk, 0, 1, 5, 1);
		/* Of another term than entry 3 and 5: the log contradicts it. */
		assert_true(disk_save_snapshot(&disk, snapshots[i], 2,
					       (struct bytes){"s", 1}, &err_));
		disk_close(&disk);
		disk_contents_release(&contents);
		assert_true(open_disk(&disk, &contents));
		assert_int_equal(contents.protocol.entry_count, 0);
		persist(&disk, 0, snapshots[i] + 1, snapshots[i] + 2, 2);
		disk_close(&disk);
		disk_contents_release(&contents);
		assert_true(open_disk(&disk, &contents));
		assert_int_equal(contents.protocol.entry_count, 2);
		disk_close(&disk);
		disk_contents_release(&contents);
	}
}

static void
damaged_snapshot_is_refused_by_name(void **state)
{
	struct snapshot snapshot = {0};
	struct buf bytes = {0};
	char path[128];

	(void)state;
	assert_true(snapshot_save(scratch, 12, 3, (struct bytes){"state", 5}, &err_));
	snprintf(path, sizeof(path), "%s/snapshot-%020d", scratch, 12);
	assert_true(file_read(path, 0, &bytes, &err_));
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		assert_true(file_write(path, bytes.data, bytes.len, &err_));
		assert_false(snapshot_load(scratch, &snapshot, &err_));
		assert_non_null(strstr(err_.text, path));
		bytes.data[i] ^= 1;
		buf_clear(&snapshot.state);
	}
	assert_true(file_write(path, bytes.data, bytes.len, &err_));
	assert_true(snapshot_load(scratch, &snapshot, &err_));
	assert_int_equal(snapshot.index, 12);
	assert_string_equal(buf_text(&snapshot.state), "state");
	buf_release(&snapshot.state);
	buf_release(&bytes);
}

static void
unfinished_snapshot_is_ignored_and_removed(void **state)
{
	struct snapshot snapshot = {0};
	char path[128];

	(void)state;
	assert_true(snapshot_save(scratch, 12, 3, (struct bytes){"state", 5}, &err_));
	snprintf(path, sizeof(path), "%s/snapshot-%020d.tmp", scratch, 13);
	assert_true(file_write(path, "half", 4, &err_));
	assert_true(snapshot_load(scratch, &snapshot, &err_));
	assert_int_equal(snapshot.index, 12);
	assert_false(file_exists(path));
	buf_release(&snapshot.state);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, scratch_make_fast, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_synced_is_there_again),
		TEST(truncated_entries_stay_away),
		TEST(nothing_to_write_costs_no_sync),
		TEST(compaction_removes_old_segments_and_keeps_the_rest),
		TEST(reset_log_goes_on_behind_the_snapshot),
		TEST(log_cut_at_any_byte_opens_with_what_was_whole),
		TEST(tail_torn_inside_the_last_batch_is_cut),
		TEST(damage_before_the_last_batch_is_refused_with_file_and_offset),
		TEST(batch_whose_first_page_is_lost_counts_as_torn),
		TEST(missing_segment_is_named),
		TEST(log_of_another_node_is_refused),
		TEST(write_that_fails_is_an_error_and_nothing_is_synced),
		TEST(unsynced_bug_keeps_entries_from_the_disk),
		TEST(folder_in_use_is_refused),
		TEST(installed_snapshot_replaces_the_log),
		TEST(crash_between_snapshot_and_log_leaves_a_folder_that_opens),
		TEST(damaged_snapshot_is_refused_by_name),
		TEST(unfinished_snapshot_is_ignored_and_removed),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
