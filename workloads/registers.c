/* registers.c - workload `register`: read, write and compare-and-set of single keys.
 *
 * Every written value is unique in the run, so that a read names the write that it saw,
 * also when a value turns up under the wrong key. A compare-and-set expects the value that
 * was seen last, which makes it succeed about as often as clients do not race. */
#include "base/mem.h"
#include "workloads/workload.h"

#include <stdlib.h>

enum {
	KEYS_DEFAULT = 5,
	OPS_PER_KEY_DEFAULT = 500,
	READ_PERCENT_DEFAULT = 50,
	CAS_PERCENT_DEFAULT = 20,
};

struct registers {
	int64_t last_value; /* given out so far, over all keys */
	int ops_per_key, read_percent, cas_percent;
};

struct one_key {
	struct registers *all; /* borrowed; outlives the key */
	int64_t seen;	       /* the value that an answer spoke of last; 0: none */
};

static bool
make_op(void *state, const struct gen_context *context, struct call *call)
{
	struct one_key *key = state;
	int drawn = (int)rng_below(context->rng, 100);

	if (drawn < key->all->read_percent) {
		call->f = F_READ;
		call->input = VAL_OF_NIL;
		return true;
	}
	bool is_cas = drawn < key->all->read_percent + key->all->cas_percent;
	val fresh = val_small(++key->all->last_value);
	if (is_cas && key->seen != 0) {
		call->f = F_CAS;
		call->input = val_pair(call->values, val_small(key->seen), fresh);
	} else {
		call->f = F_WRITE;
		call->input = fresh;
	}
	return true;
}

/* The value that the register had when the call took effect. */
static val
value_after(const struct call *call)
{
	switch (call->f) {
	case F_READ:
		return call->output;
	case F_CAS:
		return val_at(call->values, call->input, 1);
	default:
		return call->input;
	}
}

static void
hear_op(void *state, const struct gen_context *context, const struct call *call)
{
	struct one_key *key = state;

	(void)context;
	if (call->type != OP_OK)
		return;
	val value = value_after(call);
	if (val_kind(value) == VAL_INT)
		key->seen = val_number(call->values, value);
}

static struct generator *
make_key(void *state, uint64_t number)
{
	struct registers *all = state;
	struct one_key *key = mem_new(1, sizeof(*key));

	(void)number;
	key->all = all;
	return gen_limit((uint64_t)all->ops_per_key,
			 gen_each(make_op, hear_op, key, free));
}

static struct generator *
registers_main(const struct workload_options *options)
{
	struct registers *all = mem_new(1, sizeof(*all));

	all->ops_per_key =
		options->ops_per_key > 0 ? options->ops_per_key : OPS_PER_KEY_DEFAULT;
	all->read_percent =
		options->read_percent >= 0 ? options->read_percent : READ_PERCENT_DEFAULT;
	all->cas_percent =
		options->cas_percent >= 0 ? options->cas_percent : CAS_PERCENT_DEFAULT;
	return gen_per_key(options->key_count > 0 ? options->key_count : KEYS_DEFAULT,
			   make_key, all, free);
}

static const char *const checkers[] = {"register", NULL};

const struct workload workload_registers = {
	.name = "register",
	.summary = "read, write and compare-and-set of single keys, linearizable",
	.supports = SUPPORTS_REGISTER,
	.checkers = checkers,
	.main = registers_main,
};
