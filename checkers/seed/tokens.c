#include "checkers/seed/tokens.h"

#include "checkers/engine/certify.h"
#include "checkers/engine/states.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"

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

bool
tokens_is_put(const struct history *history, const struct op *op)
{
	return op->f == F_WRITE || fields_is_f(history, op, "put");
}

bool
tokens_is_get(const struct history *history, const struct op *op)
{
	return op->f == F_READ || fields_is_f(history, op, "get");
}

static val
value_of(const struct values *values, val answer)
{
	return val_kind(answer) == VAL_MAP ? fields_get(values, answer, "value") : answer;
}

struct bytes
tokens_text(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	val v = tokens_is_get(history, op) ? value_of(values, op->output) : op->input;

	if (val_kind(v) != VAL_STRING)
		return (struct bytes){.data = "", .len = 0};
	return val_text(values, v);
}

bool
tokens_is_text(const struct values *values, val v, bool is_answer)
{
	if (is_answer)
		v = value_of(values, v);
	return val_kind(v) == VAL_STRING || (is_answer && v == VAL_OF_NIL);
}

static void *
tokens_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	struct op first = {.f = F_WRITE, .input = options->init};
	struct bytes init = tokens_text(key->history, &first);
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
	bool reads = tokens_is_get(self->history, op);
	struct bytes text = tokens_text(self->history, op);

	if (op->type == OP_FAIL || (reads && op->type != OP_OK))
		return false;
	call->kind = reads				? TOKEN_READ
		     : tokens_is_put(self->history, op) ? TOKEN_PUT
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

const struct model model_tokens = {
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
	bool reads = tokens_is_get(history, op);

	if (!reads && !tokens_is_put(history, op) && op->f != F_APPEND)
		return err_set(err, "'%s' is no put, append or get",
			       history_f_name(history, op->f));
	if (tokens_is_text(&history->values, reads ? op->output : op->input, reads))
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

/* How many operations that did not fail wrote the token to the key of the read. */
static size_t
writers_of(const struct history *history, const struct op *read, struct bytes token)
{
	size_t count = 0;

	vec_each (struct op, op, &history->ops) {
		struct bytes text = tokens_text(history, op);
		count += !tokens_is_get(history, op) && op->type != OP_FAIL &&
			 val_equal(&history->values, op->key, read->key) &&
			 text.len == token.len &&
			 memcmp(text.data, token.data, text.len) == 0;
	}
	return count;
}

/* What a read of a core says of a token of the core. */
static const char *
name_token(const struct history *history, const struct op *read, const struct op *write,
	   const char **why)
{
	struct bytes value = tokens_text(history, read);
	struct bytes token = tokens_text(history, write);
	size_t count = occurrences(value, token);

	if (count > 1 && count > writers_of(history, read, token)) {
		*why = "a token stands twice in a value: a request ran twice";
		return "duplicate-execution";
	}
	if (count == 0 && write->complete_at < read->invoke_at) {
		*why = "a read misses what was acknowledged before it began";
		return "lost-token";
	}
	return NULL;
}

/* Some token stands in the read more often than it was written. */
static bool
has_double(const struct history *history, const struct op *read)
{
	struct bytes value = tokens_text(history, read);

	vec_each (struct op, op, &history->ops) {
		struct bytes token = tokens_text(history, op);
		if (!tokens_is_get(history, op) && op->type != OP_FAIL &&
		    val_equal(&history->values, op->key, read->key) &&
		    occurrences(value, token) > 1 &&
		    occurrences(value, token) > writers_of(history, read, token))
			return true;
	}
	return false;
}

static const char *
name_core(const struct history *history, const uint32_t *ops, size_t count,
	  const char **why)
{
	const struct op *all = history->ops.items;
	bool some_write = false, some_text = false;

	for (size_t i = 0; i < count; i++) {
		bool reads = tokens_is_get(history, &all[ops[i]]);
		some_write |= !reads;
		some_text |= reads && tokens_text(history, &all[ops[i]]).len > 0;
		for (size_t j = 0; j < count && reads; j++) {
			const char *name = tokens_is_get(history, &all[ops[j]])
						   ? NULL
						   : name_token(history, &all[ops[i]],
								&all[ops[j]], why);
			if (name != NULL)
				return name;
		}
	}
	if (some_write || !some_text || count > 1)
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
	.complexity = "unique tokens: zones, O(total length + n log n); else frontier "
		      "engine over strings, exponential in the operations open at once",
	.understands = tokens_understands,
	.op_bytes = 144,
	.decide = tokens_decide,
	.contradicts = tokens_contradict,
	.name_core = name_core,
};

/* Strings that are appended to: other histories have simpler checkers. An append that is
 * answered with a number is one to a log. */
static int
tokens_fits(const struct history *history)
{
	bool some_append = false;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_APPEND && val_kind(op->output) == VAL_INT)
			return 0;
		some_append |= op->f == F_APPEND;
	}
	return some_append ? linearizable_fits(&type, history, 45) : 0;
}

/* What the answers say of views comes on top. */
static void
tokens_check(const struct history *history, const struct check_options *options,
	     struct check_result *result)
{
	linearizable_check(&type, history, options, result);
	if (result->verdict == VERDICT_NONE || budget_is_over(&options->budget))
		return;
	uint64_t before = result->anomaly_count;
	tokens_judge_views(history, result);
	if (before == 0 && result->anomaly_count > 0) {
		free(result->reason);
		result->reason = mem_format("split-brain, %zu times",
					    (size_t)result->anomaly_count);
	}
}

/* Anomalies of views are proven by views, the others key by key. */
static bool
tokens_certify(const struct history *history, const struct check_options *options,
	       const struct check_result *result, struct err *err)
{
	struct check_result others = *result;

	if (!tokens_certify_views(history, result, err))
		return false;
	if (result->verdict == VERDICT_VALID)
		return certify_orders(&model_tokens_replay, history, options,
				      result->orders.items, result->orders.count, err);
	others.anomalies.items =
		mem_new(result->anomalies.count + 1, sizeof(*others.anomalies.items));
	others.anomalies.count = 0;
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, "split-brain") != 0)
			others.anomalies.items[others.anomalies.count++] = *anomaly;
	bool holds = linearizable_certify(&type, history, options, &others, err);
	free(others.anomalies.items);
	return holds;
}

static bool
is_string(const struct values *values, val init)
{
	return tokens_is_text(values, init, false);
}

const struct checker checker_tokens = {
	.name = "tokens",
	.summary = "linearizable strings with appends; requests that ran twice",
	.fits = tokens_fits,
	.check = tokens_check,
	.certify = tokens_certify,
	.begins_with = is_string,
	.beginning = "a text",
};
