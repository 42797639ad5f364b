#include "checkers/transaction/txn_sessions.h"

#include "base/map.h"

/* Some process went on behind a transaction of unknown outcome. */
static bool
go_on(const struct history *history)
{
	struct map ended = {0};
	bool goes_on = false;

	vec_each (const struct op, op, &history->ops) {
		goes_on = ended.count > 0 && map_find(&ended, op->process) != NULL;
		if (goes_on)
			break;
		if (op->type == OP_INFO)
			map_at(&ended, op->process, NULL);
	}
	map_release(&ended);
	return goes_on;
}

/* Processes and the numbers of their later sessions are told apart by a number behind all. */
static uint32_t
first_free(const struct history *history)
{
	uint32_t most = 0;

	vec_each (const struct op, op, &history->ops)
		most = op->process > most ? op->process : most;
	return most + 1;
}

static void
split_sessions(const struct history *history, struct history *split)
{
	uint32_t next = first_free(history);
	struct map sessions = {0}; /* process -> its session */

	history_copy(history, split);
	vec_each (struct op, op, &split->ops) {
		bool is_new;
		uint64_t *session = map_at(&sessions, op->process, &is_new);
		if (is_new)
			*session = op->process;
		op->process = (uint32_t)*session;
		if (op->type == OP_INFO)
			*session = next++;
	}
	map_release(&sessions);
}

const struct history *
txn_sessions_of(const struct history *history, struct history *split)
{
	if (!go_on(history)) {
		history_init(split);
		return history;
	}
	split_sessions(history, split);
	return split;
}
