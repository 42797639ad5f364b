/* recorder.h - the only writer of a run's operations.
 *
 * Every worker has a ring of its own, written by it alone and read by the recorder alone;
 * the worker waits when it is full, and nothing is dropped. The recorder moves what is
 * there into the store, in transactions a few tens of milliseconds apart: an invocation
 * is on disk at most RECORDER_LATE_MS after it was made, as `info` while it is open. An
 * operation that begins and ends between two transactions is written once.
 *
 *	 tail			 head		one ring; only the newest
 *	  |done|done|done|done|open|		can be open
 *
 * Positions of invocations and completions come from one counter, taken before the
 * request leaves and after the answer arrived. */
#ifndef HARNESS_RECORDER_H
#define HARNESS_RECORDER_H

#include "harness/run/online_check.h"
#include "results/store/store.h"
#include "systems/system.h"

enum {
	RECORDER_LATE_MS = 100
};

struct recorder;

/* How many operations ended in which way. */
struct tally {
	uint64_t ok, fail, info;
};

/* Starts the thread. The store is borrowed and must outlive the recorder. Times are
 * recorded as nanoseconds since `start_ns` (monotonic). */
struct recorder *recorder_new(struct store *store, int worker_count, int64_t start_ns,
			      struct err *err);

/* Tells `online` (borrowed) of all operations from now on; before the first one. */
void recorder_judge(struct recorder *recorder, struct online_check *online);

/* Records that the worker is about to send `call`: stamps it. Waits for room. False when
 * the recorder cannot take it any more (recorder_failed says why): do not send it. */
bool recorder_invoke(struct recorder *recorder, int worker, const struct call *call,
		     uint32_t process, int node);

/* Records how the worker's open operation ended: `call` as the client left it. */
void recorder_complete(struct recorder *recorder, int worker, const struct call *call);

/* True when the store refused to write, or the positions are used up; with the reason. */
bool recorder_failed(struct recorder *recorder, struct err *err);

/* The sums over all workers, at any time, from any thread. */
struct tally recorder_tally(const struct recorder *recorder);

/* The longest that an invocation can have waited for the disk so far. It is below
 * RECORDER_LATE_MS unless the disk is very slow (or the machine stood still). */
int64_t recorder_late_ns(const struct recorder *recorder);

/* Writes what is left and ends the thread; operations that are still open stay info.
 * False, with the reason, when not all is in the store. */
bool recorder_drain(struct recorder *recorder, struct err *err);

/* After recorder_drain, when no worker is at work any more. NULL is fine. */
void recorder_free(struct recorder *recorder);

#endif
