#include "checkers/engine/frontier_plan.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	CALL_BYTES =
		96 /* of the plan, for each call: itself, its class, its layer, what is
			   useful */
};

/* ---- classes ------------------------------------------------------------------------
 */

static bool
does_the_same(const struct call *a, const struct call *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b;
}

static uint64_t
hash_call(const struct call *call)
{
	uint64_t hash = ((uint64_t)call->a << 32 | call->b) * 0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 32) ^ call->kind) * 0xd6e8feb86659fd93u;
	return hash ^ (hash >> 32);
}

static uint32_t
add_class(struct plan *plan, uint32_t call)
{
	const struct call *example = &plan->calls.items[call];

	vec_push(&plan->classes,
		 (struct call_class){
			 .example = call,
			 .info = FRONTIER_NONE,
			 .is_read = plan->model->is_read(plan->self, example),
			 .is_overwrite = plan->model->is_overwrite(plan->self, example)});
	return (uint32_t)plan->classes.count - 1;
}

static void
classify(struct plan *plan)
{
	size_t slot_count = 16;

	while (slot_count < plan->calls.count * 2)
		slot_count *= 2;
	uint32_t *slots = mem_new(slot_count, sizeof(*slots));
	plan->class_of = mem_new(plan->calls.count + 1, sizeof(*plan->class_of));
	for (uint32_t i = 0; i < plan->calls.count; i++) {
		const struct call *call = &plan->calls.items[i];
		size_t at = hash_call(call) & (slot_count - 1);
		while (slots[at] != 0 &&
		       !does_the_same(
			       call, &plan->calls.items[plan->classes.items[slots[at] - 1]
								.example]))
			at = (at + 1) & (slot_count - 1);
		if (slots[at] == 0)
			slots[at] = add_class(plan, i) + 1;
		plan->class_of[i] = slots[at] - 1;
	}
	free(slots);
}

/* ---- crashed calls ------------------------------------------------------------------
 */

/* The first layer that a call is open at which began at the position. */
static uint32_t
first_layer(const struct plan *plan, uint32_t position)
{
	uint32_t found;

	search_first(found, 0, plan->layer_count,
		     plan_layer_position(plan, found) < position);
	return found;
}

static bool
may_be_used(const struct plan *plan, uint32_t call)
{
	return plan->calls.items[call].optional &&
	       plan->classes.items[plan->class_of[call]].useful_until > 0;
}

/* The number of the call's class among crashed ones. Classes come in the order of their
 * first call. */
static uint32_t
number_info(struct plan *plan, uint32_t call)
{
	uint32_t number = plan->class_of[call];
	struct call_class *class = &plan->classes.items[number];

	if (class->info == FRONTIER_NONE) {
		class->info = (uint32_t)plan->info_classes.count;
		vec_push(&plan->info_classes,
			 (struct info_class){
				 .class = number,
				 .begins = first_layer(plan,
						       plan->calls.items[call].invoke_at),
				 .useful_until = class->useful_until});
	}
	return class->info;
}

static void
gather_infos(struct plan *plan)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < plan->calls.count; i++) {
		if (!may_be_used(plan, i))
			continue;
		vec_push(&plan->crashed, i);
		uint32_t info = number_info(plan, i);
		plan->info_classes.items[info].count++;
	}
	vec_each (struct info_class, class, &plan->info_classes) {
		class->first = total;
		total += class->count;
		class->count = 0;
	}
	plan->infos = mem_new(total + 1, sizeof(*plan->infos));
	vec_each (uint32_t, call, &plan->crashed) {
		struct info_class *class =
			&plan->info_classes.items[number_info(plan, *call)];
		plan->infos[class->first + class->count++] = *call;
	}
}

/* ---- layers -------------------------------------------------------------------------
 */

static void
order_completions(struct plan *plan)
{
	uint64_t *completions = mem_new(plan->calls.count + 1, sizeof(*completions));

	for (uint32_t i = 0; i < plan->calls.count; i++)
		if (!plan->calls.items[i].optional)
			completions[plan->layer_count++] =
				(uint64_t)plan->calls.items[i].complete_at << 32 | i;
	sort_words(completions, plan->layer_count);
	plan->layer_call = mem_new(plan->layer_count + 1, sizeof(*plan->layer_call));
	for (uint32_t e = 0; e < plan->layer_count; e++) {
		plan->layer_call[e] = (uint32_t)completions[e];
		plan->classes.items[plan->class_of[plan->layer_call[e]]].needed_until =
			e + 1;
	}
	free(completions);
}

/* The calls that are open while layers are passed one after the other. */
struct opening {
	struct open_call open[FRONTIER_SLOTS];
	size_t count, read_count;
	bool is_taken[FRONTIER_SLOTS]; /* by slot */
	uint32_t next_call;
};

static bool
comes_before(const struct plan *plan, const struct open_call *a,
	     const struct open_call *b)
{
	if (a->is_read != b->is_read)
		return a->is_read;
	return plan->calls.items[a->call].complete_at >
	       plan->calls.items[b->call].complete_at;
}

