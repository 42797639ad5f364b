#include "tests/checkers/random_collection.h"

#include "base/assert.h"
#include "tests/checkers/tuple_shelves.h"

#include <stdlib.h>

struct actor {
	bool is_open, has_run;
	struct op op;
	val seen;
};

struct stage {
	struct history *history;
	const struct random_collection *shape;
	struct rng *rng;
	struct actor *actors;
	VEC(val) contents; /* queue: from `head` on */
	size_t head;
	struct tuple_shelves shelves; /* tuples, each put once: instead of contents */
	VEC(val) put;		      /* whatever was put so far */
	int64_t next_unique;
	uint64_t value_bound; /* a power of two: odd factors shuffle below it */
	size_t ops_left;
	uint32_t *names; /* process ids: renewed after an unknown outcome */
	uint32_t next_name;
};

static const uint16_t fs[COLLECTION_KINDS][3] = {
	[COLLECTION_QUEUE] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_STACK] = {F_PUSH, F_POP, F_PEEK},
	[COLLECTION_PRIORITY_QUEUE] = {F_INSERT, F_POLL, F_PEEK},
	[COLLECTION_BAG] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_TUPLE_SPACE] = {F_WRITE, F_TAKE, F_READ},
};

static bool
chance(struct stage *stage, int percent)
{
	return (int)rng_below(stage->rng, 100) < percent;
}

static int64_t
classes(const struct stage *stage)
{
	return stage->shape->classes == 0 ? 2 : stage->shape->classes;
}

static bool
has_shelves(const struct stage *stage)
{
	return stage->shape->collection == COLLECTION_TUPLE_SPACE &&
	       stage->shape->values == 0;
}

static val
fresh_element(struct stage *stage)
{
	const struct random_collection *shape = stage->shape;
	int64_t number = shape->values == 0
				 ? ++stage->next_unique
				 : (int64_t)rng_below(stage->rng, shape->values) + 1;

	if (shape->values == 0 && shape->shuffled)
		number = (int64_t)((uint64_t)number * 2654435761 % stage->value_bound);
	if (shape->collection == COLLECTION_PRIORITY_QUEUE && shape->values == 3)
		return val_pair(&stage->history->values, val_small(number % 2),
				val_small(number));
	if (shape->collection != COLLECTION_TUPLE_SPACE)
		return val_small(number);
	return val_pair(&stage->history->values, val_small(number % classes(stage)),
			val_small(number));
}

static val
some_pattern(struct stage *stage)
{
	struct values *values = &stage->history->values;
	val type[2] = {val_string(values, "type"),
		       val_string(values, chance(stage, 80) ? "int" : "string")};

	switch (rng_below(stage->rng, 5)) {
	case 0:
		return VAL_OF_NIL;
	case 1:
		return val_pair(values, VAL_OF_NIL, val_map(values, type, 2));
	case 2:
		if (stage->put.count > 0)
			return stage->put.items[rng_below(stage->rng, stage->put.count)];
		return VAL_OF_NIL;
	default:
		return val_pair(values,
				val_small((int64_t)rng_below(stage->rng,
							     (uint64_t)classes(stage))),
				VAL_OF_NIL);
	}
}

static void
begin(struct stage *stage, uint32_t i)
{
	const struct random_collection *shape = stage->shape;
	struct actor *actor = &stage->actors[i];
	int dice = (int)rng_below(stage->rng, 100);
	int role = dice < shape->take_percent			      ? 1
		   : dice < shape->take_percent + shape->look_percent ? 2
								      : 0;
	struct err err;

	*actor = (struct actor){.is_open = true};
	actor->op = (struct op){.process = stage->names[i],
				.f = fs[shape->collection][role],
				.invoke_ns = stage->history->events * (int64_t)1000};
	if (role == 0) {
		actor->op.input = fresh_element(stage);
		vec_push(&stage->put, actor->op.input);
	} else if (shape->collection == COLLECTION_TUPLE_SPACE) {
		actor->op.input = some_pattern(stage);
	}
	ASSERT(history_invoke(stage->history, &actor->op, &err));
	stage->ops_left--;
}

