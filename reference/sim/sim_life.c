/* A node's life: it starts, dies in the middle of anything, comes back, and its clock
 * wakes it.
 */
#include "reference/sim/sim_world.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

/* ---- time ---- */

int64_t
sim_node_clock_us(const struct sim *sim, const struct sim_node *node)
{
	return (int64_t)((double)sim->now_us * node->clock_rate) + node->clock_us;
}

void
sim_node_arm_wake(struct sim *sim, struct sim_node *node)
{
	int64_t deadline_us = (int64_t)protocol_raft.deadline_ms(node->protocol) * 1000;
	double wait_us =
		(double)(deadline_us - sim_node_clock_us(sim, node)) / node->clock_rate;
	uint64_t delay_us = wait_us < 1 ? 1 : (uint64_t)wait_us + 1;

	if (node->wake_us > sim->now_us && node->wake_us <= sim->now_us + delay_us)
		return;
	node->wake_us = sim->now_us + delay_us;
	sim_schedule(sim, delay_us,
		     (struct sim_event){.kind = SIM_WAKE,
					.target = node->id - 1,
					.generation = node->generation});
}

/* ---- life and death ---- */

bool
sim_node_leads(const struct sim_node *node)
{
	struct protocol_status status;

	if (node->protocol == NULL)
		return false;
	protocol_raft.status(node->protocol, &status);
	return strcmp(status.role, "leader") == 0;
}

static struct protocol_config
configure(struct sim *sim, const struct sim_node *node)
{
	struct protocol_config config = {
		.self = node->id,
		.node_count = sim->options.nodes,
		.seed = rng_next(&sim->seeds),
		.election_ms = SIM_ELECTION_MS,
		.heartbeat_ms = SIM_HEARTBEAT_MS,
		.append_bytes_max = 512,
		.append_in_flight_max = 4,
		.log_bytes_max = 1 << 16,
		.snapshot_chunk_bytes = 200,
		.bugs = sim->options.bugs,
	};

	for (uint32_t i = 0; i < sim->options.nodes; i++)
		config.nodes[i] = i + 1;
	return config;
}

static void
restore_app(struct sim *sim, struct sim_node *node)
{
	struct err err;

	node->app =
		sessions_open(&service_kv, bug_is_on(sim->options.bugs, DOUBLE_APPLY));
	node->applied = node->compacted = node->disk.snapshot_index;
	if (node->disk.snapshot_index == 0)
		return;
	bool restored =
		sessions_restore(node->app, buf_bytes(&node->disk.snapshot), &err);
	ASSERT(restored);
}

void
sim_node_start(struct sim *sim, struct sim_node *node)
{
	struct protocol_config config = configure(sim, node);
	struct sim_disk_view view;
	struct err err = {0};

	sim_disk_read(&node->disk, &view);
	node->protocol = protocol_raft.open(&config, &view.disk, &err);
	sim_disk_view_release(&view);
	if (node->protocol == NULL) {
		snprintf(sim->result->violation, sizeof(sim->result->violation),
			 "node %u does not start: %.200s", node->id, err.text);
		return;
	}
	node->generation++;
	node->tag = rng_next(&sim->seeds) >> 1;
	node->wake_us = 0;
	restore_app(sim, node);
	sim_node_arm_wake(sim, node);
}

static void
stop(struct sim *sim, struct sim_node *node)
{
	if (node->protocol == NULL)
		return;
	protocol_raft.close(node->protocol);
	node->protocol = NULL;
	sessions_close(node->app);
	node->app = NULL;
	effects_clear(&node->effects);
	vec_each (struct sim_event *, event, &node->inbox)
		sim_queue_free(&sim->queue, *event);
	vec_clear(&node->inbox);
	vec_clear(&node->pending);
	node->busy = node->paused = node->crash_armed = false;
}

/* Dies here and now and comes back. */
static void
crash(struct sim *sim, struct sim_node *node, int64_t longest_us)
{
	if (node->protocol == NULL)
		return;
	sim_count(sim, crashes);
	stop(sim, node);
	sim->result->stats.writes_dropped += sim_disk_crash(&node->disk, &sim->disks);
	sim_schedule(sim, (uint64_t)rng_between(&sim->faults, 500, longest_us),
		     (struct sim_event){.kind = SIM_RESTART, .target = node->id - 1});
}

void
sim_node_crash(struct sim *sim, struct sim_node *node)
{
	crash(sim, node, rng_chance(&sim->faults, 0.5) ? 15000 : 300000);
}

void
sim_node_crash_shortly(struct sim *sim, struct sim_node *node)
{
	crash(sim, node, 4000);
}

void
sim_node_release(struct sim *sim, struct sim_node *node)
{
	stop(sim, node);
	sim_disk_release(&node->disk);
	effects_release(&node->effects);
	vec_release(&node->inbox);
	vec_release(&node->pending);
}
