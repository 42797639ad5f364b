#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
	THREADS_MAX = 64
};

struct work {
	size_t count;
	atomic_size_t next;
	void (*body)(void *context, size_t i);
	void *context;
};

static void *
take_items(void *argument)
{
	struct work *work = argument;

	for (;;) {
		size_t i = atomic_fetch_add(&work->next, 1);
		if (i >= work->count)
			return NULL;
		work->body(work->context, i);
	}
}

int
parallel_processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > THREADS_MAX ? THREADS_MAX : (int)count;
}

void
parallel_for(size_t count, int threads, void (*body)(void *context, size_t i),
	     void *context)
{
	struct work work = {.count = count, .body = body, .context = context};
	pthread_t helpers[THREADS_MAX];
	int started = 0;

	if (threads <= 0)
		threads = parallel_processors();
	while (started + 1 < threads && started < THREADS_MAX &&
	       (size_t)started + 1 < count &&
	       pthread_create(&helpers[started], NULL, take_items, &work) == 0)
		started++;
	take_items(&work);
	while (started > 0)
		pthread_join(helpers[--started], NULL);
}
