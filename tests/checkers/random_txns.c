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
		uint32_t slot; /* of the store */
		int64_t key;   /* that is there when the transaction begins */
		int64_t value; /* of a register */
		val list;      /* of a list that was read */
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
	struct slot {
		int64_t key;
		int64_t value;	     /* of a register */
		VEC(val) elements;   /* of a list */
		uint64_t written_at; /* commit number */
	} * slots;
	uint64_t commits;
	int64_t next_value, next_key;
	uint32_t now, next_process;
};

static val
mop_of(struct player *p, const struct client *c, int i, bool with_result)
{
	struct values *values = &p->history->values;
	bool is_list = p->shape->list_length > 0, write = c->mops[i].write;
	val value = VAL_OF_NIL;

	if (write || (with_result && !is_list && c->mops[i].value != 0))
		value = val_small(c->mops[i].value);
	else if (with_result && is_list)
		value = c->mops[i].list;
	return val_list(values,
			(val[]){val_string(values, !write    ? "r"
						   : is_list ? "append"
							     : "w"),
				val_small(c->mops[i].key), value},
			3);
}

static val
mops_of(struct player *p, const struct client *c, bool with_result)
{
	val items[MOPS_LIMIT];

	for (int i = 0; i < c->mop_count; i++)
		items[i] = mop_of(p, c, i, with_result);
	return val_list(&p->history->values, items, (size_t)c->mop_count);
}

static void
invoke(struct player *p, struct client *c)
{
	c->mop_count = 1 + (int)rng_below(p->rng, (uint64_t)p->shape->mops_max);
	for (int i = 0; i < c->mop_count; i++) {
		c->mops[i].write = (int)rng_below(p->rng, 100) < p->shape->write_percent;
		c->mops[i].slot = (uint32_t)rng_below(p->rng, p->shape->keys);
		c->mops[i].key = p->slots[c->mops[i].slot].key;
		c->mops[i].value = p->next_value++;
	}
	c->op = (struct op){.f = F_TXN,
			    .type = OP_OK,
			    .process = c->process,
			    .invoke_at = p->now++,
			    .complete_at = OP_NEVER,
			    .input = mops_of(p, c, false)};
	c->phase = PHASE_BEGUN;
}

/* The list as it is in the store with the own appends behind it. */
static val
read_list(struct player *p, const struct client *c, int mop)
{
	const struct slot *slot = &p->slots[c->mops[mop].slot];
	VEC(val) seen = {0};

	vec_each (val, element, &slot->elements)
		vec_push(&seen, *element);
	for (int i = 0; i < mop; i++)
		if (c->mops[i].write && c->mops[i].slot == c->mops[mop].slot)
			vec_push(&seen, val_small(c->mops[i].value));
	val list = val_list(&p->history->values, seen.items, seen.count);
	vec_release(&seen);
	return list;
}

static int64_t
read_register(const struct player *p, const struct client *c, int mop)
{
	int64_t value = p->slots[c->mops[mop].slot].value;

	for (int before = 0; before < mop; before++)
		if (c->mops[before].slot == c->mops[mop].slot)
			value = c->mops[before].value;
	return value;
}

/* Reads see the snapshot and the own writes. */
static void
take_snapshot(struct player *p, struct client *c)
{
	for (int i = 0; i < c->mop_count; i++) {
		if (c->mops[i].write)
			continue;
		if (p->shape->list_length > 0)
			c->mops[i].list = read_list(p, c, i);
		else
			c->mops[i].value = read_register(p, c, i);
	}
	c->snapshot = p->commits;
	c->phase = PHASE_READ;
}

/* A list that is long enough makes room for another key. */
static void
append(struct player *p, struct slot *slot, int64_t element)
{
	vec_push(&slot->elements, val_small(element));
	if (slot->elements.count < p->shape->list_length)
		return;
	vec_clear(&slot->elements);
	slot->key = p->next_key++;
}

static bool
is_overtaken(const struct player *p, const struct client *c, int mop)
{
	const struct slot *slot = &p->slots[c->mops[mop].slot];

	return slot->key != c->mops[mop].key ||
	       (c->mops[mop].write && slot->written_at > c->snapshot);
}

static void
commit(struct player *p, struct client *c)
{
	c->aborted = false;
	for (int i = 0; i < c->mop_count; i++)
		c->aborted |= is_overtaken(p, c, i);
	c->phase = PHASE_DONE;
	if (c->aborted)
		return;
	p->commits++;
	for (int i = 0; i < c->mop_count; i++) {
		struct slot *slot = &p->slots[c->mops[i].slot];
		if (!c->mops[i].write)
			continue;
		slot->written_at = p->commits;
		slot->value = c->mops[i].value;
		if (p->shape->list_length > 0 && slot->key == c->mops[i].key)
			append(p, slot, c->mops[i].value);
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
		c->op.output = mops_of(p, c, true);
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
	p.slots = mem_new(shape->keys, sizeof(*p.slots));
	for (; p.next_key < shape->keys; p.next_key++)
		p.slots[p.next_key].key = p.next_key;
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
	for (uint32_t i = 0; i < shape->keys; i++)
		vec_release(&p.slots[i].elements);
	free(p.slots);
}
