/* tokens.c - strings under a key, put and appended to by clients that may retry: a
 * primary-backup store that must look like one copy, and run each request once.
 *
 * Operations: write (or put) STRING; append STRING; read (or get; result: a string, nil
 * for a key without a value). Each written string (token) is unique, so that the value
 * tells its own history. Linearizable per key, decided by the frontier engine over
 * interned strings; complete also when tokens are not unique.
 *
 *	duplicate-execution  a token stands twice in a value: a retried request ran twice.
 *	                     append a | append b | read "aba"
 *	lost-token           a read misses a token that was acknowledged before it began,
 *	                     and no later put explains it: a failover lost it, or two
 *	                     primaries were at work.
 *	                     append a ok | read ""
 *	unwritten-token      a read has a token that nobody wrote before it was over.
 *	                     read "z"
 *	not-linearizable     any other contradiction.
 *
 * Memory is bounded by the budget: the states are whole strings. */
#include "checkers/jepsen/fields.h"
#include "checkers/engine/linearizable.h"
#include "checkers/engine/states.h"

#include <stdlib.h>
#include <string.h>

enum token_call {
	TOKEN_READ = 1, /* a: the value's number */
	TOKEN_PUT,	/* a: the token's number, which is its state as well */
	TOKEN_APPEND,	/* a: the token's number */
};

struct self {
	const struct history *history;
	struct states strings; /* 0: the initial value */
};

static bool
is_put(const struct history *history, const struct op *op)
{
	return op->f == F_WRITE || fields_is_f(history, op, "put");
}

static bool
is_get(const struct history *history, const struct op *op)
{
	return op->f == F_READ || fields_is_f(history, op, "get");
}

/* nil is the empty string: appending to it gives the token. */
static struct bytes
text_of(const struct values *values, val v)
{
	if (val_kind(v) != VAL_STRING)
		return (struct bytes){.data = "", .len = 0};
	return val_text(values, v);
}

static void *
tokens_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	struct bytes init = text_of(&key->history->values, options->init);
	uint32_t number;

	self->history = key->history;
	states_init(&self->strings, options->budget.bytes_max / 4);
	states_number(&self->strings, init.data, init.len, &number);
	return self;
}

static void
tokens_close(void *context)
{
	struct self *self = context;

	states_release(&self->strings);
	free(self);
}

static bool
tokens_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	bool reads = is_get(self->history, op);
	struct bytes text =
		text_of(&self->history->values, reads ? op->output : op->input);

	if (op->type == OP_FAIL || (reads && op->type != OP_OK))
		return false;
	call->kind = reads			 ? TOKEN_READ
		     : is_put(self->history, op) ? TOKEN_PUT
						 : TOKEN_APPEND;
	call->b = 0;
	return states_number(&self->strings, text.data, text.len, &call->a);
}

static uint32_t
tokens_init(void *context)
{
	(void)context;
	return 0;
}

static bool
tokens_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct buf joined = {0};

	*next = call->a;
	if (call->kind == TOKEN_PUT)
		return true;
	if (call->kind == TOKEN_READ)
		return state == call->a;
	struct bytes before = intern_get(&self->strings.of, state);
	struct bytes token = intern_get(&self->strings.of, call->a);
	buf_append(&joined, before.data, before.len);
	buf_append(&joined, token.data, token.len);
	bool has_room =
		states_number(&self->strings, buf_text(&joined), joined.len, next);
	buf_release(&joined);
	return has_room;
}

static bool
tokens_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == TOKEN_READ;
}

static bool
tokens_is_overwrite(void *context, const struct call *call)
{
	(void)context;
	return call->kind == TOKEN_PUT;
}

static bool
tokens_is_full(void *context)
{
	const struct self *self = context;

	return self->strings.is_full;
}

static uint32_t
tokens_state_count(void *context)
{
	(void)context;
	return 0;
}

