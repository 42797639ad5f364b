/* rw_order_proof.c - why there is no order, in the words of core_proof.h: nodes become
 * transactions again, and a choice between two chains one between their first writers. */
#include "checkers/transaction/rw_order_parts.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

struct writer {
	const struct build *b;
	const struct order_solver *solver; /* NULL: no choices */
	struct rw_answer *answer;
	uint32_t *numbers;   /* owned, by step of the log: its number in the proof */
	struct map choices;  /* pair -> number + 1 of its choice in the proof */
	VEC(uint32_t) pairs; /* of these choices */
	VEC(uint32_t) txns;  /* of the cycle that is written */
};

static void
put(struct writer *w, uint32_t word)
{
	vec_push(&w->answer->proof, word);
}

/* ---- cycles ---------------------------------------------------------------------------
 */

static bool
is_of_txn(const struct build *b, uint32_t node)
{
	return node < b->count * layers(b);
}

/* One that was over before the next began stands next to it; where a reader shows that it
 * was over, the reader comes between. */
static void
put_bridge(struct writer *w, uint32_t from, uint32_t to)
{
	const struct build *b = w->b;

	while (b->d->end[b->txns[from]] >= b->d->begin[b->txns[to]]) {
		from = b->bounded_by[from];
		vec_push(&w->txns, from);
	}
}

/* The transactions of a cycle of nodes: those of chains and of the line of time between
 * them are left out. */
static void
find_txns(struct writer *w, const uint32_t *nodes, size_t count)
{
	const struct build *b = w->b;
	size_t start = 0;
	bool in_time = false;

	vec_clear(&w->txns);
	while (start < count && !is_of_txn(b, nodes[start]))
		start++;
	for (size_t i = 0; i <= count && start < count; i++) {
		uint32_t node = nodes[(start + i) % count], txn = node % b->count;
		if (!is_of_txn(b, node)) {
			in_time |= node >= b->count * layers(b) + b->segments.count;
			continue;
		}
		if (in_time)
			put_bridge(w, *vec_last(&w->txns), txn);
		in_time = false;
		if (w->txns.count == 0 || *vec_last(&w->txns) != txn)
			vec_push(&w->txns, txn);
	}
	while (w->txns.count > 1 && *vec_last(&w->txns) == w->txns.items[0])
		w->txns.count--;
}

static void
put_txns(struct writer *w)
{
	vec_each (const uint32_t, txn, &w->txns)
		put(w, *txn);
}

/* A proof of one step. */
static void
put_cycle(struct writer *w)
{
	put(w, 0);
	put(w, 0);
	put(w, 0);
	put(w, (uint32_t)w->txns.count);
	put_txns(w);
	vec_release(&w->txns);
}

void
rw_order_prove_cycle(const struct build *b, const uint32_t *nodes, size_t count,
		     struct rw_answer *answer)
{
	struct writer w = {.b = b, .answer = answer};

	find_txns(&w, nodes, count);
	put_cycle(&w);
}

/* ---- rings ----------------------------------------------------------------------------
 */

/* The place of the transaction that wrote what this one read of the key, or NODE_NONE. */
static uint32_t
source_of(const struct build *b, uint32_t place, uint32_t key)
{
	each_access(access, b, b->txns[place])
	{
		if (access->key != key || !reads_listed(b, access))
			continue;
		uint32_t writer = b->v->of.items[access->read].writer;
		return writer == TXN_NONE ? NODE_NONE : b->notes->index[writer] - 1;
	}
	return NODE_NONE;
}

/* Each read what the one before wrote: from the last to the first. */
static bool
find_ring(struct writer *w, uint32_t place, uint32_t key)
{
	for (uint32_t i = 0; i < w->b->count && place != NODE_NONE; i++)
		place = source_of(w->b, place, key);
	for (uint32_t at = place; at != NODE_NONE; at = source_of(w->b, at, key)) {
		if (w->txns.count > 0 && at == place)
			break;
		vec_push(&w->txns, at);
	}
	for (size_t i = 0; i < w->txns.count / 2; i++) {
		uint32_t *a = &w->txns.items[i],
			 *z = &w->txns.items[w->txns.count - 1 - i];
		uint32_t swapped = *a;
		*a = *z;
		*z = swapped;
	}
	return w->txns.count > 0;
}

