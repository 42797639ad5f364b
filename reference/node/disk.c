#include "reference/node/disk.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void
disk_contents_release(struct disk_contents *contents)
{
	wal_contents_release(&contents->log);
	buf_release(&contents->snapshot.state);
}

static bool
lock_folder(struct disk *disk, struct err *err)
{
	char *path = mem_format("%s/lock", disk->folder);

	disk->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	bool ok = disk->lock_fd >= 0 && flock(disk->lock_fd, LOCK_EX | LOCK_NB) == 0;
	if (!ok && errno == EWOULDBLOCK)
		err_set(err, "data folder '%s' is in use by another process",
			disk->folder);
	else if (!ok)
		err_errno(err, "lock '%s'", path);
	free(path);
	return ok;
}

/* The entries behind the snapshot. A crash between writing an installed snapshot and
 * resetting the log leaves the old log: it counts only when it agrees with the snapshot,
 * and else is reset now, so that what is appended next leaves no gap. */
static bool
entries_behind_snapshot(struct disk *disk, struct disk_contents *contents,
			struct err *err)
{
	struct protocol_disk *found = &contents->protocol;
	const struct protocol_entry *entries = contents->log.entries.items;
	size_t count = contents->log.entries.count, skip = 0;

	while (skip < count && entries[skip].index <= found->snapshot_index)
		skip++;
	bool conflicts = skip > 0 && entries[skip - 1].index == found->snapshot_index &&
			 entries[skip - 1].term != found->snapshot_term;
	if (skip == count || conflicts) {
		if (count > 0)
			wal_reset(disk->wal, found->snapshot_index, found->snapshot_term);
		return wal_sync(disk->wal, err);
	}
	if (entries[skip].index != found->snapshot_index + 1)
		return err_set(err,
			       "log in '%s' begins at entry %" PRIu64
			       ", but the snapshot ends at %" PRIu64,
			       disk->folder, entries[skip].index, found->snapshot_index);
	found->entries = entries + skip;
	found->entry_count = count - skip;
	return true;
}

static bool
load(struct disk *disk, const struct wal_options *options, struct disk_contents *contents,
     struct err *err)
{
	if (!snapshot_load(disk->folder, &contents->snapshot, err))
		return false;
	disk->wal = wal_open(options, &contents->log, err);
	if (disk->wal == NULL)
		return false;
	disk->snapshot_index = contents->snapshot.index;
	disk->snapshot_term = contents->snapshot.term;
	contents->protocol =
		(struct protocol_disk){.term = contents->log.term,
				       .vote = contents->log.vote,
				       .snapshot_index = disk->snapshot_index,
				       .snapshot_term = disk->snapshot_term,
				       .snapshot = buf_bytes(&contents->snapshot.state)};
	return entries_behind_snapshot(disk, contents, err);
}

bool
disk_open(struct disk *disk, const struct wal_options *options,
	  struct disk_contents *contents, struct err *err)
{
	*disk = (struct disk){.folder = mem_string(options->folder), .lock_fd = -1};
	if (file_make_folder(disk->folder, err) && lock_folder(disk, err) &&
	    load(disk, options, contents, err))
		return true;
	disk_close(disk);
	return false;
}

void
disk_close(struct disk *disk)
{
	wal_close(disk->wal);
	if (disk->lock_fd >= 0)
		close(disk->lock_fd);
	free(disk->folder);
	*disk = (struct disk){.lock_fd = -1};
}

bool
disk_save_snapshot(struct disk *disk, uint64_t index, uint64_t term, struct bytes state,
		   struct err *err)
{
	if (!snapshot_save(disk->folder, index, term, state, err))
		return false;
	disk->snapshot_index = index;
	disk->snapshot_term = term;
	disk->snapshots++;
	return true;
}

static bool
install_snapshot(struct disk *disk, const struct protocol_effects *effects,
		 struct err *err)
{
	if (!disk_save_snapshot(disk, effects->snapshot_index, effects->snapshot_term,
				effects->snapshot, err))
		return false;
	wal_reset(disk->wal, effects->snapshot_index, effects->snapshot_term);
	return true;
}

bool
disk_persist(struct disk *disk, const struct protocol_effects *effects, struct err *err)
{
	if (effects->hard_state_changed)
		wal_hard_state(disk->wal, effects->term, effects->vote);
	if (effects->snapshot_installed && !install_snapshot(disk, effects, err))
		return false;
	if (effects->truncate_from > 0)
		wal_truncate(disk->wal, effects->truncate_from);
	vec_each (struct protocol_entry, entry, &effects->append)
		wal_append(disk->wal, entry);
	return wal_sync(disk->wal, err);
}
