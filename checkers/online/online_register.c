/* online_register.c - registers with compare-and-set, by the zones of
 * checkers/register/zones.h as they grow.
 *
 * A value is *certain* when its write ended ok or somebody saw it. Certain values stand in
 * blocks: a plain write and the chain of cas that follows it. Of a block f is the first
 * completion of an operation that wrote or saw one of its values, s the last invocation.
 * Two blocks conflict when f < s' and f' < s: zones overlap. Within a block nothing may be
 * seen by an operation that began after a later value of the chain had been seen.
 *
 * Forgotten is a value when one behind it in its chain has f before the watermark, and a
 * block when another one with f' before the watermark has f < s': whoever sees it from then
 * on is wrong. A write that nobody saw stays while it is open or of unknown outcome.
 *
 * Complete where no value is written again while it can still be seen (such a key is given
 * up): the first prefix that is not linearizable raises the violation. O(live values of
 * the key) an operation. */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/table.h"

#include <string.h>

enum {
	HELD_CROWD = 2048,
	HELD_MAX = 8192,
	SWEEP_FROM = 8,
};

/* A certain value. */
struct held {
	online_value value;
	int64_t first_end; /* ONLINE_NEVER: nobody has ended who wrote or saw it */
	int64_t last_invoked;
	int64_t writer_at; /* invocation of its write */
	int64_t rank;	   /* in the chain of its block */
	uint32_t block;
	bool has_next; /* a cas leads on from it */
};

struct block {
	int64_t first_end,
		last_invoked; /* f and s of all its values, forgotten ones too */
};

/* A write or cas that nobody saw, open or of unknown outcome. */
struct pending {
	online_value value, expected;
	int64_t invoke_at;
	bool is_cas;
};

struct chain {
	struct pending *items; /* a vec */
	size_t count, capacity;
};

struct online_register {
	VEC(struct held) held;
	VEC(struct block) blocks;
	VEC(struct pending) pending;
	struct table pending_of; /* value -> index in pending */
	size_t sweep_at;	 /* values held when to look again for what is dead */
	bool is_given_up;
};

/* What an operation keeps between its begin and its end. */
enum {
	NOTE_WRITTEN,
	NOTE_EXPECTED
};

static void
give_up(const struct online_call *call, struct online_register *r, const char *reason)
{
	r->is_given_up = true;
	online_give_up(call, reason);
}

static struct held *
find_held(const struct online_register *r, online_value value)
{
	for (size_t i = r->held.count; i-- > 0;)
		if (r->held.items[i].value == value)
			return &r->held.items[i];
	return NULL;
}

/* ---- conflicts ---- */

static online_value
value_in(const struct online_register *r, uint32_t block)
{
	vec_each (struct held, held, &r->held)
		if (held->block == block)
			return held->value;
	return 0;
}

static void
compare_blocks(const struct online_call *call, const struct held *held)
{
	const struct online_register *r = call->state;
	const struct block *own = &r->blocks.items[held->block];

	for (uint32_t b = 0; b < r->blocks.count; b++) {
		const struct block *other = &r->blocks.items[b];
		if (b != held->block && own->first_end < other->last_invoked &&
		    other->first_end < own->last_invoked)
			online_violate(call, "stale-read", held->value, value_in(r, b));
	}
}

/* Somebody who ended at `end` wrote or saw the value, or will have done so. */
static void
touch(const struct online_call *call, struct held *held, int64_t invoke_at, int64_t end)
{
	struct online_register *r = call->state;
	struct block *block = &r->blocks.items[held->block];

	if (invoke_at > held->last_invoked)
		held->last_invoked = invoke_at;
	if (end < held->first_end)
		held->first_end = end;
	if (invoke_at > block->last_invoked)
		block->last_invoked = invoke_at;
	if (end < block->first_end)
		block->first_end = end;
	vec_each (struct held, later, &r->held)
		if (later->block == held->block && later->rank > held->rank &&
		    later->first_end < held->last_invoked)
			online_violate(call, "stale-read", held->value, later->value);
	compare_blocks(call, held);
}

/* ---- what becomes certain ---- */

static bool
take_pending(struct online_register *r, online_value value, struct pending *pending)
{
	uint32_t at = table_find(&r->pending_of, value);

	if (at == TABLE_NONE)
		return false;
	*pending = r->pending.items[at];
	table_remove(&r->pending_of, value);
	struct pending last = vec_pop(&r->pending);
	if (at < r->pending.count) {
		r->pending.items[at] = last;
		table_put(&r->pending_of, last.value, at);
	}
	return true;
}

static void
hold(struct online_register *r, const struct pending *write)
{
	vec_push(&r->blocks, (struct block){ONLINE_NEVER, write->invoke_at});
	vec_push(&r->held, (struct held){.value = write->value,
					 .first_end = ONLINE_NEVER,
					 .last_invoked = write->invoke_at,
					 .writer_at = write->invoke_at,
					 .block = (uint32_t)(r->blocks.count - 1)});
}

