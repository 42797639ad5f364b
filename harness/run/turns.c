#include "harness/run/turns.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

#define SOON_NS (10 * NS_PER_MS) /* when a generator names no moment */

/* One thread that takes turns. All guarded by the lock of `struct turns`. */
struct seat {
	pthread_cond_t called;
	int64_t wake_ns; /* monotonic; INT64_MAX: waits for nothing */
	bool has_timer;	 /* it wakes by itself at wake_ns */
	bool is_soon;	 /* it named no moment: also called when all are free */
	bool is_busy;	 /* has an operation open */
};

struct turns {
	pthread_mutex_t lock;	     /* guards all below */
	struct generator *generator; /* owned */
	struct rng rng;
	struct seat *seats; /* owned: the client threads, then the nemesis */
	int thread_count;
	int busy_count;
	int waiting_count; /* seats with a wake_ns */
	int soon_count;	   /* of those, how many named no moment */
	int64_t start_ns;
	bool has_stopped;
};

struct turns *
turns_new(struct generator *generator, int thread_count, uint64_t seed, int64_t start_ns)
{
	struct turns *turns = mem_new(1, sizeof(*turns));
	pthread_condattr_t attributes;

	turns->generator = generator;
	turns->thread_count = thread_count;
	turns->start_ns = start_ns;
	rng_init(&turns->rng, seed);
	pthread_mutex_init(&turns->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	turns->seats = mem_new((size_t)thread_count + 1, sizeof(*turns->seats));
	for (int i = 0; i <= thread_count; i++) {
		pthread_cond_init(&turns->seats[i].called, &attributes);
		turns->seats[i].wake_ns = INT64_MAX;
	}
	pthread_condattr_destroy(&attributes);
	return turns;
}

void
turns_free(struct turns *turns)
{
	if (turns == NULL)
		return;
	for (int i = 0; i <= turns->thread_count; i++)
		pthread_cond_destroy(&turns->seats[i].called);
	pthread_mutex_destroy(&turns->lock);
	generator_free(turns->generator);
	free(turns->seats);
	free(turns);
}

static struct seat *
seat_of(struct turns *turns, int thread)
{
	ASSERT(thread >= GEN_NEMESIS && thread < turns->thread_count);
	return &turns->seats[thread == GEN_NEMESIS ? turns->thread_count : thread];
}

static struct gen_context
context_of(struct turns *turns, int thread)
{
	return (struct gen_context){
		.now_ns = clock_ns() - turns->start_ns,
		.thread = thread,
		.thread_count = turns->thread_count,
		.busy_count = turns->busy_count,
		.rng = &turns->rng,
	};
}

/* The waiting seat with the nearest moment; NULL when none waits. */
static struct seat *
nearest_seat(struct turns *turns)
{
	struct seat *nearest = NULL;

	for (int i = 0; i <= turns->thread_count; i++) {
		struct seat *seat = &turns->seats[i];
		if (seat->wake_ns != INT64_MAX &&
		    (nearest == NULL || seat->wake_ns < nearest->wake_ns))
			nearest = seat;
	}
	return nearest;
}

/* Keeps the invariant: of the seats that wait, the nearest has a timer or was called. The
 * one that is called asks the generator again and then waits with a timer. */
static void
hand_over_timer(struct turns *turns)
{
	if (turns->waiting_count == 0)
		return;
	struct seat *nearest = nearest_seat(turns);
	if (!nearest->has_timer)
		pthread_cond_signal(&nearest->called);
}

/* Waits, with a timer when no other seat waits for an earlier moment. */
static void
wait_at(struct turns *turns, struct seat *seat, int64_t wake_ns, bool is_soon)
{
	struct timespec moment = {.tv_sec = wake_ns / NS_PER_S,
				  .tv_nsec = wake_ns % NS_PER_S};

	seat->wake_ns = wake_ns;
	seat->is_soon = is_soon;
	turns->waiting_count++;
	turns->soon_count += is_soon;
	seat->has_timer = nearest_seat(turns) == seat;
	hand_over_timer(turns);
	if (seat->has_timer)
		pthread_cond_timedwait(&seat->called, &turns->lock, &moment);
	else
		pthread_cond_wait(&seat->called, &turns->lock);
	turns->waiting_count--;
	turns->soon_count -= is_soon;
	seat->wake_ns = INT64_MAX;
	seat->has_timer = false;
}

static void
call_all(struct turns *turns)
{
	for (int i = 0; i <= turns->thread_count; i++)
		pthread_cond_signal(&turns->seats[i].called);
}

static void
call_soon(struct turns *turns)
{
	for (int i = 0; i <= turns->thread_count; i++)
		if (turns->seats[i].wake_ns != INT64_MAX && turns->seats[i].is_soon)
			pthread_cond_signal(&turns->seats[i].called);
}

static void
hear_of_last(struct turns *turns, struct seat *seat, int thread, struct call *call)
{
	if (seat->is_busy) {
		seat->is_busy = false;
		turns->busy_count--;
		struct gen_context context = context_of(turns, thread);
		generator_update(turns->generator, &context, call);
		if (turns->busy_count == 0 && turns->soon_count > 0)
			call_soon(turns);
	}
	values_clear(call->values);
	call->key = call->input = call->output = VAL_OF_NIL;
}

bool
turns_take(struct turns *turns, int thread, struct call *call)
{
	struct seat *seat = seat_of(turns, thread);
	enum gen_answer answer = GEN_DONE;
	int64_t again_ns;

	pthread_mutex_lock(&turns->lock);
	hear_of_last(turns, seat, thread, call);
	while (!turns->has_stopped) {
		struct gen_context context = context_of(turns, thread);
		answer = generator_next(turns->generator, &context, call, &again_ns);
		if (answer != GEN_PENDING)
			break;
		bool is_soon = again_ns == 0;
		wait_at(turns, seat,
			is_soon ? clock_ns() + SOON_NS : turns->start_ns + again_ns,
			is_soon);
	}
	bool is_op = answer == GEN_OP && !turns->has_stopped;
	seat->is_busy = is_op;
	turns->busy_count += is_op;
	if (answer == GEN_DONE)
		call_all(turns);
	hand_over_timer(turns);
	pthread_mutex_unlock(&turns->lock);
	return is_op;
}

void
turns_stop(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->has_stopped = true;
	call_all(turns);
	pthread_mutex_unlock(&turns->lock);
}

void
turns_pause(struct turns *turns, int thread, int ms)
{
	struct seat *seat = seat_of(turns, thread);
	int64_t moment_ns = clock_ns() + ms * NS_PER_MS;
	struct timespec moment = {.tv_sec = moment_ns / NS_PER_S,
				  .tv_nsec = moment_ns % NS_PER_S};

	pthread_mutex_lock(&turns->lock);
	while (!turns->has_stopped && clock_ns() < moment_ns)
		pthread_cond_timedwait(&seat->called, &turns->lock, &moment);
	pthread_mutex_unlock(&turns->lock);
}
