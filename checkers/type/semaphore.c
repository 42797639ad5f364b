#include "checkers/type/semaphore.h"

#include "checkers/engine/linearizable.h"
#include "checkers/sort.h"

#include <stdlib.h>

enum semaphore_call {
	SEMAPHORE_ACQUIRE = 1, /* a: permits */
	SEMAPHORE_RELEASE,
};

enum {
	PERMITS_MAX = 1 << 20,
	STATES_MAX = 256
};

typedef VEC(uint64_t) positions;

/* The state is the number of permits that are out. */
struct self {
	const struct history *history;
	uint32_t permits;
};

static void *
semaphore_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->permits = (uint32_t)val_number(&key->history->values, options->init);
	return self;
}

static void
semaphore_close(void *context)
{
	free(context);
}

static bool
semaphore_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;

	call->kind = op->f == F_ACQUIRE ? SEMAPHORE_ACQUIRE : SEMAPHORE_RELEASE;
	call->a = val_kind(op->input) != VAL_INT
			  ? 1
			  : (uint32_t)val_number(&self->history->values, op->input);
	return op->type != OP_FAIL;
}

static uint32_t
semaphore_init(void *context)
{
	(void)context;
	return 0;
}

static bool
semaphore_step(void *context, uint32_t out, const struct call *call, uint32_t *next)
{
	const struct self *self = context;

	if (call->kind == SEMAPHORE_ACQUIRE) {
		*next = out + call->a;
		return *next <= self->permits;
	}
	*next = out - call->a;
	return call->a <= out;
}

static bool
semaphore_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
semaphore_state_count(void *context)
{
	const struct self *self = context;

	return self->permits < STATES_MAX ? self->permits + 1 : 0;
}

const struct model model_semaphore = {
	.name = "semaphore",
	.open = semaphore_open,
	.close = semaphore_close,
	.decode = semaphore_decode,
	.init = semaphore_init,
	.step = semaphore_step,
	.is_read = semaphore_never,
	.is_overwrite = semaphore_never,
	.state_count = semaphore_state_count,
};

static bool
is_permits(const struct values *values, val v)
{
	if (val_kind(v) != VAL_INT)
		return false;
	int64_t number = val_number(values, v);
	return number > 0 && number <= PERMITS_MAX;
}

static bool
semaphore_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f != F_ACQUIRE && op->f != F_RELEASE)
		return err_set(err, "'%s' is not an operation of a semaphore",
			       history_f_name(history, op->f));
	return op->input == VAL_OF_NIL || val_kind(op->input) == VAL_STRING ||
	       is_permits(&history->values, op->input) ||
	       err_set(err, "process %u asked for no number of permits", op->process);
}

static bool
semaphore_accepts(const struct history *history, const struct check_options *options,
		  struct err *err)
{
	if (is_permits(&history->values, options->init))
		return true;
	err_set(err, "the history does not say how many permits the semaphore has");
	return err_hint(err, "--init N, with N from 1 to %d", PERMITS_MAX);
}

/* The moments at which an acquire had certainly happened, in order. */
static void
sort_gains(const struct key_ops *key, positions *gains)
{
	vec_clear(gains);
	for (size_t i = 0; i < key->count; i++)
		if (key_op(key, i)->f == F_ACQUIRE && key_op(key, i)->type == OP_OK)
			vec_push(gains, key_op(key, i)->complete_at);
	sort_words(gains->items, gains->count);
}

/* Of the acquires before a moment all but one must have been released. */
static bool
key_is_shared(const struct key_ops *key, positions *gains)
{
	size_t releases = 0, at = 0;

	sort_gains(key, gains);
	for (size_t acquires = 0; acquires < gains->count; acquires++) {
		for (; at < key->count &&
		       key_op(key, at)->invoke_at < gains->items[acquires];
		     at++)
			releases += key_op(key, at)->f == F_RELEASE &&
				    key_op(key, at)->type != OP_FAIL;
		if (acquires > releases)
			return true;
	}
	return false;
}

bool
semaphore_is_shared(const struct history *history)
{
	struct partition partition;
	positions gains = {0};
	bool is_shared = false;

	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition) && !is_shared; i++) {
		struct key_ops key = partition_at(&partition, i);
		is_shared = key_is_shared(&key, &gains);
	}
	partition_release(&partition);
	vec_release(&gains);
	return is_shared;
}

static const char *
name_core(const struct history *history, const uint32_t *ops, size_t count,
	  const char **why)
{
	size_t acquires = 0;

	for (size_t i = 0; i < count; i++)
		acquires += history->ops.items[ops[i]].f == F_ACQUIRE;
	if (acquires == 0) {
		*why = "more permits were released than can have been out";
		return "release-without-permit";
	}
	*why = "more permits were out than there are";
	return "too-many-permits";
}

static const struct linearizable type = {
	.model = &model_semaphore,
	.complexity =
		"frontier engine with interchangeable calls: polynomial for a fixed "
		"number of operations open at once",
	.understands = semaphore_understands,
	.accepts = semaphore_accepts,
	.name_core = name_core,
};

static int
semaphore_fits(const struct history *history)
{
	return linearizable_fits(&type, history, 1);
}

static void
semaphore_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
semaphore_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_semaphore = {
	.name = "semaphore",
	.summary = "linearizable semaphores: never more permits out than there are",
	.fits = semaphore_fits,
	.check = semaphore_check,
	.certify = semaphore_certify,
	.begins_with = is_permits,
	.beginning = "a number of permits (1 to 1048576)",
};
