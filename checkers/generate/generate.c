#include "checkers/generate/generate.h"

#include "base/assert.h"
#include "base/text.h"
#include "checkers/generate/world.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROCESSES_DEFAULT = 5,
	TXN_KEYS_DEFAULT = 5,
	EVENT_NS = 100000, /* between two events */
	SET_READS = 20,	   /* of a whole set, before the final ones */
};

/* One client: idle, then asked, then its operation took effect, then idle again. */
struct actor {
	enum {
		ACTOR_IDLE = 0,
		ACTOR_ASKED,
		ACTOR_DONE
	} at;
	uint32_t process;    /* a new one after an unknown outcome */
	struct thing *thing; /* borrowed; of no use to transactions */
	struct op op;
};

struct play {
	struct world world;
	const struct acting *acting;
	const struct generate_options *options; /* borrowed; filled */
	struct actor *actors;			/* owned */
	uint32_t next_process, open_count;
	uint32_t refused; /* the error of operations that are made to fail */
	uint64_t asked;
};

static int64_t
now_ns(const struct play *play)
{
	return (int64_t)play->world.history->events * EVENT_NS;
}

static void
ask(struct play *play, struct actor *actor)
{
	struct world *world = &play->world;
	uint32_t key =
		(uint32_t)(world->is_final ? play->asked % world->key_count
					   : rng_below(&world->rng, world->key_count));
	struct err err;

	actor->thing = &world->things.items[key];
	actor->op = (struct op){.process = actor->process, .invoke_ns = now_ns(play)};
	if (!play->acting->is_txn && world->key_count > 1)
		actor->op.key = val_small(key);
	play->acting->ask(world, actor->thing, &actor->op);
	ASSERT(history_invoke(world->history, &actor->op, &err));
	actor->at = ACTOR_ASKED;
	play->open_count++;
	play->asked++;
}

static void
act(struct play *play, struct actor *actor)
{
	struct world *world = &play->world;
	const struct acting *acting = play->acting;
	bool is_unseen = !world->is_final &&
			 world_chance(world, play->options->info_percent) &&
			 (acting->is_seen == NULL || !acting->is_seen(&actor->op));

	actor->at = ACTOR_DONE;
	if (!world->is_final && play->options->fail_percent > 0 &&
	    world_chance(world, play->options->fail_percent)) {
		actor->op.type = OP_FAIL;
		actor->op.error = play->refused;
		return;
	}
	if (!is_unseen) {
		bool ok = acting->act(world, actor->thing, &actor->op);
		actor->op.type = ok ? OP_OK : OP_FAIL;
		return;
	}
	if (acting->act_unseen != NULL ? acting->act_unseen(&actor->op)
				       : rng_chance(&world->rng, 0.5))
		acting->act(world, actor->thing, &actor->op);
	actor->op.type = OP_INFO;
}

static void
answer(struct play *play, struct actor *actor)
{
	struct err err;

	if (actor->op.type != OP_OK)
		actor->op.output = VAL_OF_NIL;
	actor->op.complete_ns = now_ns(play);
	ASSERT(history_complete(play->world.history, &actor->op, &err));
	if (actor->op.type == OP_INFO)
		actor->process = play->next_process++;
	actor->at = ACTOR_IDLE;
	play->open_count--;
}

/* Each key is read twice (all of them at once, where operations have no key), as far as
 * half of the operations allow. */
static uint64_t
final_read_count(const struct play *play)
{
	uint64_t wanted = play->acting->is_txn ? 2 : (uint64_t)play->world.key_count * 2;
	uint64_t most = play->options->operations / 2;

	return wanted < most ? wanted : most;
}

/* Final reads begin when nothing else is open. */
static bool
may_ask(struct play *play)
{
	const struct generate_options *options = play->options;

	if (play->asked == options->operations)
		return false;
	if (!play->acting->has_final_reads ||
	    play->asked + final_read_count(play) < options->operations)
		return true;
	play->world.is_final = play->world.is_final || play->open_count == 0;
	return play->world.is_final;
}

static void
step(struct play *play)
{
	struct actor *actor =
		&play->actors[rng_below(&play->world.rng, play->options->processes)];

	switch (actor->at) {
	case ACTOR_IDLE:
		if (may_ask(play))
			ask(play, actor);
		break;
	case ACTOR_ASKED:
		act(play, actor);
		break;
	case ACTOR_DONE:
		answer(play, actor);
		break;
	}
}

static void
play_all(struct play *play)
{
	const struct generate_options *options = play->options;
	struct world *world = &play->world;

	world->live = mem_new(world->key_count, sizeof(*world->live));
	for (uint32_t i = 0; i < world->key_count; i++) {
		world->live[i] = i;
		vec_push(&world->things, (struct thing){0});
	}
	play->refused = options->fail_percent > 0
				? history_error_id(world->history, "refused")
				: 0;
	play->actors = mem_new(options->processes, sizeof(*play->actors));
	for (uint32_t i = 0; i < options->processes; i++)
		play->actors[i].process = play->next_process++;
	while (play->asked < options->operations || play->open_count > 0)
		step(play);
	vec_each (struct thing, thing, &world->things)
		vec_release(&thing->items);
	vec_release(&world->things);
	map_release(&world->seen);
	free(world->live);
	free(play->actors);
}

