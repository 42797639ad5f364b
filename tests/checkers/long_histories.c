#include "tests/checkers/long_histories.h"

#include "base/assert.h"

#include <string.h>

static val
mop(struct values *values, const char *f, int64_t key, val value)
{
	return val_list(values, (val[]){val_string(values, f), val_small(key), value}, 3);
}

static val
list_of(struct values *values, val item)
{
	return val_list(values, &item, 1);
}

static void
queue_op(struct history *history, int64_t i, struct op *op)
{
	(void)history;
	op->f = i % 2 == 0 ? F_ENQUEUE : F_DEQUEUE;
	op->input = i % 2 == 0 ? val_small(i / 2) : VAL_OF_NIL;
	op->output = val_small(i / 2);
}

static void
fork_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;

	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = list_of(values, mop(values, i % 2 == 0 ? "w" : "r", i / 2,
					i % 2 == 0 ? val_small(1) : VAL_OF_NIL));
	op->output =
		list_of(values, mop(values, i % 2 == 0 ? "w" : "r", i / 2, val_small(1)));
}

static void
growth_op(struct history *history, int64_t i, struct op *op)
{
	op->f = F_INCREMENT;
	op->output =
		val_map(&history->values, (val[]){val_small(i % 3), val_small(i)}, 2);
}

static void
log_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;
	val record = val_pair(values, val_small(i / 2), val_small(i / 2));
	val records = val_map(values, (val[]){val_small(0), list_of(values, record)}, 2);

	op->process = (uint32_t)(i % 2);
	op->f = i % 2 == 0 ? F_SEND : F_POLL;
	op->input =
		list_of(values, i % 2 == 0 ? mop(values, "send", 0, val_small(i / 2))
					   : list_of(values, val_string(values, "poll")));
	op->output =
		list_of(values, i % 2 == 0 ? mop(values, "send", 0, record)
					   : val_pair(values, val_string(values, "poll"),
						      records));
}

static void
row_op(struct history *history, int64_t i, struct op *op)
{
	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = i % 2 == 0 ? val_small(i) : VAL_OF_NIL;
	op->output =
		i % 2 == 0 ? val_small(i) : list_of(&history->values, val_small(i - 1));
}

static void
element_op(struct history *history, int64_t i, struct op *op)
{
	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = i % 2 == 0 ? val_small(i) : VAL_OF_NIL;
	op->output = i % 2 == 0 ? val_small(i) : val_list(&history->values, NULL, 0);
}

static void
bank_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;
	int64_t moved = (i + 1) / 2 % 50;

	op->f = F_READ;
	if (i % 2 == 1) {
		op->output = val_map(values,
				     (val[]){val_small(0), val_small(50 - moved),
					     val_small(1), val_small(50 + moved)},
				     4);
		return;
	}
	int64_t amount = (i / 2 + 1) % 50 == 0 ? -49 : 1;
	op->f = F_TRANSFER;
	op->input = val_map(values,
			    (val[]){val_string(values, "from"), val_small(0),
				    val_string(values, "to"), val_small(1),
				    val_string(values, "amount"), val_small(amount)},
			    6);
}

static void
insert_op(struct history *history, int64_t i, struct op *op)
{
	op->f = F_INSERT;
	op->key = val_small(i);
	op->input = val_pair(&history->values, val_small(i), VAL_OF_NIL);
	op->output = op->input;
}

const struct long_history long_histories[LONG_HISTORY_KINDS] = {
	{"total-queue", queue_op}, {"long-fork", fork_op},
	{"monotonic", growth_op},  {"kafka", log_op},
	{"dirty-reads", row_op},   {"causal-reverse", element_op},
	{"bank", bank_op},	   {"g2", insert_op},
};

const struct long_history *
long_history_of(const char *checker)
{
	size_t i = 0;

	while (i < LONG_HISTORY_KINDS && strcmp(long_histories[i].checker, checker) != 0)
		i++;
	ASSERT(i < LONG_HISTORY_KINDS);
	return &long_histories[i];
}

void
long_history_play(const struct long_history *kind, struct history *history, int64_t ops)
{
	history_init(history);
	for (int64_t i = 0; i < ops; i++) {
		struct op op = {.type = OP_OK,
				.invoke_at = (uint32_t)(2 * i),
				.complete_at = (uint32_t)(2 * i + 1)};
		kind->fill(history, i, &op);
		history_add(history, &op);
	}
	history_sort(history);
}
