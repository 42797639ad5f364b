#include "reference/node/wal.h"

#include "base/file.h"
#include "base/log.h"
#include "reference/node/wal_replay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 8 << 20,
	UNSYNCED_BYTES_MAX = 1 << 20, /* what the planted bug holds back */
};

struct wal {
	char *folder; /* owned */
	node_id node;
	uint64_t segment_bytes;
	bool unsynced;
	int folder_fd, fd; /* fd: the newest segment */
	VEC(struct wal_segment) segments;
	uint64_t synced;  /* bytes of the newest segment that are durable */
	struct buf batch; /* records for the next sync */
	uint64_t term;	  /* hard state, repeated in every segment */
	node_id vote;
	uint64_t syncs;
};

void
wal_contents_release(struct wal_contents *contents)
{
	vec_each (struct buf, segment, &contents->segments)
		buf_release(segment);
	vec_release(&contents->segments);
	vec_release(&contents->entries);
}

/* ---- writing ----------------------------------------------------------------------- */

static char *
path_of(const struct wal *wal, uint64_t number)
{
	return mem_format("%s/wal-%012" PRIu64, wal->folder, number);
}

static void
add_record(struct wal *wal, enum wal_kind kind, struct protocol_entry entry)
{
	struct wal_record record = {.kind = kind, .entry = entry};
	struct wal_place place = {.segment = vec_last(&wal->segments)->number,
				  .offset = wal->synced + wal->batch.len,
				  .batch = wal->synced};

	wal_record_encode(&record, &place, &wal->batch);
}

static bool
write_batch(struct wal *wal, struct err *err)
{
	if (file_write_all(wal->fd, wal->batch.data, wal->batch.len) &&
	    fdatasync(wal->fd) == 0) {
		wal->synced += wal->batch.len;
		wal->syncs++;
		buf_clear(&wal->batch);
		return true;
	}
	char *path = path_of(wal, vec_last(&wal->segments)->number);
	err_errno(err, "write log '%s'", path);
	free(path);
	return false;
}

/* Takes the room for a segment in advance, so that a sync writes no sizes. Not every file
 * system can; a full disk shows here first. */
static bool
reserve(int fd, uint64_t bytes)
{
	return fallocate(fd, 0, 0, (off_t)bytes) == 0 || errno == EOPNOTSUPP ||
	       errno == ENOSYS || errno == EFBIG;
}

static bool
create_segment(struct wal *wal, uint64_t number, struct err *err)
{
	char *path = path_of(wal, number);

	wal->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok = wal->fd >= 0 && reserve(wal->fd, wal->segment_bytes) &&
		  fsync(wal->folder_fd) == 0;
	if (!ok)
		err_errno(err, "create log '%s'", path);
	free(path);
	return ok;
}

/* Begins segment `number`; its first records are durable afterwards. */
static bool
begin_segment(struct wal *wal, uint64_t number, struct err *err)
{
	if (!create_segment(wal, number, err))
		return false;
	vec_push(&wal->segments, (struct wal_segment){.number = number});
	wal->synced = 0;
	add_record(wal, WAL_SEGMENT,
		   (struct protocol_entry){.index = number, .origin = wal->node});
	add_record(wal, WAL_HARD_STATE,
		   (struct protocol_entry){.term = wal->term, .origin = wal->vote});
	return write_batch(wal, err);
}

/* Ends the newest segment: from now on it has exactly its good bytes. */
static bool
end_segment(struct wal *wal, struct err *err)
{
	bool ok = ftruncate(wal->fd, (off_t)wal->synced) == 0 && fsync(wal->fd) == 0;

	if (!ok)
		err_errno(err, "cut the end of log segment %" PRIu64 " in '%s'",
			  vec_last(&wal->segments)->number, wal->folder);
	close(wal->fd);
	wal->fd = -1;
	return ok;
}

void
wal_hard_state(struct wal *wal, uint64_t term, node_id vote)
{
	wal->term = term;
	wal->vote = vote;
	add_record(wal, WAL_HARD_STATE,
		   (struct protocol_entry){.term = term, .origin = vote});
}

void
wal_truncate(struct wal *wal, uint64_t from)
{
	add_record(wal, WAL_TRUNCATE, (struct protocol_entry){.index = from});
}

void
wal_append(struct wal *wal, const struct protocol_entry *entry)
{
	struct wal_segment *segment = vec_last(&wal->segments);

	add_record(wal, WAL_ENTRY, *entry);
	if (entry->index > segment->index_max)
		segment->index_max = entry->index;
}

void
wal_reset(struct wal *wal, uint64_t index, uint64_t term)
{
	add_record(wal, WAL_RESET, (struct protocol_entry){.index = index, .term = term});
	/* Whatever stands before is dead, so any compaction may take it. */
	vec_each (struct wal_segment, segment, &wal->segments)
		segment->index_max = 0;
}

bool
wal_sync(struct wal *wal, struct err *err)
{
	if (wal->batch.len == 0 || (wal->unsynced && wal->batch.len < UNSYNCED_BYTES_MAX))
		return true;
	if (!write_batch(wal, err))
		return false;
	if (wal->synced < wal->segment_bytes)
		return true;
	uint64_t number = vec_last(&wal->segments)->number + 1;
	return end_segment(wal, err) && begin_segment(wal, number, err);
}

