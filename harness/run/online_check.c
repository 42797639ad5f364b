#include "harness/run/online_check.h"

#include "results/formats/scan.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	VALUES_BYTES_MAX = 1 << 16, /* then the pool of the thread is cleared */
};

struct online_check {
	const struct online_decider *decider;
	struct online *online; /* of the thread, and so are the next four */
	struct values values;
	struct scan scan;
	struct online_batch batch; /* being judged, and what has to wait for others */
	pthread_t thread;
	bool is_running;
	atomic_bool has_found;
	atomic_uint_fast64_t judged;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	struct online_batch waiting;
	uint32_t position;
	const char *gave_up; /* static */
	bool is_ending;
};

/* ---- batches ---- */

void
online_batch_clear(struct online_batch *batch)
{
	vec_clear(&batch->news);
	buf_clear(&batch->texts);
}

void
online_batch_release(struct online_batch *batch)
{
	vec_release(&batch->news);
	buf_release(&batch->texts);
}

static struct online_word
copy_word(struct online_batch *to, const struct online_batch *from,
	  struct online_word word)
{
	if (!word.is_text)
		return word;
	const char *text = from->texts.data + word.number;
	word.number = (int64_t)to->texts.len;
	buf_append(&to->texts, text, strlen(text) + 1);
	return word;
}

static void
copy_news(struct online_batch *to, const struct online_batch *from,
	  const struct online_news *news)
{
	struct online_news copy = *news;

	copy.key = copy_word(to, from, news->key);
	copy.value = copy_word(to, from, news->value);
	vec_push(&to->news, copy);
}

static int
by_position(const void *a, const void *b)
{
	uint32_t x = ((const struct online_news *)a)->position;
	uint32_t y = ((const struct online_news *)b)->position;

	return x < y ? -1 : x > y;
}

/* ---- the thread ---- */

/* Texts are JSON that val_print made: they can be read. */
static val
value_of(struct online_check *check, struct online_word word)
{
	val v = VAL_OF_NIL;

	if (word.is_number)
		return val_int(&check->values, word.number);
	if (!word.is_text)
		return v;
	const char *text = check->batch.texts.data + word.number;
	scan_set_input(&check->scan, (struct bytes){.data = text, .len = strlen(text)});
	return scan_value(&check->scan, &v) ? v : VAL_OF_NIL;
}

static void
judge(struct online_check *check, const struct online_news *news)
{
	struct online_event event = {.position = news->position,
				     .process = news->process,
				     .f = news->f,
				     .type = news->type};

	if (check->values.words.count * sizeof(uint64_t) +
		    check->values.strings.text.len >
	    VALUES_BYTES_MAX)
		values_clear(&check->values);
	event.key = value_of(check, news->key);
	event.value = value_of(check, news->value);
	online_tell(check->online, &check->values, &event);
	if (news->type != OP_NONE)
		atomic_fetch_add_explicit(&check->judged, 1, memory_order_relaxed);
}

/* Events before the position are complete and can be told; the others wait for those that
 * may still come between them. */
static void
judge_until(struct online_check *check, uint32_t position)
{
	struct online_batch *batch = &check->batch, later = {0};
	size_t i = 0;

	if (batch->news.count > 0)
		qsort(batch->news.items, batch->news.count, sizeof(struct online_news),
		      by_position);
	for (; i < batch->news.count && batch->news.items[i].position < position; i++)
		judge(check, &batch->news.items[i]);
	for (; i < batch->news.count; i++)
		copy_news(&later, batch, &batch->news.items[i]);
	online_batch_release(batch);
	*batch = later;
	if (online_violation(check->online) != NULL)
		atomic_store(&check->has_found, true);
}

static bool
has_work(const struct online_check *check, uint32_t position)
{
	return check->waiting.news.count > 0 || check->position != position;
}

