#include "tests/checkers/random_txns.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	MOPS_LIMIT = 16
};

enum phase {
	PHASE_IDLE,
	PHASE_BEGUN, /* invoked */
	PHASE_READ,  /* took its snapshot */
	PHASE_DONE,  /* committed or aborted */
};

struct client {
	enum phase phase;
	struct op op;
	uint32_t process;
	struct {
		bool write;
		uint32_t key;
		int64_t value;
	} mops[MOPS_LIMIT];
	int mop_count;
	uint64_t snapshot; /* number of commits before it */
	bool aborted;
};

struct player {
	struct history *history;
	const struct random_txns *shape;
	struct rng *rng;
	struct client *clients;
	int64_t *values;      /* by key */
	uint64_t *written_at; /* by key: commit number */
	uint64_t commits;
	int64_t next_value;
	uint32_t now, next_process;
};

static val
list_of(struct player *p, const struct client *c, bool with_result)
{
	struct values *values = &p->history->values;
	val items[MOPS_LIMIT];

	for (int i = 0; i < c->mop_count; i++) {
		bool shown = c->mops[i].write || (with_result && c->mops[i].value != 0);
		items[i] = val_list(
			values,
			(val[]){val_string(values, c->mops[i].write ? "w" : "r"),
				val_small(c->mops[i].key),
				shown ? val_small(c->mops[i].value) : VAL_OF_NIL},
			3);
	}
	return val_list(values, items, (size_t)c->mop_count);
}

static void
invoke(struct player *p, struct client *c)
{
	c->mop_count = 1 + (int)rng_below(p->rng, (uint64_t)p->shape->mops_max);
	for (int i = 0; i < c->mop_count; i++) {
		c->mops[i].write = (int)rng_below(p->rng, 100) < p->shape->write_percent;
		c->mops[i].key = (uint32_t)rng_below(p->rng, p->shape->keys);
		c->mops[i].value = p->next_value++;
	}
	c->op = (struct op){.f = F_TXN,
			    .type = OP_OK,
			    .process = c->process,
			    .invoke_at = p->now++,
			    .complete_at = OP_NEVER,
			    .input = list_of(p, c, false)};
	c->phase = PHASE_BEGUN;
}

/* Reads see the snapshot and the own writes. */
static void
take_snapshot(struct player *p, struct client *c)
{
	for (int i = 0; i < c->mop_count; i++) {
		if (c->mops[i].write)
			continue;
		c->mops[i].value = p->values[c->mops[i].key];
		for (int before = 0; before < i; before++)
			if (c->mops[before].key == c->mops[i].key)
				c->mops[i].value = c->mops[before].value;
	}
	c->snapshot = p->commits;
	c->phase = PHASE_READ;
}

static void
commit(struct player *p, struct client *c)
{
	c->aborted = false;
	for (int i = 0; i < c->mop_count; i++)
		c->aborted |=
			c->mops[i].write && p->written_at[c->mops[i].key] > c->snapshot;
	c->phase = PHASE_DONE;
	if (c->aborted)
		return;
	p->commits++;
	for (int i = 0; i < c->mop_count; i++)
		if (c->mops[i].write) {
			p->values[c->mops[i].key] = c->mops[i].value;
			p->written_at[c->mops[i].key] = p->commits;
		}
}

static void
complete(struct player *p, struct client *c)
{
	if (c->aborted)
		c->op.type = OP_FAIL;
	else if ((int)rng_below(p->rng, 100) < p->shape->info_percent)
		c->op.type = OP_INFO;
	if (c->op.type == OP_OK)
		c->op.output = list_of(p, c, true);
	if (c->op.type == OP_INFO)
		c->process = p->next_process++;
	else
		c->op.complete_at = p->now++;
	history_add(p->history, &c->op);
	c->phase = PHASE_IDLE;
}

static void
step(struct player *p, struct client *c)
{
	switch (c->phase) {
	case PHASE_IDLE:
		invoke(p, c);
		break;
	case PHASE_BEGUN:
		take_snapshot(p, c);
		if (!p->shape->snapshot)
			commit(p, c);
		break;
	case PHASE_READ:
		commit(p, c);
		break;
	case PHASE_DONE:
		complete(p, c);
		break;
	}
}

void
random_txns_play(struct history *history, const struct random_txns *shape,
		 struct rng *rng)
{
	struct player p = {
		.history = history, .shape = shape, .rng = rng, .next_value = 1};

	history_init(history);
	p.clients = mem_new(shape->processes, sizeof(*p.clients));
	p.values = mem_new(shape->keys, sizeof(*p.values));
	p.written_at = mem_new(shape->keys, sizeof(*p.written_at));
	p.next_process = shape->processes;
	for (uint32_t i = 0; i < shape->processes; i++)
		p.clients[i].process = i;
	while (history->ops.count < shape->txns)
		step(&p, &p.clients[rng_below(rng, shape->processes)]);
	for (uint32_t i = 0; i < shape->processes; i++)
		if (p.clients[i].phase != PHASE_IDLE) {
			p.clients[i].op.type = OP_INFO;
			history_add(history, &p.clients[i].op);
		}
	history_sort(history);
	free(p.clients);
	free(p.values);
	free(p.written_at);
}
