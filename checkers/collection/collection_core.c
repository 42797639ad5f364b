#include "checkers/collection/collection_core.h"

#include "checkers/engine/oracle.h"
#include "checkers/sort.h"

#include <stdlib.h>

/* ---- gathering ---------------------------------------------------------------------- */

static bool
has_element(const struct call *call)
{
	return call->kind == COLLECTION_PUT || call->kind == COLLECTION_TAKE ||
	       call->kind == COLLECTION_LOOK;
}

/* Marks the elements of the chosen calls; by id. */
static bool *
touched_elements(const struct calls *calls, const uint32_t *sorted, size_t count)
{
	uint32_t elements = 0;

	vec_each (struct call, counted, calls)
		elements = counted->a >= elements ? counted->a + 1 : elements;
	bool *touched = mem_new((size_t)elements + 1, sizeof(*touched));
	vec_each (struct call, call, calls)
		if (has_element(call) && sort_has(sorted, count, call->op))
			touched[call->a] = true;
	return touched;
}

/* Takes of unknown outcome that ask for the same, ahead of this one. */
static size_t
count_like(const struct collection_core *core, size_t before, uint32_t pattern)
{
	size_t like = 0;

	for (size_t i = 0; i < before; i++) {
		const struct call *other = &core->calls.items[i].call;
		like += other->kind == COLLECTION_TAKE_SOME && other->b == pattern;
	}
	return like;
}

static void
keep_calls(struct collection_core *core, const struct calls *calls, const bool *touched,
	   const uint32_t *sorted, size_t count)
{
	vec_each (struct call, call, calls) {
		bool chosen = sort_has(sorted, count, call->op);
		bool is_kept = chosen;
		if (has_element(call) && call->kind != COLLECTION_LOOK)
			is_kept = touched[call->a];
		if (call->kind == COLLECTION_TAKE_SOME)
			is_kept = count_like(core, core->calls.count, call->b) <
				  ORACLE_CALLS_MAX;
		if (is_kept)
			vec_push(&core->calls, (struct core_call){*call, chosen});
	}
}

void
collection_core_init(struct collection_core *core, enum collection collection,
		     const struct key_ops *key, const struct check_options *options,
		     const uint32_t *ops, size_t count)
{
	uint32_t *sorted = mem_new(count + 1, sizeof(*sorted));
	struct calls calls = {0};

	*core = (struct collection_core){.model = model_of_collection(collection),
					 .options = options};
	core->self = core->model->open(key, options);
	model_calls(core->model, core->self, key, &calls);
	for (size_t i = 0; i < count; i++)
		sorted[i] = ops[i];
	sort_numbers(sorted, count);
	bool *touched = touched_elements(&calls, sorted, count);
	keep_calls(core, &calls, touched, sorted, count);
	free(touched);
	free(sorted);
	vec_release(&calls);
}

void
collection_core_release(struct collection_core *core)
{
	core->model->close(core->self);
	vec_release(&core->calls);
}

/* ---- the small history -------------------------------------------------------------- */

/* A chosen call has the element. */
static bool
is_touched(const struct collection_core *core, uint32_t element)
{
	vec_each (struct core_call, other, &core->calls)
		if (other->is_chosen && has_element(&other->call) &&
		    other->call.a == element)
			return true;
	return false;
}

static size_t
count_puts(const struct collection_core *core)
{
	size_t puts = 0;

	vec_each (struct core_call, other, &core->calls)
		puts += other->call.kind == COLLECTION_PUT &&
			is_touched(core, other->call.a);
	return puts;
}

bool
collection_core_refutes(struct collection_core *core)
{
	struct call small[ORACLE_CALLS_MAX];
	size_t count = 0, puts;

	if (core->calls.count > ORACLE_CALLS_MAX * 4)
		return false;
	puts = count_puts(core);
	vec_each (struct core_call, kept, &core->calls) {
		struct call call = kept->call;
		bool is_some = call.kind == COLLECTION_TAKE_SOME;
		size_t place = (size_t)(kept - core->calls.items);
		if (is_some && count_like(core, place, call.b) >= puts)
			continue;
		if (!is_some && !kept->is_chosen &&
		    (!has_element(&call) || call.kind == COLLECTION_LOOK ||
		     !is_touched(core, call.a)))
			continue;
		call.optional = call.optional || !kept->is_chosen;
		if (count == ORACLE_CALLS_MAX)
			return false;
		small[count++] = call;
	}
	return oracle_judge(core->model, core->self, small, count) == VERDICT_INVALID;
}

/* ---- shrinking ---------------------------------------------------------------------- */

/* Tries to do without the element of the call, or without the call alone. */
static bool
try_without(struct collection_core *core, struct core_call *call, bool whole_element)
{
	bool kept[ORACLE_CALLS_MAX * 4];

	for (size_t i = 0; i < core->calls.count; i++) {
		struct core_call *other = &core->calls.items[i];
		kept[i] = other->is_chosen;
		if (other == call ||
		    (whole_element && has_element(&call->call) &&
		     has_element(&other->call) && other->call.a == call->call.a))
			other->is_chosen = false;
	}
	if (collection_core_refutes(core))
		return true;
	for (size_t i = 0; i < core->calls.count; i++)
		core->calls.items[i].is_chosen = kept[i];
	return false;
}

/* Nobody understands a take without the put of what was taken. */
static void
choose_puts(struct collection_core *core)
{
	vec_each (struct core_call, put, &core->calls)
		if (put->call.kind == COLLECTION_PUT && is_touched(core, put->call.a))
			put->is_chosen = true;
}

/* Whole elements first, then single operations. */
size_t
collection_core_shrink(struct collection_core *core, uint32_t *ops)
{
	size_t count = 0;

	if (!collection_core_refutes(core))
		return 0;
	for (int whole = 1; whole >= 0; whole--)
		vec_each (struct core_call, call, &core->calls)
			if (call->is_chosen && !budget_is_over(&core->options->budget))
				try_without(core, call, whole != 0);
	choose_puts(core);
	vec_each (struct core_call, left, &core->calls)
		if (left->is_chosen)
			ops[count++] = left->call.op;
	return count;
}
