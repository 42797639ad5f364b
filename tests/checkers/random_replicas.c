#include "tests/checkers/random_replicas.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

struct write {
	uint32_t session, key, stamp; /* Lamport's */
	uint32_t value;
};

/* A key at a replica. */
struct cell {
	uint32_t value, stamp, session; /* value 0: initial */
};

struct replicas {
	struct history *history;
	const struct random_replicas *shape;
	struct rng *rng;
	VEC(struct write) writes;
	VEC(uint32_t) needs; /* by write: `applied` of its session when it was made */
	VEC(uint32_t) * of;  /* by session: its writes, as indexes into `writes` */
	uint32_t *applied;   /* by session, by session: how many writes of it */
	struct cell *cells;  /* by session, by key */
	uint32_t *clock;     /* by session */
};

static uint32_t
home_of(const struct replicas *r, uint32_t session)
{
	return r->shape->replication == REPLICAS_ONE ? 0 : session;
}

static void
apply(struct replicas *r, uint32_t session, const struct write *write)
{
	struct cell *cell = &r->cells[home_of(r, session) * r->shape->keys + write->key];

	if (r->clock[session] < write->stamp)
		r->clock[session] = write->stamp;
	bool is_older = write->stamp < cell->stamp ||
			(write->stamp == cell->stamp && write->session < cell->session);
	if (r->shape->replication == REPLICAS_CONVERGENT && is_older)
		return;
	*cell = (struct cell){write->value, write->stamp, write->session};
}

static void
deliver(struct replicas *r, uint32_t session)
{
	uint32_t sessions = r->shape->sessions;
	uint32_t from = (uint32_t)rng_below(r->rng, sessions);
	uint32_t *applied = &r->applied[session * sessions];

	if (from == session || applied[from] == r->of[from].count)
		return;
	uint32_t next = r->of[from].items[applied[from]];
	const uint32_t *needs = &r->needs.items[(size_t)next * sessions];
	for (uint32_t s = 0; s < sessions && r->shape->replication != REPLICAS_FIFO; s++)
		if (applied[s] < needs[s])
			return;
	applied[from]++;
	apply(r, session, &r->writes.items[next]);
}

static void
make_write(struct replicas *r, uint32_t session, struct op *op, uint32_t key)
{
	uint32_t sessions = r->shape->sessions;
	uint32_t index = (uint32_t)r->writes.count;
	struct write write = {session, key, ++r->clock[session], index + 1};

	for (uint32_t s = 0; s < sessions; s++)
		vec_push(&r->needs, r->applied[session * sessions + s]);
	r->applied[session * sessions + session]++;
	vec_push(&r->writes, write);
	vec_push(&r->of[session], index);
	apply(r, session, &write);
	op->f = F_WRITE;
	op->input = val_small(write.value);
}

static void
operate(struct replicas *r, uint32_t session)
{
	uint32_t key = (uint32_t)rng_below(r->rng, r->shape->keys);
	uint32_t at = r->history->events;
	struct op op = {.process = session,
			.key = val_small(key),
			.f = F_READ,
			.type = OP_OK,
			.invoke_at = at,
			.complete_at = at + 1,
			.invoke_ns = at * (int64_t)1000,
			.complete_ns = (at + 1) * (int64_t)1000};

	if ((int)rng_below(r->rng, 100) >= r->shape->read_percent) {
		make_write(r, session, &op, key);
	} else {
		uint32_t value =
			r->cells[home_of(r, session) * r->shape->keys + key].value;
		op.output = value == 0 ? VAL_OF_NIL : val_small(value);
	}
	r->history->events += 2;
	history_add(r->history, &op);
}

void
random_replicas_play(struct history *history, const struct random_replicas *shape,
		     struct rng *rng)
{
	struct replicas r = {.history = history, .shape = shape, .rng = rng};
	size_t sessions = shape->sessions;

	history_init(history);
	r.of = mem_new(sessions, sizeof(*r.of));
	r.applied = mem_new(sessions * sessions, sizeof(*r.applied));
	r.cells = mem_new(sessions * shape->keys, sizeof(*r.cells));
	r.clock = mem_new(sessions, sizeof(*r.clock));
	while (history->ops.count < shape->ops) {
		uint32_t session = (uint32_t)rng_below(rng, sessions);
		bool is_delivery = shape->replication != REPLICAS_ONE &&
				   (int)rng_below(rng, 100) < shape->deliver_percent;
		if (is_delivery)
			deliver(&r, session);
		else
			operate(&r, session);
	}
	for (size_t s = 0; s < sessions; s++)
		vec_release(&r.of[s]);
	vec_release(&r.writes);
	vec_release(&r.needs);
	free(r.of);
	free(r.applied);
	free(r.cells);
	free(r.clock);
}
