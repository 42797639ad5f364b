#include "workloads/generator.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

/* ---- each thread ---- */

struct each_thread {
	struct generator base;
	struct generator *(*make)(void *state, int thread);
	void *state; /* owned when free_state is there */
	void (*free_state)(void *state);
	struct generator **children; /* owned: one a thread, NULL until it first asks */
	bool *has_ended;	     /* owned: one a thread */
	int thread_count;	     /* 0 until the first question */
	int ended_count;
};

static void
each_thread_start(struct each_thread *each, int thread_count)
{
	each->thread_count = thread_count;
	each->children = mem_new((size_t)thread_count, sizeof(*each->children));
	each->has_ended = mem_new((size_t)thread_count, sizeof(bool));
}

static enum gen_answer
each_thread_ask(struct each_thread *each, const struct gen_context *context,
		struct call *call, int64_t *again_ns)
{
	int thread = context->thread;

	if (each->children[thread] == NULL)
		each->children[thread] = each->make(each->state, thread);
	enum gen_answer answer =
		generator_next(each->children[thread], context, call, again_ns);
	if (answer == GEN_DONE) {
		each->has_ended[thread] = true;
		each->ended_count++;
	}
	return answer;
}

static enum gen_answer
each_thread_next(struct generator *g, const struct gen_context *context,
		 struct call *call, int64_t *again_ns)
{
	struct each_thread *each = (struct each_thread *)g;

	if (each->thread_count == 0)
		each_thread_start(each, context->thread_count);
	ASSERT(each->thread_count == context->thread_count);
	if (context->thread != GEN_NEMESIS && !each->has_ended[context->thread]) {
		enum gen_answer answer = each_thread_ask(each, context, call, again_ns);
		if (answer != GEN_DONE)
			return answer;
	}
	*again_ns = 0;
	return each->ended_count == each->thread_count ? GEN_DONE : GEN_PENDING;
}

static void
each_thread_update(struct generator *g, const struct gen_context *context,
		   const struct call *call)
{
	struct each_thread *each = (struct each_thread *)g;
	int thread = context->thread;

	if (thread != GEN_NEMESIS && thread < each->thread_count &&
	    each->children[thread] != NULL)
		generator_update(each->children[thread], context, call);
}

static void
each_thread_free(struct generator *g)
{
	struct each_thread *each = (struct each_thread *)g;

	for (int i = 0; i < each->thread_count; i++)
		generator_free(each->children[i]);
	if (each->free_state != NULL)
		each->free_state(each->state);
	free(each->children);
	free(each->has_ended);
	free(each);
}

struct generator *
gen_each_thread(struct generator *(*make)(void *state, int thread), void *state,
		void (*free_state)(void *state))
{
	struct each_thread *each = mem_new(1, sizeof(*each));

	*each = (struct each_thread){
		.base = {each_thread_next, each_thread_update, each_thread_free},
		.make = make,
		.state = state,
		.free_state = free_state};
	return &each->base;
}

/* ---- per key ---- */

struct live_key {
	uint64_t number;
	struct generator *child; /* owned */
};

/* Where the last operation of a thread went, so that its completion finds the way. */
struct trail {
	int slot; /* -1: nowhere */
	uint64_t number;
};

struct per_key {
	struct generator base;
	struct generator *(*make)(void *state, uint64_t key);
	void *state; /* owned when free_state is there */
	void (*free_state)(void *state);
	struct live_key *live; /* owned: `keys` of them */
	int keys;
	uint64_t last_number;
	struct trail *trails; /* owned: one a thread */
	int trail_count;
};

static void
follow_thread(struct per_key *per_key, int thread, int slot)
{
	while (thread >= per_key->trail_count) {
		per_key->trails =
			mem_resize(per_key->trails, (size_t)per_key->trail_count + 1,
				   sizeof(*per_key->trails));
		per_key->trails[per_key->trail_count++].slot = -1;
	}
	per_key->trails[thread] =
		(struct trail){.slot = slot, .number = per_key->live[slot].number};
}

static void
next_key(struct per_key *per_key, struct live_key *live)
{
	generator_free(live->child);
	live->number = ++per_key->last_number;
	live->child = per_key->make(per_key->state, live->number);
}

/* Asks the key in a slot; one that has ended is replaced, once. */
static enum gen_answer
ask_slot(struct per_key *per_key, int slot, const struct gen_context *context,
	 struct call *call, int64_t *again_ns)
{
	struct live_key *live = &per_key->live[slot];

	if (live->child == NULL)
		next_key(per_key, live);
	enum gen_answer answer = generator_next(live->child, context, call, again_ns);
	if (answer == GEN_DONE) {
		next_key(per_key, live);
		answer = generator_next(live->child, context, call, again_ns);
	}
	if (answer == GEN_OP)
		call->key = val_small((int64_t)live->number);
	return answer;
}

static enum gen_answer
per_key_next(struct generator *g, const struct gen_context *context, struct call *call,
	     int64_t *again_ns)
{
	struct per_key *per_key = (struct per_key *)g;
	int64_t soonest_ns = INT64_MAX;

	*again_ns = 0;
	if (context->thread == GEN_NEMESIS)
		return GEN_PENDING;
	int first = (int)rng_below(context->rng, (uint64_t)per_key->keys);
	for (int k = 0; k < per_key->keys; k++) {
		int slot = (first + k) % per_key->keys;
		enum gen_answer answer = ask_slot(per_key, slot, context, call, again_ns);
		if (answer == GEN_OP) {
			follow_thread(per_key, context->thread, slot);
			return GEN_OP;
		}
		if (answer == GEN_PENDING && *again_ns < soonest_ns)
			soonest_ns = *again_ns;
	}
	/* INT64_MAX: every new key ends at once, so there is nothing to ask for. */
	*again_ns = soonest_ns;
	return soonest_ns == INT64_MAX ? GEN_DONE : GEN_PENDING;
}

static void
per_key_update(struct generator *g, const struct gen_context *context,
	       const struct call *call)
{
	struct per_key *per_key = (struct per_key *)g;
	int thread = context->thread;

	if (thread == GEN_NEMESIS || thread >= per_key->trail_count)
		return;
	struct trail trail = per_key->trails[thread];
	if (trail.slot >= 0 && per_key->live[trail.slot].number == trail.number)
		generator_update(per_key->live[trail.slot].child, context, call);
}

static void
per_key_free(struct generator *g)
{
	struct per_key *per_key = (struct per_key *)g;

	for (int i = 0; i < per_key->keys; i++)
		generator_free(per_key->live[i].child);
	if (per_key->free_state != NULL)
		per_key->free_state(per_key->state);
	free(per_key->live);
	free(per_key->trails);
	free(per_key);
}

struct generator *
gen_per_key(int keys, struct generator *(*make)(void *state, uint64_t key), void *state,
	    void (*free_state)(void *state))
{
	struct per_key *per_key = mem_new(1, sizeof(*per_key));

	ASSERT(keys > 0);
	*per_key =
		(struct per_key){.base = {per_key_next, per_key_update, per_key_free},
				 .make = make,
				 .state = state,
				 .free_state = free_state,
				 .live = mem_new((size_t)keys, sizeof(struct live_key)),
				 .keys = keys};
	return &per_key->base;
}
