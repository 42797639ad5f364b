/* check_watch.h - a judgement that takes long: what is seen of it, and how it ends early.
 *
 * After a second a line on the terminal says how long it takes and how much memory. The first
 * Ctrl-C (or TERM) ends it in order: the verdict is what was proven by then, which is unknown
 * unless a violation was found; the second ends the program. */
#ifndef HARNESS_CHECK_WATCH_H
#define HARNESS_CHECK_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct check_watch {
	atomic_bool *stop; /* borrowed: set when the judgement shall end */
	bool was_stopped;  /* by a signal; to be read after the end */
	bool is_done, runs;
	int64_t start_ns;
	pthread_t thread;
	pthread_mutex_t lock; /* guards is_done */
	pthread_cond_t changed;
};

/* `stop` is what the judgement looks at. To be called by the main thread before others are
 * started. Without a thread for it the work goes on unwatched. */
void check_watch_begin(struct check_watch *watch, atomic_bool *stop);
void check_watch_end(struct check_watch *watch);

/* Composes the line; public for its test. */
void check_watch_line(int64_t elapsed_ns, uint64_t bytes, char *line, size_t room);

#endif
