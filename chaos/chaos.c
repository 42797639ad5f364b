#include "chaos/chaos.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chaos/agent/protocol.h"
#include "chaos/ask.h"
#include "chaos/fault.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BEAT_MS = 1000,
	BEAT_TIMEOUT_MS = 2500,
	LOST_MS =
		6000, /* silent for so long, an agent is given up: its lease ends soon */
};

/* The way to one agent, for one request at a time. */
struct channel {
	pthread_mutex_t lock; /* guards all below */
	struct agent_link link;
	const char *name; /* borrowed: of the host */
	int64_t heard_ns; /* last reply */
	int64_t lapsed;	  /* as the agent counts */
	bool lost;
	char trouble[200]; /* the last failed beat, "" when none since the last look */
};

struct chaos {
	int count;
	struct chaos_host *hosts; /* owned copies, whose links go through the channels */
	struct channel *channels; /* owned */
	const struct chaos_plan *plan;
	struct chaos_hooks hooks;
	struct fault_scene *scenes; /* owned, one a step */
	pthread_t heart;
	pthread_mutex_t lock; /* guards stop */
	pthread_cond_t wake;
	bool beating, stop;
};

/* ---- channels -------------------------------------------------------------------- */

static bool
request_locked(struct channel *channel, const char *line, struct buf *reply,
	       int timeout_ms, struct err *err)
{
	if (channel->lost)
		return err_set(err, "its agent is lost, and heals by itself");
	if (!channel->link.request(channel->link.context, line, reply, timeout_ms, err))
		return false;
	channel->heard_ns = clock_ns();
	return true;
}

static bool
channel_request(void *context, const char *line, struct buf *reply, int timeout_ms,
		struct err *err)
{
	struct channel *channel = context;

	pthread_mutex_lock(&channel->lock);
	bool ok = request_locked(channel, line, reply, timeout_ms, err);
	pthread_mutex_unlock(&channel->lock);
	return ok;
}

static void
note_trouble(struct channel *channel, const char *text)
{
	snprintf(channel->trouble, sizeof(channel->trouble), "%s", text);
	log_warn("%s", channel->trouble);
}

static void
judge_beat(struct channel *channel, bool ok, const char *reply, const struct err *err)
{
	int64_t lapsed = reply_number(reply, "lapsed", channel->lapsed);
	struct err healed;

	if (!ok) {
		note_trouble(channel, err->text);
	} else if (lapsed > channel->lapsed) {
		err_set(&healed,
			"host %s: the agent healed faults, as it had heard nothing for "
			"the time of the lease",
			channel->name);
		note_trouble(channel, healed.text);
	}
	channel->lapsed = lapsed;
	if (clock_ns() - channel->heard_ns < LOST_MS * NS_PER_MS)
		return;
	channel->lost = true;
	log_error("host %s: the agent is lost; what it holds heals by itself within "
		  "seconds",
		  channel->name);
}

/* A channel that is busy needs no beat: every request renews the lease. */
static bool
beat_one(void *context, int i, struct err *err)
{
	struct chaos *chaos = context;
	struct channel *channel = &chaos->channels[i];
	struct buf reply = {0};

	if (pthread_mutex_trylock(&channel->lock) != 0)
		return true;
	if (!channel->lost) {
		bool ok = request_locked(channel, "beat", &reply, BEAT_TIMEOUT_MS, err) &&
			  reply_check(buf_text(&reply), err);
		judge_beat(channel, ok, buf_text(&reply), err);
	}
	pthread_mutex_unlock(&channel->lock);
	buf_release(&reply);
	return true;
}

static void
wait_for_next_beat(struct chaos *chaos, int64_t moment_ns)
{
	struct timespec until = {.tv_sec = moment_ns / NS_PER_S,
				 .tv_nsec = moment_ns % NS_PER_S};

	while (!chaos->stop && clock_ns() < moment_ns)
		pthread_cond_clockwait(&chaos->wake, &chaos->lock, CLOCK_MONOTONIC,
				       &until);
}

static void *
beat(void *context)
{
	struct chaos *chaos = context;
	struct err ignored;

	pthread_mutex_lock(&chaos->lock);
	while (!chaos->stop) {
		int64_t next_ns = clock_ns() + BEAT_MS * NS_PER_MS;
		pthread_mutex_unlock(&chaos->lock);
		ask_each(chaos->count, beat_one, chaos, &ignored);
		pthread_mutex_lock(&chaos->lock);
		wait_for_next_beat(chaos, next_ns);
	}
	pthread_mutex_unlock(&chaos->lock);
	return NULL;
}

