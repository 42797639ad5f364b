/* child.h - run another program to its end, with a deadline.
 *
 * The child leads a process group of its own; at the deadline the whole group is killed,
 * and it also dies when this program dies. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buf.h"
#include "base/err.h"

struct child {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in PATH */
	const char *folder;	 /* working directory; NULL: unchanged */
	struct bytes input;	 /* given to it on standard input */
	int timeout_ms;		 /* 0: a minute */
	size_t output_bytes_max; /* what is kept of its output; 0: 1 MiB */
};

/* Runs it. Standard output and error are appended to `output` (may be NULL). True when it
 * ended by itself with exit code 0; else the error names the program, how it ended and the
 * last line that it printed. */
bool child_run(const struct child *child, struct buf *output, struct err *err);

#endif
