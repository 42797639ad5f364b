/* recorder_parts.h - what the three sides of the recorder share: the rings.
 *
 *	recorder_calls.c	the workers' side: stamps what begins and ends, fills the rings
 *	recorder_flush.c	the thread's side: one transaction with all that is there
 *	recorder.c		the run's side: starts and ends the thread, tells what it did
 *
 * Who may write what is said at each field. */
#ifndef HARNESS_RECORDER_PARTS_H
#define HARNESS_RECORDER_PARTS_H

#include "harness/run/recorder.h"

#include "base/vec.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	CACHE_LINE = 64
};

/* A value as it goes to the store; a text is an offset into one of the record's buffers,
 * because those move while they grow. */
struct scalar {
	uint8_t kind; /* CELL_* */
	int64_t word; /* the number, or where the text starts */
};

struct record {
	_Atomic bool
		is_done; /* released by the worker when the answer part is complete */
	bool is_written; /* of the recorder: it stands in the store as open */
	uint8_t type, node;
	uint16_t f;
	uint32_t process, invoke_at, complete_at;
	uint32_t end_at; /* complete_at, also of those that ended as info */
	int64_t invoke_ns, complete_ns;
	struct scalar key, input, output;
	struct buf asked; /* texts of key and input; written before the record is seen */
	struct buf answered; /* error, then the text of output; before is_done */
};

/* The ring of one worker. Head and tail count on and on. */
struct ring {
	_Alignas(CACHE_LINE) atomic_size_t head; /* next to fill: written by the worker */
	atomic_uint_fast64_t ended[OP_INFO + 1]; /* by type: written by the worker */
	/* While a position is taken and not seen yet: no lower one, + 1. Else 0. Only with
	 * `online`. */
	atomic_uint_fast64_t stamping;
	_Alignas(CACHE_LINE) atomic_size_t tail; /* oldest: written by the recorder */
	size_t leaving;		/* of the recorder: done records of this transaction */
	struct record *records; /* owned: `room` of them */
};

/* One row of a transaction. `is_done` as it was when the transaction began. */
struct row {
	struct record *record;
	uint32_t invoke_at;
	bool is_done;
};

struct recorder {
	struct store *store; /* borrowed */
	/* Borrowed; NULL: nobody judges on the way. Set when the thread runs already. */
	_Atomic(struct online_check *) online;
	struct online_batch told; /* of the thread: what is new for `online` */
	struct ring *rings;	  /* owned: one a worker */
	int ring_count;
	size_t room; /* of each ring; a power of two */
	int64_t start_ns;
	_Alignas(CACHE_LINE) atomic_uint_fast64_t positions; /* given out so far */
	_Alignas(CACHE_LINE) atomic_bool has_failed;
	VEC(struct row) rows; /* of the thread: the transaction at hand */
	int64_t gathered_ns;  /* of the thread: when it last looked into the rings */
	atomic_int_fast64_t late_ns;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work, room_again;
	bool is_hurried, is_closing;
	int waiting_count; /* workers whose ring is full */
	struct err err;	   /* set once, before has_failed */
};

/* NULL: nobody judges on the way. */
static inline struct online_check *
online_of(struct recorder *recorder)
{
	return atomic_load_explicit(&recorder->online, memory_order_acquire);
}

/* The run cannot be recorded any more; workers that wait are woken. The first reason stays. */
void recorder_fail(struct recorder *recorder, const struct err *err);

/* One transaction: all that is there, in the order of invocations, so that the table
 * grows at its end. */
bool recorder_flush(struct recorder *recorder, struct err *err);

#endif
