/* online_counter.c - counters (checkers/type/counter.h) by bounds: what was acknowledged
 * before a read began is in its result, what began after it ended is not.
 *
 * Found on the way: read-too-low and read-too-high; as long as nothing was taken away also
 * counter-went-back, against every read and fetch-and-add that ended before, and
 * duplicate-fetch. Left to the end: what takes sums of some changes and not of others.
 * O(1) an operation; memory O(operations open at once). */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/peaks.h"

/* Sums of changes, those up and those down apart. */
struct sums {
	int64_t up, down;
};

/* A fetch-and-add that ended when an operation was open that is still. */
struct fetched {
	int64_t value, at;
};

struct online_counter {
	int64_t init;
	struct sums begun, acknowledged;
	struct peaks reached; /* values, while nothing goes down */
	VEC(struct fetched) fetched;
};

enum {
	NOTE_DELTA,
	NOTE_UP, /* acknowledged when it began */
	NOTE_DOWN,
	VALUE_BITS = 28 /* of values and changes: sums of 2^32 of them fit into a word */
};

static bool
is_small(int64_t number)
{
	return number < (int64_t)1 << VALUE_BITS && number > -((int64_t)1 << VALUE_BITS);
}

/* False: it is no operation of a counter. */
static bool
delta_of(const struct online_call *call, int64_t *delta)
{
	*delta = 0;
	if (call->f == F_READ)
		return true;
	*delta = 1;
	if (call->value != VAL_OF_NIL && !val_small_number(call->value, delta))
		return false;
	if (call->f == F_DECREMENT)
		*delta = -*delta;
	return is_small(*delta) && (call->f == F_DECREMENT || call->f == F_INCREMENT ||
				    call->f == F_ADD || call->f == F_FETCH_ADD);
}

static void
add(struct sums *sums, int64_t delta, int times)
{
	if (delta > 0)
		sums->up += times * delta;
	else
		sums->down += times * delta;
}

static void
begin(const struct online_call *call)
{
	struct online_counter *counter = call->state;
	int64_t delta;

	if (!delta_of(call, &delta)) {
		online_give_up(call, "not all operations are those of a counter");
		return;
	}
	add(&counter->begun, delta, 1);
	call->notes[NOTE_DELTA] = (uint64_t)delta;
	call->notes[NOTE_UP] = (uint64_t)counter->acknowledged.up;
	call->notes[NOTE_DOWN] = (uint64_t)counter->acknowledged.down;
}

static void
judge_bounds(const struct online_call *call, int64_t value, int64_t delta)
{
	const struct online_counter *counter = call->state;
	struct sums own = {0};

	add(&own, delta, 1);
	int64_t low = counter->init + (int64_t)call->notes[NOTE_UP] +
		      counter->begun.down - own.down;
	int64_t high = counter->init + counter->begun.up - own.up +
		       (int64_t)call->notes[NOTE_DOWN];
	if (value < low)
		online_violate(call, "read-too-low", val_small(value), val_small(low));
	if (value > high)
		online_violate(call, "read-too-high", val_small(value), val_small(high));
}

static void
judge_fetched(const struct online_call *call, int64_t value)
{
	struct online_counter *counter = call->state;
	size_t kept = 0;

	for (size_t i = 0; i < counter->fetched.count; i++) {
		struct fetched fetched = counter->fetched.items[i];
		if (fetched.value == value)
			online_violate(call, "duplicate-fetch", val_small(value), 0);
		if (fetched.at >= call->watermark)
			counter->fetched.items[kept++] = fetched;
	}
	counter->fetched.count = kept;
	vec_push(&counter->fetched, (struct fetched){value, call->at});
}

/* While nothing goes down, the value only grows. */
static void
judge_growth(const struct online_call *call, int64_t value, int64_t delta)
{
	struct online_counter *counter = call->state;
	int64_t reached = peaks_before(&counter->reached, call->invoke_at);

	if (reached != PEAK_NONE && value < reached)
		online_violate(call, "counter-went-back", val_small(value),
			       val_small(reached));
	peaks_tell(&counter->reached, call->at, value + delta, call->watermark);
	if (call->f == F_FETCH_ADD && delta > 0)
		judge_fetched(call, value);
}

static void
end(const struct online_call *call)
{
	struct online_counter *counter = call->state;
	int64_t delta = (int64_t)call->notes[NOTE_DELTA], value;

	if (call->type == OP_FAIL)
		add(&counter->begun, delta, -1);
	if (call->type != OP_OK)
		return;
	bool sees = (call->f == F_READ || call->f == F_FETCH_ADD) &&
		    val_small_number(call->value, &value) && is_small(value);
	if (sees)
		judge_bounds(call, value, delta);
	if (sees && counter->begun.down == 0)
		judge_growth(call, value, delta);
	add(&counter->acknowledged, delta, 1);
}

static void
start(void *state, const struct online_options *options)
{
	struct online_counter *counter = state;

	if (!val_small_number(options->init, &counter->init))
		counter->init = 0;
}

static void
stop(void *state)
{
	struct online_counter *counter = state;

	vec_release(&counter->reached);
	vec_release(&counter->fetched);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_counter *counter = state;

	size->values += counter->reached.count + counter->fetched.count;
	size->bytes += counter->reached.capacity * sizeof(struct peak) +
		       counter->fetched.capacity * sizeof(struct fetched);
}

const struct online_decider online_counter = {
	.name = "counter",
	.summary =
		"reads out of bounds; counters that go back, where nothing is taken away",
	.state_bytes = sizeof(struct online_counter),
	.start = start,
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
