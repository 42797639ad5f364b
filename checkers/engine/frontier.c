#include "checkers/engine/frontier.h"

#include "checkers/engine/frontier_search.h"

#include <stdlib.h>

enum {
	WORK_FIRST = 1 << 14,
	DEPTH_WORK = 4, /* a layer */
	BEAM_WORK = 8
};

struct judging {
	struct engine engine;
	struct depth depth;
	struct beam beam;
	struct whole whole;
	struct windows windows;
	bool has_windows; /* that can be searched */
	uint32_t stuck;	  /* the layer that cannot be passed, or was not yet */
	struct frontier *result;
};

/* ---- the order ----------------------------------------------------------------------
 */

struct writer {
	struct engine *engine;
	struct node node;
	uint32_t *used; /* crashed calls, by their class */
	uint32_t *order;
	size_t count;
};

/* Crashed calls that do the same take effect in the order of their invocations. */
static void
write_call(struct writer *writer, uint32_t call)
{
	const struct plan *plan = &writer->engine->plan;

	if (plan->calls.items[call].optional) {
		uint32_t info = plan->classes.items[plan->class_of[call]].info;
		call = plan->infos[plan->info_classes.items[info].first +
				   writer->used[info]++];
	}
	writer->order[writer->count++] = writer->engine->plan.calls.items[call].op;
}

/* Writes the reads that the node has taken since the mask was `before`. */
static void
write_reads(struct writer *writer, uint64_t before)
{
	const struct plan *plan = &writer->engine->plan;
	const struct slot_sets *slots = &writer->engine->slots;
	uint32_t layer = writer->node.layer;

	if (layer == plan->layer_count)
		return;
	for (uint32_t i = plan->open_starts[layer]; i < plan->open_changes[layer]; i++) {
		const struct open_call *open = &plan->open.items[i];
		if (slot_sets_has(slots, writer->node.mask, open->slot) &&
		    !slot_sets_has(slots, before, open->slot))
			write_call(writer, open->call);
	}
}

static void
write_passes(struct writer *writer)
{
	struct engine *engine = writer->engine;

	while (writer->node.layer < engine->plan.layer_count &&
	       engine_may_pass(engine, &writer->node)) {
		uint64_t before =
			slot_sets_without(&engine->slots, writer->node.mask,
					  engine->plan.layer_slot[writer->node.layer]);
		engine_pass(engine, &writer->node);
		write_reads(writer, before);
	}
}

/* Takes one step of the way: the call, the reads that fit then, the completions passed.
 */
static void
write_step(struct writer *writer, uint32_t call)
{
	const struct plan *plan = &writer->engine->plan;
	struct node *node = &writer->node;

	for (uint32_t i = plan->open_starts[node->layer];
	     i < plan->open_starts[node->layer + 1]; i++)
		if (plan->open.items[i].call == call)
			node->mask = slot_sets_with(&writer->engine->slots, node->mask,
						    plan->open.items[i].slot);
	node->state = plan_step(&writer->engine->plan, node->state, plan->class_of[call]);
	ASSERT(node->state != FRONTIER_ILLEGAL);
	write_call(writer, call);
	uint64_t before = node->mask;
	engine_absorb(writer->engine, node);
	write_reads(writer, before);
	write_passes(writer);
}

static void
write_order(struct judging *judging, const struct nodes *nodes, uint32_t found)
{
	struct engine *engine = &judging->engine;
	struct writer writer = {.engine = engine};
	VEC(uint32_t) way = {0};

	writer.order = mem_new(engine->plan.calls.count + 1, sizeof(uint32_t));
	writer.used = mem_new(engine->plan.info_classes.count + 1, sizeof(uint32_t));
	writer.node.state = engine->plan.model->init(engine->plan.self);
	for (uint32_t id = found; id != FRONTIER_NONE; id = nodes->items[id].parent)
		if (nodes->items[id].call != FRONTIER_NONE)
			vec_push(&way, nodes->items[id].call);
	if (engine->plan.layer_count > 0)
		engine_absorb(engine, &writer.node);
	write_reads(&writer, 0);
	write_passes(&writer);
	while (way.count > 0)
		write_step(&writer, vec_pop(&way));
	vec_release(&way);
	free(writer.used);
	judging->result->order = writer.order;
	judging->result->order_count = writer.count;
}

