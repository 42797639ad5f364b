#include "checkers/transaction/list_append_weak.h"

#include "checkers/sort.h"
#include "checkers/transaction/list_append.h"

#include <stdlib.h>

#define B(id) anomaly_bit(ANOMALY_##id)
#define BELOW_VIEWS                                                                      \
	(B(GARBAGE_READ) | B(DUPLICATE) | B(INCOMPATIBLE_ORDER) | B(DIRTY_UPDATE) |      \
	 B(G0) | B(G1A) | B(G1B) | B(G1C))
#define VIEWS	      (B(NON_MONOTONIC_VIEW) | B(FRACTURED_READ))
#define SESSION_VIEWS (B(NON_MONOTONIC_PROCESS) | B(FRACTURED_PROCESS))
#define DECIDABLE                                                                        \
	(VIEWS | SESSION_VIEWS | B(CAUSALITY) | B(G0) | B(G1C) | B(G0_PROCESS) |         \
	 B(G1C_PROCESS))

enum {
	STOP_INTERVAL = 1024
};

/* ---- what one reader lacks ------------------------------------------------------------
 */

void
list_misses_note(struct misses *m, const struct txn *reader)
{
	m->reads_again = false;
	each_mop (mop, reader, m->d) {
		if (!is_read(reader, mop))
			continue;
		if (first_on_key(m->d, reader, mop) == mop)
			m->read_at[mop->key] =
				(uint32_t)(mop - m->d->txns.mops.items) + 1;
		else
			m->reads_again = true;
	}
}

uint32_t
list_misses_at(struct misses *m, const struct txn *reader, const struct mop *append)
{
	uint32_t at = m->read_at[append->key];

	if (append->kind != MOP_APPEND || at <= reader->first ||
	    at > reader->first + reader->count)
		return 0;
	uint32_t place = *list_place(&m->lists, append->key, append->value, false);
	bool lacks = place == 0 || place > m->d->txns.mops.items[at - 1].length;
	return lacks ? at - reader->first : 0;
}

void
list_misses_keep(struct misses *m, enum isolation_anomaly anomaly, const uint32_t *path,
		 size_t count)
{
	if ((m->out->found & anomaly_bit(anomaly)) != 0)
		return;
	m->out->found |= anomaly_bit(anomaly);
	vec_push(&m->out->cycles, (struct cycle){.anomaly = anomaly});
	struct cycle *cycle = vec_last(&m->out->cycles);
	for (size_t i = 0; i < count; i++)
		vec_push(&cycle->txns, path[i]);
	for (size_t i = 0; i + 1 < count; i++) {
		unsigned kinds = graph_kinds(&m->d->graph, path[i], path[i + 1]);
		vec_push(&cycle->kinds, kinds & EDGE_WR ? EDGE_WR : EDGE_PROCESS);
	}
	vec_push(&cycle->kinds, EDGE_RW);
}

/* ---- those whom it read from ----------------------------------------------------------
 */

/* The transaction that the read read from. */
static uint32_t
source_of(const struct misses *m, const struct txn *reader, const struct mop *read)
{
	uint32_t length = length_of_others(&m->lists, number_of(m->d, reader), read->key,
					   read->length);

	return length == 0 ? NOBODY
			   : m->lists.writers[m->lists.of[read->key].start + length - 1];
}

/* Some read of the key behind the reader's first `since` micro-operations lacks the append. */
static bool
lacks_later(struct misses *m, const struct txn *reader, uint32_t since,
	    const struct mop *append)
{
	const struct mop *mops = m->d->txns.mops.items + reader->first;

	if (append->kind != MOP_APPEND)
		return false;
	uint32_t place = *list_place(&m->lists, append->key, append->value, false);
	for (uint32_t i = since; i < reader->count; i++)
		if (mops[i].kind == MOP_READ && mops[i].key == append->key &&
		    (place == 0 || place > mops[i].length))
			return true;
	return false;
}

/* `since`: which of the reader's micro-operations read from the other one, from 1. */
static void
look_at_source(struct misses *m, const struct txn *reader, uint32_t source,
	       uint32_t since)
{
	const struct txn *seen = &m->d->txns.of.items[source];
	const uint32_t path[] = {source, number_of(m->d, reader)};

	each_mop (mop, seen, m->d) {
		uint32_t at = list_misses_at(m, reader, mop);
		if (at != 0 && !m->is_internal)
			list_misses_keep(m, ANOMALY_FRACTURED_READ, path, 2);
		if (at > since || (m->reads_again && lacks_later(m, reader, since, mop)))
			list_misses_keep(m, ANOMALY_NON_MONOTONIC_VIEW, path, 2);
	}
}

