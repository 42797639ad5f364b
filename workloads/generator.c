#include "workloads/generator.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

enum gen_answer
generator_next(struct generator *g, const struct gen_context *context, struct call *call,
	       int64_t *again_ns)
{
	*again_ns = 0;
	return g->next(g, context, call, again_ns);
}

void
generator_update(struct generator *g, const struct gen_context *context,
		 const struct call *call)
{
	g->update(g, context, call);
}

void
generator_free(struct generator *g)
{
	if (g != NULL)
		g->free(g);
}

/* ---- each ---- */

struct each {
	struct generator base;
	bool (*make)(void *state, const struct gen_context *context, struct call *call);
	void (*hear)(void *state, const struct gen_context *context,
		     const struct call *call);
	void *state; /* owned when free_state is there */
	void (*free_state)(void *state);
};

static enum gen_answer
each_next(struct generator *g, const struct gen_context *context, struct call *call,
	  int64_t *again_ns)
{
	struct each *each = (struct each *)g;

	(void)again_ns;
	return each->make(each->state, context, call) ? GEN_OP : GEN_DONE;
}

static void
each_update(struct generator *g, const struct gen_context *context,
	    const struct call *call)
{
	struct each *each = (struct each *)g;

	if (each->hear != NULL)
		each->hear(each->state, context, call);
}

static void
each_free(struct generator *g)
{
	struct each *each = (struct each *)g;

	if (each->free_state != NULL)
		each->free_state(each->state);
	free(each);
}

struct generator *
gen_each(bool (*make)(void *state, const struct gen_context *context, struct call *call),
	 void (*hear)(void *state, const struct gen_context *context,
		      const struct call *call),
	 void *state, void (*free_state)(void *state))
{
	struct each *each = mem_new(1, sizeof(*each));

	*each = (struct each){.base = {each_next, each_update, each_free},
			      .make = make,
			      .hear = hear,
			      .state = state,
			      .free_state = free_state};
	return &each->base;
}

/* ---- wrappers of one child ---- */

/* What all wrappers are made of; each uses the numbers in its own way. */
struct wrapper {
	struct generator base;
	struct generator *child; /* owned */
	uint64_t left;		 /* limit: operations that may still come */
	int64_t span_ns;	 /* time limit, gap, mean gap */
	int64_t moment_ns; /* time limit: when it ends; pace: when the next may go */
	bool has_moment;
	bool is_random; /* pace: gaps are drawn */
	bool nemesis;	/* audience: who is served */
	bool has_ended; /* audience: the child told one of those who are served */
};

static void
wrapper_update(struct generator *g, const struct gen_context *context,
	       const struct call *call)
{
	generator_update(((struct wrapper *)g)->child, context, call);
}

static void
wrapper_free(struct generator *g)
{
	generator_free(((struct wrapper *)g)->child);
	free(g);
}

static struct wrapper *
wrapper_new(struct generator *child,
	    enum gen_answer (*next)(struct generator *g,
				    const struct gen_context *context, struct call *call,
				    int64_t *again_ns))
{
	struct wrapper *wrapper = mem_new(1, sizeof(*wrapper));

	wrapper->base = (struct generator){next, wrapper_update, wrapper_free};
	wrapper->child = child;
	return wrapper;
}

static enum gen_answer
limit_next(struct generator *g, const struct gen_context *context, struct call *call,
	   int64_t *again_ns)
{
	struct wrapper *limit = (struct wrapper *)g;

	if (limit->left == 0)
		return GEN_DONE;
	enum gen_answer answer = generator_next(limit->child, context, call, again_ns);
	limit->left -= answer == GEN_OP;
	return answer;
}

struct generator *
gen_limit(uint64_t count, struct generator *child)
{
	struct wrapper *limit = wrapper_new(child, limit_next);

	limit->left = count;
	return &limit->base;
}

static enum gen_answer
time_limit_next(struct generator *g, const struct gen_context *context, struct call *call,
		int64_t *again_ns)
{
	struct wrapper *limit = (struct wrapper *)g;

	if (!limit->has_moment) {
		limit->moment_ns = context->now_ns + limit->span_ns;
		limit->has_moment = true;
	}
	if (context->now_ns >= limit->moment_ns)
		return GEN_DONE;
	enum gen_answer answer = generator_next(limit->child, context, call, again_ns);
	if (answer == GEN_PENDING && *again_ns > limit->moment_ns)
		*again_ns = limit->moment_ns;
	return answer;
}

struct generator *
gen_time_limit(int64_t ns, struct generator *child)
{
	struct wrapper *limit = wrapper_new(child, time_limit_next);

	limit->span_ns = ns;
	return &limit->base;
}

static int64_t
pace_gap(const struct wrapper *pace, struct rng *rng)
{
	if (!pace->is_random)
		return pace->span_ns;
	return (int64_t)rng_below(rng, (uint64_t)pace->span_ns * 2);
}

static enum gen_answer
pace_next(struct generator *g, const struct gen_context *context, struct call *call,
	  int64_t *again_ns)
{
	struct wrapper *pace = (struct wrapper *)g;

	if (pace->has_moment && context->now_ns < pace->moment_ns) {
		*again_ns = pace->moment_ns;
		return GEN_PENDING;
	}
	enum gen_answer answer = generator_next(pace->child, context, call, again_ns);
	if (answer != GEN_OP)
		return answer;
	if (!pace->has_moment || pace->moment_ns < context->now_ns - GEN_BEHIND_NS)
		pace->moment_ns = context->now_ns;
	pace->has_moment = true;
	pace->moment_ns += pace_gap(pace, context->rng);
	return GEN_OP;
}

static struct generator *
pace_new(int64_t ns, bool is_random, struct generator *child)
{
	struct wrapper *pace = wrapper_new(child, pace_next);

	ASSERT(ns > 0);
	pace->span_ns = ns;
	pace->is_random = is_random;
	return &pace->base;
}

struct generator *
gen_stagger(int64_t mean_ns, struct generator *child)
{
	return pace_new(mean_ns, true, child);
}

struct generator *
gen_delay(int64_t ns, struct generator *child)
{
	return pace_new(ns, false, child);
}

static enum gen_answer
audience_next(struct generator *g, const struct gen_context *context, struct call *call,
	      int64_t *again_ns)
{
	struct wrapper *audience = (struct wrapper *)g;

	if (audience->has_ended)
		return GEN_DONE;
	if ((context->thread == GEN_NEMESIS) != audience->nemesis)
		return GEN_PENDING;
	enum gen_answer answer = generator_next(audience->child, context, call, again_ns);
	audience->has_ended = answer == GEN_DONE;
	return answer;
}

static void
audience_update(struct generator *g, const struct gen_context *context,
		const struct call *call)
{
	struct wrapper *audience = (struct wrapper *)g;

	if ((context->thread == GEN_NEMESIS) == audience->nemesis)
		generator_update(audience->child, context, call);
}

static struct generator *
audience_new(bool nemesis, struct generator *child)
{
	struct wrapper *audience = wrapper_new(child, audience_next);

	audience->base.update = audience_update;
	audience->nemesis = nemesis;
	return &audience->base;
}

struct generator *
gen_on_clients(struct generator *child)
{
	return audience_new(false, child);
}

struct generator *
gen_on_nemesis(struct generator *child)
{
	return audience_new(true, child);
}