/* ---- opening --------------------------------------------------------------------- */

static bool
greet(void *context, int i, struct err *err)
{
	struct chaos *chaos = context;
	struct buf reply = {0};
	bool ok = ask(&chaos->hosts[i], &reply, ASK_LONG_MS, err, "hello");
	int64_t version = reply_number(buf_text(&reply), "version", 0);
	int64_t replayed = reply_number(buf_text(&reply), "replayed", 0);

	buf_release(&reply);
	if (ok && version != PROTOCOL_VERSION)
		return err_set(err,
			       "host %s: the agent speaks version %" PRId64 ", not %d",
			       chaos->hosts[i].name, version, PROTOCOL_VERSION);
	if (ok && replayed > 0)
		log_warn("host %s: %" PRId64 " faults left by an earlier run were undone",
			 chaos->hosts[i].name, replayed);
	return ok;
}

static bool
is_planned(const struct chaos *chaos, const struct fault *fault)
{
	vec_each (struct chaos_step, step, &chaos->plan->steps) {
		if (step->fault == fault)
			return true;
	}
	return false;
}

static bool
probe_faults(void *context, int i, struct err *err)
{
	struct chaos *chaos = context;
	size_t count;
	const struct fault *const *faults = faults_all(&count);

	for (size_t f = 0; f < count; f++)
		if (is_planned(chaos, faults[f]) &&
		    !faults[f]->probe(&chaos->hosts[i], err))
			return err_context(err, "fault '%s' cannot be had",
					   faults[f]->name);
	return true;
}

static void
fill(struct chaos *chaos, const struct chaos_host *hosts, const struct chaos_hooks *hooks)
{
	pthread_mutex_init(&chaos->lock, NULL);
	pthread_cond_init(&chaos->wake, NULL);
	if (hooks != NULL)
		chaos->hooks = *hooks;
	for (int i = 0; i < chaos->count; i++) {
		struct channel *channel = &chaos->channels[i];
		pthread_mutex_init(&channel->lock, NULL);
		channel->link = hosts[i].link;
		channel->name = hosts[i].name;
		channel->heard_ns = clock_ns();
		chaos->hosts[i] = hosts[i];
		chaos->hosts[i].link = (struct agent_link){channel_request, channel};
	}
}

struct chaos *
chaos_open(const struct chaos_host *hosts, int count, const struct chaos_plan *plan,
	   const struct chaos_hooks *hooks, struct err *err)
{
	struct chaos *chaos = mem_new(1, sizeof(*chaos));

	chaos->count = count;
	chaos->plan = plan;
	chaos->hosts = mem_new((size_t)count, sizeof(*chaos->hosts));
	chaos->channels = mem_new((size_t)count, sizeof(*chaos->channels));
	chaos->scenes = mem_new(plan->steps.count + 1, sizeof(*chaos->scenes));
	fill(chaos, hosts, hooks);
	bool ok = ask_each(count, greet, chaos, err) &&
		  ask_each(count, probe_faults, chaos, err);
	if (ok) {
		chaos->beating = pthread_create(&chaos->heart, NULL, beat, chaos) == 0;
		ok = chaos->beating || err_set(err, "start the thread of heartbeats");
	}
	if (ok)
		return chaos;
	chaos_close(chaos);
	return NULL;
}

/* ---- steps ----------------------------------------------------------------------- */

static void
forget_trouble(struct chaos *chaos)
{
	for (int i = 0; i < chaos->count; i++) {
		pthread_mutex_lock(&chaos->channels[i].lock);
		chaos->channels[i].trouble[0] = '\0';
		pthread_mutex_unlock(&chaos->channels[i].lock);
	}
}

/* What happened to the way to the agents while the fault was in force. */
static void
tell_trouble(struct chaos *chaos, struct chaos_outcome *outcome)
{
	for (int i = 0; i < chaos->count && outcome->error[0] == '\0'; i++) {
		pthread_mutex_lock(&chaos->channels[i].lock);
		snprintf(outcome->error, sizeof(outcome->error), "%s",
			 chaos->channels[i].trouble);
		pthread_mutex_unlock(&chaos->channels[i].lock);
	}
}

static void
end_scene(struct fault_scene *scene)
{
	free(scene->state);
	scene->state = NULL;
	scene->lease = 0;
}

