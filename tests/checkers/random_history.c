#include "tests/checkers/random_history.h"

#include "base/assert.h"

#include <stdlib.h>

/* One process of the played system. */
struct actor {
	bool is_open, has_run, ok;
	struct op op;
	int64_t seen; /* 0: nil */
};

struct stage {
	struct history *history;
	const struct random_register *shape;
	struct rng *rng;
	struct actor *actors;
	int64_t register_value; /* 0: nil */
	int64_t next_unique;
	size_t ops_left;
	uint32_t *names; /* process ids: renewed after an unknown outcome */
	uint32_t next_name;
};

static bool
chance(struct stage *stage, int percent)
{
	return (int)rng_below(stage->rng, 100) < percent;
}

static int64_t
fresh_value(struct stage *stage)
{
	if (stage->shape->values == 0)
		return ++stage->next_unique;
	return (int64_t)rng_below(stage->rng, stage->shape->values) + 1;
}

/* Any value that was or may have been written; sometimes nil. */
static int64_t
some_value(struct stage *stage)
{
	uint64_t bound = stage->shape->values ? stage->shape->values
					      : (uint64_t)stage->next_unique + 1;

	return (int64_t)rng_below(stage->rng, bound + 1);
}

static val
value_of(int64_t number)
{
	return number == 0 ? VAL_OF_NIL : val_small(number);
}

static void
begin(struct stage *stage, uint32_t i)
{
	struct actor *actor = &stage->actors[i];
	int dice = (int)rng_below(stage->rng, 100);
	struct err err;

	*actor = (struct actor){.is_open = true};
	actor->op = (struct op){.process = stage->names[i],
				.invoke_ns = stage->history->events * (int64_t)1000};
	if (dice < stage->shape->read_percent) {
		actor->op.f = F_READ;
	} else if (dice < stage->shape->read_percent + stage->shape->cas_percent) {
		/* Guess the value of now, so that a good part of them succeeds. */
		int64_t expected =
			chance(stage, 80) ? stage->register_value : some_value(stage);
		actor->op.f = F_CAS;
		actor->op.input = val_pair(&stage->history->values, value_of(expected),
					   val_small(fresh_value(stage)));
	} else {
		actor->op.f = F_WRITE;
		actor->op.input = val_small(fresh_value(stage));
	}
	ASSERT(history_invoke(stage->history, &actor->op, &err));
	stage->ops_left--;
}

/* The moment at which the operation takes effect. */
static void
take_effect(struct stage *stage, struct actor *actor)
{
	const struct values *values = &stage->history->values;

	actor->has_run = true;
	actor->seen = stage->register_value;
	actor->ok = true;
	if (actor->op.f == F_WRITE)
		stage->register_value = val_number(values, actor->op.input);
	if (actor->op.f != F_CAS)
		return;
	actor->ok = value_of(stage->register_value) == val_at(values, actor->op.input, 0);
	if (actor->ok)
		stage->register_value =
			val_number(values, val_at(values, actor->op.input, 1));
}

static void
end(struct stage *stage, uint32_t i)
{
	struct actor *actor = &stage->actors[i];
	struct op op = actor->op;
	struct err err;

	bool is_info = chance(stage, stage->shape->info_percent);
	if (!actor->has_run && op.f == F_WRITE &&
	    chance(stage, stage->shape->fail_percent))
		op.type = OP_FAIL;
	else if (is_info)
		op.type = OP_INFO;
	else if (!actor->has_run)
		take_effect(stage, actor);
	if (op.type == OP_NONE)
		op.type = actor->ok ? OP_OK : OP_FAIL;
	if (op.f == F_READ && op.type == OP_OK)
		op.output = value_of(chance(stage, stage->shape->wrong_percent)
					     ? some_value(stage)
					     : actor->seen);
	op.complete_ns = stage->history->events * (int64_t)1000;
	ASSERT(history_complete(stage->history, &op, &err));
	if (op.type == OP_INFO)
		stage->names[i] = stage->next_name++;
	/* An operation of unknown outcome may still be on its way. */
	actor->is_open = false;
}

void
random_register_play(struct history *history, const struct random_register *shape,
		     struct rng *rng)
{
	struct stage stage = {.history = history,
			      .shape = shape,
			      .rng = rng,
			      .ops_left = shape->ops,
			      .next_name = shape->processes};
	size_t open = 0;

	history_init(history);
	stage.actors = mem_new(shape->processes, sizeof(*stage.actors));
	stage.names = mem_new(shape->processes, sizeof(*stage.names));
	for (uint32_t i = 0; i < shape->processes; i++)
		stage.names[i] = i;
	while (stage.ops_left > 0 || open > 0) {
		uint32_t i = (uint32_t)rng_below(rng, shape->processes);
		struct actor *actor = &stage.actors[i];
		if (!actor->is_open) {
			if (stage.ops_left == 0)
				continue;
			begin(&stage, i);
			open++;
		} else if (!actor->has_run && chance(&stage, 50)) {
			take_effect(&stage, actor);
		} else {
			end(&stage, i);
			open--;
		}
	}
	free(stage.actors);
	free(stage.names);
}
