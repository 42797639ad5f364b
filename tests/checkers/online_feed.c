#include "tests/checkers/online_feed.h"

static int64_t
number_of(val v)
{
	int64_t number;

	return val_small_number(v, &number) ? number : ONLINE_NIL;
}

static struct online_op
online_op_of(const struct history *history, const struct op *op, bool is_ended)
{
	const struct values *values = &history->values;
	struct online_op told = {.key = number_of(op->key),
				 .written = ONLINE_NIL,
				 .seen = ONLINE_NIL,
				 .invoke_at = op->invoke_at,
				 .complete_at = op->complete_at,
				 .type = is_ended ? op->type : OP_NONE,
				 .writes = op->f != F_READ,
				 .sees = op->f != F_WRITE};

	if (op->f == F_CAS) {
		told.seen = number_of(val_at(values, op->input, 0));
		told.written = number_of(val_at(values, op->input, 1));
	} else if (op->f == F_WRITE) {
		told.written = number_of(op->input);
	} else {
		told.seen = number_of(op->output);
	}
	return told;
}

/* When the recorder hears of its end: info ones after a while. */
static uint32_t
end_of(const struct op *op)
{
	return op->complete_at != OP_NEVER ? op->complete_at : op->invoke_at + 50;
}

void
online_feed(struct online *online, const struct history *history, uint32_t batch)
{
	const struct op *ops = history->ops.items;
	VEC(uint32_t) open = {0};
	size_t next = 0;

	for (uint32_t until = batch;
	     (next < history->ops.count || open.count > 0) && !online_violation(online);
	     until += batch) {
		size_t kept = 0;
		for (size_t i = 0; i < open.count; i++) {
			const struct op *op = &ops[open.items[i]];
			struct online_op told = online_op_of(history, op, true);
			if (end_of(op) < until)
				online_end(online, &told);
			else
				open.items[kept++] = open.items[i];
		}
		open.count = kept;
		for (; next < history->ops.count && ops[next].invoke_at < until; next++) {
			bool is_ended = end_of(&ops[next]) < until;
			if (next % 32 == 0)
				online_advance(online, ops[next].invoke_at);
			struct online_op told =
				online_op_of(history, &ops[next], is_ended);
			if (is_ended) {
				online_end(online, &told);
				continue;
			}
			online_open(online, &told);
			vec_push(&open, (uint32_t)next);
		}
		online_advance(online, until);
	}
	vec_release(&open);
}
