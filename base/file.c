#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
file_read_open(int fd, const char *path, size_t bytes_max, struct buf *contents,
	       struct err *err)
{
	size_t start = contents->len;

	for (;;) {
		char *room = buf_room(contents, 1 << 16);
		ssize_t got = read(fd, room, 1 << 16);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "read '%s'", path);
		contents->len += (size_t)got;
		contents->data[contents->len] = '\0';
		if (got == 0)
			return true;
		if (bytes_max > 0 && contents->len - start > bytes_max)
			return err_set(err, "read '%s': more than %zu bytes", path,
				       bytes_max);
	}
}

bool
file_read(const char *path, size_t bytes_max, struct buf *contents, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	bool ok = file_read_open(fd, path, bytes_max, contents, err);
	close(fd);
	return ok;
}

bool
file_write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t written = write(fd, at, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		at += written;
		bytes -= (size_t)written;
	}
	return true;
}

bool
file_write(const char *path, const void *data, size_t bytes, struct err *err)
{
	char *temporary = mem_format("%s.tmp%d", path, (int)getpid());
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && file_write_all(fd, data, bytes);

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok)
		ok = rename(temporary, path) == 0;
	if (!ok) {
		err_errno(err, "write '%s'", path);
		unlink(temporary);
	}
	free(temporary);
	return ok;
}

bool
file_make_folder(const char *path, struct err *err)
{
	char *partial = mem_string(path);
	bool ok = true;

	for (char *slash = partial + 1; ok; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		char kept = *slash;
		*slash = '\0';
		ok = mkdir(partial, 0755) == 0 || errno == EEXIST ||
		     err_errno(err, "make folder '%s'", partial);
		*slash = kept;
		if (kept == '\0')
			break;
	}
	free(partial);
	return ok;
}

/* The mount on which a path lies; 0 when it cannot be said. Unlike the number of the
 * device it is the same for files and folders of an overlay. */
static uint64_t
mount_of(const char *path)
{
	struct statx status;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &status) != 0)
		return 0;
	return status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
}

static _Thread_local uint64_t removed_mount; /* nftw hands no context on */

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	/* The root of another mount is kept with all that is in it; the folder that
	 * holds it then cannot be removed, and that is the error. */
	return mount_of(path) == removed_mount ? remove(path) : 0;
}

bool
file_remove_tree(const char *path, struct err *err)
{
	removed_mount = mount_of(path);
	if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
		return true;
	return err_errno(err, "remove '%s'", path);
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
