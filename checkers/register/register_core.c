#include "checkers/register/register_core.h"

#include "checkers/engine/oracle.h"
#include "checkers/engine/thin.h"

#include <stdlib.h>

#define NONE UINT32_MAX

void
register_core_init(struct register_core *core, const struct key_ops *key,
		   const struct check_options *options)
{
	*core = (struct register_core){.options = options};
	core->self = model_register.open(key, options);
	model_calls(&model_register, core->self, key, &core->calls);
	core->value_count = model_register.state_count(core->self);
	core->merged_into = mem_new(core->value_count + 1, sizeof(*core->merged_into));
	core->is_chosen = mem_new(core->calls.count + 1, sizeof(*core->is_chosen));
}

void
register_core_release(struct register_core *core)
{
	model_register.close(core->self);
	vec_release(&core->calls);
	free(core->merged_into);
	free(core->is_chosen);
	*core = (struct register_core){0};
}

/* ---- values -------------------------------------------------------------------------
 */

static uint32_t
class_of(struct register_core *core, uint32_t value)
{
	while (core->merged_into[value] != value) {
		core->merged_into[value] = core->merged_into[core->merged_into[value]];
		value = core->merged_into[value];
	}
	return value;
}

/* The smaller number stands for both, so that the initial value stays 0. */
static void
merge_values(struct register_core *core, uint32_t a, uint32_t b)
{
	uint32_t x = class_of(core, a), y = class_of(core, b);

	core->merged_into[x > y ? x : y] = x < y ? x : y;
}

static void
contract(struct register_core *core, bool contracts)
{
	for (uint32_t value = 0; value < core->value_count; value++)
		core->merged_into[value] = value;
	for (size_t i = 0; i < core->calls.count && contracts; i++)
		if (!core->is_chosen[i] && core->calls.items[i].kind == REGISTER_CAS)
			merge_values(core, core->calls.items[i].a,
				     core->calls.items[i].b);
}

/* ---- the small history --------------------------------------------------------------
 */

struct small {
	struct call calls[ORACLE_CALLS_MAX + ORACLE_REPEATS_MAX];
	size_t count;
	uint32_t from, until; /* the time of the chosen calls */
};

static bool
add_call(struct small *small, const struct call *call)
{
	if (small->count == ORACLE_CALLS_MAX + ORACLE_REPEATS_MAX)
		return false;
	small->calls[small->count++] = *call;
	return true;
}

/* A cas inside one class of values only sees it. */
static bool
add_chosen(struct register_core *core, struct small *small)
{
	small->from = OP_NEVER;
	small->until = 0;
	for (size_t i = 0; i < core->calls.count; i++) {
		struct call call = core->calls.items[i];
		if (!core->is_chosen[i])
			continue;
		call.a = class_of(core, call.a);
		if (call.kind == REGISTER_CAS) {
			call.b = class_of(core, call.b);
			if (call.a == call.b)
				call.kind = REGISTER_READ;
		}
		if (call.invoke_at < small->from && !call.optional)
			small->from = call.invoke_at;
		if (call.complete_at > small->until && !call.optional)
			small->until = call.complete_at;
		if (small->count == ORACLE_CALLS_MAX || !add_call(small, &call))
			return false;
	}
	return small->count > 0;
}

static uint32_t
written_class(struct register_core *core, const struct call *call)
{
	if (call->kind == REGISTER_WRITE)
		return class_of(core, call->a);
	return class_of(core, call->b);
}

/* The call is forgotten, may have written a value of the class, and began in time. */
static bool
supplies(struct register_core *core, const struct small *small, size_t i, uint32_t class)
{
	const struct call *call = &core->calls.items[i];

	if (core->is_chosen[i] || call->invoke_at > small->until)
		return false;
	if (call->kind != REGISTER_WRITE && call->kind != REGISTER_CAS)
		return false;
	if (call->kind == REGISTER_CAS &&
	    class_of(core, call->a) == class_of(core, call->b))
		return false;
	return written_class(core, call) == class;
}

/* The value may have come from forgotten writers: one supply for all that were over before
 * the chosen calls began, and one for each stretch of time in which others were open. */
static bool
add_supply(struct register_core *core, struct small *small, uint32_t class)
{
	struct call early = {
		.kind = REGISTER_WRITE, .a = class, .op = NONE, .repeats = true};
	struct call late = early;
	bool has_early = false, has_late = false;

	for (size_t i = 0; i < core->calls.count; i++) {
		const struct call *call = &core->calls.items[i];
		if (!supplies(core, small, i, class))
			continue;
		if (call->complete_at < small->from) {
			has_early = true;
			if (call->complete_at > early.complete_at)
				early.complete_at = call->complete_at;
			continue;
		}
		if (has_late && call->invoke_at > late.complete_at) {
			if (!add_call(small, &late))
				return false;
			has_late = false;
		}
		if (!has_late) {
			late.invoke_at = call->invoke_at;
			late.complete_at = 0;
		}
		has_late = true;
		if (call->complete_at > late.complete_at)
			late.complete_at = call->complete_at;
	}
	return (!has_early || add_call(small, &early)) &&
	       (!has_late || add_call(small, &late));
}

/* Supplies for what the chosen calls see; for "not this value" any other will do. */
static bool
add_supplies(struct register_core *core, struct small *small)
{
	uint32_t supplied[ORACLE_CALLS_MAX];
	size_t supplied_count = 0, chosen_count = small->count;

	for (size_t i = 0; i < chosen_count; i++) {
		const struct call *call = &small->calls[i];
		bool is_known = call->kind == REGISTER_WRITE;
		if (call->kind == REGISTER_UNEQUAL) {
			struct call other = {.complete_at = OP_NEVER,
					     .kind = REGISTER_WRITE,
					     .a = NONE - 1,
					     .repeats = true};
			if (!add_call(small, &other))
				return false;
			continue;
		}
		for (size_t k = 0; k < supplied_count; k++)
			is_known = is_known || supplied[k] == call->a;
		if (is_known)
			continue;
		supplied[supplied_count++] = call->a;
		if (!add_supply(core, small, call->a))
			return false;
	}
	return true;
}

/* "Not this value" says nothing of a class of values. */
static bool
has_chosen_unequal(const struct register_core *core)
{
	for (size_t i = 0; i < core->calls.count; i++)
		if (core->is_chosen[i] && core->calls.items[i].kind == REGISTER_UNEQUAL)
			return true;
	return false;
}

static bool
refutes(struct register_core *core, bool contracts)
{
	struct small small = {.count = 0};

	if (contracts && has_chosen_unequal(core))
		return false;
	contract(core, contracts);
	return add_chosen(core, &small) && add_supplies(core, &small) &&
	       oracle_judge(&model_register, core->self, small.calls, small.count) ==
		       VERDICT_INVALID;
}

bool
register_core_refutes(struct register_core *core, const uint32_t *ops, size_t count)
{
	calls_mark(&core->calls, ops, count, core->is_chosen);
	return refutes(core, true) || refutes(core, false);
}

static bool
shows(void *of, const uint32_t *ops, size_t count)
{
	return register_core_refutes(of, ops, count);
}

static bool
may_try(void *of)
{
	const struct register_core *core = of;

	return !budget_is_over(&core->options->budget);
}

size_t
register_core_shrink(struct register_core *core, uint32_t *ops, size_t count)
{
	const struct thinning thinning = {.shows = shows, .may_try = may_try, .of = core};

	return thin_ops(&thinning, ops, count);
}
