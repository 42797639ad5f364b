#include "harness/run/recorder.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	PERIOD_MS = 25, /* between transactions when there is little to do */
	RECORDS_IN_ALL =
		1 << 14, /* bounds what one transaction holds, and so its length */
	RING_MIN = 16,
	RING_MAX = 1 << 12,
	TEXT_KEPT_BYTES = 4096, /* larger texts are freed when they are written */
	CACHE_LINE = 64,
};

/* The last position is kept away from OP_NEVER by more than workers can overshoot. */
#define POSITION_MAX (UINT32_MAX - (1u << 20))

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

/* ---- the worker's side ---- */

static struct online_check *
online_of(struct recorder *recorder)
{
	return atomic_load_explicit(&recorder->online, memory_order_acquire);
}

static void
fail(struct recorder *recorder, const struct err *err)
{
	pthread_mutex_lock(&recorder->lock);
	if (!atomic_load(&recorder->has_failed))
		recorder->err = *err;
	atomic_store(&recorder->has_failed, true);
	pthread_cond_broadcast(&recorder->room_again);
	pthread_mutex_unlock(&recorder->lock);
}

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
	fail(recorder, &err);
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

/* ---- the recorder's side ---- */

static struct cell
cell_of(const struct scalar *scalar, const struct buf *texts)
{
	if (scalar->kind == CELL_JSON)
		return (struct cell){.kind = CELL_JSON,
				     .json = texts->data + scalar->word};
	return (struct cell){.kind = scalar->kind, .number = scalar->word};
}

static bool
put_row(struct store *store, const struct row *row, struct err *err)
{
	const struct record *record = row->record;
	struct store_op op = {
		.invoke_at = record->invoke_at,
		.complete_at = OP_NEVER,
		.invoke_ns = record->invoke_ns,
		.complete_ns = -1,
		.process = record->process,
		.node = record->node,
		.type = OP_INFO,
		.f = op_f_name((enum op_f)record->f),
		.key = cell_of(&record->key, &record->asked),
		.input = cell_of(&record->input, &record->asked),
	};

	if (row->is_done) {
		op.type = record->type;
		op.complete_at = record->complete_at;
		op.complete_ns = record->complete_ns;
		op.output = cell_of(&record->output, &record->answered);
		op.error = record->answered.data;
	}
	return store_put_op(store, &op, err);
}

/* A transaction must hold the invocation of every operation whose effect one of its answers
 * shows: the run may end behind it (kill -9, a full disk). So the answers of all rings are
 * gathered first, the invocations that are still open after that: what an answer shows was
 * invoked, and shown in its ring, before the answer came. A worker has one operation open at
 * most: those that ended stand in front. */
static void
gather_ended(struct recorder *recorder, struct ring *ring)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	ring->leaving = 0;
	for (size_t i = tail; i != head; i++) {
		struct record *record = &ring->records[i & (recorder->room - 1)];
		if (!atomic_load_explicit(&record->is_done, memory_order_acquire))
			break;
		vec_push(&recorder->rows, (struct row){record, record->invoke_at, true});
		ring->leaving++;
	}
}

static void
gather_open(struct recorder *recorder, struct ring *ring)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	for (size_t i = tail + ring->leaving; i != head; i++) {
		struct record *record = &ring->records[i & (recorder->room - 1)];
		if (!record->is_written)
			vec_push(&recorder->rows,
				 (struct row){record, record->invoke_at, false});
	}
}

static int
by_invocation(const void *a, const void *b)
{
	uint32_t at_a = ((const struct row *)a)->invoke_at;
	uint32_t at_b = ((const struct row *)b)->invoke_at;

	return at_a < at_b ? -1 : at_a > at_b;
}

static void
shed_text(struct buf *text)
{
	if (text->cap > TEXT_KEPT_BYTES)
		buf_release(text);
}

/* The workers get the room of what is written. */
static void
give_room(struct recorder *recorder)
{
	vec_each (struct row, row, &recorder->rows) {
		row->record->is_written = true;
		if (row->is_done) {
			shed_text(&row->record->asked);
			shed_text(&row->record->answered);
		}
	}
	for (int i = 0; i < recorder->ring_count; i++)
		atomic_fetch_add_explicit(&recorder->rings[i].tail,
					  recorder->rings[i].leaving,
					  memory_order_release);
	pthread_mutex_lock(&recorder->lock);
	if (recorder->waiting_count > 0)
		pthread_cond_broadcast(&recorder->room_again);
	pthread_mutex_unlock(&recorder->lock);
}

