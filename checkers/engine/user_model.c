#include "checkers/engine/user_model.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "checkers/engine/linearizable.h"
#include "checkers/engine/states.h"

#include <stdlib.h>
#include <string.h>

enum {
	SURVEY_STATES_MAX = 1 << 10,
	SURVEY_STEPS_EACH = 16,	   /* for each call of the key, */
	SURVEY_STEPS_MIN = 256,	   /* but at least, */
	SURVEY_STEPS_MAX = 1 << 16 /* and at most */
};

#define STEP_FORBIDDEN UINT64_MAX

/* What a call does in the states that there are. */
struct effect {
	bool never_changes, always_allowed, has_one_outcome;
	uint32_t outcome;
};

struct self {
	const struct history *history;
	const struct faultline_model *model;
	struct arena arena; /* the calls' values */
	struct states states, calls;
	VEC(struct faultline_call) call_of; /* by number in `calls` */
	size_t call_count;		    /* also those that say the same */
	struct faultline_value initial;
	unsigned char *state; /* owned; scratch */
	char *failure; /* owned; why the model could not answer; NULL: it always did */

	/* Steps that were asked: state << 32 | call to the next state, STEP_FORBIDDEN. A
	 * model is asked once for each, which matters where it is interpreted. */
	struct map steps;

	bool is_surveyed,
		is_closed;	/* is_closed: `states` are all that can be reached, */
	struct effect *effects; /* owned; and these are the effects of the calls */
};

bool
user_model_is_sound(const struct faultline_model *model, struct err *err)
{
	if (model->version < 1 || model->version > FAULTLINE_MODEL_VERSION)
		return err_set(err, "the model has version %u, not 1 to %d",
			       model->version, FAULTLINE_MODEL_VERSION);
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
	map_release(&self->steps);
	free(self->effects);
	free(self->failure);
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
	self->call_count += fits;
	return fits;
}

/* Keeps why the model did not answer; true: it did. */
static bool
has_answered(struct self *self)
{
	const struct faultline_model *model = self->model;

	if (model->version < 2 || model->failure == NULL || model->failure() == NULL)
		return true;
	if (self->failure == NULL)
		self->failure = mem_string(model->failure());
	return false;
}

static uint32_t
user_first(void *context)
{
	struct self *self = context;
	uint32_t number = 0;

	memset(self->state, 0, self->model->state_bytes);
	self->model->init(self->state, &self->initial);
	has_answered(self);
	states_number(&self->states, self->state, self->model->state_bytes, &number);
	return number;
}

/* Asks the model. False: nothing can be said, the states are full or it failed. */
static bool
ask(struct self *self, uint32_t state, uint32_t call, uint64_t *answer)
{
	uint32_t next;

	*answer = STEP_FORBIDDEN;
	states_read(&self->states, state, self->state, self->model->state_bytes);
	if (!self->model->step(self->state, &self->call_of.items[call]))
		return has_answered(self);
	if (!states_number(&self->states, self->state, self->model->state_bytes, &next))
		return false;
	*answer = next;
	return true;
}

static bool
may_remember(const struct self *self)
{
	return self->steps.slot_count * sizeof(struct map_slot) < self->states.bytes_max;
}

static bool
step(struct self *self, uint32_t state, uint32_t call, uint32_t *next)
{
	uint64_t question = (uint64_t)state << 32 | call, answer;
	const uint64_t *known = map_find(&self->steps, question);

	if (known != NULL)
		answer = *known;
	else if (self->failure != NULL || !ask(self, state, call, &answer))
		return false;
	else if (may_remember(self))
		*map_at(&self->steps, question, NULL) = answer;
	*next = (uint32_t)answer;
	return answer != STEP_FORBIDDEN;
}

static bool
user_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	return step(context, state, call->a, next);
}

/* ---- the survey ---------------------------------------------------------------------
 *
 * Where a key's calls lead to few states, all of them are found beforehand. Then the engine
 * can refute by windows, and which calls only read or only overwrite is known and need not
 * be told. */

static bool
survey_state(struct self *self, uint32_t state)
{
	for (uint32_t call = 0; call < self->call_of.count; call++) {
		struct effect *effect = &self->effects[call];
		uint32_t next;
		if (!step(self, state, call, &next)) {
			effect->always_allowed = false;
			if (self->failure != NULL)
				return false;
			continue;
		}
		effect->has_one_outcome &=
			effect->outcome == OP_NEVER || effect->outcome == next;
		effect->outcome = next;
		effect->never_changes &= next == state;
	}
	return true;
}