static void
insert_open(const struct plan *plan, struct opening *opening,
	    const struct open_call *open)
{
	size_t at = opening->count++;

	for (; at > 0 && comes_before(plan, open, &opening->open[at - 1]); at--)
		opening->open[at] = opening->open[at - 1];
	opening->open[at] = *open;
	opening->read_count += open->is_read;
}

/* The lowest that is free: sets of slots stay narrow. */
static uint16_t
take_slot(struct plan *plan, struct opening *opening)
{
	uint16_t slot = 0;

	while (opening->is_taken[slot])
		slot++;
	opening->is_taken[slot] = true;
	if (slot >= plan->slot_count)
		plan->slot_count = slot + 1u;
	return slot;
}

static bool
open_calls_until(struct plan *plan, struct opening *opening, uint32_t position)
{
	for (; opening->next_call < plan->calls.count; opening->next_call++) {
		uint32_t i = opening->next_call;
		if (plan->calls.items[i].invoke_at > position)
			return true;
		if (plan->calls.items[i].optional)
			continue;
		if (opening->count == FRONTIER_SLOTS)
			return false;
		uint16_t slot = take_slot(plan, opening);
		insert_open(
			plan, opening,
			&(struct open_call){
				.call = i,
				.slot = slot,
				.is_read =
					plan->classes.items[plan->class_of[i]].is_read});
	}
	return true;
}

static void
close_call(struct plan *plan, struct opening *opening, uint32_t layer)
{
	for (size_t i = 0; i < opening->count; i++) {
		if (opening->open[i].call != plan->layer_call[layer])
			continue;
		plan->layer_slot[layer] = opening->open[i].slot;
		opening->is_taken[opening->open[i].slot] = false;
		opening->read_count -= opening->open[i].is_read;
		memmove(&opening->open[i], &opening->open[i + 1],
			(opening->count - i - 1) * sizeof(opening->open[0]));
		opening->count--;
		return;
	}
	ASSERT(false);
}

static bool
lay_out_layers(struct plan *plan, size_t bytes_max, struct err *err)
{
	struct opening opening = {0};

	plan->layer_slot = mem_new(plan->layer_count + 1, sizeof(*plan->layer_slot));
	plan->open_starts = mem_new(plan->layer_count + 1, sizeof(*plan->open_starts));
	plan->open_changes = mem_new(plan->layer_count + 1, sizeof(*plan->open_changes));
	for (uint32_t e = 0; e < plan->layer_count; e++) {
		if (!open_calls_until(plan, &opening, plan_layer_position(plan, e)))
			return err_set(err, "more than %d operations are open at once",
				       FRONTIER_SLOTS);
		if ((plan->open.count + opening.count) * sizeof(struct open_call) >
		    bytes_max / 2)
			return err_set(err, "the budget of memory is too small");
		plan->open_starts[e] = (uint32_t)plan->open.count;
		plan->open_changes[e] = (uint32_t)(plan->open.count + opening.read_count);
		vec_reserve(&plan->open, plan->open.count + opening.count);
		memcpy(plan->open.items + plan->open.count, opening.open,
		       opening.count * sizeof(struct open_call));
		plan->open.count += opening.count;
		close_call(plan, &opening, e);
	}
	plan->open_starts[plan->layer_count] = (uint32_t)plan->open.count;
	return true;
}

/* ---- the whole plan -----------------------------------------------------------------
 */

bool
plan_init(struct plan *plan, const struct model *model, const struct key_ops *key,
	  const struct check_options *options, struct err *err)
{
	size_t bytes_max = options->budget.bytes_max;

	*plan = (struct plan){.model = model};
	if (key->count * CALL_BYTES > bytes_max)
		return err_set(err, "the budget of memory is too small");
	plan->self = model->open(key, options);
	model_calls(model, plan->self, key, &plan->calls);
	classify(plan);
	order_completions(plan);
	plan_find_useful(plan);
	gather_infos(plan);
	if (!lay_out_layers(plan, bytes_max, err))
		return false;
	plan_tabulate(plan, bytes_max);
	plan->bytes = plan->calls.capacity * sizeof(struct call) +
		      plan->open.capacity * sizeof(struct open_call) +
		      plan->calls.count * 16;
	return true;
}

void
plan_release(struct plan *plan)
{
	if (plan->self != NULL)
		plan->model->close(plan->self);
	vec_release(&plan->calls);
	vec_release(&plan->classes);
	vec_release(&plan->open);
	vec_release(&plan->info_classes);
	vec_release(&plan->crashed);
	free(plan->class_of);
	free(plan->layer_call);
	free(plan->layer_slot);
	free(plan->open_starts);
	free(plan->open_changes);
	free(plan->infos);
	free(plan->table);
	free(plan->useful_until);
	free(plan->effects);
	free(plan->effect_starts);
	*plan = (struct plan){0};
}
