/* online_lock.c - locks, and locks with fencing tokens (checkers/type/lock.h) by all that may
 * hold them (checkers/online/holders.h).
 *
 * Complete for lock: the first prefix without an order raises it. Left to the end: with
 * tokens, those of an acquire that took effect before it ended (its owner is also told by
 * another operation that was open with it, or crashed). Live: a holding or two, the
 * operations that are open, and what crashed, by owner, 60 bytes each. */
#include "checkers/online/decider.h"
#include "checkers/online/holders.h"

enum {
	NOTE_NUMBER,
	NESTED_MAX = INT32_MAX,
};

static void
start_locks(void *state, const struct online_options *options, bool has_tokens)
{
	struct holders *holders = state;

	holders->deepest = options->is_reentrant ? NESTED_MAX : 1;
	holders->has_tokens = has_tokens;
	holders->has_one_owner = options->is_mutex;
	holders_start(holders);
}

static void
start_lock(void *state, const struct online_options *options)
{
	start_locks(state, options, false);
}

static void
start_fenced(void *state, const struct online_options *options)
{
	start_locks(state, options, true);
}

static void
stop(void *state)
{
	holders_release(state);
}

static void
begin_with(const struct online_call *call, struct holder_call *asked)
{
	uint32_t number;

	asked->is_acquire = call->f == F_ACQUIRE;
	if (call->f != F_ACQUIRE && call->f != F_RELEASE)
		online_give_up(call, "not all operations acquire or release");
	else if (!holders_begin(call->state, asked, &number))
		online_give_up(call, "more than 64 operations on one lock are open");
	else
		call->notes[NOTE_NUMBER] = number;
}

/* The owner is the input where there is one, else the process. */
static void
begin_lock(const struct online_call *call)
{
	const struct holders *holders = call->state;
	struct holder_call asked = {.owner = val_small(0)};

	if (!holders->has_one_owner)
		asked.owner = call->value != VAL_OF_NIL
				      ? online_value_of(call->values, call->value)
				      : val_small(call->process);
	begin_with(call, &asked);
}

static void
conclude(const struct online_call *call, enum holders_state state,
	 const char *when_acquired, const char *when_released)
{
	const struct holders *holders = call->state;
	online_value owner = holders->now.items[0].owner;

	if (state == HOLDERS_UNKNOWN)
		online_give_up(call, "too many orders of operations on one lock");
	if (state == HOLDERS_BROKEN_BY_TOKEN)
		online_violate(call, "token-not-increasing",
			       online_value_of(call->values, call->value),
			       val_small(holders->now.items[0].token));
	if (state == HOLDERS_BROKEN)
		online_violate(call,
			       call->type == OP_FAIL  ? "not-linearizable"
			       : call->f == F_ACQUIRE ? when_acquired
						      : when_released,
			       0, owner);
}

static void
end_lock(const struct online_call *call)
{
	struct holders *holders = call->state;
	int64_t token;

	if (call->type == OP_OK && val_kind(call->value) == VAL_MAP) {
		online_give_up(call,
			       "who holds the lock is told when operations end only");
		return;
	}
	bool has_token = holders->has_tokens && call->f == F_ACQUIRE &&
			 call->type == OP_OK && val_small_number(call->value, &token);

	conclude(call,
		 holders_end(holders, (uint32_t)call->notes[NOTE_NUMBER],
			     (enum op_type)call->type, has_token ? &token : NULL),
		 "lock-held-twice", "release-without-hold");
}

static void
size(const void *state, struct online_size *size)
{
	const struct holders *holders = state;

	size->values += holders->now.count + holders->lost.count;
	size->bytes += holders_bytes(holders);
}

const struct online_decider online_lock = {
	.name = "lock",
	.summary = "held twice, or released by one who does not hold it: all",
	.state_bytes = sizeof(struct holders),
	.open_max = HOLDERS_OPEN_MAX,
	.start = start_lock,
	.stop = stop,
	.begin = begin_lock,
	.end = end_lock,
	.size = size,
};

const struct online_decider online_fenced_lock = {
	.name = "fenced-lock",
	.summary = "as lock, and tokens that do not increase",
	.state_bytes = sizeof(struct holders),
	.open_max = HOLDERS_OPEN_MAX,
	.start = start_fenced,
	.stop = stop,
	.begin = begin_lock,
	.end = end_lock,
	.size = size,
};
