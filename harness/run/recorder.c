#include "harness/run/recorder_parts.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	PERIOD_MS = 25, /* between transactions when there is little to do */
	RECORDS_IN_ALL =
		1 << 14, /* bounds what one transaction holds, and so its length */
	RING_MIN = 16,
	RING_MAX = 1 << 12,
};

void
recorder_fail(struct recorder *recorder, const struct err *err)
{
	pthread_mutex_lock(&recorder->lock);
	if (!atomic_load(&recorder->has_failed))
		recorder->err = *err;
	atomic_store(&recorder->has_failed, true);
	pthread_cond_broadcast(&recorder->room_again);
	pthread_mutex_unlock(&recorder->lock);
}

/* Waits for the next transaction; true when it is the last one. */
static bool
wait_for_work(struct recorder *recorder)
{
	int64_t moment_ns = clock_ns() + PERIOD_MS * NS_PER_MS;
	struct timespec moment = {.tv_sec = moment_ns / NS_PER_S,
				  .tv_nsec = moment_ns % NS_PER_S};
	int code = 0;

	pthread_mutex_lock(&recorder->lock);
	while (!recorder->is_hurried && !recorder->is_closing && code == 0)
		code = pthread_cond_timedwait(&recorder->work, &recorder->lock, &moment);
	recorder->is_hurried = false;
	bool is_closing = recorder->is_closing;
	pthread_mutex_unlock(&recorder->lock);
	return is_closing;
}

static void *
record_all(void *context)
{
	struct recorder *recorder = context;
	struct err err;
	bool is_last;

	recorder->gathered_ns = clock_ns();
	do {
		is_last = wait_for_work(recorder);
		if (!recorder_flush(recorder, &err)) {
			recorder_fail(recorder, &err);
			break;
		}
	} while (!is_last);
	return NULL;
}

static size_t
room_for(int worker_count)
{
	size_t room = RING_MIN;

	while (room * 2 * (size_t)worker_count <= RECORDS_IN_ALL && room * 2 <= RING_MAX)
		room *= 2;
	return room;
}

static void
init_waiting(struct recorder *recorder)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&recorder->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&recorder->work, &attributes);
	pthread_cond_init(&recorder->room_again, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* Cache lines: mem_new aligns to less than the rings want. */
static void *
new_aligned(size_t bytes)
{
	void *memory = aligned_alloc(CACHE_LINE, bytes);

	ASSERT(memory != NULL);
	return memset(memory, 0, bytes);
}

struct recorder *
recorder_new(struct store *store, int worker_count, int64_t start_ns, struct err *err)
{
	struct recorder *recorder = new_aligned(sizeof(*recorder));

	recorder->store = store;
	recorder->start_ns = start_ns;
	recorder->ring_count = worker_count;
	recorder->room = room_for(worker_count);
	recorder->rings = new_aligned((size_t)worker_count * sizeof(struct ring));
	for (int i = 0; i < worker_count; i++)
		recorder->rings[i].records =
			mem_new(recorder->room, sizeof(struct record));
	init_waiting(recorder);
	int code = pthread_create(&recorder->thread, NULL, record_all, recorder);
	if (code == 0)
		return recorder;
	recorder_free(recorder);
	err_set(err, "record: start a thread: %s", strerror(code));
	return NULL;
}

void
recorder_judge(struct recorder *recorder, struct online_check *online)
{
	atomic_store_explicit(&recorder->online, online, memory_order_release);
}

bool
recorder_failed(struct recorder *recorder, struct err *err)
{
	if (!atomic_load(&recorder->has_failed))
		return false;
	pthread_mutex_lock(&recorder->lock);
	*err = recorder->err;
	pthread_mutex_unlock(&recorder->lock);
	return true;
}

struct tally
recorder_tally(const struct recorder *recorder)
{
	struct tally tally = {0};

	for (int i = 0; i < recorder->ring_count; i++) {
		const struct ring *ring = &recorder->rings[i];
		tally.ok +=
			atomic_load_explicit(&ring->ended[OP_OK], memory_order_relaxed);
		tally.fail +=
			atomic_load_explicit(&ring->ended[OP_FAIL], memory_order_relaxed);
		tally.info +=
			atomic_load_explicit(&ring->ended[OP_INFO], memory_order_relaxed);
	}
	return tally;
}

int64_t
recorder_late_ns(const struct recorder *recorder)
{
	return atomic_load_explicit(&recorder->late_ns, memory_order_relaxed);
}

bool
recorder_drain(struct recorder *recorder, struct err *err)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->is_closing = true;
	pthread_cond_signal(&recorder->work);
	pthread_mutex_unlock(&recorder->lock);
	pthread_join(recorder->thread, NULL);
	return !recorder_failed(recorder, err);
}

static void
release_ring(const struct recorder *recorder, struct ring *ring)
{
	for (size_t i = 0; i < recorder->room; i++) {
		buf_release(&ring->records[i].asked);
		buf_release(&ring->records[i].answered);
	}
	free(ring->records);
}

void
recorder_free(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	for (int i = 0; i < recorder->ring_count; i++)
		release_ring(recorder, &recorder->rings[i]);
	vec_release(&recorder->rows);
	online_batch_release(&recorder->told);
	pthread_cond_destroy(&recorder->work);
	pthread_cond_destroy(&recorder->room_again);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder->rings);
	free(recorder);
}