/* A cas led from `from` to `to`: one block from now on. */
static void
join(const struct online_call *call, struct held *from, struct held *to)
{
	struct online_register *r = call->state;
	struct block *first = &r->blocks.items[from->block];
	struct block *second = &r->blocks.items[to->block];
	int64_t shift = from->rank + 1 - to->rank;
	uint32_t gone = to->block;

	if (from->has_next) {
		online_violate(call, "forked-cas", from->value, to->value);
		return;
	}
	if (first == second || second->first_end < first->last_invoked)
		online_violate(call, first == second ? "not-linearizable" : "stale-read",
			       from->value, to->value);
	from->has_next = true;
	if (first == second)
		return;
	if (second->first_end < first->first_end)
		first->first_end = second->first_end;
	if (second->last_invoked > first->last_invoked)
		first->last_invoked = second->last_invoked;
	*second = (struct block){ONLINE_NEVER, ONLINE_BEFORE_ALL};
	vec_each (struct held, held, &r->held)
		if (held->block == gone) {
			held->block = from->block;
			held->rank += shift;
		}
	compare_blocks(call, from);
}

/* Takes the write of the value, and if it is a cas that of what it expected, and so on, for
 * certain. False when somebody expected what nobody can have written. */
static bool
hold_chain(const struct online_call *call, online_value value, struct chain *chain)
{
	struct online_register *r = call->state;
	struct pending write;

	while (find_held(r, value) == NULL) {
		if (!take_pending(r, value, &write)) {
			online_violate(call, "unwritten-read", value, 0);
			return false;
		}
		hold(r, &write);
		if (!write.is_cas)
			return true;
		vec_push(chain, write);
		value = write.expected;
	}
	return true;
}

static bool
make_certain(const struct online_call *call, online_value value)
{
	struct online_register *r = call->state;
	struct chain chain = {0};
	bool ok = hold_chain(call, value, &chain);

	while (ok && chain.count > 0) {
		struct pending cas = vec_pop(&chain);
		touch(call, find_held(r, cas.expected), cas.invoke_at, ONLINE_NEVER);
		join(call, find_held(r, cas.expected), find_held(r, cas.value));
	}
	vec_release(&chain);
	return ok;
}

/* The operation of the call saw the value, or wrote it. */
static void
see(const struct online_call *call, online_value value)
{
	struct online_register *r = call->state;

	if (make_certain(call, value))
		touch(call, find_held(r, value), call->invoke_at, call->at);
}

/* ---- what is dead ---- */

static bool
is_passed(const struct online_register *r, const struct held *held, int64_t watermark)
{
	vec_each (struct held, later, &r->held)
		if (later->block == held->block && later->rank > held->rank &&
		    later->first_end < watermark)
			return true;
	return false;
}

/* The last invocation of a block that was certainly there before the watermark; and of
 * another one, for that block itself. */
struct latest {
	uint32_t block;
	int64_t invoked, other_invoked;
};

static struct latest
find_latest(const struct online_register *r, int64_t watermark)
{
	struct latest latest = {UINT32_MAX, ONLINE_BEFORE_ALL, ONLINE_BEFORE_ALL};

	for (uint32_t b = 0; b < r->blocks.count; b++) {
		const struct block *block = &r->blocks.items[b];
		if (block->first_end >= watermark)
			continue;
		if (block->last_invoked > latest.invoked) {
			latest.other_invoked = latest.invoked;
			latest.invoked = block->last_invoked;
			latest.block = b;
		} else if (block->last_invoked > latest.other_invoked) {
			latest.other_invoked = block->last_invoked;
		}
	}
	return latest;
}

/* Blocks without values go; the others get new numbers. */
static void
renumber_blocks(struct online_register *r)
{
	size_t kept = 0;

	for (uint32_t b = 0; b < r->blocks.count; b++) {
		bool is_used = false;
		vec_each (struct held, held, &r->held)
			if (held->block == b) {
				held->block = (uint32_t)kept;
				is_used = true;
			}
		if (is_used)
			r->blocks.items[kept++] = r->blocks.items[b];
	}
	r->blocks.count = kept;
}

static void
sweep(struct online_register *r, int64_t watermark)
{
	struct latest latest = find_latest(r, watermark);
	size_t kept = 0;

	for (size_t i = 0; i < r->held.count; i++) {
		struct held *held = &r->held.items[i];
		int64_t first_end = r->blocks.items[held->block].first_end;
		bool is_dead =
			first_end < (held->block == latest.block ? latest.other_invoked
								 : latest.invoked);
		if (is_dead || is_passed(r, held, watermark))
			held->first_end = ONLINE_BEFORE_ALL - 1; /* goes below */
	}
	for (size_t i = 0; i < r->held.count; i++)
		if (r->held.items[i].first_end >= ONLINE_BEFORE_ALL)
			r->held.items[kept++] = r->held.items[i];
	r->held.count = kept;
	renumber_blocks(r);
	r->sweep_at = kept * 2 + SWEEP_FROM;
}

