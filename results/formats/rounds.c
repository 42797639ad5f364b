#include "results/formats/rounds.h"

#include "base/clock.h"

#include <stdlib.h>

struct rounds {
	uint32_t *ranks;    /* owned: which of its process each operation is */
	VEC(uint32_t) next; /* of each round: the next position for an invocation */
	VEC(uint32_t) sizes;
};

static void
rank_operations(struct rounds *rounds, const struct history *history)
{
	struct map done = {0}; /* process -> its operations so far */

	rounds->ranks = mem_new(history->ops.count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < history->ops.count; i++) {
		uint64_t *rank = map_at(&done, history->ops.items[i].process, NULL);
		rounds->ranks[i] = (uint32_t)*rank;
		if (*rank == rounds->sizes.count)
			vec_push(&rounds->sizes, 0);
		rounds->sizes.items[(*rank)++]++;
	}
	map_release(&done);
}

/* A round takes two positions for each of its operations: all begin, then all end. */
static void
find_starts(struct rounds *rounds)
{
	uint32_t position = 0;

	vec_each (uint32_t, size, &rounds->sizes) {
		vec_push(&rounds->next, position);
		position += 2 * *size;
	}
}

static void
place(struct rounds *rounds, uint32_t round, struct op *op)
{
	op->invoke_at = rounds->next.items[round]++;
	op->complete_at = op->invoke_at + rounds->sizes.items[round];
	op->invoke_ns = op->invoke_at * NS_PER_MS;
	op->complete_ns = op->complete_at * NS_PER_MS;
	if (op->type == OP_INFO) {
		op->complete_at = OP_NEVER;
		op->complete_ns = -1;
	}
}

void
rounds_give(struct history *history)
{
	struct rounds rounds = {0};

	rank_operations(&rounds, history);
	find_starts(&rounds);
	for (size_t i = 0; i < history->ops.count; i++)
		place(&rounds, rounds.ranks[i], &history->ops.items[i]);
	history_sort(history);
	free(rounds.ranks);
	vec_release(&rounds.next);
	vec_release(&rounds.sizes);
}
