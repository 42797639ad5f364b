#include "harness/check_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "harness/run/interrupt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PERIOD_MS = 100, /* between two looks at signals */
	SILENT_MS = 1000 /* most judgements are over by then */
};

/* What the process holds in memory now; 0: nobody says. */
static uint64_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void
check_watch_line(int64_t elapsed_ns, uint64_t bytes, char *line, size_t room)
{
	snprintf(line, room, "checking  %.1f s  %.1f GB  (Ctrl-C: what is proven by now)",
		 (double)elapsed_ns / 1e9, (double)bytes / (1 << 30));
}

static void
show(const struct check_watch *watch)
{
	int64_t elapsed_ns = clock_ns() - watch->start_ns;
	char line[100];

	if (elapsed_ns < SILENT_MS * NS_PER_MS || !log_is_terminal())
		return;
	check_watch_line(elapsed_ns, resident_bytes(), line, sizeof(line));
	log_status(line);
}

/* True: the work is done. */
static bool
sleep_a_period(struct check_watch *watch)
{
	int64_t moment_ns = clock_ns() + PERIOD_MS * NS_PER_MS;
	struct timespec moment = {.tv_sec = moment_ns / NS_PER_S,
				  .tv_nsec = moment_ns % NS_PER_S};
	int code = 0;

	pthread_mutex_lock(&watch->lock);
	while (!watch->is_done && code == 0)
		code = pthread_cond_timedwait(&watch->changed, &watch->lock, &moment);
	bool is_done = watch->is_done;
	pthread_mutex_unlock(&watch->lock);
	return is_done;
}

static void *
watch_all(void *context)
{
	struct check_watch *watch = context;
	bool came_before = interrupt_came();

	while (!sleep_a_period(watch)) {
		show(watch);
		if (!came_before && interrupt_came()) {
			watch->was_stopped = true;
			atomic_store(watch->stop, true);
			came_before = true;
		}
	}
	return NULL;
}

void
check_watch_begin(struct check_watch *watch, atomic_bool *stop)
{
	pthread_condattr_t attributes;
	struct err ignored;

	memset(watch, 0, sizeof(*watch));
	watch->stop = stop;
	watch->start_ns = clock_ns();
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	watch->runs = interrupt_open(&ignored) &&
		      pthread_create(&watch->thread, NULL, watch_all, watch) == 0;
}

void
check_watch_end(struct check_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->is_done = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	if (watch->runs)
		pthread_join(watch->thread, NULL);
	log_status("");
	if (watch->was_stopped)
		log_warn("stopped after %.1f s: the verdict is what was proven by then",
			 (double)(clock_ns() - watch->start_ns) / 1e9);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
}
