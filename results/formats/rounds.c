#include "results/formats/rounds.h"

#include "base/assert.h"
#include "base/clock.h"

#include <stdlib.h>

/* How many of its operations begin and end; then where the next one begins, ends and
 * stands. */
struct round {
	uint32_t begins, ends, place;
};

struct rounds {
	uint32_t *of; /* owned: which of its process each operation is; then its place */
	VEC(struct round) rounds;
};

static void
count(struct rounds *rounds, const struct history *history)
{
	struct map done = {0}; /* process -> its operations so far */
	uint64_t *round = NULL;

	rounds->of = mem_new(history->ops.count + 1, sizeof(*rounds->of));
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (i == 0 || op->process != op[-1].process)
			round = map_at(&done, op->process, NULL);
		rounds->of[i] = (uint32_t)*round;
		if (*round == rounds->rounds.count)
			vec_push(&rounds->rounds, (struct round){0});
		struct round *counted = &rounds->rounds.items[(*round)++];
		counted->begins++;
		counted->ends += op->type != OP_INFO;
	}
	map_release(&done);
}

/* In a round all begin, then all end. Returns the positions that they take together. */
static uint32_t
find_starts(struct rounds *rounds)
{
	uint32_t position = 0, place = 0;

	vec_each (struct round, round, &rounds->rounds) {
		struct round counted = *round;
		*round = (struct round){.begins = position,
					.ends = position + counted.begins,
					.place = place};
		position += counted.begins + counted.ends;
		place += counted.begins;
	}
	return position;
}

static void
give(struct round *round, struct op *op)
{
	bool has_end = op->type != OP_INFO;

	op->invoke_at = round->begins++;
	op->complete_at = has_end ? round->ends++ : OP_NEVER;
	op->invoke_ns = op->invoke_at * NS_PER_MS;
	op->complete_ns = has_end ? op->complete_at * NS_PER_MS : -1;
}

/* Puts each operation where it belongs. */
static void
move(const struct rounds *rounds, struct history *history)
{
	size_t ops = history->ops.count;
	struct op *moved = mem_new(ops, sizeof(*moved));

	for (size_t i = 0; i < ops; i++)
		moved[rounds->of[i]] = history->ops.items[i];
	free(history->ops.items);
	history->ops.items = moved;
	history->ops.capacity = ops;
}

void
rounds_give(struct history *history)
{
	struct rounds rounds = {0};
	bool is_sorted = true;

	ASSERT(history->ops.count < (size_t)1 << 31);
	count(&rounds, history);
	history->events = find_starts(&rounds);
	for (size_t i = 0; i < history->ops.count; i++) {
		struct round *round = &rounds.rounds.items[rounds.of[i]];
		give(round, &history->ops.items[i]);
		rounds.of[i] = round->place++;
		is_sorted &= rounds.of[i] == i;
	}
	if (!is_sorted)
		move(&rounds, history);
	free(rounds.of);
	vec_release(&rounds.rounds);
}