/* ---- judging on the way ---- */

/* What began or ended before this position is seen by whoever looks into the rings from now
 * on: a worker that took an earlier one has either shown it or still says `stamping`. */
static uint32_t
position_seen(struct recorder *recorder)
{
	uint64_t position = atomic_load(&recorder->positions);

	for (int i = 0; i < recorder->ring_count; i++) {
		uint64_t stamping = atomic_load(&recorder->rings[i].stamping);
		if (stamping > 0 && stamping - 1 < position)
			position = stamping - 1;
	}
	return (uint32_t)position;
}

static struct online_word
online_word_of(struct buf *texts, const struct scalar *scalar, const struct buf *from)
{
	struct online_word word = {.is_number = scalar->kind == CELL_INT,
				   .is_text = scalar->kind == CELL_JSON,
				   .number = scalar->word};

	if (word.is_text) {
		const char *text = from->data + scalar->word;
		word.number = (int64_t)texts->len;
		buf_append(texts, text, strlen(text) + 1);
	}
	return word;
}

/* One event for its beginning, unless that was told before, and one for its end. */
static void
add_news(struct online_batch *told, const struct row *row)
{
	const struct record *record = row->record;
	struct online_news news = {.position = record->invoke_at,
				   .process = record->process,
				   .f = record->f,
				   .type = OP_NONE};

	if (!record->is_written) {
		news.key = online_word_of(&told->texts, &record->key, &record->asked);
		news.value = online_word_of(&told->texts, &record->input, &record->asked);
		vec_push(&told->news, news);
	}
	if (!row->is_done)
		return;
	news.position = record->end_at;
	news.type = record->type;
	news.key = (struct online_word){0};
	news.value = online_word_of(&told->texts, &record->output, &record->answered);
	vec_push(&told->news, news);
}

/* Before the room of the records is given back. */
static void
tell_online(struct recorder *recorder, uint32_t position)
{
	struct online_check *online = online_of(recorder);

	if (online == NULL)
		return;
	online_batch_clear(&recorder->told);
	vec_each (struct row, row, &recorder->rows)
		add_news(&recorder->told, row);
	online_check_tell(online, &recorder->told, position);
}

/* An invocation made right after the rings were looked into before waited longest. */
static void
measure_delay(struct recorder *recorder, int64_t gathered_ns)
{
	int64_t late_ns = clock_ns() - recorder->gathered_ns;

	if (late_ns > atomic_load_explicit(&recorder->late_ns, memory_order_relaxed))
		atomic_store_explicit(&recorder->late_ns, late_ns, memory_order_relaxed);
	recorder->gathered_ns = gathered_ns;
}

/* One transaction: all that is there, in the order of invocations, so that the table
 * grows at its end. */
static bool
flush(struct recorder *recorder, struct err *err)
{
	int64_t gathered_ns = clock_ns();
	uint32_t position = online_of(recorder) != NULL ? position_seen(recorder) : 0;

	vec_clear(&recorder->rows);
	for (int i = 0; i < recorder->ring_count; i++)
		gather_ended(recorder, &recorder->rings[i]);
	for (int i = 0; i < recorder->ring_count; i++)
		gather_open(recorder, &recorder->rings[i]);
	if (recorder->rows.count == 0) {
		tell_online(recorder, position);
		recorder->gathered_ns = gathered_ns;
		return true;
	}
	qsort(recorder->rows.items, recorder->rows.count, sizeof(struct row),
	      by_invocation);
	tell_online(recorder, position);
	if (!store_begin(recorder->store, err))
		return false;
	vec_each (struct row, row, &recorder->rows)
		if (!put_row(recorder->store, row, err)) {
			struct err ignored;
			store_commit(recorder->store, &ignored);
			return false;
		}
	give_room(recorder);
	if (!store_commit(recorder->store, err))
		return false;
	measure_delay(recorder, gathered_ns);
	return true;
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
		if (!flush(recorder, &err)) {
			fail(recorder, &err);
			break;
		}
	} while (!is_last);
	return NULL;
}

/* ---- the run's side ---- */

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