/* ---- the decider ---- */

static void
claim(const struct online_call *call, bool is_cas)
{
	struct online_register *r = call->state;
	online_value written = call->notes[NOTE_WRITTEN];

	if (find_held(r, written) != NULL ||
	    table_find(&r->pending_of, written) != TABLE_NONE) {
		give_up(call, r, "a value was written twice to one key");
		return;
	}
	table_put(&r->pending_of, written, (uint32_t)r->pending.count);
	vec_push(&r->pending, (struct pending){.value = written,
					       .expected = call->notes[NOTE_EXPECTED],
					       .invoke_at = call->invoke_at,
					       .is_cas = is_cas});
}

static void
begin(const struct online_call *call)
{
	struct online_register *r = call->state;
	const struct values *values = call->values;

	if (call->f == F_READ)
		return;
	if (call->f == F_CAS && val_kind(call->value) == VAL_LIST &&
	    val_count(values, call->value) == 2) {
		call->notes[NOTE_EXPECTED] =
			online_value_of(values, val_at(values, call->value, 0));
		call->notes[NOTE_WRITTEN] =
			online_value_of(values, val_at(values, call->value, 1));
	} else if (call->f == F_WRITE) {
		call->notes[NOTE_WRITTEN] = online_value_of(values, call->value);
	} else {
		give_up(call, r, "not all operations are those of a register");
		return;
	}
	claim(call, call->f == F_CAS);
}

/* The value is still, or was not long ago, that of this write: no later one wrote it. */
static bool
is_own(const struct online_register *r, const struct online_call *call)
{
	online_value written = call->notes[NOTE_WRITTEN];
	const struct held *held = find_held(r, written);
	uint32_t at = table_find(&r->pending_of, written);

	return held != NULL ? held->writer_at == call->invoke_at
			    : at != TABLE_NONE &&
				      r->pending.items[at].invoke_at == call->invoke_at;
}

static void
end_write(const struct online_call *call)
{
	struct online_register *r = call->state;
	online_value written = call->notes[NOTE_WRITTEN];
	struct pending write;

	if (call->type == OP_OK && call->f == F_CAS)
		see(call, call->notes[NOTE_EXPECTED]);
	if (!is_own(r, call))
		return; /* it was seen, replaced and forgotten before it ended */
	if (call->type == OP_OK)
		see(call, written);
	else if (call->type == OP_FAIL && !take_pending(r, written, &write))
		online_violate(call, "failed-write-read", written, 0);
}

static void
end(const struct online_call *call)
{
	struct online_register *r = call->state;

	if (r->is_given_up)
		return;
	if (call->f != F_READ) {
		end_write(call);
	} else if (call->type == OP_OK) {
		online_value seen = online_value_of(call->values, call->value);
		if (seen != 0 || !call->options->nil_is_unknown)
			see(call, seen);
	}
	if (r->held.count >= r->sweep_at)
		sweep(r, call->watermark);
	if (r->held.count > HELD_MAX)
		give_up(call, r, "too many values of one key are live");
}

static void
start(void *state, const struct online_options *options)
{
	struct online_register *r = state;

	vec_push(&r->blocks, (struct block){ONLINE_BEFORE_ALL, ONLINE_BEFORE_ALL});
	vec_push(&r->held, (struct held){.value = options->init,
					 .first_end = ONLINE_BEFORE_ALL,
					 .last_invoked = ONLINE_BEFORE_ALL,
					 .writer_at = ONLINE_BEFORE_ALL});
	r->sweep_at = SWEEP_FROM;
}

static void
stop(void *state)
{
	struct online_register *r = state;

	vec_release(&r->held);
	vec_release(&r->blocks);
	vec_release(&r->pending);
	table_release(&r->pending_of);
}

static bool
is_crowded(const void *state)
{
	const struct online_register *r = state;

	return r->held.count > HELD_CROWD;
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_register *r = state;

	size->values += r->held.count + r->pending.count;
	size->bytes += r->held.capacity * sizeof(struct held) +
		       r->blocks.capacity * sizeof(struct block) +
		       r->pending.capacity * sizeof(struct pending) +
		       table_bytes(&r->pending_of);
}

const struct online_decider online_register = {
	.name = "register",
	.summary =
		"stale reads, unwritten and failed values, forks: all, where values are "
		"unique",
	.state_bytes = sizeof(struct online_register),
	.start = start,
	.stop = stop,
	.begin = begin,
	.end = end,
	.is_crowded = is_crowded,
	.size = size,
};
