/* file.h - whole files and folders. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Appends the whole file to `contents`. Refuses more than `bytes_max`; 0: no bound. */
bool file_read(const char *path, size_t bytes_max, struct buf *contents, struct err *err);

/* The same from an open descriptor up to its end; `name` is for the error. */
bool file_read_open(int fd, const char *name, size_t bytes_max, struct buf *contents,
		    struct err *err);

/* Writes a file so that it has either the old or the new contents (temporary, rename). */
bool file_write(const char *path, const void *data, size_t bytes, struct err *err);

/* Makes the folder and those above it. It may exist. */
bool file_make_folder(const char *path, struct err *err);

/* Removes a tree; stays on one file system, follows no links. A missing one is no error. */
bool file_remove_tree(const char *path, struct err *err);

bool file_exists(const char *path);

/* Writes all bytes, also when the kernel takes them piecewise. False with errno set. */
bool file_write_all(int fd, const void *data, size_t bytes);

#endif