/* Takes over what waits; false when that was the last of it. */
static bool
take_batch(struct online_check *check, uint32_t *position)
{
	struct online_batch taken;

	pthread_mutex_lock(&check->lock);
	while (!has_work(check, *position) && !check->is_ending)
		pthread_cond_wait(&check->work, &check->lock);
	bool is_last = check->is_ending && !has_work(check, *position);
	taken = check->waiting;
	check->waiting = (struct online_batch){0};
	*position = check->position;
	pthread_mutex_unlock(&check->lock);
	vec_each (struct online_news, news, &taken.news)
		copy_news(&check->batch, &taken, news);
	online_batch_release(&taken);
	return !is_last;
}

/* At the end nobody can come between any more. */
static void *
judge_all(void *context)
{
	struct online_check *check = context;
	uint32_t position = 0;

	while (take_batch(check, &position))
		judge_until(check, position);
	judge_until(check, UINT32_MAX);
	return NULL;
}

/* ---- from other threads ---- */

struct online_check *
online_check_new(const struct online_decider *decider,
		 const struct online_options *options, struct err *err)
{
	struct online_check *check = mem_new(1, sizeof(*check));

	check->decider = decider;
	check->online = online_new(decider, options);
	values_init(&check->values);
	scan_init(&check->scan, SCAN_JSON, &check->values, (struct bytes){0});
	pthread_mutex_init(&check->lock, NULL);
	pthread_cond_init(&check->work, NULL);
	int code = pthread_create(&check->thread, NULL, judge_all, check);
	check->is_running = code == 0;
	if (check->is_running)
		return check;
	online_check_free(check);
	err_set(err, "check online: start a thread: %s", strerror(code));
	return NULL;
}

void
online_check_tell(struct online_check *check, const struct online_batch *batch,
		  uint32_t position)
{
	pthread_mutex_lock(&check->lock);
	if (check->gave_up == NULL &&
	    (check->waiting.news.count + batch->news.count > ONLINE_WAITING_MAX ||
	     check->waiting.texts.len + batch->texts.len > ONLINE_TEXTS_MAX))
		check->gave_up = "operations came faster than they were judged";
	if (check->gave_up == NULL) {
		vec_each (struct online_news, news, &batch->news)
			copy_news(&check->waiting, batch, news);
		check->position = position;
	}
	pthread_cond_signal(&check->work);
	pthread_mutex_unlock(&check->lock);
}

bool
online_check_found(const struct online_check *check)
{
	return atomic_load(&check->has_found);
}

uint64_t
online_check_judged(const struct online_check *check)
{
	return atomic_load_explicit(&check->judged, memory_order_relaxed);
}

static void
join(struct online_check *check)
{
	if (!check->is_running)
		return;
	pthread_mutex_lock(&check->lock);
	check->is_ending = true;
	pthread_cond_signal(&check->work);
	pthread_mutex_unlock(&check->lock);
	pthread_join(check->thread, NULL);
	check->is_running = false;
}

void
online_check_end(struct online_check *check, struct buf *words)
{
	join(check);
	const struct online_violation *violation = online_violation(check->online);
	const char *gave_up =
		check->gave_up != NULL ? check->gave_up : online_gave_up(check->online);
	buf_printf(words, "%s: ", online_decider_name(check->decider));
	if (violation != NULL)
		online_violation_print(violation, words);
	else if (gave_up != NULL)
		buf_printf(words, "given up: %s", gave_up);
	else
		buf_printf(words, "no violation among %llu operations, %.1f MB",
			   (unsigned long long)online_check_judged(check),
			   (double)online_size(check->online).bytes / 1e6);
}

void
online_check_free(struct online_check *check)
{
	if (check == NULL)
		return;
	join(check);
	online_free(check->online);
	scan_release(&check->scan);
	values_release(&check->values);
	online_batch_release(&check->waiting);
	online_batch_release(&check->batch);
	pthread_cond_destroy(&check->work);
	pthread_mutex_destroy(&check->lock);
	free(check);
}