/* False when the budget ended. */
static bool
find_fractured(struct misses *m)
{
	uint32_t *seen_by = mem_new(m->d->txns.of.count + 1, sizeof(*seen_by));
	uint64_t wanted = m->is_internal ? B(NON_MONOTONIC_VIEW) : VIEWS;
	bool ok = true;

	each_txn (txn, m->d) {
		uint32_t t = number_of(m->d, txn);
		ok = ok && (t % STOP_INTERVAL != 0 || !budget_is_over(m->budget));
		if (!ok || (m->out->found & wanted) == wanted)
			break;
		list_misses_note(m, txn);
		each_mop (mop, txn, m->d) {
			uint32_t source =
				is_read(txn, mop) ? source_of(m, txn, mop) : NOBODY;
			if (source == NOBODY || source == t || seen_by[source] == t + 1)
				continue;
			seen_by[source] = t + 1;
			look_at_source(m, txn, source,
				       (uint32_t)(mop - m->d->txns.mops.items) -
					       txn->first + 1);
		}
	}
	free(seen_by);
	return ok;
}

/* ---- its own process ------------------------------------------------------------------
 */

static bool
lacks_any(struct misses *m, const struct txn *reader, uint32_t seen, uint32_t key)
{
	each_mop (mop, &m->d->txns.of.items[seen], m->d)
		if (mop->key == key && list_misses_at(m, reader, mop) != 0)
			return true;
	return false;
}

/* latest: by key, the transaction of those gone through that appended there last, + 1. */
static void
look_at_process(struct misses *m, const struct txn *reader, uint32_t *latest)
{
	uint32_t t = number_of(m->d, reader);

	list_misses_note(m, reader);
	each_mop (mop, reader, m->d) {
		uint32_t before = latest[mop->key];
		if (!is_read(reader, mop) || before == 0 || before == t + 1 ||
		    txn_op(&m->d->txns, before - 1)->process !=
			    txn_op(&m->d->txns, t)->process)
			continue;
		if (lacks_any(m, reader, before - 1, mop->key))
			list_misses_keep(m, ANOMALY_FRACTURED_PROCESS,
					 (uint32_t[]){before - 1, t}, 2);
	}
	each_mop (mop, reader, m->d)
		if (mop->kind == MOP_APPEND)
			latest[mop->key] = t + 1;
}

/* Process by process. What a process appended to a key stands there in its order: else that
 * were a cycle of writes. */
static void
find_fractured_processes(struct misses *m)
{
	size_t n = m->d->txns.of.count, count = 0;
	uint64_t *words = mem_new(n + 1, sizeof(*words));
	uint32_t *latest = mem_new(m->d->txns.keys.count + 1, sizeof(*latest));

	for (uint32_t t = 0; t < n; t++)
		if (m->d->committed[t])
			words[count++] =
				(uint64_t)txn_op(&m->d->txns, t)->process << 32 | t;
	sort_words(words, count);
	for (size_t i = 0; i < count; i++)
		look_at_process(m, &m->d->txns.of.items[(uint32_t)words[i]], latest);
	free(latest);
	free(words);
}

/* ---- all ------------------------------------------------------------------------------
 */

static bool
is_acyclic(const struct dependencies *d, unsigned mask)
{
	uint32_t *order = mem_new((size_t)d->graph.node_count + 1, sizeof(*order));
	size_t count;
	bool acyclic = graph_order(&d->graph, mask, order, &count);

	free(order);
	return acyclic;
}

static void
judge(struct misses *m)
{
	struct isolation *out = m->out;

	out->open |= VIEWS | SESSION_VIEWS | B(CAUSALITY);
	if (!is_acyclic(m->d, EDGE_DEPENDENCY) || !find_fractured(m))
		return;
	out->open &= ~(VIEWS | B(G0) | B(G1C));
	if (!is_acyclic(m->d, EDGE_DEPENDENCY | EDGE_PROCESS))
		return;
	out->open &= ~(B(G0_PROCESS) | B(G1C_PROCESS));
	out->open &= ~SESSION_VIEWS;
	if (m->is_internal)
		return;
	find_fractured_processes(m);
	if ((out->found & (B(FRACTURED_READ) | B(FRACTURED_PROCESS))) != 0 ||
	    list_misses_none_causally(m))
		out->open &= ~B(CAUSALITY);
}

void
list_append_judge_weak(struct dependencies *d, const struct budget *budget,
		       struct isolation *isolation)
{
	struct misses m = {.d = d,
			   .budget = budget,
			   .out = isolation,
			   .is_internal = (isolation->found & B(INTERNAL)) != 0};
	struct err err;

	if ((isolation->found & BELOW_VIEWS) != 0 || (isolation->open & DECIDABLE) == 0 ||
	    budget_is_over(budget))
		return;
	m.read_at = mem_new(d->txns.keys.count + 1, sizeof(*m.read_at));
	if (list_append_index(d, &m.lists, &err))
		judge(&m);
	list_append_release(d, &m.lists);
	free(m.read_at);
	isolation->open &= ~isolation->found;
}
