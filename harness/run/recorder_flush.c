#include "harness/run/recorder_parts.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_KEPT_BYTES = 4096 /* larger texts are freed when they are written */
};

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

bool
recorder_flush(struct recorder *recorder, struct err *err)
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
