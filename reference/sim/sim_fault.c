#include "reference/sim/sim_world.h"

#include <string.h>

/* ---- which nodes ---- */

/* The leader half of the time, else anybody: the leader is where it hurts. */
static uint32_t
pick_node(struct sim *sim)
{
	uint32_t count = sim->options.nodes;

	if (rng_chance(&sim->faults, 0.5))
		for (uint32_t i = 0; i < count; i++)
			if (sim_node_leads(&sim->nodes[i]))
				return i;
	return (uint32_t)rng_below(&sim->faults, count);
}

/* ---- partitions ---- */

static void
connect_all(struct sim *sim)
{
	memset(sim->cut, 0, sizeof(sim->cut));
}

static void
cut_both(struct sim *sim, uint32_t a, uint32_t b)
{
	sim->cut[a][b] = sim->cut[b][a] = true;
}

static void
isolate(struct sim *sim, uint32_t alone)
{
	for (uint32_t i = 0; i < sim->options.nodes; i++)
		if (i != alone)
			cut_both(sim, alone, i);
}

static void
cut_one_way(struct sim *sim, uint32_t alone, bool outward)
{
	for (uint32_t i = 0; i < sim->options.nodes; i++)
		if (i != alone)
			sim->cut[outward ? alone : i][outward ? i : alone] = true;
}

/* `side` of every node is drawn so that `first` and its side are a minority, or not. */
static void
cut_halves(struct sim *sim, uint32_t first, uint32_t size, bool with_bridge)
{
	uint32_t count = sim->options.nodes, bridge = (first + size) % count;

	for (uint32_t i = 0; i < size; i++)
		for (uint32_t j = size; j < count; j++) {
			uint32_t a = (first + i) % count, b = (first + j) % count;
			if (!with_bridge || b != bridge)
				cut_both(sim, a, b);
		}
}

/* Every node sees a majority, but not the same one: each sees its neighbours in a ring.
 */
static void
cut_ring(struct sim *sim)
{
	uint32_t count = sim->options.nodes;

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < count; j++) {
			uint32_t distance = (j + count - i) % count;
			if (count - distance < distance)
				distance = count - distance;
			if (distance > (count + 2) / 4)
				cut_both(sim, i, j);
		}
}

static void
inject_partition(struct sim *sim)
{
	uint32_t count = sim->options.nodes, node = pick_node(sim);

	connect_all(sim);
	switch (rng_below(&sim->faults, 6)) {
	case 0:
		cut_ring(sim);
		break;
	case 1:
		cut_one_way(sim, node, rng_chance(&sim->faults, 0.5));
		break;
	case 2:
		cut_halves(sim, node, count / 2, true);
		break;
	case 3:
	case 4:
		cut_halves(sim, node, count / 2, false);
		break;
	default:
		isolate(sim, node);
		break;
	}
	sim_count(sim, partitions);
	sim_schedule(sim, (uint64_t)rng_between(&sim->faults, 20000, 350000),
		     (struct sim_event){.kind = SIM_HEAL});
}

/* ---- nodes ---- */

/* At once, or in the middle of the next sync: what was sent early has left by then. */
static void
crash_one(struct sim *sim, uint32_t at)
{
	struct sim_node *node = &sim->nodes[at];

	if (rng_chance(&sim->faults, 0.4))
		node->crash_armed = true;
	else
		sim_node_crash(sim, node);
}

static void
inject_crash(struct sim *sim)
{
	uint64_t draw = rng_below(&sim->faults, 10);
	uint32_t count = sim->options.nodes, first = pick_node(sim);
	uint32_t victims = draw < 6 ? 1 : draw < 9 ? count / 2 + 1 : count;

	for (uint32_t i = 0; i < victims; i++)
		crash_one(sim, (first + i) % count);
}

static void
inject_pause(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[pick_node(sim)];

	if (node->protocol == NULL || node->paused)
		return;
	node->paused = true;
	sim_count(sim, pauses);
	sim_schedule(sim, (uint64_t)rng_between(&sim->faults, 10000, 250000),
		     (struct sim_event){.kind = SIM_RESUME, .target = node->id - 1});
}

static void
inject_clock(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[pick_node(sim)];

	node->clock_us += rng_between(&sim->faults, 1000, 500000);
	sim_count(sim, clock_jumps);
}

/* ---- the weather on the network ---- */

static double
draw_probability(struct sim *sim, uint32_t fault, double most)
{
	double level = rng_real(&sim->faults);

	return sim->options.faults & fault ? most * level * level : 0;
}

static void
draw_weather(struct sim *sim)
{
	sim->loss = draw_probability(sim, SIM_LOSS, 0.2);
	sim->duplicate = draw_probability(sim, SIM_DUPLICATE, 0.2);
	sim->reorder = draw_probability(sim, SIM_REORDER, sim->options.reorder_max);
}

/* ---- the schedule ---- */

static void
schedule_next(struct sim *sim)
{
	double mean_us = 120000 / sim->options.fault_rate;
	int64_t most = (int64_t)(2 * mean_us) + 1000;

	sim_schedule(sim, (uint64_t)rng_between(&sim->faults, 1000, most),
		     (struct sim_event){.kind = SIM_FAULT});
}

static void
inject(struct sim *sim)
{
	static const struct {
		uint32_t fault;
		void (*inject)(struct sim *sim);
	} kinds[] = {
		{SIM_PARTITION, inject_partition}, {SIM_CRASH, inject_crash},
		{SIM_PAUSE, inject_pause},	   {SIM_CLOCK, inject_clock},
		{SIM_PARTITION, inject_partition}, {SIM_CRASH, inject_crash},
	};
	uint64_t kind = rng_below(&sim->faults, sizeof(kinds) / sizeof(kinds[0]));

	draw_weather(sim);
	if (sim->options.faults & kinds[kind].fault)
		kinds[kind].inject(sim);
	schedule_next(sim);
}

void
sim_faults_start(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->options.nodes; i++) {
		struct sim_node *node = &sim->nodes[i];
		bool drifts = sim->options.faults & SIM_CLOCK;
		node->clock_us = rng_between(&sim->faults, 0, 1000000000);
		node->clock_rate = drifts ? 0.9 + 0.2 * rng_real(&sim->faults) : 1;
	}
	if (sim->options.faults == 0)
		return;
	draw_weather(sim);
	schedule_next(sim);
}

void
sim_fault_event(struct sim *sim, const struct sim_event *event)
{
	if (event->kind == SIM_HEAL)
		connect_all(sim);
	else if (!sim->ending)
		inject(sim);
}

/* Restarts and resumes are on their way already; the rest heals here. */
void
sim_faults_end(struct sim *sim)
{
	sim->ending = true;
	sim->loss = sim->duplicate = sim->reorder = 0;
	connect_all(sim);
	for (uint32_t i = 0; i < sim->options.nodes; i++)
		sim->nodes[i].crash_armed = false;
}
