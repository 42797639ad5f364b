/* window.h - a mapped file of which about a megabyte is in memory at once.
 *
 * Readers go through a file from its beginning; what they have passed is let go, so that a
 * file may be larger than the memory that checking it may take. What was let go is there
 * again when it is looked at. One thread. */
#ifndef RESULTS_WINDOW_H
#define RESULTS_WINDOW_H

#include "base/buf.h"
#include "base/err.h"

struct window {
	struct bytes file; /* mapped, only to be read */
	size_t from, to;   /* the part that is in memory, multiples of a page */
};

/* Maps a file of so many bytes, more than none. The caller calls window_close. */
bool window_open(struct window *window, int fd, size_t bytes, const char *path,
		 struct err *err);
void window_close(struct window *window);

/* Moves the window so that it begins where `at` stands. */
void window_move(struct window *window, const char *at);

/* Tells that a reader has come to `at`. Inline, for readers of many short lines. */
static inline void
window_reach(struct window *window, const char *at)
{
	if (at >= window->file.data + window->to)
		window_move(window, at);
}

#endif