void
rw_order_prove_ring(const struct build *b, struct rw_answer *answer)
{
	struct writer w = {.b = b, .answer = answer};

	for (uint32_t i = 0; i < b->count && w.txns.count == 0; i++)
		each_access(access, b, b->txns[i])
		{
			if (access->written != VERSION_NONE &&
			    b->notes->segment_of[access->written] == 0 &&
			    find_ring(&w, i, access->key))
				break;
		}
	if (w.txns.count > 0)
		put_cycle(&w);
}

/* ---- the log of a search --------------------------------------------------------------
 */

/* A literal of the search as one of the proof. Two choices about the same two are one: of two
 * chains of one key and two of another, the first writers may be the same transactions. */
static uint32_t
literal_of(struct writer *w, uint32_t literal)
{
	const struct order_choice *choice = &w->solver->choices.items[literal / 2];
	uint32_t a = choice->arcs[1][0].to % w->b->count;
	uint32_t c = choice->arcs[0][0].to % w->b->count;
	uint64_t pair = a < c ? (uint64_t)a << 32 | c : (uint64_t)c << 32 | a;
	uint64_t *number = map_at(&w->choices, pair, NULL);

	if (*number == 0) {
		vec_push(&w->pairs, (uint32_t)(pair >> 32));
		vec_push(&w->pairs, (uint32_t)pair);
		*number = w->pairs.count / 2;
	}
	return (2 * (uint32_t)(*number - 1) + (a > c)) ^ literal % 2;
}

static void
put_step(struct writer *w, const struct order_step *step)
{
	vec_clear(&w->txns);
	if (step->node_count > 0)
		find_txns(w, step->nodes, step->node_count);
	put(w, (uint32_t)step->literal_count);
	put(w, (uint32_t)step->hint_count);
	put(w, (uint32_t)w->txns.count);
	for (size_t i = 0; i < step->literal_count; i++)
		put(w, literal_of(w, step->literals[i]));
	for (size_t i = 0; i < step->hint_count; i++)
		put(w, w->numbers[step->hints[i]]);
	put_txns(w);
}

static void
put_steps(struct writer *w)
{
	const struct order_log *log = w->b->log;
	bool *needed = order_log_needed(log);
	uint32_t count = 0;

	w->numbers = mem_new(log->steps.count + 1, sizeof(*w->numbers));
	for (size_t i = 0; i < log->steps.count; i++) {
		if (!needed[i])
			continue;
		w->numbers[i] = count++;
		struct order_step step = order_log_step(log, i);
		put_step(w, &step);
	}
	free(w->numbers);
	free(needed);
}

/* The choices that the steps name go in front of them. */
static void
put_choices(struct writer *w)
{
	size_t steps = w->answer->proof.count, words = w->pairs.count + 1;

	vec_reserve(&w->answer->proof, steps + words);
	uint32_t *proof = w->answer->proof.items;
	memmove(proof + words, proof, steps * sizeof(*proof));
	proof[0] = (uint32_t)w->pairs.count / 2;
	for (size_t i = 0; i < w->pairs.count; i++)
		proof[1 + i] = w->pairs.items[i];
	w->answer->proof.count = steps + words;
}

void
rw_order_prove_search(const struct build *b, const struct order_solver *solver,
		      struct rw_answer *answer)
{
	struct writer w = {.b = b, .solver = solver, .answer = answer};

	if (b->log->is_over)
		return;
	put_steps(&w);
	put_choices(&w);
	map_release(&w.choices);
	vec_release(&w.pairs);
	vec_release(&w.txns);
}
