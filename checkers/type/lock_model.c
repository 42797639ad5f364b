#include "checkers/type/lock.h"

#include "checkers/engine/states.h"
#include "checkers/type/lock_holders.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum lock_call {
	LOCK_ACQUIRE = 1, /* a: owner; b: token id, NO_TOKEN */
	LOCK_RELEASE,	  /* a: owner */
};

#define NO_TOKEN     UINT32_MAX
#define NO_TOKEN_YET INT64_MIN

/* Compared by its bytes: no padding. */
struct lock_state {
	int64_t token;	/* given last, or the least that it can be */
	uint32_t owner; /* id + 1; 0: free */
	uint32_t depth;
	uint64_t is_exact; /* the token is known */
};

struct self {
	const struct values *values;
	struct lock_holders holders;
	struct value_ids owners, tokens;
	struct states states;
	bool is_mutex, is_reentrant, has_tokens;
};

/* The owner of a call that nobody says the owner of: it may be anybody, another one each
 * time. Nil is met first, so that its id is this. */
#define ANYBODY 0

static struct self *
open_lock(const struct key_ops *key, const struct check_options *options, bool has_tokens)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->values = &key->history->values;
	lock_holders_init(&self->holders, key);
	value_ids_init(&self->owners, &key->history->values);
	value_ids_add(&self->owners, VAL_OF_NIL);
	value_ids_init(&self->tokens, &key->history->values);
	states_init(&self->states, options->budget.bytes_max / 4);
	self->is_mutex = options->model != NULL && strcmp(options->model, "mutex") == 0;
	self->is_reentrant =
		options->model != NULL && strcmp(options->model, "reentrant") == 0;
	self->has_tokens = has_tokens;
	return self;
}

static void *
lock_open(const struct key_ops *key, const struct check_options *options)
{
	return open_lock(key, options, false);
}

static void *
fenced_open(const struct key_ops *key, const struct check_options *options)
{
	return open_lock(key, options, true);
}

static void
lock_close(void *context)
{
	struct self *self = context;

	lock_holders_release(&self->holders);
	value_ids_release(&self->owners);
	value_ids_release(&self->tokens);
	states_release(&self->states);
	free(self);
}

static bool
lock_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	val token = self->has_tokens ? lock_token(self->values, op) : VAL_OF_NIL;

	if (op->type == OP_FAIL)
		return false;
	call->kind = op->f == F_ACQUIRE ? LOCK_ACQUIRE : LOCK_RELEASE;
	call->a = self->is_mutex
			  ? ANYBODY
			  : value_ids_add(&self->owners, lock_holder(&self->holders, op));
	call->b = NO_TOKEN;
	if (token != VAL_OF_NIL)
		call->b = value_ids_add(&self->tokens, token);
	return true;
}

/* Plain locks need no table of states: 0 is free, else the owner's number + 1. */
static bool
is_plain(const struct self *self)
{
	return !self->is_reentrant && !self->has_tokens;
}

static uint32_t
lock_init(void *context)
{
	struct self *self = context;
	struct lock_state state = {.token = NO_TOKEN_YET};
	uint32_t number = 0;

	if (!is_plain(self))
		states_number(&self->states, &state, sizeof(state), &number);
	return number;
}

static int64_t
token_of(const struct self *self, const struct call *call)
{
	return val_number(self->tokens.pool, value_ids_value(&self->tokens, call->b));
}

/* A token that nobody knows is taken as small as it can be. */
static bool
take_token(const struct self *self, struct lock_state *state, const struct call *call)
{
	if (!self->has_tokens)
		return true;
	state->is_exact = call->b != NO_TOKEN;
	if (call->b == NO_TOKEN) {
		state->token += state->token != NO_TOKEN_YET;
		return state->token != INT64_MAX;
	}
	bool is_greater = token_of(self, call) > state->token;
	state->token = token_of(self, call);
	return is_greater;
}

/* Held already: the token is the same one, which may be met for the first time. */
static bool
meet_token(const struct self *self, struct lock_state *state, const struct call *call)
{
	if (call->b == NO_TOKEN)
		return true;
	int64_t token = token_of(self, call);
	bool fits = state->is_exact ? token == state->token : token >= state->token;
	state->token = token;
	state->is_exact = true;
	return fits;
}

/* It is held, perhaps by the owner of the call: `owner` is an id + 1. */
static bool
may_hold(uint32_t owner, const struct call *call)
{
	return owner != 0 &&
	       (owner == call->a + 1 || owner == ANYBODY + 1 || call->a == ANYBODY);
}

/* Of two that are one the owner that is known, + 1. */
static uint32_t
known_of(uint32_t owner, const struct call *call)
{
	return call->a == ANYBODY && owner != 0 ? owner : call->a + 1;
}

