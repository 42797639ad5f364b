#include "checkers/engine/user_model.h"

#include "base/arena.h"
#include "checkers/engine/linearizable.h"
#include "checkers/engine/states.h"

#include <stdlib.h>
#include <string.h>

struct self {
	const struct history *history;
	const struct faultline_model *model;
	struct arena arena; /* the calls' values */
	struct states states, calls;
	VEC(struct faultline_call) call_of; /* by number in `calls` */
	struct faultline_value initial;
	unsigned char *state; /* owned; scratch */
};

bool
user_model_is_sound(const struct faultline_model *model, struct err *err)
{
	if (model->version != FAULTLINE_MODEL_VERSION)
		return err_set(err, "the model has version %u, not %d", model->version,
			       FAULTLINE_MODEL_VERSION);
	if (model->name == NULL || model->init == NULL || model->step == NULL)
		return err_set(err, "the model has no name, no init or no step");
	if (model->state_bytes == 0 || model->state_bytes > FAULTLINE_MODEL_STATE_BYTES)
		return err_set(err, "the model's states have %zu bytes, not 1 to %d",
			       model->state_bytes, FAULTLINE_MODEL_STATE_BYTES);
	return true;
}

/* ---- values -------------------------------------------------------------------------
 */

static void convert(struct self *self, val v, struct faultline_value *to);

static void
convert_items(struct self *self, val v, struct faultline_value *to)
{
	const struct values *values = &self->history->values;

	to->count = val_count(values, v);
	struct faultline_value *items =
		arena_alloc(&self->arena, (to->count + 1) * sizeof(*items));
	for (size_t i = 0; i < to->count; i++)
		convert(self, val_at(values, v, i), &items[i]);
	to->items = items;
}

static void
convert(struct self *self, val v, struct faultline_value *to)
{
	const struct values *values = &self->history->values;

	*to = (struct faultline_value){.text = ""};
	switch (val_kind(v)) {
	case VAL_NIL:
		to->kind = FAULTLINE_NIL;
		break;
	case VAL_INT:
		to->kind = FAULTLINE_INT;
		to->number = val_number(values, v);
		break;
	case VAL_BOOL:
		to->kind = FAULTLINE_BOOL;
		to->number = val_truth(v);
		break;
	case VAL_STRING:
		to->kind = FAULTLINE_STRING;
		to->text = val_text(values, v).data;
		to->count = val_text(values, v).len;
		break;
	case VAL_LIST:
		to->kind = FAULTLINE_LIST;
		convert_items(self, v, to);
		break;
	case VAL_MAP:
		to->kind = FAULTLINE_MAP;
		convert_items(self, v, to);
		break;
	case VAL_REAL:
		to->kind = FAULTLINE_REAL;
		to->real = val_double(values, v);
		break;
	}
}

static const struct faultline_value *
converted(struct self *self, val v)
{
	struct faultline_value *value = arena_alloc(&self->arena, sizeof(*value));

	convert(self, v, value);
	return value;
}

static struct faultline_call
call_of(struct self *self, const struct op *op)
{
	bool is_known = op->type == OP_OK;

	return (struct faultline_call){
		.f = history_f_name(self->history, op->f),
		.input = converted(self, op->input),
		.output = converted(self, is_known ? op->output : VAL_OF_NIL),
		.is_known = is_known,
		.process = self->model->uses_process ? op->process : 0};
}

/* ---- the model ----------------------------------------------------------------------
 */

static void *
user_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->model = options->user_model;
	arena_init(&self->arena, 0);
	states_init(&self->states, options->budget.bytes_max / 4);
	states_init(&self->calls, 0);
	convert(self, options->init, &self->initial);
	self->state = mem_new(1, self->model->state_bytes);
	return self;
}

static void
user_close(void *context)
{
	struct self *self = context;

	arena_release(&self->arena);
	states_release(&self->states);
	states_release(&self->calls);
	vec_release(&self->call_of);
	free(self->state);
	free(self);
}

/* Calls that carry the same are one class: their words as text say so. */
static bool
user_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	bool is_known = op->type == OP_OK;
	struct buf text = {0};

	if (op->type == OP_FAIL)
		return false;
	buf_printf(&text, "%u %d %u ", op->f, is_known,
		   self->model->uses_process ? op->process : 0);
	val_print(&self->history->values, op->input, &text);
	buf_char(&text, ' ');
	val_print(&self->history->values, is_known ? op->output : VAL_OF_NIL, &text);
	bool fits = states_number(&self->calls, text.data, text.len, &call->a);
	buf_release(&text);
	if (fits && call->a == self->call_of.count)
		vec_push(&self->call_of, call_of(self, op));
	return fits;
}

static uint32_t
user_first(void *context)
{
	struct self *self = context;
	uint32_t number = 0;

	memset(self->state, 0, self->model->state_bytes);
	self->model->init(self->state, &self->initial);
	states_number(&self->states, self->state, self->model->state_bytes, &number);
	return number;
}

static bool
user_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;

	states_read(&self->states, state, self->state, self->model->state_bytes);
	return self->model->step(self->state, &self->call_of.items[call->a]) &&
	       states_number(&self->states, self->state, self->model->state_bytes, next);
}

static bool
user_is_read(void *context, const struct call *call)
{
	struct self *self = context;

	return self->model->is_read != NULL &&
	       self->model->is_read(&self->call_of.items[call->a]);
}

static bool
user_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
user_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
user_is_full(void *context)
{
	const struct self *self = context;

	return self->states.is_full || self->calls.is_full;
}

const struct model model_of_user = {
	.name = "user-model",
	.open = user_open,
	.close = user_close,
	.decode = user_decode,
	.init = user_first,
	.step = user_step,
	.is_read = user_is_read,
	.is_overwrite = user_never,
	.state_count = user_state_count,
	.is_full = user_is_full,
};

/* ---- the checker --------------------------------------------------------------------
 */

static bool
user_understands(const struct history *history, const struct op *op, struct err *err)
{
	(void)history;
	(void)op;
	(void)err;
	return true;
}

static bool
user_accepts(const struct history *history, const struct check_options *options,
	     struct err *err)
{
	struct key_ops none = {.history = history};
	bool is_known = true;

	if (options->user_model == NULL) {
		err_set(err, "no model was given");
		return err_hint(err, "--model ./my.so");
	}
	if (!user_model_is_sound(options->user_model, err))
		return false;
	struct self *self = user_open(&none, options);
	for (size_t i = 0; i < history->ops.count && is_known; i++) {
		const struct op *op = &history->ops.items[i];
		struct faultline_call call = call_of(self, op);
		is_known = op->type == OP_FAIL || self->model->understands == NULL ||
			   self->model->understands(&call);
		if (!is_known)
			err_set(err,
				"the model '%s' does not know the '%s' of process %u",
				self->model->name, call.f, op->process);
		arena_clear(&self->arena);
	}
	user_close(self);
	return is_known;
}

static const struct linearizable type = {
	.model = &model_of_user,
	.complexity =
		"frontier engine: exponential at worst in the operations open at once",
	.understands = user_understands,
	.accepts = user_accepts,
};

static int
user_fits(const struct history *history)
{
	(void)history;
	return 0;
}

static void
user_check(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
user_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_user_model = {
	.name = "user-model",
	.summary = "linearizability by a model of your own (--model ./my.so)",
	.fits = user_fits,
	.check = user_check,
	.certify = user_certify,
};