/* ---- the core -----------------------------------------------------------------------
 */

static bool
is_in_core(const struct plan *plan, uint32_t call, uint32_t first, uint32_t last)
{
	const struct call *c = &plan->calls.items[call];
	uint32_t begin = first == 0 ? 0 : plan_layer_position(plan, first);

	return c->invoke_at < plan_layer_position(plan, last) &&
	       (c->complete_at >= begin || c->optional);
}

/* The operations that layers first..last are about. */
static void
write_core(struct judging *judging, uint32_t first, uint32_t last)
{
	const struct plan *plan = &judging->engine.plan;
	struct frontier *result = judging->result;

	result->core = mem_new(plan->calls.count + 1, sizeof(*result->core));
	for (uint32_t call = 0; call < plan->calls.count; call++)
		if (is_in_core(plan, call, first, last))
			result->core[result->core_count++] = plan->calls.items[call].op;
}

/* ---- taking turns -------------------------------------------------------------------
 */

static void
decide(struct judging *judging, enum frontier_driver driver, enum progress progress)
{
	judging->result->decided_by = driver;
	if (progress == PROGRESS_FOUND) {
		judging->result->verdict = VERDICT_VALID;
		if (driver == FRONTIER_DEPTH)
			write_order(judging, &judging->depth.nodes, judging->depth.found);
		else if (driver == FRONTIER_BEAM)
			write_order(judging, &judging->beam.nodes, judging->beam.found);
		else
			write_order(judging, &judging->whole.breadth.nodes,
				    judging->whole.breadth.found);
		return;
	}
	judging->result->verdict = VERDICT_INVALID;
	uint32_t first = driver == FRONTIER_WINDOWS ? judging->windows.first : 0;
	judging->stuck = driver == FRONTIER_WINDOWS   ? judging->windows.breadth.layer
			 : driver == FRONTIER_BREADTH ? judging->whole.breadth.layer
						      : judging->engine.best_layer;
	write_core(judging, first, judging->stuck);
}

static enum progress
run_driver(struct judging *judging, enum frontier_driver driver, uint64_t work)
{
	switch (driver) {
	case FRONTIER_DEPTH:
		return depth_run(&judging->engine, &judging->depth, work);
	case FRONTIER_BEAM:
		return beam_run(&judging->engine, &judging->beam, work);
	case FRONTIER_BREADTH:
		return whole_run(&judging->engine, &judging->whole, work);
	case FRONTIER_WINDOWS:
		return windows_run(&judging->engine, &judging->windows, work);
	case FRONTIER_ALL:
		break;
	}
	ASSERT(false);
	return PROGRESS_STOPPED;
}

/* The first turns of the depth-first driver and of the beam are long enough for a history
 * in which they hardly ever turn back. Later one of those that refute is the most
 * promising: windows, where they can be searched. */
static uint64_t
work_of_turn(const struct judging *judging, enum frontier_driver driver, uint64_t share)
{
	uint64_t layers = share == WORK_FIRST ? judging->engine.plan.layer_count : 0;

	switch (driver) {
	case FRONTIER_DEPTH:
		return layers > 0 ? share + layers * DEPTH_WORK : share / 4;
	case FRONTIER_BEAM:
		return share + layers * BEAM_WORK;
	case FRONTIER_WINDOWS:
		return share * 2;
	case FRONTIER_BREADTH:
		return judging->has_windows ? share / 4 : share * 2;
	case FRONTIER_ALL:
		break;
	}
	ASSERT(false);
	return share;
}

