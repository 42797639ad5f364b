#include "checkers/engine/frontier_plan.h"

#include "base/map.h"

/* Until when something must be found: layer + 1. */
struct wanted {
	struct plan *plan;
	struct map tokens;
	uint32_t anything; /* by calls that may have to find whatever there is */
	uint32_t latest;   /* of all tokens */
	bool has_changed;
};

struct tokens {
	uint64_t items[MODEL_TOKENS_MAX];
	size_t count;
	bool is_anything;
};

static struct tokens
tokens_of(const struct plan *plan, uint32_t class,
	  size_t (*ask)(void *self, const struct call *call, uint64_t *tokens))
{
	const struct call *example =
		&plan->calls.items[plan->classes.items[class].example];
	struct tokens tokens = {.is_anything = true};

	if (ask == NULL)
		return tokens;
	tokens.count = ask(plan->self, example, tokens.items);
	tokens.is_anything = tokens.count > MODEL_TOKENS_MAX;
	return tokens;
}

static void
raise(struct wanted *wanted, uint32_t *until, uint32_t to)
{
	if (to <= *until)
		return;
	*until = to;
	wanted->has_changed = true;
	if (to > wanted->latest)
		wanted->latest = to;
}

/* What a call of the class must find is wanted until the layer. */
static void
want(struct wanted *wanted, uint32_t class, uint32_t until)
{
	struct tokens finds = tokens_of(wanted->plan, class, wanted->plan->model->finds);

	if (until > 0 && finds.is_anything)
		raise(wanted, &wanted->anything, until);
	for (size_t i = 0; i < finds.count && until > 0 && !finds.is_anything; i++) {
		bool is_new;
		uint64_t *known = map_at(&wanted->tokens, finds.items[i], &is_new);
		uint32_t layer = is_new ? 0 : (uint32_t)*known;
		raise(wanted, &layer, until);
		*known = layer;
	}
}

/* Until when what a call of the class leaves is wanted. */
static uint32_t
wanted_until(const struct wanted *wanted, uint32_t class)
{
	struct tokens leaves =
		tokens_of(wanted->plan, class, wanted->plan->model->leaves);
	uint32_t until = leaves.is_anything ? wanted->latest : wanted->anything;

	for (size_t i = 0; i < leaves.count && !leaves.is_anything; i++) {
		const uint64_t *known = map_find(&wanted->tokens, leaves.items[i]);
		if (known != NULL && *known > until)
			until = (uint32_t)*known;
	}
	return until;
}

/* A crashed call that must itself find something wants that as long as somebody wants
 * what it leaves. */
static void
want_through_crashed(struct wanted *wanted, const bool *is_crashed)
{
	do {
		wanted->has_changed = false;
		for (uint32_t class = 0; class < wanted->plan->classes.count; class ++)
			if (is_crashed[class])
				want(wanted, class, wanted_until(wanted, class));
	} while (wanted->has_changed);
}

/* Whether another crashed call may notice one of the class. Where states are one value,
 * only what must find that value does. */
static void
find_leads(struct wanted *wanted, const bool *is_crashed)
{
	struct plan *plan = wanted->plan;

	map_clear(&wanted->tokens);
	wanted->anything = wanted->latest = 0;
	for (uint32_t class = 0; class < plan->classes.count; class ++)
		if (is_crashed[class])
			want(wanted, class, 1);
	for (uint32_t class = 0; class < plan->classes.count; class ++)
		plan->classes.items[class].leads_on =
			!plan->model->holds_one_value || wanted_until(wanted, class) > 0;
}

void
plan_find_useful(struct plan *plan)
{
	struct wanted wanted = {.plan = plan};
	bool *is_crashed = mem_new(plan->classes.count + 1, sizeof(*is_crashed));

	for (size_t i = 0; i < plan->calls.count; i++)
		is_crashed[plan->class_of[i]] |= plan->calls.items[i].optional;
	for (uint32_t class = 0; class < plan->classes.count; class ++)
		want(&wanted, class, plan->classes.items[class].needed_until);
	want_through_crashed(&wanted, is_crashed);
	for (uint32_t class = 0; class < plan->classes.count; class ++)
		plan->classes.items[class].useful_until =
			is_crashed[class] && !plan->classes.items[class].is_read
				? wanted_until(&wanted, class)
				: 0;
	find_leads(&wanted, is_crashed);
	map_release(&wanted.tokens);
	free(is_crashed);
}