/* Which element a take gets now; SIZE_MAX: none. */
static size_t
choose(struct stage *stage, val pattern)
{
	const struct values *values = &stage->history->values;
	struct check_options options = {0};
	size_t count = stage->contents.count, best = SIZE_MAX, matching = 0;

	if (stage->shape->collection == COLLECTION_QUEUE)
		return stage->head < count ? stage->head : SIZE_MAX;
	if (stage->shape->collection == COLLECTION_STACK)
		return count > 0 ? count - 1 : SIZE_MAX;
	if (stage->shape->collection == COLLECTION_BAG)
		return count > 0 ? rng_below(stage->rng, count) : SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		val v = stage->contents.items[i];
		if (stage->shape->collection == COLLECTION_PRIORITY_QUEUE) {
			if (best == SIZE_MAX ||
			    collection_compare(&options, values, v,
					       stage->contents.items[best]) < 0)
				best = i;
		} else if (collection_matches(values, pattern, v) &&
			   rng_below(stage->rng, ++matching) == 0) {
			best = i;
		}
	}
	return best;
}

static void
take_effect_on_shelves(struct stage *stage, struct actor *actor)
{
	const struct values *values = &stage->history->values;

	if (actor->op.f == F_WRITE) {
		tuple_shelves_put(&stage->shelves, values, actor->op.input);
		return;
	}
	actor->seen =
		tuple_shelves_find(&stage->shelves, values, actor->op.input, stage->rng);
	if (actor->seen != VAL_OF_NIL && actor->op.f == F_TAKE)
		tuple_shelves_remove(&stage->shelves, values, actor->seen);
}

static void
take_effect(struct stage *stage, struct actor *actor)
{
	const uint16_t *f = fs[stage->shape->collection];

	actor->has_run = true;
	if (has_shelves(stage)) {
		take_effect_on_shelves(stage, actor);
		return;
	}
	if (actor->op.f == f[0]) {
		vec_push(&stage->contents, actor->op.input);
		return;
	}
	size_t at = choose(stage, actor->op.input);
	actor->seen = at == SIZE_MAX ? VAL_OF_NIL : stage->contents.items[at];
	if (at == SIZE_MAX || actor->op.f == f[2])
		return;
	if (stage->shape->collection == COLLECTION_QUEUE) {
		stage->head++;
		return;
	}
	stage->contents.items[at] = *vec_last(&stage->contents);
	stage->contents.count--;
}

static bool
is_crash_due(const struct stage *stage)
{
	uint32_t crashes = stage->shape->crashes;

	return crashes > 0 && stage->ops_left % (stage->shape->ops / crashes) == 0;
}

static void
end(struct stage *stage, uint32_t i)
{
	const struct random_collection *shape = stage->shape;
	struct actor *actor = &stage->actors[i];
	struct op op = actor->op;
	bool is_put = op.f == fs[shape->collection][0];
	struct err err;

	op.type = OP_OK;
	if (!actor->has_run && is_put && chance(stage, shape->fail_percent))
		op.type = OP_FAIL;
	else if (is_crash_due(stage) || chance(stage, shape->info_percent))
		op.type = OP_INFO;
	else if (!actor->has_run)
		take_effect(stage, actor);
	if (!is_put && op.type == OP_OK)
		op.output = actor->seen;
	if (!is_put && op.type == OP_OK && chance(stage, shape->wrong_percent))
		op.output =
			stage->put.count == 0 || chance(stage, 20)
				? VAL_OF_NIL
				: stage->put
					  .items[rng_below(stage->rng, stage->put.count)];
	op.complete_ns = stage->history->events * (int64_t)1000;
	ASSERT(history_complete(stage->history, &op, &err));
	if (op.type == OP_INFO)
		stage->names[i] = stage->next_name++;
	actor->is_open = false;
}

void
random_collection_play(struct history *history, const struct random_collection *shape,
		       struct rng *rng)
{
	struct stage stage = {.history = history,
			      .shape = shape,
			      .rng = rng,
			      .ops_left = shape->ops,
			      .next_name = shape->processes,
			      .value_bound = 16};
	size_t open = 0;

	while (stage.value_bound < 2 * shape->ops)
		stage.value_bound *= 2;
	history_init(history);
	tuple_shelves_init(&stage.shelves, (size_t)classes(&stage));
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
	vec_release(&stage.contents);
	vec_release(&stage.put);
	tuple_shelves_release(&stage.shelves);
	free(stage.actors);
	free(stage.names);
}
