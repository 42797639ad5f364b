#include "checkers/engine/shrink.h"

#include "base/map.h"
#include "checkers/engine/oracle.h"
#include "checkers/engine/thin.h"

#include <stdlib.h>
#include <string.h>

enum {
	TRIES_MAX = 4000,
	VISITS_MAX = 1 << 16,
	SUSPECTS_MAX = 16
};
#define STEPS_MAX ((uint64_t)1 << 28)

void
shrink_init(struct shrink *shrink, const struct model *model, const struct key_ops *key,
	    const struct check_options *options)
{
	*shrink = (struct shrink){.model = model,
				  .options = options,
				  .tries_left = TRIES_MAX,
				  .steps_left = STEPS_MAX};
	shrink->self = model->open(key, options);
	model_calls(model, shrink->self, key, &shrink->calls);
	shrink->is_chosen = mem_new(shrink->calls.count + 1, sizeof(bool));
	shrink->is_needed = mem_new(shrink->calls.count + 1, sizeof(bool));
}

void
shrink_release(struct shrink *shrink)
{
	shrink->model->close(shrink->self);
	vec_release(&shrink->calls);
	free(shrink->is_chosen);
	free(shrink->is_needed);
	*shrink = (struct shrink){0};
}

/* ---- the small history --------------------------------------------------------------
 */

/* Single calls first, then the repeating ones. */
struct small {
	struct call calls[ORACLE_CALLS_MAX + ORACLE_REPEATS_MAX];
	size_t count, single_count;
	uint32_t from, until; /* the time of the calls that are required */
};

static bool
add_chosen(const struct shrink *shrink, struct small *small)
{
	small->from = OP_NEVER;
	for (size_t i = 0; i < shrink->calls.count; i++) {
		const struct call *call = &shrink->calls.items[i];
		if (!shrink->is_chosen[i] || call->optional)
			continue;
		if (small->count == ORACLE_CALLS_MAX)
			return false;
		small->calls[small->count++] = *call;
		if (call->invoke_at < small->from)
			small->from = call->invoke_at;
		if (call->complete_at > small->until)
			small->until = call->complete_at;
	}
	small->single_count = small->count;
	return small->count > 0;
}

/* The call is not required, and may change what the required ones meet. */
static bool
may_matter(const struct shrink *shrink, const struct small *small, size_t i,
	   bool any_state)
{
	const struct call *call = &shrink->calls.items[i];

	if ((shrink->is_chosen[i] && !call->optional) || !shrink->is_needed[i])
		return false;
	return call->invoke_at < small->until &&
	       !(any_state && call->complete_at < small->from) &&
	       !shrink->model->is_read(shrink->self, call);
}

static bool
add_singles(const struct shrink *shrink, struct small *small, bool any_state)
{
	for (size_t i = 0; i < shrink->calls.count; i++) {
		if (!may_matter(shrink, small, i, any_state))
			continue;
		if (small->count == ORACLE_CALLS_MAX)
			return false;
		small->calls[small->count] = shrink->calls.items[i];
		small->calls[small->count++].optional = true;
	}
	return true;
}

static bool
does_the_same(const struct call *a, const struct call *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b;
}

/* Joins the call to the repeating one that does the same; those that were over before the
 * core began are joined apart. */
static bool
add_repeating(struct small *small, const struct call *call)
{
	bool is_early = call->complete_at < small->from;

	for (size_t k = small->single_count; k < small->count; k++) {
		struct call *joined = &small->calls[k];
		if (!does_the_same(joined, call) ||
		    (joined->complete_at < small->from) != is_early)
			continue;
		if (call->complete_at > joined->complete_at)
			joined->complete_at = call->complete_at;
		return true;
	}
	if (small->count - small->single_count == ORACLE_REPEATS_MAX)
		return false;
	small->calls[small->count] = *call;
	small->calls[small->count].optional = true;
	small->calls[small->count++].repeats = true;
	return true;
}

static bool
add_all_repeating(const struct shrink *shrink, struct small *small, bool any_state)
{
	for (size_t i = 0; i < shrink->calls.count; i++)
		if (may_matter(shrink, small, i, any_state) &&
		    !add_repeating(small, &shrink->calls.items[i]))
			return false;
	return true;
}

