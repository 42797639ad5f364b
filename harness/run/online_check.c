#include "harness/run/online_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	ADVANCE_EACH = 32
};

struct online_check {
	struct online *online; /* of the thread */
	pthread_t thread;
	bool is_running;
	atomic_bool has_found;
	uint64_t judged;      /* of the thread */
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	VEC(struct online_op) waiting, batch; /* the batch is of the thread */
	uint32_t position;
	const char *gave_up; /* static */
	bool is_ending;
};

/* Operations come in the order of invocations, so what precedes one has been told. Letting
 * go of what is dead often keeps the cost of each low. */
static void
judge_batch(struct online_check *check)
{
	for (size_t i = 0; i < check->batch.count; i++) {
		const struct online_op *op = &check->batch.items[i];
		if (i % ADVANCE_EACH == 0)
			online_advance(check->online, op->invoke_at);
		if (op->type == OP_NONE)
			online_open(check->online, op);
		else
			online_end(check->online, op);
	}
	check->judged += check->batch.count;
}

/* Takes over what waits; false when that was the last of it. */
static bool
take_batch(struct online_check *check, uint32_t *position)
{
	pthread_mutex_lock(&check->lock);
	while (check->waiting.count == 0 && !check->is_ending)
		pthread_cond_wait(&check->work, &check->lock);
	struct online_op *items = check->batch.items;
	size_t capacity = check->batch.capacity;
	check->batch.items = check->waiting.items;
	check->batch.count = check->waiting.count;
	check->batch.capacity = check->waiting.capacity;
	check->waiting.items = items;
	check->waiting.count = 0;
	check->waiting.capacity = capacity;
	*position = check->position;
	bool is_last = check->is_ending && check->batch.count == 0;
	pthread_mutex_unlock(&check->lock);
	return !is_last;
}

static void *
judge_all(void *context)
{
	struct online_check *check = context;
	uint32_t position;

	while (take_batch(check, &position)) {
		judge_batch(check);
		online_advance(check->online, position);
		if (online_violation(check->online) != NULL)
			atomic_store(&check->has_found, true);
	}
	online_advance(check->online, position);
	if (online_violation(check->online) != NULL)
		atomic_store(&check->has_found, true);
	return NULL;
}

struct online_check *
online_check_new(struct err *err)
{
	struct online_check *check = mem_new(1, sizeof(*check));

	check->online = online_new();
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
online_check_give_up(struct online_check *check, const char *reason)
{
	pthread_mutex_lock(&check->lock);
	if (check->gave_up == NULL)
		check->gave_up = reason;
	pthread_mutex_unlock(&check->lock);
}

void
online_check_tell(struct online_check *check, const struct online_op *ops, size_t count,
		  uint32_t position)
{
	pthread_mutex_lock(&check->lock);
	if (check->gave_up == NULL && check->waiting.count + count > ONLINE_WAITING_MAX)
		check->gave_up = "operations came faster than they were judged";
	for (size_t i = 0; i < count && check->gave_up == NULL; i++)
		vec_push(&check->waiting, ops[i]);
	if (check->gave_up == NULL)
		check->position = position;
	pthread_cond_signal(&check->work);
	pthread_mutex_unlock(&check->lock);
}

bool
online_check_found(const struct online_check *check)
{
	return atomic_load(&check->has_found);
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

static void
number(struct buf *words, const char *what, int64_t value)
{
	if (value != ONLINE_NIL)
		buf_printf(words, "%s%lld", what, (long long)value);
}

static void
describe(const struct online_violation *violation, struct buf *words)
{
	buf_printf(words, "%s", violation->name);
	number(words, " of key ", violation->key);
	number(words, ": value ", violation->value);
	number(words, " was seen after it was replaced by ", violation->other);
	buf_printf(words, " (event %u)", violation->invoke_at);
}

void
online_check_end(struct online_check *check, struct buf *words)
{
	join(check);
	const struct online_violation *violation = online_violation(check->online);
	const char *gave_up =
		check->gave_up != NULL ? check->gave_up : online_gave_up(check->online);
	if (violation != NULL)
		describe(violation, words);
	else if (gave_up != NULL)
		buf_printf(words, "given up: %s", gave_up);
	else
		buf_printf(words, "no violation among %llu reports, %.1f MB",
			   (unsigned long long)check->judged,
			   (double)online_size(check->online).bytes / 1e6);
}

void
online_check_free(struct online_check *check)
{
	if (check == NULL)
		return;
	join(check);
	online_free(check->online);
	vec_release(&check->waiting);
	vec_release(&check->batch);
	pthread_cond_destroy(&check->work);
	pthread_mutex_destroy(&check->lock);
	free(check);
}
