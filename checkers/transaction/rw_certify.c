#include "checkers/transaction/rw_certify.h"

#include "base/map.h"
#include "checkers/transaction/parallel_certify.h"
#include "checkers/transaction/rw_effects.h"

#include <stdlib.h>
#include <string.h>

/* ---- an order ---- */

struct replay {
	const struct history *history;
	const struct rw_claim *claim;
	struct map state;     /* hash of key -> value */
	struct map writing;   /* hash of key -> running transactions that write it */
	struct map processes; /* process -> its latest transaction begun + 1 */
	uint8_t *phase;	      /* owned, by operation: 0, 1 begun, 2 committed */
	uint32_t latest_begin;
};

static bool
begin_replayed(struct replay *replay, const struct effects *effects)
{
	const struct values *values = &replay->history->values;
	const struct op *op = effects->op;
	uint64_t *before = map_at(&replay->processes, op->process, NULL);

	if (replay->claim->process && *before != 0 &&
	    (replay->history->ops.items[*before - 1].invoke_at > op->invoke_at ||
	     replay->phase[*before - 1] != 2))
		return false;
	*before = (uint64_t)(op - replay->history->ops.items) + 1;
	if (op->invoke_at > replay->latest_begin)
		replay->latest_begin = op->invoke_at;
	vec_each (const struct effect, effect, &effects->of) {
		uint64_t key = val_hash(values, effect->key);
		if (effect->reads &&
		    !val_equal(values, effect->read, *map_at(&replay->state, key, NULL)))
			return false;
		if (effect->writes && (*map_at(&replay->writing, key, NULL))++ > 0)
			return false;
	}
	return true;
}

/* Behind the latest begin of all that were begun: nothing may have been over before. */
static bool
commit_replayed(struct replay *replay, const struct effects *effects)
{
	const struct values *values = &replay->history->values;

	if (replay->claim->realtime && effects->op->complete_at < replay->latest_begin)
		return false;
	vec_each (const struct effect, effect, &effects->of) {
		uint64_t key = val_hash(values, effect->key);
		if (!effect->writes)
			continue;
		*map_at(&replay->state, key, NULL) = effect->written;
		(*map_at(&replay->writing, key, NULL))--;
	}
	return true;
}

static bool
step_replayed(struct replay *replay, uint32_t index)
{
	struct effects effects = {0};
	uint8_t *phase = &replay->phase[index];
	bool ok = rw_effects_collect(replay->history, index,
				     replay->claim->nil_is_unknown, &effects) &&
		  *phase < 2 && effects.op->type != OP_FAIL;

	if (ok && *phase == 0) {
		ok = begin_replayed(replay, &effects);
		*phase = 1;
		if (replay->claim->snapshot) {
			vec_release(&effects.of);
			return ok;
		}
	}
	ok = ok && commit_replayed(replay, &effects);
	*phase = 2;
	vec_release(&effects.of);
	return ok;
}

bool
rw_certify_order(const struct history *history, const struct order *order,
		 const struct rw_claim *claim, struct err *err)
{
	struct replay replay = {.history = history, .claim = claim};
	size_t count = history->ops.count;
	bool ok = true;

	replay.phase = mem_new(count, sizeof(*replay.phase));
	for (size_t i = 0; i < order->count && ok; i++)
		if (order->ops[i] >= count ||
		    history->ops.items[order->ops[i]].f != F_TXN ||
		    !step_replayed(&replay, order->ops[i]))
			ok = err_set(err, "the order breaks at its step %zu", i);
	for (size_t o = 0; o < count && ok; o++)
		if (history->ops.items[o].f == F_TXN &&
		    history->ops.items[o].type == OP_OK && replay.phase[o] != 2)
			ok = err_set(err, "the order lacks operation %zu", o);
	map_release(&replay.state);
	map_release(&replay.writing);
	map_release(&replay.processes);
	free(replay.phase);
	return ok;
}

/* ---- a core ---- */

enum {
	CORE_KEYS_MAX = 64,
	MEMO_MAX = 1 << 20
};

struct core_step {
	uint32_t before; /* set: must have committed before this one begins */
	/* Sets, as it is given: must have begun before, or be there before it commits. */
	uint32_t begun_before, begun_first, committed_first;
	int read[CORE_KEYS_MAX]; /* by key: the core transaction + 1 it read from, 0:
				  * the initial value, -1: it reads nothing that counts */
	bool writes[CORE_KEYS_MAX];
};

struct core_state {
	uint32_t begun, committed;
	int8_t last[CORE_KEYS_MAX]; /* writer of each key + 1 */
};

struct core {
	const struct rw_claim *claim;
	uint32_t count;
	int keys;
	val key_values[CORE_KEYS_MAX];
	struct effects effects[RW_CORE_MAX];
	struct core_step steps[RW_CORE_MAX];
	struct map memo; /* hash of a state that leads nowhere -> index + 1 in dead */
	VEC(struct core_state) dead;
	bool too_large;
};

static int
core_key(const struct values *values, struct core *core, val key)
{
	for (int k = 0; k < core->keys; k++)
		if (val_equal(values, core->key_values[k], key))
			return k;
	if (core->keys == CORE_KEYS_MAX) {
		core->too_large = true;
		return 0;
	}
	core->key_values[core->keys] = key;
	return core->keys++;
}

/* The core transaction + 1 that wrote the value; 0 for nil; -1: none of them. */
static int
core_writer(const struct values *values, const struct core *core, val key, val value)
{
	if (value == VAL_OF_NIL)
		return 0;
	for (uint32_t t = 0; t < core->count; t++)
		vec_each (const struct effect, effect, &core->effects[t].of)
			if (effect->writes && val_equal(values, effect->key, key) &&
			    val_equal(values, effect->written, value))
				return (int)t + 1;
	return -1;
}