/* One driver's turn. False: it cannot go on. */
static bool
take_turn(struct judging *judging, enum frontier_driver driver, uint64_t share)
{
	const struct plan *plan = &judging->engine.plan;
	enum progress progress =
		run_driver(judging, driver, work_of_turn(judging, driver, share));

	if (driver == FRONTIER_WINDOWS)
		judging->has_windows = progress == PROGRESS_MORE;
	if (progress == PROGRESS_EMPTY && model_is_full(plan->model, plan->self))
		return false;
	if (progress == PROGRESS_FOUND || progress == PROGRESS_EMPTY)
		decide(judging, driver, progress);
	return progress == PROGRESS_MORE;
}

/* Doubling shares. Windows may stop now and go on later, from another layer. */
static void
take_turns(struct judging *judging, unsigned drivers)
{
	static const enum frontier_driver turns[] = {FRONTIER_DEPTH, FRONTIER_BEAM,
						     FRONTIER_WINDOWS, FRONTIER_BREADTH};
	bool can_go_on = true;

	for (uint64_t share = WORK_FIRST; can_go_on; share *= 2) {
		can_go_on = false;
		for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
			if (!(drivers & turns[i]))
				continue;
			bool has_more = take_turn(judging, turns[i], share);
			if (judging->result->verdict != VERDICT_NONE)
				return;
			if (!has_more && turns[i] != FRONTIER_WINDOWS)
				drivers &= ~(unsigned)turns[i];
			can_go_on |= has_more;
		}
	}
}

static void
give_up(struct judging *judging)
{
	const struct engine *engine = &judging->engine;
	const char *failure = model_failure(engine->plan.model, engine->plan.self);
	const char *budget = budget_is_over(&engine->options->budget)
				     ? "the budget of time is used up"
				     : "the budget of memory is used up";

	judging->stuck = engine->best_layer;
	judging->result->verdict = VERDICT_UNKNOWN;
	judging->result->reason = mem_format(
		"%s; an order was found for the first %u of %u completed operations",
		failure != NULL ? failure : budget, engine->best_layer,
		engine->plan.layer_count);
}

static void
judge(struct judging *judging, unsigned drivers)
{
	struct engine *engine = &judging->engine;
	struct frontier *result = judging->result;

	usages_init_exact(&engine->usages, &engine->plan);
	slot_sets_init(&engine->slots, engine->plan.slot_count);
	take_turns(judging, drivers);
	if (result->verdict == VERDICT_NONE)
		give_up(judging);
	if (result->verdict != VERDICT_VALID && judging->stuck < engine->plan.layer_count)
		result->stuck_op =
			engine->plan.calls.items[engine->plan.layer_call[judging->stuck]]
				.op;
	result->work = engine->work;
	result->bytes_peak = engine->bytes_peak;
	usages_release(&engine->usages);
	slot_sets_release(&engine->slots);
	depth_release(&judging->depth);
	beam_release(&judging->beam);
	whole_release(&judging->whole);
	windows_release(&judging->windows);
}

void
frontier_judge(const struct model *model, const struct key_ops *key,
	       const struct check_options *options, unsigned drivers,
	       struct frontier *result)
{
	struct judging *judging = mem_new(1, sizeof(*judging));
	struct check_options filled = *options;
	struct err err = {0};

	if (filled.budget.bytes_max == 0)
		filled.budget.bytes_max = BUDGET_BYTES_DEFAULT;
	*result = (struct frontier){.stuck_op = OP_NEVER};
	judging->result = result;
	judging->engine.options = &filled;
	judging->engine.bytes_max = filled.budget.bytes_max;
	if (plan_init(&judging->engine.plan, model, key, &filled, &err)) {
		judge(judging, drivers);
	} else {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
	}
	plan_release(&judging->engine.plan);
	free(judging);
}

void
frontier_release(struct frontier *result)
{
	free(result->reason);
	free(result->order);
	free(result->core);
	*result = (struct frontier){0};
}

bool
frontier_refutes(const struct model *model, const struct key_ops *key,
		 const struct check_options *options, unsigned drivers, const char *name,
		 struct err *err)
{
	struct frontier frontier;

	frontier_judge(model, key, options, drivers, &frontier);
	bool refutes = frontier.verdict == VERDICT_INVALID;
	frontier_release(&frontier);
	return refutes || err_set(err, "the operations of '%s' alone are possible", name);
}
