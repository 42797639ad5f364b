/* turns.h - whose turn it is: one generator, asked by many threads.
 *
 * The generator is pure and knows no thread; the lock in here guards it. A thread that the
 * generator has nothing for waits until its time comes or something completes. Of the
 * threads that wait for a moment only the one with the nearest moment has a timer; it
 * hands over to the next, so that a slow rate with many threads does not wake them all. */
#ifndef HARNESS_TURNS_H
#define HARNESS_TURNS_H

#include "workloads/generator.h"

struct turns;

/* Takes the generator over. Client threads are 0..thread_count-1; GEN_NEMESIS is one
 * more. Moments of the generator count from `start_ns` (monotonic). */
struct turns *turns_new(struct generator *generator, int thread_count, uint64_t seed,
			int64_t start_ns);
void turns_free(struct turns *turns);

/* Tells the generator how the thread's last operation ended (`call` as the client left
 * it, if there was one), clears the call's values, and waits for the thread's next
 * operation. False: there is none any more. */
bool turns_take(struct turns *turns, int thread, struct call *call);

/* From now on every turns_take returns false, also those that wait. */
void turns_stop(struct turns *turns);

/* Sleeps, but not beyond turns_stop. */
void turns_pause(struct turns *turns, int thread, int ms);

#endif