static size_t
survey_steps(const struct self *self)
{
	size_t steps = self->call_count * SURVEY_STEPS_EACH;

	if (steps < SURVEY_STEPS_MIN)
		return SURVEY_STEPS_MIN;
	return steps < SURVEY_STEPS_MAX ? steps : SURVEY_STEPS_MAX;
}

/* State number `state` is there, and neither states nor steps are too many. */
static bool
may_survey(const struct self *self, uint32_t state)
{
	size_t count = self->states.of.count;

	return state < count && count <= SURVEY_STATES_MAX &&
	       count * self->call_of.count <= survey_steps(self) &&
	       self->states.of.text.len <= self->states.bytes_max / 2;
}

static void
survey(struct self *self)
{
	size_t call_count = self->call_of.count;
	uint32_t state = 0;

	self->is_surveyed = true;
	if (call_count == 0 || user_first(self) != 0)
		return;
	self->effects = mem_new(call_count, sizeof(*self->effects));
	for (size_t i = 0; i < call_count; i++)
		self->effects[i] = (struct effect){true, true, true, OP_NEVER};
	while (may_survey(self, state) && survey_state(self, state))
		state++;
	self->is_closed = state == self->states.of.count;
	/* The history may never lead to where the model failed. */
	free(self->failure);
	self->failure = NULL;
}

/* What is known of a call; NULL: nothing. The engine asks when all calls are decoded. */
static const struct effect *
effect_of(struct self *self, const struct call *call)
{
	if (!self->is_surveyed)
		survey(self);
	return self->is_closed ? &self->effects[call->a] : NULL;
}

static bool
user_is_read(void *context, const struct call *call)
{
	struct self *self = context;
	const struct effect *effect = effect_of(self, call);

	if (effect != NULL)
		return effect->never_changes;
	return self->model->is_read != NULL &&
	       self->model->is_read(&self->call_of.items[call->a]);
}

static bool
user_is_overwrite(void *context, const struct call *call)
{
	const struct effect *effect = effect_of(context, call);

	return effect != NULL && effect->always_allowed && effect->has_one_outcome;
}

static uint32_t
user_state_count(void *context)
{
	struct self *self = context;

	if (!self->is_surveyed)
		survey(self);
	return self->is_closed ? (uint32_t)self->states.of.count : 0;
}

static bool
user_is_full(void *context)
{
	const struct self *self = context;

	return self->states.is_full || self->calls.is_full || self->failure != NULL;
}

static const char *
user_failure(void *context)
{
	return ((const struct self *)context)->failure;
}

const struct model model_of_user = {
	.name = "user-model",
	.open = user_open,
	.close = user_close,
	.decode = user_decode,
	.init = user_first,
	.step = user_step,
	.is_read = user_is_read,
	.is_overwrite = user_is_overwrite,
	.state_count = user_state_count,
	.is_full = user_is_full,
	.failure = user_failure,
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

/* Whether the model knows all calls; else which one not. */
static bool
knows_all(struct self *self, struct err *err)
{
	const struct faultline_model *model = self->model;

	vec_each (struct op, op, &self->history->ops) {
		if (op->type == OP_FAIL || model->understands == NULL)
			continue;
		struct faultline_call call = call_of(self, op);
		if (!model->understands(&call))
			return has_answered(self)
				       ? err_set(err,
						 "the model '%s' does not know the "
						 "'%s' of process %u",
						 model->name, call.f, op->process)
				       : err_set(err, "%s", self->failure);
		arena_clear(&self->arena);
	}
	return true;
}

static bool
user_accepts(const struct history *history, const struct check_options *options,
	     struct err *err)
{
	struct key_ops none = {.history = history};

	if (options->user_model == NULL) {
		err_set(err, "no model was given");
		return err_hint(err, "--model ./my.so or ./my.lua");
	}
	if (!user_model_is_sound(options->user_model, err))
		return false;
	struct self *self = user_open(&none, options);
	user_first(self);
	bool accepts = self->failure == NULL ? knows_all(self, err)
					     : err_set(err, "%s", self->failure);
	user_close(self);
	return accepts;
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
	if (result->verdict != VERDICT_VALID && result->verdict != VERDICT_INVALID)
		return;
	char *told = mem_format("%s as '%s'", result->reason, options->user_model->name);
	free(result->reason);
	result->reason = told;
}

static bool
user_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_user_model = {
	.name = "user-model",
	.summary = "linearizability by a model of your own (--model ./my.so or ./my.lua)",
	.fits = user_fits,
	.check = user_check,
	.certify = user_certify,
};