bool
wal_compact(struct wal *wal, uint64_t index, struct err *err)
{
	size_t dead = 0;

	while (dead + 1 < wal->segments.count &&
	       wal->segments.items[dead].index_max <= index) {
		char *path = path_of(wal, wal->segments.items[dead].number);
		bool ok = unlink(path) == 0 || errno == ENOENT ||
			  err_errno(err, "remove log '%s'", path);
		free(path);
		if (!ok)
			return false;
		dead++;
	}
	wal->segments.count -= dead;
	memmove(wal->segments.items, wal->segments.items + dead,
		wal->segments.count * sizeof(*wal->segments.items));
	return true;
}

/* ---- opening ----------------------------------------------------------------------- */

static int
compare_segments(const void *a, const void *b)
{
	const struct wal_segment *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static bool
list_segments(struct wal *wal, struct err *err)
{
	DIR *folder = opendir(wal->folder);
	unsigned long long number;
	int end;

	if (folder == NULL)
		return err_errno(err, "open folder '%s'", wal->folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		end = 0;
		if (sscanf(entry->d_name, "wal-%12llu%n", &number, &end) == 1 &&
		    entry->d_name[end] == '\0')
			vec_push(&wal->segments, (struct wal_segment){.number = number});
	}
	closedir(folder);
	if (wal->segments.count > 1)
		qsort(wal->segments.items, wal->segments.count,
		      sizeof(*wal->segments.items), compare_segments);
	for (size_t i = 1; i < wal->segments.count; i++) {
		uint64_t expected = wal->segments.items[i - 1].number + 1;
		if (wal->segments.items[i].number != expected)
			return err_set(err,
				       "log segment '%s/wal-%012" PRIu64 "' is missing",
				       wal->folder, expected);
	}
	return true;
}

/* Cuts what a crash left half written, and says so. A reserved tail of zeros is no loss.
 */
static bool
cut_tail(const char *path, struct bytes bytes, uint64_t good, struct err *err)
{
	uint64_t end = bytes.len;

	while (end > good && bytes.data[end - 1] == '\0')
		end--;
	if (end > good)
		log_warn("log '%s': torn tail of %" PRIu64
			 " bytes cut off at offset %" PRIu64,
			 path, end - good, good);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && ftruncate(fd, (off_t)good) == 0 && fsync(fd) == 0;
	if (!ok)
		err_errno(err, "cut the end of log '%s'", path);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
read_segment(struct wal *wal, size_t i, struct wal_contents *contents, struct err *err)
{
	struct wal_segment *segment = &wal->segments.items[i];
	bool last = i + 1 == wal->segments.count;
	char *path = path_of(wal, segment->number);
	struct buf bytes = {0};
	uint64_t good;

	bool ok = file_read(path, 0, &bytes, err) &&
		  wal_replay(contents, segment, wal->node, buf_bytes(&bytes), path, last,
			     &good, err) &&
		  (good == bytes.len || cut_tail(path, buf_bytes(&bytes), good, err));
	vec_push(&contents->segments, bytes);
	free(path);
	return ok;
}

/* The number of the segment to begin. A last segment without any record was being created
 * when the node died: it goes, and its number is used again. */
static bool
next_number(struct wal *wal, uint64_t *number, struct err *err)
{
	struct stat status;
	bool ok = true;

	*number = 1;
	if (wal->segments.count == 0)
		return true;
	*number = vec_last(&wal->segments)->number + 1;
	char *path = path_of(wal, *number - 1);
	if (stat(path, &status) == 0 && status.st_size == 0) {
		ok = unlink(path) == 0 || err_errno(err, "remove empty log '%s'", path);
		wal->segments.count--;
		(*number)--;
	}
	free(path);
	return ok;
}

static bool
open_folder(struct wal *wal, struct wal_contents *contents, struct err *err)
{
	uint64_t number;

	wal->folder_fd = open(wal->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (wal->folder_fd < 0)
		return err_errno(err, "open folder '%s'", wal->folder);
	if (!list_segments(wal, err))
		return false;
	for (size_t i = 0; i < wal->segments.count; i++)
		if (!read_segment(wal, i, contents, err))
			return false;
	wal->term = contents->term;
	wal->vote = contents->vote;
	return next_number(wal, &number, err) && begin_segment(wal, number, err);
}

struct wal *
wal_open(const struct wal_options *options, struct wal_contents *contents,
	 struct err *err)
{
	struct wal *wal = mem_new(1, sizeof(*wal));

	wal->folder = mem_string(options->folder);
	wal->node = options->node;
	wal->segment_bytes =
		options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES;
	wal->unsynced = options->unsynced;
	wal->folder_fd = wal->fd = -1;
	if (open_folder(wal, contents, err))
		return wal;
	wal_close(wal);
	return NULL;
}

void
wal_close(struct wal *wal)
{
	if (wal == NULL)
		return;
	if (wal->fd >= 0)
		close(wal->fd);
	if (wal->folder_fd >= 0)
		close(wal->folder_fd);
	vec_release(&wal->segments);
	buf_release(&wal->batch);
	free(wal->folder);
	free(wal);
}

size_t
wal_segment_count(const struct wal *wal)
{
	return wal->segments.count;
}

uint64_t
wal_syncs(const struct wal *wal)
{
	return wal->syncs;
}
