#include "harness/hosts/ssh_private.h"

#include "base/assert.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

static void *
keep_watch(void *argument)
{
	struct watch *watch = argument;
	struct timespec moment = {.tv_sec = watch->deadline / NS_PER_S,
				  .tv_nsec = watch->deadline % NS_PER_S};

	pthread_mutex_lock(&watch->lock);
	while (!watch->done && !watch->fired) {
		int rc = pthread_cond_clockwait(&watch->changed, &watch->lock,
						CLOCK_MONOTONIC, &moment);
		watch->fired = !watch->done && rc == ETIMEDOUT;
	}
	if (watch->fired)
		shutdown(watch->fd, SHUT_RDWR);
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

void
watch_start(struct watch *watch, int fd, int64_t deadline)
{
	*watch = (struct watch){.fd = fd, .deadline = deadline};
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->changed, NULL);
	int rc = pthread_create(&watch->thread, NULL, keep_watch, watch);
	ASSERT(rc == 0);
}

bool
watch_stop(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->done = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_mutex_destroy(&watch->lock);
	pthread_cond_destroy(&watch->changed);
	return watch->fired;
}
