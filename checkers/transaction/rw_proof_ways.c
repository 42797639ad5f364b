#include "checkers/transaction/rw_prover.h"

static void
add_edge(struct prover *p, const struct fact *fact)
{
	vec_push(&p->facts, *fact);
	vec_last(&p->facts)->next_out = p->first_out[fact->from];
	p->first_out[fact->from] = (uint32_t)p->facts.count;
	if (prover_reaches(p, fact->from, fact->to))
		return;
	const uint64_t *row = &p->reach[(size_t)fact->to * p->words];
	for (uint32_t node = 0; node < p->nodes; node++) {
		if (!prover_reaches(p, node, fact->from))
			continue;
		uint64_t *mine = &p->reach[(size_t)node * p->words];
		for (uint32_t w = 0; w < p->words; w++)
			mine[w] |= row[w];
		mine[fact->to / 64] |= UINT64_C(1) << (fact->to % 64);
	}
}

void
prover_add(struct prover *p, const struct fact *fact)
{
	struct fact before = *fact, behind = *fact;

	if (!p->claim->parallel || fact->kind == EDGE_RW || fact->kind == EDGE_INNER) {
		add_edge(p, fact);
		return;
	}
	before.from = prover_begin(p, fact->from % p->count);
	before.to = prover_begin(p, fact->to % p->count);
	add_edge(p, &before);
	behind.from = prover_commit(p, fact->from % p->count);
	behind.to = prover_commit(p, fact->to % p->count);
	behind.text = NULL;
	behind.is_copy = true;
	add_edge(p, &behind);
}

void
prover_find_way(struct prover *p, uint32_t from, uint32_t to)
{
	size_t head = 0, tail = 0;

	vec_clear(&p->way);
	memset(p->came_by, 0, p->nodes * sizeof(*p->came_by));
	for (p->queue[tail++] = from; from != to && p->came_by[to] == 0 && head < tail;) {
		uint32_t node = p->queue[head++], f;
		for (f = p->first_out[node]; f != 0; f = p->facts.items[f - 1].next_out) {
			uint32_t next = p->facts.items[f - 1].to;
			if (next == from || p->came_by[next] != 0)
				continue;
			p->came_by[next] = f;
			p->queue[tail++] = next;
		}
	}
	for (uint32_t node = to; node != from;) {
		vec_push(&p->way, p->came_by[node] - 1);
		node = p->facts.items[p->came_by[node] - 1].from;
	}
	for (size_t i = 0; i < p->way.count / 2; i++) {
		uint32_t *a = &p->way.items[i], *b = &p->way.items[p->way.count - 1 - i];
		uint32_t swapped = *a;
		*a = *b;
		*b = swapped;
	}
}

static size_t
count_adjacent(const uint8_t *kinds, size_t count)
{
	size_t adjacent = 0;

	for (size_t i = 0; i < count; i++)
		adjacent += kinds[i] == EDGE_RW && kinds[(i + 1) % count] == EDGE_RW;
	return adjacent;
}

enum cycle_class
prover_class_of(const struct prover *p, uint8_t kind)
{
	VEC(uint8_t) kinds = {0};
	size_t rw = kind == EDGE_RW, wr = kind == EDGE_WR;

	vec_push(&kinds, kind);
	vec_each (const uint32_t, f, &p->way) {
		uint8_t k = p->facts.items[*f].kind;
		if (k == EDGE_INNER)
			continue;
		vec_push(&kinds, k);
		rw += k == EDGE_RW;
		wr += k == EDGE_WR;
	}
	size_t adjacent = count_adjacent(kinds.items, kinds.count);
	vec_release(&kinds);
	return rw > 1 && adjacent > 0 ? CLASS_G2_ITEM
	       : rw > 1		      ? CLASS_G_NONADJACENT
	       : rw == 1	      ? CLASS_G_SINGLE
	       : wr > 0		      ? CLASS_G1C
				      : CLASS_G0;
}
