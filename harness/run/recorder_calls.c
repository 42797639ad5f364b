#include "harness/run/recorder_parts.h"

#include "base/assert.h"
#include "base/clock.h"

/* The last position is kept away from OP_NEVER by more than workers can overshoot. */
#define POSITION_MAX (UINT32_MAX - (1u << 20))

static bool
take_position(struct recorder *recorder, uint32_t *position)
{
	uint64_t next = atomic_fetch_add(&recorder->positions, 1);
	struct err err;

	*position = (uint32_t)next;
	if (next < POSITION_MAX)
		return true;
	err_set(&err, "record: a run has room for %u events, and it is full",
		POSITION_MAX);
	err_hint(&err, "bound it with --time or --rate");
	recorder_fail(recorder, &err);
	return false;
}

static bool
is_full(struct recorder *recorder, struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_relaxed) -
		       atomic_load_explicit(&ring->tail, memory_order_acquire) ==
	       recorder->room;
}

static void
hurry(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->is_hurried = true;
	pthread_cond_signal(&recorder->work);
	pthread_mutex_unlock(&recorder->lock);
}

static bool
wait_for_room(struct recorder *recorder, struct ring *ring)
{
	if (is_full(recorder, ring)) {
		pthread_mutex_lock(&recorder->lock);
		recorder->is_hurried = true;
		pthread_cond_signal(&recorder->work);
		recorder->waiting_count++;
		while (is_full(recorder, ring) && !atomic_load(&recorder->has_failed))
			pthread_cond_wait(&recorder->room_again, &recorder->lock);
		recorder->waiting_count--;
		pthread_mutex_unlock(&recorder->lock);
	}
	return !atomic_load_explicit(&recorder->has_failed, memory_order_relaxed);
}

static struct scalar
scalar_of(const struct values *values, val v, struct buf *texts)
{
	if (v == VAL_OF_NIL)
		return (struct scalar){.kind = CELL_NIL};
	if (val_kind(v) == VAL_INT)
		return (struct scalar){.kind = CELL_INT, .word = val_number(values, v)};
	struct scalar scalar = {.kind = CELL_JSON, .word = (int64_t)texts->len};
	val_print(values, v, texts);
	buf_char(texts, '\0');
	return scalar;
}

bool
recorder_invoke(struct recorder *recorder, int worker, const struct call *call,
		uint32_t process, int node)
{
	struct ring *ring = &recorder->rings[worker];
	uint32_t position;

	ASSERT(call->f < F_KNOWN);
	if (!wait_for_room(recorder, ring))
		return false;
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t count = head - atomic_load_explicit(&ring->tail, memory_order_relaxed);
	struct record *record = &ring->records[head & (recorder->room - 1)];
	atomic_store_explicit(&record->is_done, false, memory_order_relaxed);
	record->is_written = false;
	record->f = call->f;
	record->process = process;
	record->node = (uint8_t)(node + 1);
	buf_clear(&record->asked);
	record->key = scalar_of(call->values, call->key, &record->asked);
	record->input = scalar_of(call->values, call->input, &record->asked);
	record->invoke_ns = clock_ns() - recorder->start_ns;
	if (online_of(recorder) != NULL)
		atomic_store(&ring->stamping, atomic_load(&recorder->positions) + 1);
	if (!take_position(recorder, &position))
		return false;
	record->invoke_at = position;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	if (online_of(recorder) != NULL)
		atomic_store(&ring->stamping, 0);
	if (count == recorder->room / 2)
		hurry(recorder);
	return true;
}

void
recorder_complete(struct recorder *recorder, int worker, const struct call *call)
{
	struct ring *ring = &recorder->rings[worker];
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	struct record *record = &ring->records[(head - 1) & (recorder->room - 1)];

	if (online_of(recorder) != NULL)
		atomic_store(&ring->stamping, atomic_load(&recorder->positions) + 1);
	uint32_t position = (uint32_t)atomic_fetch_add(&recorder->positions, 1);
	ASSERT(call->type >= OP_OK && call->type <= OP_INFO);
	record->complete_ns = clock_ns() - recorder->start_ns;
	record->complete_at = call->type == OP_INFO ? OP_NEVER : position;
	record->end_at = position;
	record->type = (uint8_t)call->type;
	buf_clear(&record->answered);
	if (call->error[0] != '\0')
		buf_string(&record->answered, call->error);
	buf_char(&record->answered, '\0');
	record->output = scalar_of(call->values, call->output, &record->answered);
	atomic_fetch_add_explicit(&ring->ended[call->type], 1, memory_order_relaxed);
	atomic_store_explicit(&record->is_done, true, memory_order_release);
	if (online_of(recorder) != NULL)
		atomic_store(&ring->stamping, 0);
}
