#include "tests/workloads/simulation.h"

#include <stdlib.h>

enum {
	SOON_MS = 10,
	THREADS_MAX = 64
};

struct actor {
	struct values values;
	struct call call;
	int64_t free_at_ns; /* -1: free now */
	int64_t again_ns;   /* asks again then */
	bool is_over;
};

static struct sent
describe(const struct call *call, int thread, int64_t now_ns)
{
	struct sent sent = {.at_ns = now_ns, .thread = thread, .f = call->f};

	if (call->key != VAL_OF_NIL)
		sent.key = val_number(call->values, call->key);
	if (val_kind(call->input) == VAL_INT)
		sent.input = val_number(call->values, call->input);
	if (val_kind(call->input) == VAL_LIST) {
		sent.expected =
			val_number(call->values, val_at(call->values, call->input, 0));
		sent.input =
			val_number(call->values, val_at(call->values, call->input, 1));
	}
	return sent;
}

static void
finish(struct simulation *simulation, struct actor *actor, struct gen_context *context)
{
	actor->call.type = OP_OK;
	actor->call.output = VAL_OF_NIL;
	if (simulation->answer != NULL)
		simulation->answer(simulation->context, &actor->call);
	actor->free_at_ns = -1;
	context->busy_count--;
	generator_update(simulation->generator, context, &actor->call);
}

static void
ask(struct simulation *simulation, struct actor *actor, struct gen_context *context)
{
	int64_t again_ns;

	values_clear(&actor->values);
	actor->call = (struct call){.values = &actor->values};
	switch (generator_next(simulation->generator, context, &actor->call, &again_ns)) {
	case GEN_DONE:
		actor->is_over = true;
		break;
	case GEN_PENDING:
		actor->again_ns =
			again_ns > 0 ? again_ns : context->now_ns + SOON_MS * MS;
		break;
	case GEN_OP:
		vec_push(&simulation->ops,
			 describe(&actor->call, context->thread, context->now_ns));
		actor->free_at_ns = context->now_ns + simulation->duration_ns;
		context->busy_count++;
		break;
	}
}

/* Everything that happens at this moment; returns the next one. */
static int64_t
step(struct simulation *simulation, struct actor *actors, int count,
     struct gen_context *context)
{
	int64_t next_ns = INT64_MAX;

	for (int i = 0; i < count; i++) {
		struct actor *actor = &actors[i];
		context->thread = i < simulation->thread_count ? i : GEN_NEMESIS;
		if (actor->free_at_ns >= 0 && actor->free_at_ns <= context->now_ns)
			finish(simulation, actor, context);
	}
	for (int i = 0; i < count; i++) {
		struct actor *actor = &actors[i];
		context->thread = i < simulation->thread_count ? i : GEN_NEMESIS;
		if (actor->is_over)
			continue;
		if (actor->free_at_ns < 0 && actor->again_ns <= context->now_ns)
			ask(simulation, actor, context);
		int64_t at_ns =
			actor->free_at_ns >= 0 ? actor->free_at_ns : actor->again_ns;
		if (!actor->is_over && at_ns < next_ns)
			next_ns = at_ns;
	}
	return next_ns;
}

void
simulate(struct simulation *simulation)
{
	struct actor actors[THREADS_MAX] = {0};
	int count = simulation->thread_count + simulation->has_nemesis;
	struct rng rng;
	struct gen_context context = {.thread_count = simulation->thread_count,
				      .rng = &rng};

	rng_init(&rng, 7);
	for (int i = 0; i < count; i++) {
		values_init(&actors[i].values);
		actors[i].free_at_ns = -1;
	}
	simulation->end_ns = -1;
	while (context.now_ns <= simulation->until_ns) {
		int64_t next_ns = step(simulation, actors, count, &context);
		if (next_ns == INT64_MAX) {
			simulation->end_ns = context.now_ns;
			break;
		}
		context.now_ns = next_ns;
	}
	for (int i = 0; i < count; i++)
		values_release(&actors[i].values);
}

void
simulation_release(struct simulation *simulation)
{
	generator_free(simulation->generator);
	vec_release(&simulation->ops);
}
