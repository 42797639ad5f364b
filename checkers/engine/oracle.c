#include "checkers/engine/oracle.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/vec.h"

struct search {
	const struct model *model;
	void *self;
	const struct call *calls;
	size_t count;
	size_t single_count; /* the first so many happen at most once */
	uint32_t required;   /* the calls that must be placed */
	struct map seen;     /* state << 32 | placed */
	VEC(uint64_t) open;  /* pairs still to extend */
};

static void
visit(struct search *search, uint32_t state, uint32_t placed)
{
	uint64_t pair = (uint64_t)state << 32 | placed;
	bool is_new;

	map_at(&search->seen, pair, &is_new);
	if (is_new)
		vec_push(&search->open, pair);
}

/* Real time allows the call now: none that is placed began after it completed, and none
 * that must still be placed completed before it began. */
static bool
may_be_next(const struct search *search, uint32_t placed, size_t next)
{
	const struct call *call = &search->calls[next];

	for (size_t i = 0; i < search->single_count; i++) {
		const struct call *other = &search->calls[i];
		bool is_placed = placed >> i & 1;
		if (is_placed && i != next && call->complete_at < other->invoke_at)
			return false;
		if (!is_placed && search->required >> i & 1 && i != next &&
		    other->complete_at < call->invoke_at)
			return false;
	}
	return true;
}

static void
extend(struct search *search, uint32_t state, uint32_t placed)
{
	for (size_t i = 0; i < search->count; i++) {
		const struct call *call = &search->calls[i];
		uint32_t next_state;
		bool is_single = i < search->single_count;
		if ((is_single && placed >> i & 1) || !may_be_next(search, placed, i))
			continue;
		if (!search->model->step(search->self, state, call, &next_state))
			continue;
		visit(search, next_state, is_single ? placed | 1u << i : placed);
	}
}

/* False: they are too many. */
static bool
visit_any_state(struct search *search)
{
	const struct model *model = search->model;
	uint32_t states[MODEL_STARTS_MAX];
	size_t count = model->starts != NULL ? model->starts(search->self, search->calls,
							     search->count, states)
					     : model->state_count(search->self);

	if (count == 0 || count > MODEL_STARTS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		visit(search, model->starts != NULL ? states[i] : i, 0);
	return true;
}

static bool
visit_starts(struct search *search, bool from_any_state)
{
	if (from_any_state)
		return visit_any_state(search);
	visit(search, search->model->init(search->self), 0);
	return true;
}

enum verdict
oracle_judge_part(const struct model *model, void *self, const struct call *calls,
		  size_t count, bool from_any_state, size_t *visits)
{
	struct search search = {
		.model = model, .self = self, .calls = calls, .count = count};
	enum verdict verdict = VERDICT_INVALID;

	while (search.single_count < count && !calls[search.single_count].repeats)
		search.single_count++;
	for (size_t i = search.single_count; i < count; i++)
		ASSERT(calls[i].repeats);
	if (search.single_count > ORACLE_CALLS_MAX)
		return VERDICT_UNKNOWN;
	for (size_t i = 0; i < search.single_count; i++)
		if (!calls[i].optional)
			search.required |= 1u << i;
	if (!visit_starts(&search, from_any_state))
		return VERDICT_UNKNOWN;
	while (search.open.count > 0 && verdict == VERDICT_INVALID) {
		uint64_t pair = vec_pop(&search.open);
		if (((uint32_t)pair & search.required) == search.required)
			verdict = VERDICT_VALID;
		else if (search.seen.count > *visits)
			verdict = VERDICT_UNKNOWN;
		else
			extend(&search, (uint32_t)(pair >> 32), (uint32_t)pair);
	}
	if (verdict == VERDICT_INVALID && model_is_full(model, self))
		verdict = VERDICT_UNKNOWN;
	*visits = search.seen.count;
	map_release(&search.seen);
	vec_release(&search.open);
	return verdict;
}

enum verdict
oracle_judge(const struct model *model, void *self, const struct call *calls,
	     size_t count)
{
	size_t visits = ORACLE_VISITS_MAX;

	return oracle_judge_part(model, self, calls, count, false, &visits);
}

enum verdict
oracle_judge_key(const struct model *model, const struct key_ops *key,
		 const struct check_options *options)
{
	void *self = model->open(key, options);
	struct calls calls = {0};

	model_calls(model, self, key, &calls);
	enum verdict verdict = oracle_judge(model, self, calls.items, calls.count);
	vec_release(&calls);
	model->close(self);
	return verdict;
}
