#include "reference/sim/sim_world.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Mostly fast; a few messages take so long that many others overtake them. */
static uint64_t
draw_delay(struct sim *sim)
{
	if (rng_chance(&sim->net, sim->reorder)) {
		sim_count(sim, reordered);
		return (uint64_t)rng_between(&sim->net, 3000, 80000);
	}
	return (uint64_t)rng_between(&sim->net, 200, 2000);
}

static bool
is_lost(struct sim *sim)
{
	if (!rng_chance(&sim->net, sim->loss))
		return false;
	sim_count(sim, lost);
	return true;
}

static void
deliver_later(struct sim *sim, struct sim_event event, struct bytes data)
{
	event.data = data.len > 0 ? mem_bytes(data.data, data.len) : NULL;
	event.bytes = data.len;
	sim_schedule(sim, draw_delay(sim), event);
}

void
sim_send(struct sim *sim, uint32_t from, uint32_t to, struct bytes data)
{
	struct sim_event event = {.kind = SIM_MESSAGE, .target = to, .from = from};

	if (sim->cut[from][to]) {
		sim_count(sim, cut);
		return;
	}
	if (is_lost(sim))
		return;
	deliver_later(sim, event, data);
	if (rng_chance(&sim->net, sim->duplicate)) {
		sim_count(sim, duplicated);
		deliver_later(sim, event, data);
	}
	sim_mix(sim, XXH3_64bits(data.data, data.len));
}

/* Requests are lost and late but never repeated, as over a connection: else a refusal
 * would say nothing about the other copy. */
void
sim_send_request(struct sim *sim, uint32_t client, uint32_t node)
{
	struct sim_event event = {.kind = SIM_REQUEST,
				  .target = node,
				  .from = client,
				  .generation = sim->clients[client].generation,
				  .request = sim->clients[client].request};

	if (!is_lost(sim))
		deliver_later(sim, event, (struct bytes){0});
}

void
sim_send_reply(struct sim *sim, const struct sim_pending *pending,
	       const struct sim_reply *reply)
{
	struct sim_event event = {.kind = SIM_REPLY,
				  .target = pending->client,
				  .generation = pending->generation,
				  .reply = *reply};

	if (!is_lost(sim))
		deliver_later(sim, event, (struct bytes){0});
}