static bool
lift_one(void *context, int i, struct err *err)
{
	struct fault_scene *scene = context;
	struct buf reply = {0};

	/* Most hosts do not hold this lease, which is no failure here. */
	ask(&scene->hosts[i], &reply, ASK_LONG_MS, err, "heal %" PRIu64, scene->lease);
	buf_release(&reply);
	return true;
}

/* The error as it is to be recorded, when none is yet. */
static void
keep_error(struct chaos_outcome *outcome, const struct err *err)
{
	if (outcome->error[0] == '\0')
		snprintf(outcome->error, sizeof(outcome->error), "%.255s", err->text);
}

bool
chaos_inject(struct chaos *chaos, size_t index, struct chaos_outcome *outcome,
	     struct err *err)
{
	const struct chaos_step *step = &chaos->plan->steps.items[index];
	struct fault_scene *scene = &chaos->scenes[index];
	struct err ignored;

	*scene = (struct fault_scene){
		.hosts = chaos->hosts,
		.host_count = chaos->count,
		.leader = -1,
		.draw = step->draw,
		.target = step->target,
		.lease = index + 1,
	};
	if (chaos->hooks.leader != NULL && strstr(step->target, "leader") != NULL)
		scene->leader = chaos->hooks.leader(chaos->hooks.context);
	forget_trouble(chaos);
	if (step->fault->inject(scene, outcome, err))
		return true;
	err_context(err, "inject %s", step->fault->name);
	keep_error(outcome, err);
	outcome->injected = outcome->verified = false;
	ask_each(chaos->count, lift_one, scene, &ignored);
	end_scene(scene);
	return false;
}

bool
chaos_heal(struct chaos *chaos, size_t index, struct chaos_outcome *outcome,
	   struct err *err)
{
	const struct chaos_step *step = &chaos->plan->steps.items[index];
	struct fault_scene *scene = &chaos->scenes[index];

	if (scene->lease == 0)
		return err_set(err, "fault %zu is not in force", index);
	tell_trouble(chaos, outcome);
	bool ok = step->fault->heal(scene, outcome, err);
	if (!ok) {
		err_context(err, "heal %s", step->fault->name);
		keep_error(outcome, err);
	}
	end_scene(scene);
	return ok;
}

void
chaos_outcome_release(struct chaos_outcome *outcome)
{
	buf_release(&outcome->evidence);
}

static bool
heal_host(void *context, int i, struct err *err)
{
	struct chaos *chaos = context;
	struct buf reply = {0};

	bool ok = ask(&chaos->hosts[i], &reply, ASK_LONG_MS, err, "heal-all") &&
		  ask(&chaos->hosts[i], &reply, ASK_SHORT_MS, err, "state");
	if (ok && (reply_number(buf_text(&reply), "faults", -1) != 0 ||
		   reply_number(buf_text(&reply), "table", -1) != 0))
		ok = err_set(err, "host %s: faults are left: %s", chaos->hosts[i].name,
			     buf_text(&reply));
	buf_release(&reply);
	return ok;
}

bool
chaos_heal_all(struct chaos *chaos, struct err *err)
{
	bool ok = ask_each(chaos->count, heal_host, chaos, err);

	for (size_t i = 0; i < chaos->plan->steps.count; i++)
		end_scene(&chaos->scenes[i]);
	if (!ok)
		err_hint(err, "'faultline heal' takes every fault off the hosts");
	return ok;
}

static bool
dismiss(void *context, int i, struct err *err)
{
	struct chaos *chaos = context;
	struct buf reply = {0};

	ask(&chaos->hosts[i], &reply, ASK_LONG_MS, err, "bye");
	buf_release(&reply);
	return true;
}

void
chaos_close(struct chaos *chaos)
{
	struct err ignored;

	if (chaos == NULL)
		return;
	pthread_mutex_lock(&chaos->lock);
	chaos->stop = true;
	pthread_cond_signal(&chaos->wake);
	pthread_mutex_unlock(&chaos->lock);
	if (chaos->beating)
		pthread_join(chaos->heart, NULL);
	ask_each(chaos->count, dismiss, chaos, &ignored);
	for (size_t i = 0; i < chaos->plan->steps.count; i++)
		end_scene(&chaos->scenes[i]);
	for (int i = 0; i < chaos->count; i++)
		pthread_mutex_destroy(&chaos->channels[i].lock);
	pthread_mutex_destroy(&chaos->lock);
	pthread_cond_destroy(&chaos->wake);
	free(chaos->scenes);
	free(chaos->channels);
	free(chaos->hosts);
	free(chaos);
}
