#include "reference/node/snapshot.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAGIC_BYTES = 8,
	HEADER_BYTES = MAGIC_BYTES + 24
};
static const char magic[] = "flsnap1\n";

static uint64_t
checksum(struct bytes header, struct bytes state)
{
	uint64_t seed = XXH3_64bits(header.data, header.len);

	return XXH3_64bits_withSeed(state.data, state.len, seed);
}

/* ---- writing ----------------------------------------------------------------------- */

static bool
write_synced(const char *path, struct bytes header, struct bytes state)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && file_write_all(fd, header.data, header.len) &&
		  file_write_all(fd, state.data, state.len) && fsync(fd) == 0;
	int reason = errno;

	if (fd >= 0)
		close(fd);
	errno = reason;
	return ok;
}

static bool
sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Removes all snapshots but the one of `index`, and unfinished ones. A file that stays is
 * no harm: the newest wins. */
static void
remove_others(const char *folder, uint64_t index)
{
	DIR *listing = opendir(folder);
	char kept[64];

	if (listing == NULL)
		return;
	snprintf(kept, sizeof(kept), "snapshot-%020" PRIu64, index);
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
		if (strncmp(entry->d_name, "snapshot-", 9) == 0 &&
		    strcmp(entry->d_name, kept) != 0)
			unlinkat(dirfd(listing), entry->d_name, 0);
	closedir(listing);
}

bool
snapshot_save(const char *folder, uint64_t index, uint64_t term, struct bytes state,
	      struct err *err)
{
	struct buf header = {0};
	char *path = mem_format("%s/snapshot-%020" PRIu64, folder, index);
	char *temporary = mem_format("%s.tmp", path);

	buf_append(&header, magic, MAGIC_BYTES);
	buf_u64(&header, index);
	buf_u64(&header, term);
	buf_u64(&header, state.len);
	buf_u64(&header, checksum(buf_bytes(&header), state));
	bool ok = write_synced(temporary, buf_bytes(&header), state) &&
		  rename(temporary, path) == 0 && sync_folder(folder);
	if (ok)
		remove_others(folder, index);
	else
		err_errno(err, "write snapshot '%s'", path);
	buf_release(&header);
	free(temporary);
	free(path);
	return ok;
}

/* ---- reading ----------------------------------------------------------------------- */

/* The greatest index of a finished snapshot; 0: none. */
static uint64_t
newest_index(DIR *listing)
{
	uint64_t newest = 0;
	unsigned long long index;
	int end;

	for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
		end = 0;
		if (sscanf(entry->d_name, "snapshot-%20llu%n", &index, &end) == 1 &&
		    entry->d_name[end] == '\0' && index > newest)
			newest = index;
	}
	return newest;
}

static bool
decode(struct snapshot *snapshot, struct bytes in)
{
	struct bytes header = {in.data, HEADER_BYTES}, found;
	uint64_t length, sum;

	if (!bytes_take(&in, MAGIC_BYTES, &found) ||
	    memcmp(found.data, magic, MAGIC_BYTES) != 0 ||
	    !bytes_u64(&in, &snapshot->index) || !bytes_u64(&in, &snapshot->term) ||
	    !bytes_u64(&in, &length) || !bytes_u64(&in, &sum) || length != in.len ||
	    sum != checksum(header, in))
		return false;
	buf_append(&snapshot->state, in.data, in.len);
	return true;
}

static bool
read_snapshot(const char *path, uint64_t index, struct snapshot *snapshot,
	      struct err *err)
{
	struct buf bytes = {0};
	bool ok = file_read(path, 0, &bytes, err);

	if (ok && (!decode(snapshot, buf_bytes(&bytes)) || snapshot->index != index)) {
		ok = err_set(err, "snapshot '%s' is damaged", path);
		err_hint(err,
			 "restore the node's data folder from a copy, or empty it and "
			 "let the node rejoin as a new one");
	}
	buf_release(&bytes);
	return ok;
}

bool
snapshot_load(const char *folder, struct snapshot *snapshot, struct err *err)
{
	DIR *listing = opendir(folder);

	if (listing == NULL)
		return err_errno(err, "open folder '%s'", folder);
	uint64_t index = newest_index(listing);
	closedir(listing);
	remove_others(folder, index);
	if (index == 0)
		return true;
	char *path = mem_format("%s/snapshot-%020" PRIu64, folder, index);
	bool ok = read_snapshot(path, index, snapshot, err);
	free(path);
	return ok;
}
