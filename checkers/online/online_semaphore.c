/* online_semaphore.c - semaphores (checkers/type/semaphore.h) by how many permits may be out
 * (checkers/online/permits.h).
 *
 * Complete: the first prefix without an order raises it. Live: a state or a few, and the
 * operations that are open; those that crashed are counted. */
#include "checkers/online/decider.h"
#include "checkers/online/permits.h"

enum {
	NOTE_KIND,
	PERMITS_MAX = 1 << 20, /* as checkers/type/semaphore.c */
};

static void
start(void *state, const struct online_options *options)
{
	int64_t most = 0;

	val_small_number(options->init, &most);
	permits_start(state, most > 0 && most <= PERMITS_MAX ? (uint32_t)most : 0);
}

static void
stop(void *state)
{
	permits_release(state);
}

/* How many it asks for, one where it is asked with a name; 0: no number of permits. */
static uint32_t
asked(const struct online_call *call)
{
	int64_t count = 1;

	if (call->value != VAL_OF_NIL && val_kind(call->value) != VAL_STRING &&
	    !val_small_number(call->value, &count))
		return 0;
	return count > 0 && count <= PERMITS_MAX ? (uint32_t)count : 0;
}

static void
begin(const struct online_call *call)
{
	struct permits *permits = call->state;
	uint32_t kind;

	if (call->f != F_ACQUIRE && call->f != F_RELEASE)
		online_give_up(call, "not all operations acquire or release");
	else if (permits->most == 0)
		online_give_up(call, "nobody says how many permits there are (--init)");
	else if (asked(call) == 0)
		online_give_up(call, "an operation asked for no number of permits");
	else if (!permits_begin(permits, call->f == F_ACQUIRE, asked(call),
				call->invoke_at, &kind))
		online_give_up(call, "operations ask for too many numbers of permits");
	else
		call->notes[NOTE_KIND] = kind;
}

static void
end(const struct online_call *call)
{
	switch (permits_end(call->state, (uint32_t)call->notes[NOTE_KIND],
			    call->invoke_at, (enum op_type)call->type)) {
	case PERMITS_UNKNOWN:
		online_give_up(call, "too many orders of operations on one semaphore");
		break;
	case PERMITS_UNHEARD:
		if (call->type != OP_INFO)
			online_unheard(call,
				       "more than 64 alike were open on one semaphore");
		break;
	case PERMITS_BROKEN:
		online_violate(call,
			       call->type == OP_FAIL  ? "not-linearizable"
			       : call->f == F_ACQUIRE ? "too-many-permits"
						      : "release-without-permit",
			       0, 0);
		break;
	default:
		break;
	}
}

static void
size(const void *state, struct online_size *size)
{
	const struct permits *permits = state;

	size->values += permits->now.count;
	size->bytes += permits_bytes(permits);
}

const struct online_decider online_semaphore = {
	.name = "semaphore",
	.summary = "more permits out, or given back, than there are: all",
	.state_bytes = sizeof(struct permits),
	.start = start,
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
