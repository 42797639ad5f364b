#include "checkers/transaction/rw_shortest.h"

#include "checkers/transaction/rw_shortest_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	CYCLES_MAX = 64, /* that are compared */
	COST_OVER = 3	 /* of these beyond the cheapest */
};

uint32_t
shortest_add(struct shortest *s, const struct way_step *step)
{
	vec_push(&s->steps, *step);
	vec_last(&s->steps)->next_out = s->first_out[step->from];
	s->first_out[step->from] = (uint32_t)s->steps.count;
	return (uint32_t)s->steps.count - 1;
}

/* ---- ways ----------------------------------------------------------------------------- */

/* A way from `from` to where the step leads. */
static void
offer(struct shortest *s, uint32_t from, uint32_t step, uint32_t cost)
{
	size_t pair = shortest_pair(s, from, s->steps.items[step].to);

	if (cost > COST_MAX || s->cost[pair] <= cost)
		return;
	s->cost[pair] = (uint8_t)cost;
	s->last[pair] = step;
	vec_push(&s->queue[cost].pairs, (uint32_t)pair);
}

/* Lengthens all ways that are known to cost no more than `cost`. */
static void
go_on_with(struct shortest *s, uint32_t step, uint32_t cost)
{
	const struct way_step *next = &s->steps.items[step];

	offer(s, next->from, step, next->cost);
	for (uint32_t from = 0; from < s->nodes; from++) {
		uint32_t before = s->cost[shortest_pair(s, from, next->from)];
		if (before <= cost && from != next->from)
			offer(s, from, step, before + next->cost);
	}
}

/* The way that costs so much forbids one side of a rule. */
static void
derive(struct shortest *s, uint32_t refutation, uint32_t cost)
{
	struct arc side = s->rules.items[refutation / 2].sides[1 - refutation % 2];

	if (cost >= COST_MAX || s->cost[shortest_pair(s, side.from, side.to)] <= cost)
		return;
	go_on_with(s,
		   shortest_add(s, &(struct way_step){.from = side.from,
						      .to = side.to,
						      .refuted = refutation,
						      .cost = (uint8_t)(cost + 1)}),
		   cost);
}

static void
extend(struct shortest *s, uint32_t pair, uint32_t cost)
{
	uint32_t from = pair / s->nodes, to = pair % s->nodes;

	for (uint32_t i = s->first_out[to]; i != 0; i = s->steps.items[i - 1].next_out)
		offer(s, from, i - 1, cost + s->steps.items[i - 1].cost);
	for (uint32_t i = s->awaited[pair]; i != 0; i = s->next_awaited.items[i - 1])
		derive(s, i - 1, cost);
}

/* ---- what a cycle needs --------------------------------------------------------------- */

static void
collect_step(struct shortest *s, uint32_t number)
{
	const struct way_step *step = &s->steps.items[number];

	if (s->collected[number])
		return;
	s->collected[number] = true;
	s->taken[step->from % s->count] = true;
	s->taken[step->to % s->count] = true;
	if (step->refuted == STEP_GIVEN)
		return;
	const struct way_rule *rule = &s->rules.items[step->refuted / 2];
	const struct arc *side = &rule->sides[step->refuted % 2];
	for (int i = 0; i < 3; i++)
		s->taken[rule->txns[i]] = true;
	vec_push(&s->open, (uint32_t)shortest_pair(s, side->to, side->from));
}

/* The transactions of the way from a node back to itself, into ->taken. */
static void
collect(struct shortest *s, uint32_t cycle)
{
	memset(s->taken, 0, s->count * sizeof(*s->taken));
	free(s->collected);
	s->collected = mem_new(s->steps.count, sizeof(*s->collected));
	vec_push(&s->open, cycle);
	while (s->open.count > 0) {
		uint32_t pair = vec_pop(&s->open);
		uint32_t from = pair / s->nodes, node = pair % s->nodes;
		do {
			uint32_t step = s->last[shortest_pair(s, from, node)];
			collect_step(s, step);
			node = s->steps.items[step].from;
		} while (node != from);
	}
}

/* Keeps the transactions of a cycle in `core` when they are fewer than those there. */
static void
compare(struct shortest *s, uint32_t cycle, uint32_t *core, uint32_t *core_count)
{
	uint32_t count = 0;

	collect(s, cycle);
	for (uint32_t i = 0; i < s->count; i++)
		count += s->taken[i];
	if (*core_count != 0 && *core_count <= count)
		return;
	*core_count = 0;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->taken[i])
			core[(*core_count)++] = s->txns[i];
}

/* ---- the search ----------------------------------------------------------------------- */

static uint32_t
search(struct shortest *s, const struct budget *budget, uint32_t *core)
{
	uint32_t found = 0, cycles = 0, cost_end = COST_MAX;

	for (uint32_t step = 0; step < s->steps.count; step++)
		offer(s, s->steps.items[step].from, step, s->steps.items[step].cost);
	for (uint32_t cost = 0; cost <= cost_end && !budget_is_over(budget); cost++)
		for (size_t i = 0; i < s->queue[cost].pairs.count; i++) {
			uint32_t pair = s->queue[cost].pairs.items[i];
			if (s->cost[pair] != cost)
				continue;
			if (pair / s->nodes != pair % s->nodes) {
				extend(s, pair, cost);
				continue;
			}
			compare(s, pair, core, &found);
			if (++cycles == CYCLES_MAX)
				return found;
			if (cost + COST_OVER < cost_end)
				cost_end = cost + COST_OVER;
		}
	return found;
}

uint32_t
rw_shortest_core(const struct dependencies *d, const struct rw_question *question,
		 const struct budget *budget, const uint32_t *txns, uint32_t count,
		 uint32_t *core)
{
	struct shortest s = {.d = d,
			     .v = d->type_state,
			     .question = question,
			     .txns = txns,
			     .count = count,
			     .nodes = question->snapshot ? 2 * count : count};
	size_t pairs = (size_t)s.nodes * s.nodes;

	s.first_out = mem_new(s.nodes, sizeof(*s.first_out));
	s.awaited = mem_new(pairs, sizeof(*s.awaited));
	s.last = mem_new(pairs, sizeof(*s.last));
	s.cost = mem_new(pairs, sizeof(*s.cost));
	s.taken = mem_new(count, sizeof(*s.taken));
	memset(s.cost, COST_NONE, pairs);
	shortest_collect(&s);
	uint32_t found = search(&s, budget, core);
	free(s.first_out);
	free(s.awaited);
	free(s.last);
	free(s.cost);
	free(s.taken);
	free(s.collected);
	for (int cost = 0; cost <= COST_MAX; cost++)
		vec_release(&s.queue[cost].pairs);
	vec_release(&s.steps);
	vec_release(&s.rules);
	vec_release(&s.next_awaited);
	vec_release(&s.open);
	return found;
}
