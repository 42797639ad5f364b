#include "reference/sim/sim.h"

#include "base/assert.h"
#include "reference/sim/sim_world.h"

#include <stdio.h>
#include <string.h>

const char *const sim_stats_words[] = {
#define SIM_COUNTER(name, words) words,
#include "reference/sim/sim_stats.def"
#undef SIM_COUNTER
};

/* ---- options ---- */

static const struct {
	const char *name;
	uint32_t bit;
} fault_names[] = {
	{"loss", SIM_LOSS},	  {"duplicate", SIM_DUPLICATE},
	{"reorder", SIM_REORDER}, {"partition", SIM_PARTITION},
	{"crash", SIM_CRASH},	  {"pause", SIM_PAUSE},
	{"clock", SIM_CLOCK},	  {"slow-disk", SIM_SLOW_DISK},
	{"all", SIM_FAULTS_ALL},
};
enum {
	FAULT_NAMES = sizeof(fault_names) / sizeof(fault_names[0])
};

uint32_t
sim_fault_bit(const char *name)
{
	for (size_t i = 0; i < FAULT_NAMES; i++)
		if (strcmp(fault_names[i].name, name) == 0)
			return fault_names[i].bit;
	return 0;
}

const char *
sim_fault_name(uint32_t bit)
{
	for (size_t i = 0; i < FAULT_NAMES; i++)
		if (fault_names[i].bit == bit)
			return fault_names[i].name;
	return NULL;
}

void
sim_options_init(struct sim_options *options)
{
	*options = (struct sim_options){
		.seed = 1,
		.nodes = 5,
		.clients = 5,
		.keys = 3,
		.operations = 250,
		.time_ms = 10000,
		.faults = SIM_FAULTS_ALL,
		.fault_rate = 1,
		.reorder_max = 0.15,
		.crash_at_vote = 0.03,
		.read_percent = 45,
		.cas_percent = 20,
		.snapshot_entries = 24,
		.steps_max = 10000000,
	};
}

/* ---- time ---- */

void
sim_mix(struct sim *sim, uint64_t number)
{
	uint64_t hash = (sim->result->hash ^ number) * 0x9e3779b97f4a7c15u;

	sim->result->hash = hash ^ hash >> 29;
}

void
sim_schedule(struct sim *sim, uint64_t delay_us, struct sim_event event)
{
	event.at_us = sim->now_us + delay_us;
	sim_queue_add(&sim->queue, &event);
}

static void
dispatch(struct sim *sim, struct sim_event *event)
{
	switch (event->kind) {
	case SIM_REPLY:
	case SIM_NEXT:
	case SIM_TIMEOUT:
		sim_client_event(sim, &sim->clients[event->target], event);
		break;
	case SIM_FAULT:
	case SIM_HEAL:
		sim_fault_event(sim, event);
		break;
	default:
		sim_node_event(sim, &sim->nodes[event->target], event);
		return; /* which keeps or frees it */
	}
	sim_queue_free(&sim->queue, event);
}

/* ---- a run ---- */

static void
open_world(struct sim *sim)
{
	const struct sim_options *options = &sim->options;

	ASSERT(options->nodes >= 1 && options->nodes <= PROTOCOL_NODES_MAX);
	ASSERT(options->clients >= 1 && options->clients <= SIM_CLIENTS_MAX);
	ASSERT(options->keys >= 1 && options->keys <= SIM_KEYS_MAX);
	ASSERT(options->fault_rate > 0 && options->snapshot_entries > 0);
	struct rng *const streams[] = {&sim->net, &sim->disks, &sim->faults, &sim->load,
				       &sim->seeds};
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		rng_split(streams[i], options->seed, i + 1);
	sim->nodes = mem_new(options->nodes, sizeof(*sim->nodes));
	sim_faults_start(sim);
	for (uint32_t i = 0; i < options->nodes; i++) {
		sim->nodes[i].id = i + 1;
		sim_node_start(sim, &sim->nodes[i]);
	}
	sim_clients_start(sim);
}

/* Runs until every client is through; false when time or events run out before. */
static bool
run_until_closed(struct sim *sim, uint64_t end_us)
{
	uint64_t steps_max = sim->options.steps_max;

	while (sim->closing_clients < sim->options.clients) {
		struct sim_event *event = sim_queue_take(&sim->queue);
		if (event == NULL)
			return false;
		sim->now_us = event->at_us;
		sim_mix(sim, event->at_us ^ (uint64_t)event->kind << 56);
		sim_count(sim, steps);
		dispatch(sim, event);
		if (sim->result->violation[0] != '\0')
			return true;
		if (sim->now_us > end_us ||
		    (steps_max > 0 && sim->result->stats.steps >= steps_max))
			return false;
	}
	return true;
}

/* Two phases: load under faults; then all heals and every client reads every key. */
static void
run_world(struct sim *sim)
{
	const uint64_t patience_us = 10000000;

	run_until_closed(sim, (uint64_t)sim->options.time_ms * 1000);
	if (sim->result->violation[0] != '\0')
		return;
	sim->issued = sim->options.operations;
	sim_faults_end(sim);
	sim_clients_finish(sim);
	if (!run_until_closed(sim, sim->now_us + patience_us) && sim->options.bugs == 0)
		snprintf(sim->result->violation, sizeof(sim->result->violation),
			 "liveness: the cluster did not answer within %d s of virtual "
			 "time "
			 "after all faults had healed",
			 (int)(patience_us / 1000000));
}

static void
close_world(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->options.nodes; i++)
		sim_node_release(sim, &sim->nodes[i]);
	free(sim->nodes);
	sim_check_release(sim);
	sim_queue_release(&sim->queue);
}

void
sim_run(const struct sim_options *options, struct sim_result *result)
{
	struct sim *sim = mem_new(1, sizeof(*sim));

	*result = (struct sim_result){.hash = options->seed};
	history_init(&result->history);
	sim->options = *options;
	sim->result = result;
	open_world(sim);
	run_world(sim);
	result->time_us = sim->now_us;
	vec_each (const struct op, op, &result->history.ops) {
		sim_mix(sim, (uint64_t)op->type << 32 | op->invoke_at);
		sim_mix(sim, op->output ^ (uint64_t)op->complete_at << 32);
	}
	close_world(sim);
	free(sim);
}

void
sim_result_release(struct sim_result *result)
{
	history_release(&result->history);
}
