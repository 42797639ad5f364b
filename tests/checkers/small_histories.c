#include "tests/checkers/small_histories.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

size_t
choose(struct choices *choices, size_t count)
{
	if (!choices->tries_all)
		return rng_below(&choices->rng, count);
	if (choices->at == choices->path.count)
		vec_push(&choices->path, (struct choice){.of = count});
	return choices->path.items[choices->at++].taken;
}

bool
choose_whether(struct choices *choices, double probability)
{
	return choices->tries_all ? choose(choices, 2) == 1
				  : rng_chance(&choices->rng, probability);
}

bool
choices_next(struct choices *choices)
{
	choices->at = 0;
	for (; choices->path.count > 0; choices->path.count--) {
		struct choice *last = vec_last(&choices->path);
		if (++last->taken < last->of)
			return true;
	}
	return false;
}

void
choices_release(struct choices *choices)
{
	vec_release(&choices->path);
}

/* ---- interleavings -------------------------------------------------------------------- */

struct open_ops {
	struct op of[SMALL_OPS_MAX];
	size_t count;
};

static void
begin(struct history *history, struct choices *choices, const struct small_player *player,
      struct open_ops *open)
{
	struct op *op = &open->of[open->count++];
	struct err err;

	*op = (struct op){.process = (uint32_t)history->ops.count};
	player->begin(player->context, history, choices, op);
	assert_true(history_invoke(history, op, &err));
}

static void
end(struct history *history, struct choices *choices, const struct small_player *player,
    struct open_ops *open, size_t i)
{
	struct op op = open->of[i];
	struct err err;

	for (open->count--; i < open->count; i++)
		open->of[i] = open->of[i + 1];
	player->end(player->context, history, choices, &op);
	if (op.type != OP_INFO)
		assert_true(history_complete(history, &op, &err));
}

/* Each operation that is open may end next, or another begin; when all have begun those that
 * are open may also stay so. */
void
small_history_play(struct history *history, struct choices *choices, size_t ops,
		   const struct small_player *player)
{
	struct open_ops open = {.count = 0};

	assert_true(ops <= SMALL_OPS_MAX);
	history_init(history);
	for (;;) {
		bool is_complete = history->ops.count == ops;
		size_t next = is_complete && open.count == 0
				      ? 0
				      : choose(choices, open.count + 1);
		if (next < open.count)
			end(history, choices, player, &open, next);
		else if (is_complete)
			return;
		else
			begin(history, choices, player, &open);
	}
}

val
micro_op(struct history *history, const char *f, size_t key, val v)
{
	struct values *values = &history->values;

	return val_list(values,
			(val[]){val_string(values, f), val_small((int64_t)key), v}, 3);
}