static bool
acquire(const struct self *self, struct lock_state *state, const struct call *call)
{
	bool is_again = self->is_reentrant && may_hold(state->owner, call);

	if (state->owner != 0 && !is_again)
		return false;
	state->owner = known_of(state->owner, call);
	state->depth++;
	return is_again ? meet_token(self, state, call) : take_token(self, state, call);
}

static bool
lock_step(void *context, uint32_t number, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct lock_state state;

	if (is_plain(self)) {
		*next = call->kind == LOCK_ACQUIRE ? call->a + 1 : 0;
		return call->kind == LOCK_ACQUIRE ? number == 0 : may_hold(number, call);
	}
	states_read(&self->states, number, &state, sizeof(state));
	if (call->kind == LOCK_ACQUIRE) {
		if (!acquire(self, &state, call))
			return false;
	} else {
		if (!may_hold(state.owner, call))
			return false;
		state.depth--;
		state.owner = state.depth == 0 ? 0 : known_of(state.owner, call);
	}
	return states_number(&self->states, &state, sizeof(state), next);
}

static bool
lock_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
lock_state_count(void *context)
{
	const struct self *self = context;

	return is_plain(self) ? (uint32_t)value_ids_count(&self->owners) + 1 : 0;
}

static uint32_t
number_of(struct self *self, uint32_t owner, uint32_t depth)
{
	struct lock_state state = {.token = NO_TOKEN_YET, .owner = owner, .depth = depth};
	uint32_t number = owner;

	if (!is_plain(self))
		states_number(&self->states, &state, sizeof(state), &number);
	return number;
}

static bool
has_anybody(const struct self *self)
{
	return self->is_mutex || self->holders.have_clients;
}

/* Free, or held by anybody and as often as the calls can release it; with the token below
 * all others, which forbids the least. */
static size_t
lock_starts(void *context, const struct call *calls, size_t count, uint32_t *states)
{
	struct self *self = context;
	uint32_t owners = (uint32_t)value_ids_count(&self->owners), depth = 1;
	size_t found = 0;

	for (size_t i = 0; i < count && self->is_reentrant; i++) {
		if (calls[i].repeats)
			return MODEL_STARTS_MAX + 1;
		depth += calls[i].kind == LOCK_RELEASE;
	}
	if ((size_t)owners * depth + 1 > MODEL_STARTS_MAX)
		return MODEL_STARTS_MAX + 1;
	states[found++] = number_of(self, 0, 0);
	for (uint32_t owner = has_anybody(self) ? 1 : 2; owner <= owners; owner++)
		for (uint32_t d = 1; d <= depth; d++)
			states[found++] = number_of(self, owner, d);
	return found;
}

/* A lock is free, or somebody's; a reentrant one may be held before and after. What anybody
 * may hold is everything to find, and to leave. */
static size_t
lock_finds(void *context, const struct call *call, uint64_t *tokens)
{
	const struct self *self = context;

	if (self->holders.have_clients && !self->is_mutex)
		return MODEL_TOKENS_MAX + 1;
	tokens[0] = call->kind == LOCK_ACQUIRE ? 0 : (uint64_t)call->a + 1;
	tokens[1] = (uint64_t)call->a + 1;
	return self->is_reentrant ? 2 : 1;
}

static size_t
lock_leaves(void *context, const struct call *call, uint64_t *tokens)
{
	const struct self *self = context;

	if (self->holders.have_clients && !self->is_mutex)
		return MODEL_TOKENS_MAX + 1;
	tokens[0] = call->kind == LOCK_ACQUIRE ? (uint64_t)call->a + 1 : 0;
	tokens[1] = (uint64_t)call->a + 1;
	return self->is_reentrant ? 2 : 1;
}

static bool
lock_is_full(void *context)
{
	return ((const struct self *)context)->states.is_full;
}

const struct model model_lock = {
	.name = "lock",
	.open = lock_open,
	.close = lock_close,
	.decode = lock_decode,
	.init = lock_init,
	.step = lock_step,
	.is_read = lock_never,
	.is_overwrite = lock_never,
	.state_count = lock_state_count,
	.starts = lock_starts,
	.leaves = lock_leaves,
	.finds = lock_finds,
	.is_full = lock_is_full,
};

const struct model model_fenced_lock = {
	.name = "fenced-lock",
	.open = fenced_open,
	.close = lock_close,
	.decode = lock_decode,
	.init = lock_init,
	.step = lock_step,
	.is_read = lock_never,
	.is_overwrite = lock_never,
	.state_count = lock_state_count,
	.starts = lock_starts,
	.leaves = lock_leaves,
	.finds = lock_finds,
	.is_full = lock_is_full,
};
