/* Locks whose clients and fences are told in maps, as by Jepsen's tests of Hazelcast, against
 * all orders of the operations and all clients and tokens that those who tell none may have
 * had. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	CLIENTS = 2,
	SOMEBODY = CLIENTS, /* a client that is told nowhere */
	TOKEN_LEAST = -6,
	TOKEN_MOST = 6,
};

/* ---- what clients ask and see --------------------------------------------------------- */

/* Asked with the id of a request. */
static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5) ? F_ACQUIRE : F_RELEASE;
	op->input = val_small(100 + (int64_t)history->ops.count);
}

/* The client belongs to its process. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	int64_t fence = op->f == F_ACQUIRE ? (int64_t)choose(choices, 3) : 0;

	op->output = val_map(values,
			     (val[]){val_string(values, "client"),
				     val_small(op->process % CLIENTS),
				     val_string(values, "fence"), val_small(fence),
				     val_string(values, "uid"), op->input},
			     6);
}

/* ---- all orders ----------------------------------------------------------------------- */

struct lock {
	int owner, depth; /* owner -1: free */
	int64_t token;
};

struct search {
	const struct history *history;
	bool has_tokens, is_reentrant;
};

static int64_t
field(const struct history *history, const struct op *op, const char *name)
{
	const struct values *values = &history->values;

	for (size_t i = 0; i < val_count(values, op->output); i += 2)
		if (strcmp(val_text(values, val_at(values, op->output, i)).data, name) ==
		    0)
			return val_number(values, val_at(values, op->output, i + 1));
	fail();
	return 0;
}

/* The client of an operation, -1: nobody says. */
static int
client_of(const struct history *history, const struct op *op)
{
	if (op->type == OP_OK)
		return (int)field(history, op, "client");
	vec_each (struct op, other, &history->ops)
		if (other->type == OP_OK && other->process == op->process)
			return (int)field(history, other, "client");
	return -1;
}

static bool can_finish(const struct search *search, unsigned placed, struct lock lock);

/* With a client and a token that are known or guessed. */
static bool
goes_on(const struct search *search, unsigned placed, struct lock lock, bool is_acquire,
	int client, int64_t token)
{
	bool is_again = lock.owner == client && search->is_reentrant;

	if (!is_acquire) {
		if (lock.owner != client)
			return false;
		lock.depth--;
		lock.owner = lock.depth == 0 ? -1 : client;
		return can_finish(search, placed, lock);
	}
	if (lock.owner != -1 && !is_again)
		return false;
	if (search->has_tokens &&
	    (lock.owner == -1 ? token <= lock.token : token != lock.token))
		return false;
	lock.owner = client;
	lock.depth++;
	lock.token = token;
	return can_finish(search, placed, lock);
}

static bool
goes_on_with_any_token(const struct search *search, unsigned placed, struct lock lock,
		       const struct op *op, int client)
{
	bool is_acquire = op->f == F_ACQUIRE;
	int64_t fence = op->type == OP_OK ? field(search->history, op, "fence") : 0;

	if (!search->has_tokens || !is_acquire || fence != 0)
		return goes_on(search, placed, lock, is_acquire, client, fence);
	for (int64_t token = TOKEN_LEAST; token <= TOKEN_MOST; token++)
		if (goes_on(search, placed, lock, true, client, token))
			return true;
	return false;
}

static bool
goes_on_with_anybody(const struct search *search, unsigned placed, struct lock lock,
		     const struct op *op)
{
	int client = client_of(search->history, op);

	if (client >= 0)
		return goes_on_with_any_token(search, placed, lock, op, client);
	for (client = 0; client <= SOMEBODY; client++)
		if (goes_on_with_any_token(search, placed, lock, op, client))
			return true;
	return false;
}

static bool
may_be_next(const struct search *search, unsigned placed, size_t next)
{
	const struct op *ops = search->history->ops.items;

	if ((placed >> next & 1) != 0 || ops[next].type == OP_FAIL)
		return false;
	for (size_t i = 0; i < search->history->ops.count; i++)
		if ((placed >> i & 1) == 0 && ops[i].type == OP_OK &&
		    ops[i].complete_at < ops[next].invoke_at)
			return false;
	return true;
}

static bool
can_finish(const struct search *search, unsigned placed, struct lock lock)
{
	const struct op *ops = search->history->ops.items;
	bool is_complete = true;

	for (size_t i = 0; i < search->history->ops.count; i++)
		is_complete = is_complete && (ops[i].type != OP_OK || (placed >> i & 1));
	if (is_complete)
		return true;
	for (size_t i = 0; i < search->history->ops.count; i++)
		if (may_be_next(search, placed, i) &&
		    goes_on_with_anybody(search, placed | 1u << i, lock, &ops[i]))
			return true;
	return false;
}

/* Without an answer of a map the id of the request is the owner: told elsewhere. */
static bool
is_told(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->type == OP_OK)
			return true;
	return false;
}

static bool
has_order(const struct history *history, bool has_tokens, bool is_reentrant)
{
	struct search search = {.history = history,
				.has_tokens = has_tokens,
				.is_reentrant = is_reentrant};

	return !is_told(history) ||
	       can_finish(&search, 0,
			  (struct lock){.owner = -1, .token = TOKEN_LEAST - 1});
}

#define DEFINITION(name, has_tokens, is_reentrant)                                       \
	static bool name(const struct history *history, bool strict)                     \
	{                                                                                \
		(void)strict;                                                            \
		return has_order(history, has_tokens, is_reentrant);                     \
	}

DEFINITION(lock_is_allowed, false, false)
DEFINITION(reentrant_is_allowed, false, true)
DEFINITION(fenced_is_allowed, true, false)
DEFINITION(fenced_reentrant_is_allowed, true, true)

static void
compare(const char *checker, const char *model,
	bool (*is_allowed)(const struct history *history, bool strict))
{
	definition_compare(&(struct definition){.checker = checker,
						.model = model,
						.ask = ask,
						.answer = answer,
						.is_allowed = is_allowed,
						.keeps_numbers = true,
						.has_sessions = true,
						.ops_all = 3,
						.ops_random = 6});
}

static void
clients_of_locks_agree_with_all_orders(void **state)
{
	(void)state;
	compare("lock", NULL, lock_is_allowed);
	compare("lock", "reentrant", reentrant_is_allowed);
}

static void
clients_and_fences_agree_with_all_orders(void **state)
{
	(void)state;
	compare("fenced-lock", NULL, fenced_is_allowed);
	compare("fenced-lock", "reentrant", fenced_reentrant_is_allowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_locks_agree_with_all_orders),
		cmocka_unit_test(clients_and_fences_agree_with_all_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
