#include "checkers/register/versioned_register.h"

#include "checkers/engine/states.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum versioned_call {
	VERSIONED_READ = 1,
	VERSIONED_WRITE,
	VERSIONED_CAS,
};

/* Compared by its bytes: no padding. */
struct versioned_state {
	int64_t version; /* or the least that it can be */
	uint32_t value;	 /* id */
	uint32_t is_exact;
};

/* What a call says; interned, the call's `a` is its number. */
struct versioned_call_facts {
	int64_t version;
	uint32_t value, expected;
};

struct self {
	const struct history *history;
	const struct check_options *options;
	struct value_ids ids; /* 0: the initial value */
	struct states states, calls;
	int64_t init_version;
	bool has_unknown; /* a write told no version: reads may teach it */
};

bool
versioned_of(const struct history *history, const struct op *op,
	     struct versioned *versioned)
{
	const struct values *values = &history->values;
	val told = op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;

	*versioned = (struct versioned){.version = VERSION_UNKNOWN};
	if (op->f == F_READ && (op->type != OP_OK || op->output == VAL_OF_NIL))
		return false;
	val version = val_at(values, told, 0);
	if (version != VAL_OF_NIL && op->type == OP_OK)
		versioned->version = val_number(values, version);
	versioned->value = val_at(values, op->f == F_READ ? told : op->input, 1);
	if (op->f != F_CAS)
		return true;
	versioned->expected = val_at(values, versioned->value, 0);
	versioned->value = val_at(values, versioned->value, 1);
	return true;
}

int64_t
versioned_init_version(const struct key_ops *key, const struct check_options *options)
{
	int64_t first_write = INT64_MAX, first_read = INT64_MAX;
	struct versioned told;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->type != OP_OK || !versioned_of(key->history, op, &told) ||
		    told.version == VERSION_UNKNOWN)
			continue;
		if (op->f != F_READ && told.version < first_write)
			first_write = told.version;
		if (op->f == F_READ && told.version < first_read &&
		    val_equal(&key->history->values, told.value, options->init))
			first_read = told.version;
	}
	return first_read < first_write ? first_read : VERSION_UNKNOWN;
}

/* ---- the model ----------------------------------------------------------------------
 */

static void *
versioned_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->options = options;
	self->init_version = versioned_init_version(key, options);
	value_ids_init(&self->ids, &key->history->values);
	value_ids_add(&self->ids, options->init);
	states_init(&self->states, options->budget.bytes_max / 4);
	states_init(&self->calls, 0);
	for (size_t i = 0; i < key->count; i++) {
		struct versioned told;
		const struct op *op = key_op(key, i);
		if (op->f != F_READ && op->type != OP_FAIL &&
		    versioned_of(key->history, op, &told) &&
		    told.version == VERSION_UNKNOWN)
			self->has_unknown = true;
	}
	return self;
}

static void
versioned_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->ids);
	states_release(&self->states);
	states_release(&self->calls);
	free(self);
}

static bool
versioned_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	struct versioned told;

	if (op->type == OP_FAIL || !versioned_of(self->history, op, &told))
		return false;
	struct versioned_call_facts facts = {
		.version = told.version,
		.value = value_ids_add(&self->ids, told.value),
		.expected = value_ids_add(&self->ids, told.expected)};
	call->kind = op->f == F_READ	? VERSIONED_READ
		     : op->f == F_WRITE ? VERSIONED_WRITE
					: VERSIONED_CAS;
	return states_number(&self->calls, &facts, sizeof(facts), &call->a);
}

static uint32_t
versioned_first(void *context)
{
	struct self *self = context;
	struct versioned_state state = {.version = self->init_version,
					.is_exact =
						self->init_version != VERSION_UNKNOWN};
	uint32_t number = 0;

	states_number(&self->states, &state, sizeof(state), &number);
	return number;
}

/* A read may teach the version of a write; never that of the initial value alone: it is
 * known, or every read that matches is younger than a write. */
static bool
meet(const struct self *self, struct versioned_state *state,
     const struct versioned_call_facts *facts)
{
	if (state->value != facts->value)
		return false;
	if (facts->version == VERSION_UNKNOWN)
		return true;
	if (!state->is_exact && !self->has_unknown)
		return false;
	bool fits = state->is_exact ? facts->version == state->version
				    : facts->version >= state->version;
	state->version = facts->version;
	state->is_exact = true;
	return fits;
}

/* A version that nobody knows is taken as small as it can be. */
static bool
replace(struct versioned_state *state, const struct versioned_call_facts *facts)
{
	bool is_greater = facts->version > state->version;

	state->value = facts->value;
	state->is_exact = facts->version != VERSION_UNKNOWN;
	if (state->is_exact) {
		state->version = facts->version;
		return is_greater;
	}
	state->version += state->version != INT64_MAX;
	return true;
}

static bool
versioned_step(void *context, uint32_t number, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct versioned_state state;
	struct versioned_call_facts facts;

	states_read(&self->states, number, &state, sizeof(state));
	states_read(&self->calls, call->a, &facts, sizeof(facts));
	if (call->kind == VERSIONED_CAS && state.value != facts.expected)
		return false;
	if (call->kind == VERSIONED_READ ? !meet(self, &state, &facts)
					 : !replace(&state, &facts))
		return false;
	return states_number(&self->states, &state, sizeof(state), next);
}

