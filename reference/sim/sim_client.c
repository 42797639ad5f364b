#include "reference/sim/sim_world.h"

#include "base/assert.h"

#include <stdio.h>

static uint32_t
index_of(const struct sim *sim, const struct sim_client *client)
{
	return (uint32_t)(client - sim->clients);
}

static void
wake_client(struct sim *sim, struct sim_client *client, int64_t soonest_us,
	    int64_t latest_us)
{
	sim_schedule(sim, (uint64_t)rng_between(&sim->load, soonest_us, latest_us),
		     (struct sim_event){.kind = SIM_NEXT,
					.target = index_of(sim, client),
					.generation = client->generation});
}

/* ---- history ---- */

static val
key_of(struct sim *sim, uint32_t key)
{
	char name[16];

	snprintf(name, sizeof(name), "k%u", key);
	return val_string(&sim->result->history.values, name);
}

static void
record_invoke(struct sim *sim, const struct sim_client *client, uint32_t node)
{
	const struct sim_request *request = &client->request;
	struct values *values = &sim->result->history.values;
	struct op op = {.f = (uint16_t)request->f,
			.process = client->process,
			.key = key_of(sim, request->key),
			.invoke_ns = (int64_t)sim->now_us * 1000,
			.node = (uint8_t)(node + 1)};
	struct err err;

	if (request->f == F_WRITE)
		op.input = val_small(request->value);
	if (request->f == F_CAS)
		op.input = val_pair(values, val_small(request->expected),
				    val_small(request->value));
	bool recorded = history_invoke(&sim->result->history, &op, &err);
	ASSERT(recorded);
}

static void
record_complete(struct sim *sim, const struct sim_client *client,
		const struct sim_reply *reply)
{
	struct op op = {.f = (uint16_t)client->request.f,
			.process = client->process,
			.type = (uint8_t)reply->type,
			.complete_ns = (int64_t)sim->now_us * 1000};
	struct err err;

	if (reply->type == OP_OK && client->request.f == F_READ && !reply->is_nil)
		op.output = val_small(reply->value);
	bool recorded = history_complete(&sim->result->history, &op, &err);
	ASSERT(recorded);
}

/* ---- one operation ---- */

static void
attempt(struct sim *sim, struct sim_client *client)
{
	uint32_t node = (uint32_t)rng_below(&sim->load, sim->options.nodes);

	if (client->is_final)
		node = (index_of(sim, client) + client->tries) % sim->options.nodes;
	if (!client->open)
		record_invoke(sim, client, node);
	else
		sim_count(sim, retries);
	client->open = true;
	client->tries++;
	sim_send_request(sim, index_of(sim, client), node);
	sim_schedule(sim, SIM_CLIENT_TIMEOUT_US,
		     (struct sim_event){.kind = SIM_TIMEOUT,
					.target = index_of(sim, client),
					.from = client->tries,
					.generation = client->generation});
}

static void
begin(struct sim *sim, struct sim_client *client, enum op_f f, uint32_t key)
{
	client->generation++;
	client->tries = 0;
	client->maybe = false;
	client->request = (struct sim_request){.session = client->session,
					       .sequence = ++client->sequence,
					       .f = f,
					       .key = key,
					       .expected = sim->newest[key]};
	if (f != F_READ)
		client->request.value = ++sim->values;
	attempt(sim, client);
}

static void
note_newest(struct sim *sim, const struct sim_client *client,
	    const struct sim_reply *reply)
{
	if (client->request.f == F_READ && !reply->is_nil)
		sim->newest[client->request.key] = reply->value;
	else if (client->request.f != F_READ)
		sim->newest[client->request.key] = client->request.value;
}

/* The operation is over; a process with an operation of unknown outcome is never used
 * again. Its session is: a sequence number ahead makes what may still be under way void.
 */
static void
end(struct sim *sim, struct sim_client *client, const struct sim_reply *reply)
{
	record_complete(sim, client, reply);
	client->open = false;
	client->generation++;
	if (reply->type == OP_OK) {
		sim_count(sim, ok);
		note_newest(sim, client, reply);
	} else if (reply->type == OP_FAIL) {
		sim_count(sim, fail);
	} else {
		sim_count(sim, info);
		client->process = sim->processes++;
	}
	if (client->is_final && reply->type == OP_OK)
		client->final_key++;
	wake_client(sim, client, 0, 8000);
}

/* Unknown or refused: once more elsewhere, or the end of it. */
static void
fall_short(struct sim *sim, struct sim_client *client)
{
	struct sim_reply reply = {.type = OP_FAIL};

	if (client->tries < SIM_TRIES_MAX) {
		wake_client(sim, client, 1000, 20000);
		return;
	}
	if (client->maybe && client->request.f != F_READ)
		reply.type = OP_INFO;
	end(sim, client, &reply);
}

/* ---- events ---- */

static void
begin_random(struct sim *sim, struct sim_client *client)
{
	uint32_t key = (uint32_t)rng_below(&sim->load, sim->options.keys);
	uint64_t draw = rng_below(&sim->load, 100), reads = sim->options.read_percent;
	enum op_f f = draw < reads				? F_READ
		      : draw < reads + sim->options.cas_percent ? F_CAS
								: F_WRITE;

	sim->issued++;
	if (f == F_CAS && sim->newest[key] == 0)
		f = F_WRITE;
	begin(sim, client, f, key);
}

static void
next(struct sim *sim, struct sim_client *client)
{
	if (client->open) {
		attempt(sim, client);
	} else if (client->is_final && client->final_key < sim->options.keys) {
		begin(sim, client, F_READ, client->final_key);
	} else if (client->is_final || sim->issued >= sim->options.operations) {
		sim->closing_clients += !client->is_closed;
		client->is_closed = true;
	} else {
		begin_random(sim, client);
	}
}

static void
take_reply(struct sim *sim, struct sim_client *client, const struct sim_reply *reply)
{
	bool is_refusal = reply->type == OP_FAIL && reply->is_nil;

	if (reply->type == OP_OK || (reply->type == OP_FAIL && !is_refusal)) {
		end(sim, client, reply);
		return;
	}
	client->maybe |= reply->type == OP_INFO;
	fall_short(sim, client);
}

void
sim_client_event(struct sim *sim, struct sim_client *client,
		 const struct sim_event *event)
{
	if (event->generation != client->generation)
		return;
	if (event->kind == SIM_NEXT) {
		next(sim, client);
	} else if (event->kind == SIM_REPLY && client->open) {
		take_reply(sim, client, &event->reply);
	} else if (event->kind == SIM_TIMEOUT && client->open &&
		   event->from == client->tries) {
		client->maybe = true;
		fall_short(sim, client);
	}
}

void
sim_clients_start(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->options.clients; i++) {
		struct sim_client *client = &sim->clients[i];
		client->session = rng_next(&sim->seeds) >> 8;
		client->process = sim->processes++;
		wake_client(sim, client, 0, 150000);
	}
}

/* Everything has healed: every client reads every key once more, at nodes of its own. */
void
sim_clients_finish(struct sim *sim)
{
	sim->closing_clients = 0;
	for (uint32_t i = 0; i < sim->options.clients; i++) {
		struct sim_client *client = &sim->clients[i];
		client->is_final = true;
		if (client->is_closed)
			wake_client(sim, client, 100000, 200000);
		client->is_closed = false;
	}
}
