#include "workloads/generator.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What mix, any and phases have in common. */
struct many {
	struct generator base;
	struct generator **children; /* owned, and each child */
	bool *has_ended;	     /* one a child */
	int *weights;		     /* mix */
	size_t count;
	size_t current; /* phases */
};

static void
many_update(struct generator *g, const struct gen_context *context,
	    const struct call *call)
{
	struct many *many = (struct many *)g;

	for (size_t i = 0; i < many->count; i++)
		if (!many->has_ended[i])
			generator_update(many->children[i], context, call);
}

static void
many_free(struct generator *g)
{
	struct many *many = (struct many *)g;

	for (size_t i = 0; i < many->count; i++)
		generator_free(many->children[i]);
	free(many->children);
	free(many->has_ended);
	free(many->weights);
	free(many);
}

static struct many *
many_new(struct generator **children, size_t count,
	 enum gen_answer (*next)(struct generator *g, const struct gen_context *context,
				 struct call *call, int64_t *again_ns))
{
	struct many *many = mem_new(1, sizeof(*many));

	ASSERT(count > 0);
	many->base = (struct generator){next, many_update, many_free};
	many->children = mem_new(count, sizeof(*children));
	memcpy(many->children, children, count * sizeof(*children));
	many->has_ended = mem_new(count, sizeof(bool));
	many->count = count;
	return many;
}

/* The answer to "which of two pending children is asked sooner"; 0 means very soon. */
static int64_t
sooner(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* Asks the children in a circle from `first` until one has an operation. */
static enum gen_answer
ask_from(struct many *many, size_t first, const struct gen_context *context,
	 struct call *call, int64_t *again_ns)
{
	int64_t soonest_ns = INT64_MAX;
	bool is_pending = false;

	for (size_t k = 0; k < many->count; k++) {
		size_t i = (first + k) % many->count;
		if (many->has_ended[i])
			continue;
		enum gen_answer answer =
			generator_next(many->children[i], context, call, again_ns);
		if (answer == GEN_OP)
			return GEN_OP;
		many->has_ended[i] = answer == GEN_DONE;
		if (answer == GEN_PENDING) {
			soonest_ns = sooner(soonest_ns, *again_ns);
			is_pending = true;
		}
	}
	*again_ns = soonest_ns;
	return is_pending ? GEN_PENDING : GEN_DONE;
}

static enum gen_answer
any_next(struct generator *g, const struct gen_context *context, struct call *call,
	 int64_t *again_ns)
{
	return ask_from((struct many *)g, 0, context, call, again_ns);
}

struct generator *
gen_any(struct generator **children, size_t count)
{
	return &many_new(children, count, any_next)->base;
}

/* A child that has not ended, drawn by weight. */
static size_t
draw_child(const struct many *mix, struct rng *rng)
{
	uint64_t total = 0;

	for (size_t i = 0; i < mix->count; i++)
		total += mix->has_ended[i] ? 0 : (uint64_t)mix->weights[i];
	if (total == 0)
		return 0;
	uint64_t drawn = rng_below(rng, total);
	for (size_t i = 0; i < mix->count; i++) {
		uint64_t weight = mix->has_ended[i] ? 0 : (uint64_t)mix->weights[i];
		if (drawn < weight)
			return i;
		drawn -= weight;
	}
	return 0;
}

static enum gen_answer
mix_next(struct generator *g, const struct gen_context *context, struct call *call,
	 int64_t *again_ns)
{
	struct many *mix = (struct many *)g;

	return ask_from(mix, draw_child(mix, context->rng), context, call, again_ns);
}

struct generator *
gen_mix(struct generator **children, const int *weights, size_t count)
{
	struct many *mix = many_new(children, count, mix_next);

	mix->weights = mem_new(count, sizeof(*weights));
	memcpy(mix->weights, weights, count * sizeof(*weights));
	return &mix->base;
}

static enum gen_answer
phases_next(struct generator *g, const struct gen_context *context, struct call *call,
	    int64_t *again_ns)
{
	struct many *phases = (struct many *)g;

	while (phases->current < phases->count) {
		size_t i = phases->current;
		if (!phases->has_ended[i]) {
			enum gen_answer answer = generator_next(phases->children[i],
								context, call, again_ns);
			if (answer != GEN_DONE)
				return answer;
			phases->has_ended[i] = true;
		}
		if (context->busy_count > 0) {
			*again_ns = 0;
			return GEN_PENDING;
		}
		phases->current++;
	}
	return GEN_DONE;
}

struct generator *
gen_phases(struct generator **children, size_t count)
{
	return &many_new(children, count, phases_next)->base;
}