/* Adds what the call must find. False: it may be anything. */
static bool
add_finds(const struct shrink *shrink, const struct call *call, struct map *found)
{
	uint64_t tokens[MODEL_TOKENS_MAX];
	size_t count = shrink->model->finds(shrink->self, call, tokens);
	bool is_new;

	if (count > MODEL_TOKENS_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		map_at(found, tokens[i], &is_new);
	return true;
}

static bool
leaves_one_of(const struct shrink *shrink, const struct call *call, struct map *found)
{
	uint64_t tokens[MODEL_TOKENS_MAX];
	size_t count = shrink->model->leaves(shrink->self, call, tokens);

	for (size_t i = 0; i < count && count <= MODEL_TOKENS_MAX; i++)
		if (map_find(found, tokens[i]) != NULL)
			return true;
	return count > MODEL_TOKENS_MAX;
}

/* From the required calls on: who leaves what they must find, who leaves what those must
 * find, and so on. Of any order, the last of the others can be left out. */
static bool
mark_needed(struct shrink *shrink, struct map *found)
{
	bool goes_on = true;

	for (size_t i = 0; i < shrink->calls.count; i++) {
		const struct call *call = &shrink->calls.items[i];
		shrink->is_needed[i] = shrink->is_chosen[i] && !call->optional;
		if (shrink->is_needed[i] && !add_finds(shrink, call, found))
			return false;
	}
	while (goes_on) {
		goes_on = false;
		for (size_t i = 0; i < shrink->calls.count; i++) {
			const struct call *call = &shrink->calls.items[i];
			if (shrink->is_needed[i] || !leaves_one_of(shrink, call, found))
				continue;
			shrink->is_needed[i] = goes_on = true;
			if (!add_finds(shrink, call, found))
				return false;
		}
	}
	return true;
}

static void
find_needed(struct shrink *shrink)
{
	const struct model *model = shrink->model;
	struct map found = {0};

	if (model->leaves == NULL || model->finds == NULL || !mark_needed(shrink, &found))
		memset(shrink->is_needed, true, shrink->calls.count);
	map_release(&found);
}

static bool
refutes(struct shrink *shrink, bool any_state)
{
	struct small small = {.count = 0};
	size_t visits = VISITS_MAX;

	if (!add_chosen(shrink, &small))
		return false;
	if (!add_singles(shrink, &small, any_state)) {
		small.count = small.single_count;
		if (!add_all_repeating(shrink, &small, any_state))
			return false;
	}
	enum verdict verdict = oracle_judge_part(shrink->model, shrink->self, small.calls,
						 small.count, any_state, &visits);
	uint64_t steps = (uint64_t)visits * small.count;
	shrink->steps_left -= steps < shrink->steps_left ? steps : shrink->steps_left;
	return verdict == VERDICT_INVALID;
}

bool
shrink_refutes(struct shrink *shrink, const uint32_t *ops, size_t count)
{
	calls_mark(&shrink->calls, ops, count, shrink->is_chosen);
	find_needed(shrink);
	return refutes(shrink, true) || refutes(shrink, false);
}

/* ---- leaving out --------------------------------------------------------------------
 */

static bool
may_try(void *of)
{
	struct shrink *shrink = of;

	if (shrink->tries_left == 0 || shrink->steps_left == 0 ||
	    budget_is_over(&shrink->options->budget))
		return false;
	shrink->tries_left--;
	return true;
}

static bool
shows(void *of, const uint32_t *ops, size_t count)
{
	return shrink_refutes(of, ops, count);
}

size_t
shrink_core(struct shrink *shrink, uint32_t *ops, size_t count)
{
	const struct thinning thinning = {
		.shows = shows, .may_try = may_try, .of = shrink};

	return thin_ops(&thinning, ops, count);
}

/* The last `wanted` required calls that began before the position and, where there is a
 * suspect, touch what it touches. */
static size_t
gather_before(const struct shrink *shrink, uint32_t position, const struct call *suspect,
	      size_t wanted, uint32_t *ops)
{
	const struct model *model = shrink->model;
	size_t count = 0;

	for (size_t i = shrink->calls.count; i > 0 && count < wanted; i--) {
		const struct call *call = &shrink->calls.items[i - 1];
		if (call->invoke_at < position && !call->optional &&
		    (suspect == NULL || model->meets(shrink->self, suspect, call)))
			ops[count++] = call->op;
	}
	return count;
}

static size_t
shrink_before(struct shrink *shrink, uint32_t position, const struct call *suspect,
	      uint32_t *ops)
{
	for (size_t wanted = 4; wanted <= ORACLE_CALLS_MAX && may_try(shrink);
	     wanted = wanted * 3 / 2) {
		size_t count = gather_before(shrink, position, suspect, wanted, ops);
		count = shrink_core(shrink, ops, count);
		if (count > 0)
			return count;
	}
	return 0;
}

/* Around the last calls before the position, one after the other: what touches other
 * parts of the state than the suspect is passed over, so that one looks further back. */
static size_t
shrink_suspects(struct shrink *shrink, uint32_t position, uint32_t *ops)
{
	size_t suspects = 0, count = 0;

	for (size_t i = shrink->calls.count; i > 0 && suspects < SUSPECTS_MAX; i--) {
		const struct call *call = &shrink->calls.items[i - 1];
		if (call->invoke_at >= position || call->optional)
			continue;
		suspects++;
		count = shrink_before(shrink, position, call, ops);
		if (count > 0)
			break;
	}
	return count;
}

size_t
shrink_near(struct shrink *shrink, uint32_t stuck_op, uint32_t *ops)
{
	uint32_t position = OP_NEVER;

	for (size_t i = 0; i < shrink->calls.count; i++)
		if (shrink->calls.items[i].op == stuck_op)
			position = shrink->calls.items[i].complete_at;
	size_t count = shrink_before(shrink, position, NULL, ops);
	if (count == 0 && shrink->model->meets != NULL)
		count = shrink_suspects(shrink, position, ops);
	return count;
}

bool
shrink_has_change(struct shrink *shrink, const uint32_t *ops, size_t count)
{
	calls_mark(&shrink->calls, ops, count, shrink->is_chosen);
	for (size_t i = 0; i < shrink->calls.count; i++)
		if (shrink->is_chosen[i] &&
		    !shrink->model->is_read(shrink->self, &shrink->calls.items[i]))
			return true;
	return false;
}

size_t
shrink_add_context(struct shrink *shrink, uint32_t *ops, size_t count, size_t room)
{
	uint32_t until = 0;
	size_t wanted = count + room, core_count = count;

	calls_mark(&shrink->calls, ops, count, shrink->is_chosen);
	for (size_t i = 0; i < shrink->calls.count; i++) {
		const struct call *call = &shrink->calls.items[i];
		if (shrink->is_chosen[i] && call->complete_at != OP_NEVER &&
		    call->complete_at > until)
			until = call->complete_at;
	}
	for (size_t i = shrink->calls.count; i > 0 && count < wanted; i--) {
		const struct call *call = &shrink->calls.items[i - 1];
		if (!shrink->is_chosen[i - 1] && call->invoke_at < until &&
		    !shrink->model->is_read(shrink->self, call))
			ops[count++] = call->op;
	}
	return shrink_refutes(shrink, ops, count) ? count : core_count;
}