static bool
versioned_is_read(void *context, const struct call *call)
{
	const struct self *self = context;

	return call->kind == VERSIONED_READ && !self->has_unknown;
}

static bool
versioned_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
versioned_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
versioned_is_full(void *context)
{
	return ((const struct self *)context)->states.is_full;
}

const struct model model_versioned_register = {
	.name = "versioned-register",
	.open = versioned_open,
	.close = versioned_close,
	.decode = versioned_decode,
	.init = versioned_first,
	.step = versioned_step,
	.is_read = versioned_is_read,
	.is_overwrite = versioned_never,
	.state_count = versioned_state_count,
	.is_full = versioned_is_full,
};

/* ---- what contradicts itself --------------------------------------------------------
 */

static bool
nobody_wrote(const struct key_ops *key, const struct check_options *options,
	     const struct op *read)
{
	const struct values *values = &key->history->values;
	struct versioned seen, written;

	if (read->f != F_READ || !versioned_of(key->history, read, &seen) ||
	    val_equal(values, seen.value, options->init))
		return false;
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->f != F_READ && op->type != OP_FAIL &&
		    versioned_of(key->history, op, &written) &&
		    val_equal(values, written.value, seen.value) &&
		    op->invoke_at < read->complete_at &&
		    (written.version == VERSION_UNKNOWN ||
		     written.version == seen.version || seen.version == VERSION_UNKNOWN))
			return false;
	}
	return true;
}

/* Two operations that told versions: the later one is older, or the versions are equal and
 * the values are not, or two writes share one. */
static bool
versions_contradict(const struct key_ops *key, const struct op *a, const struct op *b)
{
	struct versioned x, y;

	if (!versioned_of(key->history, a, &x) || !versioned_of(key->history, b, &y) ||
	    x.version == VERSION_UNKNOWN || y.version == VERSION_UNKNOWN)
		return false;
	if (x.version > y.version)
		return a->complete_at < b->invoke_at;
	if (x.version < y.version)
		return b->complete_at < a->invoke_at;
	bool a_writes = a->f != F_READ, b_writes = b->f != F_READ;
	return !val_equal(&key->history->values, x.value, y.value) ||
	       (a_writes && b_writes) || (a_writes && b->complete_at < a->invoke_at) ||
	       (b_writes && a->complete_at < b->invoke_at);
}

static bool
versioned_contradicts(const struct key_ops *key, const struct check_options *options,
		      const struct anomaly *anomaly)
{
	const struct op *ops = key->history->ops.items;
	const uint32_t *told = anomaly->ops.items;

	if (strcmp(anomaly->name, "unwritten-version") == 0 && anomaly->ops.count == 1)
		return nobody_wrote(key, options, &ops[told[0]]);
	return anomaly->ops.count == 2 &&
	       versions_contradict(key, &ops[told[0]], &ops[told[1]]);
}

/* ---- the checker --------------------------------------------------------------------
 */

static bool
is_pair(const struct history *history, val v)
{
	return val_kind(v) == VAL_LIST && val_count(&history->values, v) == 2;
}

static bool
has_version(const struct history *history, val v)
{
	if (!is_pair(history, v))
		return false;
	val version = val_at(&history->values, v, 0);
	return version == VAL_OF_NIL || val_kind(version) == VAL_INT;
}

static bool
versioned_understands(const struct history *history, const struct op *op, struct err *err)
{
	bool is_told = op->type == OP_OK && op->output != VAL_OF_NIL;

	if (op->f != F_READ && op->f != F_WRITE && op->f != F_CAS)
		return err_set(err, "'%s' is not an operation of a register",
			       history_f_name(history, op->f));
	if ((op->f != F_READ && !has_version(history, op->input)) ||
	    (is_told && !has_version(history, op->output)))
		return err_set(err, "a %s of process %u has no pair [version value]",
			       history_f_name(history, op->f), op->process);
	if (op->f == F_CAS && !is_pair(history, val_at(&history->values, op->input, 1)))
		return err_set(err,
			       "a cas of process %u has no pair [expected new] of values",
			       op->process);
	return true;
}

static const struct linearizable type = {
	.model = &model_versioned_register,
	.complexity = "stages: O(n log n), complete where each version belongs to one "
		      "write; frontier engine for others: exponential at worst",
	.understands = versioned_understands,
	.op_bytes = 64,
	.decide = versioned_decide,
	.contradicts = versioned_contradicts,
};

/* Values of plain registers may be pairs too: writes say which it is, their version being
 * nil at first. */
static int
versioned_fits(const struct history *history)
{
	size_t writes = 0, told = 0;

	if (linearizable_fits(&type, history, 1) == 0)
		return 0;
	vec_each (struct op, op, &history->ops) {
		if (op->f == F_READ)
			continue;
		writes++;
		if (val_at(&history->values, op->input, 0) != VAL_OF_NIL)
			return 0;
		told += op->type == OP_OK && op->output != VAL_OF_NIL &&
			val_at(&history->values, op->output, 0) != VAL_OF_NIL;
	}
	return writes > 0 && told > 0 ? 20 : 0;
}

static void
versioned_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
versioned_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_versioned_register = {
	.name = "versioned-register",
	.summary = "linearizable registers whose answers carry versions",
	.fits = versioned_fits,
	.check = versioned_check,
	.certify = versioned_certify,
};
