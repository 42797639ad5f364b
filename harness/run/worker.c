#include "harness/run/worker.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a thread waits after a refusal, so that a dead node is not asked in a loop. */
enum {
	REFUSED_PAUSE_MS = 100
};

struct worker {
	struct crew *crew;
	pthread_t thread;
	int index;
	uint32_t process;
	struct client *client; /* NULL: to be opened by the next operation */
	struct values values;  /* of the call at hand */
};

struct crew {
	struct crew_plan plan;
	struct worker *workers; /* owned */
	int started_count;
	pthread_mutex_t lock; /* guards ended_count */
	pthread_cond_t ended;
	int ended_count;
};

static int
node_of(const struct worker *worker)
{
	return worker->index % worker->crew->plan.cluster->node_count;
}

/* Nothing was sent: the operation failed for certain. */
static void
open_client(struct worker *worker, struct call *call)
{
	const struct crew_plan *plan = &worker->crew->plan;
	struct err err = {0};

	worker->client = plan->cluster->system->client_open(
		plan->cluster, node_of(worker), plan->timeout_ms, &err);
	if (worker->client != NULL)
		return;
	call->type = OP_FAIL;
	snprintf(call->error, sizeof(call->error), "no client: %.140s", err.text);
}

static void
drop_client(struct worker *worker)
{
	if (worker->client != NULL)
		worker->crew->plan.cluster->system->client_close(worker->client);
	worker->client = NULL;
}

static void
invoke(struct worker *worker, struct call *call)
{
	call->process = worker->process;
	call->timeout_ms = worker->crew->plan.timeout_ms;
	call->type = OP_NONE;
	call->output = VAL_OF_NIL;
	call->error[0] = '\0';
	if (worker->client == NULL)
		open_client(worker, call);
	if (worker->client != NULL)
		worker->crew->plan.cluster->system->client_invoke(worker->client, call);
	ASSERT(call->type != OP_NONE);
}

/* A failure with words is a refusal (a compare-and-set that met another value has none):
 * the connection may be of no use, and asking again at once would only fill the history. */
static void
learn(struct worker *worker, const struct call *call)
{
	const struct crew_plan *plan = &worker->crew->plan;
	bool is_refused = call->type == OP_FAIL && call->error[0] != '\0';

	if (call->type == OP_INFO)
		worker->process += (uint32_t)plan->thread_count;
	if (call->type == OP_INFO || is_refused)
		drop_client(worker);
	if (is_refused)
		turns_pause(plan->turns, worker->index, REFUSED_PAUSE_MS);
}

static void
tell_ended(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->ended_count++;
	pthread_cond_signal(&crew->ended);
	pthread_mutex_unlock(&crew->lock);
}

static void *
work(void *context)
{
	struct worker *worker = context;
	const struct crew_plan *plan = &worker->crew->plan;
	struct call call = {.values = &worker->values};

	while (turns_take(plan->turns, worker->index, &call)) {
		if (!recorder_invoke(plan->recorder, worker->index, &call,
				     worker->process, node_of(worker)))
			break;
		invoke(worker, &call);
		recorder_complete(plan->recorder, worker->index, &call);
		learn(worker, &call);
	}
	drop_client(worker);
	tell_ended(worker->crew);
	return NULL;
}

static bool
start_worker(struct crew *crew, int index, struct err *err)
{
	struct worker *worker = &crew->workers[index];

	worker->crew = crew;
	worker->index = index;
	worker->process = crew->plan.first_process + (uint32_t)index;
	values_init(&worker->values);
	int code = pthread_create(&worker->thread, NULL, work, worker);
	if (code != 0)
		return err_set(err, "start client thread %d of %d: %s", index + 1,
			       crew->plan.thread_count, strerror(code));
	crew->started_count++;
	return true;
}

struct crew *
crew_new(const struct crew_plan *plan, struct err *err)
{
	struct crew *crew = mem_new(1, sizeof(*crew));
	pthread_condattr_t attributes;

	crew->plan = *plan;
	crew->workers = mem_new((size_t)plan->thread_count, sizeof(*crew->workers));
	pthread_mutex_init(&crew->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&crew->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	for (int i = 0; i < plan->thread_count; i++)
		if (!start_worker(crew, i, err)) {
			err_hint(err, "lower --concurrency");
			turns_stop(plan->turns);
			crew_free(crew);
			return NULL;
		}
	return crew;
}

bool
crew_await(struct crew *crew, int timeout_ms)
{
	int64_t moment_ns = clock_ns() + timeout_ms * NS_PER_MS;
	struct timespec moment = {.tv_sec = moment_ns / NS_PER_S,
				  .tv_nsec = moment_ns % NS_PER_S};
	int code = 0;

	pthread_mutex_lock(&crew->lock);
	while (crew->ended_count < crew->started_count && code == 0)
		code = pthread_cond_timedwait(&crew->ended, &crew->lock, &moment);
	bool have_ended = crew->ended_count == crew->started_count;
	pthread_mutex_unlock(&crew->lock);
	return have_ended;
}

uint32_t
crew_next_process(const struct crew *crew)
{
	uint32_t highest = 0;

	for (int i = 0; i < crew->started_count; i++)
		if (crew->workers[i].process > highest)
			highest = crew->workers[i].process;
	return highest + 1;
}

void
crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	for (int i = 0; i < crew->started_count; i++)
		pthread_join(crew->workers[i].thread, NULL);
	for (int i = 0; i < crew->plan.thread_count; i++)
		values_release(&crew->workers[i].values);
	pthread_cond_destroy(&crew->ended);
	pthread_mutex_destroy(&crew->lock);
	free(crew->workers);
	free(crew);
}
