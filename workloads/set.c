/* set.c - workload `set`: clients add elements that nobody added before; when all has
 * healed every node is asked for the whole set. What was acknowledged must be there. */
#include "base/mem.h"
#include "workloads/workload.h"

#include <stdlib.h>

enum {
	READ_PERCENT_DEFAULT = 0,
	FINAL_READ_TRIES = 20, /* a node that just healed may refuse for a moment */
};

struct adding {
	int64_t last_element;
	int read_percent;
};

static bool
make_add(void *state, const struct gen_context *context, struct call *call)
{
	struct adding *adding = state;

	call->key = VAL_OF_NIL;
	if ((int)rng_below(context->rng, 100) < adding->read_percent) {
		call->f = F_READ;
		call->input = VAL_OF_NIL;
		return true;
	}
	call->f = F_ADD;
	call->input = val_small(++adding->last_element);
	return true;
}

static struct generator *
set_main(const struct workload_options *options)
{
	struct adding *adding = mem_new(1, sizeof(*adding));

	adding->read_percent =
		options->read_percent >= 0 ? options->read_percent : READ_PERCENT_DEFAULT;
	return gen_each(make_add, NULL, adding, free);
}

static bool
make_read(void *state, const struct gen_context *context, struct call *call)
{
	const bool *has_answer = state;

	(void)context;
	call->f = F_READ;
	call->key = VAL_OF_NIL;
	call->input = VAL_OF_NIL;
	return !*has_answer;
}

static void
hear_read(void *state, const struct gen_context *context, const struct call *call)
{
	bool *has_answer = state;

	(void)context;
	*has_answer = *has_answer || call->type == OP_OK;
}

static struct generator *
make_final_reader(void *state, int thread)
{
	(void)state;
	(void)thread;
	return gen_limit(FINAL_READ_TRIES,
			 gen_each(make_read, hear_read, mem_new(1, sizeof(bool)), free));
}

static struct generator *
set_final(const struct workload_options *options)
{
	(void)options;
	return gen_each_thread(make_final_reader, NULL, NULL);
}

static const char *const checkers[] = {"set", NULL};

const struct workload workload_set = {
	.name = "set",
	.summary = "add elements, read the set of every node at the end, nothing is lost",
	.supports = SUPPORTS_SET,
	.checkers = checkers,
	.main = set_main,
	.final = set_final,
};