static const struct model model_tokens = {
	.name = "tokens",
	.open = tokens_open,
	.close = tokens_close,
	.decode = tokens_decode,
	.init = tokens_init,
	.step = tokens_step,
	.is_read = tokens_is_read,
	.is_overwrite = tokens_is_overwrite,
	.state_count = tokens_state_count,
	.is_full = tokens_is_full,
};

static bool
tokens_understands(const struct history *history, const struct op *op, struct err *err)
{
	bool reads = is_get(history, op);

	if (!reads && !is_put(history, op) && op->f != F_APPEND)
		return err_set(err, "'%s' is no put, append or get",
			       history_f_name(history, op->f));
	val v = reads ? op->output : op->input;
	if (val_kind(v) == VAL_STRING || (reads && v == VAL_OF_NIL))
		return true;
	return err_set(err, "process %u %s what is no string", op->process,
		       reads ? "read" : "wrote");
}

/* How often the token stands in the value. */
static size_t
occurrences(struct bytes value, struct bytes token)
{
	size_t count = 0;
	const char *at = value.data, *end = value.data + value.len;

	while (token.len > 0 &&
	       (at = memmem(at, (size_t)(end - at), token.data, token.len)) != NULL) {
		count++;
		at += token.len;
	}
	return count;
}

/* What a read of a core says of a token of the core. */
static const char *
name_token(const struct history *history, const struct op *read, const struct op *write,
	   const char **why)
{
	const struct values *values = &history->values;
	struct bytes value = text_of(values, read->output);
	size_t count = occurrences(value, text_of(values, write->input));

	if (count > 1) {
		*why = "a token stands twice in a value: a request ran twice";
		return "duplicate-execution";
	}
	if (count == 0 && write->complete_at < read->invoke_at) {
		*why = "a read misses what was acknowledged before it began";
		return "lost-token";
	}
	return NULL;
}

/* A read that contradicts whatever was written: some token stands in it twice, or some
 * part of it is nobody's. */
static bool
has_double(const struct history *history, const struct op *read)
{
	struct bytes value = text_of(&history->values, read->output);

	vec_each (struct op, op, &history->ops)
		if (!is_get(history, op) && op->type != OP_FAIL &&
		    val_equal(&history->values, op->key, read->key) &&
		    occurrences(value, text_of(&history->values, op->input)) > 1)
			return true;
	return false;
}

static const char *
name_core(const struct history *history, const uint32_t *ops, size_t count,
	  const char **why)
{
	const struct op *all = history->ops.items;
	bool some_write = false, some_text = false;

	for (size_t i = 0; i < count; i++) {
		bool reads = is_get(history, &all[ops[i]]);
		some_write |= !reads;
		some_text |=
			reads && text_of(&history->values, all[ops[i]].output).len > 0;
		for (size_t j = 0; j < count && reads; j++) {
			const char *name = is_get(history, &all[ops[j]])
						   ? NULL
						   : name_token(history, &all[ops[i]],
								&all[ops[j]], why);
			if (name != NULL)
				return name;
		}
	}
	if (some_write || !some_text)
		return NULL;
	if (has_double(history, &all[ops[0]])) {
		*why = "a token stands twice in a value: a request ran twice";
		return "duplicate-execution";
	}
	*why = "a read has what nobody wrote before it was over";
	return "unwritten-token";
}

static const struct linearizable type = {
	.model = &model_tokens,
	.complexity = "frontier engine over strings: linear in length for few open "
		      "operations, exponential in those open at once",
	.understands = tokens_understands,
	.name_core = name_core,
};

/* Strings that are appended to: other histories have simpler checkers. */
static int
tokens_fits(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_APPEND)
			return linearizable_fits(&type, history, 45);
	return 0;
}

static void
tokens_check(const struct history *history, const struct check_options *options,
	     struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
tokens_certify(const struct history *history, const struct check_options *options,
	       const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_tokens = {
	.name = "tokens",
	.summary = "linearizable strings with appends; requests that ran twice",
	.fits = tokens_fits,
	.check = tokens_check,
	.certify = tokens_certify,
};