static void
prepare_step(const struct values *values, struct core *core, uint32_t t)
{
	struct core_step *step = &core->steps[t];
	const struct op *op = core->effects[t].op;

	memset(step->read, 0xff, sizeof(step->read));
	vec_each (const struct effect, effect, &core->effects[t].of) {
		int key = core_key(values, core, effect->key);
		step->writes[key] = effect->writes;
		if (effect->reads)
			step->read[key] =
				core_writer(values, core, effect->key, effect->read);
	}
	for (uint32_t other = 0; other < core->count; other++) {
		const struct op *o = core->effects[other].op;
		bool time = core->claim->realtime && o->complete_at < op->invoke_at;
		bool process = core->claim->process && o->process == op->process &&
			       o->invoke_at < op->invoke_at;
		if (time || process)
			step->before |= 1u << other;
	}
}

static bool
can_begin(const struct core *core, const struct core_state *state, uint32_t t)
{
	const struct core_step *step = &core->steps[t];

	if ((state->begun >> t & 1) || (step->before & ~state->committed) ||
	    (step->begun_before & ~state->begun))
		return false;
	for (int k = 0; k < core->keys; k++) {
		if (step->read[k] >= 0 && step->read[k] != state->last[k])
			return false;
		for (uint32_t u = 0; u < core->count && step->writes[k]; u++)
			if (((state->begun & ~state->committed) >> u & 1) &&
			    core->steps[u].writes[k])
				return false;
	}
	return true;
}

static bool
can_commit(const struct core *core, const struct core_state *state, uint32_t t)
{
	const struct core_step *step = &core->steps[t];

	return (step->begun_first & ~state->begun) == 0 &&
	       (step->committed_first & ~state->committed) == 0;
}

static void
commit_step(const struct core *core, struct core_state *state, uint32_t t)
{
	state->committed |= 1u << t;
	for (int k = 0; k < core->keys; k++)
		if (core->steps[t].writes[k])
			state->last[k] = (int8_t)(t + 1);
}

/* True when the state is new; states met before led nowhere. */
static bool
remember(struct core *core, const struct core_state *state)
{
	uint64_t hash = 0xcbf29ce484222325u;
	const unsigned char *bytes = (const unsigned char *)state;

	for (size_t i = 0; i < sizeof(*state); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	for (;; hash++) {
		uint64_t *place = map_at(&core->memo, hash, NULL);
		if (*place == 0) {
			vec_push(&core->dead, *state);
			*place = core->dead.count;
			return true;
		}
		if (memcmp(&core->dead.items[*place - 1], state, sizeof(*state)) == 0)
			return false;
	}
}

/* Depth at most twice RW_CORE_MAX. */
static bool
can_finish(struct core *core, const struct core_state *state)
{
	if (state->committed == (core->count == 32 ? ~0u : (1u << core->count) - 1))
		return true;
	if (core->dead.count >= MEMO_MAX)
		core->too_large = true;
	if (core->too_large || !remember(core, state))
		return core->too_large;
	for (uint32_t t = 0; t < core->count; t++) {
		struct core_state next = *state;
		bool is_running = (state->begun & ~state->committed) >> t & 1;
		if (is_running ? !can_commit(core, state, t) : !can_begin(core, state, t))
			continue;
		next.begun |= 1u << t;
		if (is_running || !core->claim->snapshot)
			commit_step(core, &next, t);
		if (can_finish(core, &next))
			return true;
	}
	return false;
}

/* One after the other a transaction has only one end. */
static void
add_given(struct core *core, const struct rw_given *given)
{
	struct core_step *step = &core->steps[given->to];
	uint32_t bit = 1u << given->from;

	if (!core->claim->snapshot || (!given->from_begin && !given->to_commit))
		step->before |= bit;
	else if (!given->to_commit)
		step->begun_before |= bit;
	else if (given->from_begin)
		step->begun_first |= bit;
	else
		step->committed_first |= bit;
}

bool
rw_certify_core(const struct history *history, const uint32_t *ops, size_t count,
		const struct rw_claim *claim, struct err *err)
{
	return rw_certify_given(history, ops, count, NULL, 0, claim, err);
}

bool
rw_certify_given(const struct history *history, const uint32_t *ops, size_t count,
		 const struct rw_given *given, size_t given_count,
		 const struct rw_claim *claim, struct err *err)
{
	struct core *core;
	struct core_state state;
	bool contradicts = false, ok = true;

	if (count > RW_CORE_MAX)
		return err_set(err, "a core of %zu transactions is too large to be tried",
			       count);
	if (claim->parallel)
		return parallel_certify(history, ops, count, given, given_count, claim,
					err);
	core = mem_new(1, sizeof(*core));
	memset(&state, 0, sizeof(state));
	core->claim = claim;
	core->count = (uint32_t)count;
	for (uint32_t t = 0; t < count; t++)
		contradicts |= !rw_effects_collect(history, ops[t], claim->nil_is_unknown,
						   &core->effects[t]);
	for (uint32_t t = 0; t < count; t++)
		prepare_step(&history->values, core, t);
	for (size_t i = 0; i < given_count; i++)
		add_given(core, &given[i]);
	if (!contradicts && can_finish(core, &state))
		ok = err_set(err, core->too_large
					  ? "the core has too many orders to try them all"
					  : "the transactions of the core have an order");
	for (uint32_t t = 0; t < count; t++)
		vec_release(&core->effects[t].of);
	vec_release(&core->dead);
	map_release(&core->memo);
	free(core);
	return ok;
}