/* ---- options ---- */

#define TYPE(id) extern const struct acting acting_##id;
#include "checkers/generate/types.def"
#undef TYPE

static const struct acting *const actings[] = {
#define TYPE(id) &acting_##id,
#include "checkers/generate/types.def"
#undef TYPE
};

enum {
	ACTING_COUNT = sizeof(actings) / sizeof(actings[0])
};

static const struct acting *
find_acting(const char *name, struct err *err)
{
	const char *names[ACTING_COUNT];

	for (size_t i = 0; i < ACTING_COUNT; i++) {
		names[i] = actings[i]->type.name;
		if (strcmp(names[i], name) == 0)
			return actings[i];
	}
	const char *nearest = text_nearest(name, names, ACTING_COUNT);
	err_set(err, "no history of type '%s' can be generated", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "'faultline generate --help' shows the types");
	return NULL;
}

static bool
is_any(const char *name)
{
	return strcmp(name, "any") == 0;
}

static size_t
mutation_count(const struct acting *acting)
{
	size_t count = 0;

	while (acting->type.mutations[count].name != NULL)
		count++;
	return count;
}

static bool
refuse_mutation(const struct acting *acting, const char *name, struct err *err)
{
	const struct generate_mutation *mutations = acting->type.mutations;
	struct buf all = {0};

	for (size_t i = 0; mutations[i].name != NULL; i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", mutations[i].name);
	err_set(err, "a %s has no mutation '%s'", acting->type.name, name);
	err_hint(err, "it has: %s", buf_text(&all));
	buf_release(&all);
	return false;
}

/* The number of the mutation in *which; of "any" that of the first one to be tried. */
static bool
find_mutation(const struct acting *acting, const char *name, struct rng *rng,
	      size_t *which, struct err *err)
{
	size_t count = mutation_count(acting);

	*which = is_any(name) ? rng_below(rng, count) : 0;
	while (!is_any(name) && *which < count &&
	       strcmp(acting->type.mutations[*which].name, name) != 0)
		++*which;
	return *which < count || refuse_mutation(acting, name, err);
}

static bool
plant(struct history *history, const struct acting *acting, const char *name,
      size_t which, struct rng *rng, struct err *err)
{
	size_t count = mutation_count(acting), tries = is_any(name) ? count : 1;
	struct mutating m = {history, rng};

	for (size_t i = 0; i < tries; i++)
		if (mutate_somewhere(&m, acting->mutate[(which + i) % count]))
			return true;
	err_set(err, "the history has no place for '%s'", name);
	return err_hint(
		err, "more operations, another seed, or operations that fail (--fail)");
}

static bool
check_percent(int percent, struct err *err)
{
	return (percent >= 0 && percent <= 100) ||
	       err_set(err, "a percentage must be 0 .. 100, not %d", percent);
}

static bool
check_numbers(const struct generate_options *options, struct err *err)
{
	if (options->operations == 0 || options->operations > GENERATE_OPERATIONS_MAX)
		return err_set(err,
			       "the number of operations must be 1 .. %llu, not %llu",
			       (unsigned long long)GENERATE_OPERATIONS_MAX,
			       (unsigned long long)options->operations);
	if (options->processes > GENERATE_PROCESSES_MAX)
		return err_set(err, "at most %d processes, not %u",
			       GENERATE_PROCESSES_MAX, options->processes);
	if (options->keys > GENERATE_KEYS_MAX)
		return err_set(err, "at most %d keys, not %u", GENERATE_KEYS_MAX,
			       options->keys);
	return check_percent(options->info_percent, err) &&
	       check_percent(options->fail_percent, err);
}

const struct generate_type *const *
generate_types(size_t *count)
{
	/* A type is the first member of its acting. */
	*count = ACTING_COUNT;
	return (const struct generate_type *const *)actings;
}

bool
generate_history(struct history *history, const struct generate_options *options,
		 struct err *err)
{
	struct generate_options filled = *options;
	const struct acting *acting = find_acting(options->type, err);
	struct rng choices;
	size_t which = 0;

	if (acting == NULL || !check_numbers(options, err))
		return false;
	if (filled.processes == 0)
		filled.processes = PROCESSES_DEFAULT;
	if (filled.keys == 0)
		filled.keys = acting->is_txn ? TXN_KEYS_DEFAULT : 1;
	rng_split(&choices, options->seed, 1);
	if (options->mutate != NULL &&
	    !find_mutation(acting, options->mutate, &choices, &which, err))
		return false;
	struct play play = {.acting = acting, .options = &filled};
	play.world.history = history;
	play.world.key_count = filled.keys;
	play.world.read_each = filled.operations / SET_READS + 1;
	rng_split(&play.world.rng, options->seed, 0);
	play_all(&play);
	return options->mutate == NULL ||
	       plant(history, acting, options->mutate, which, &choices, err);
}
