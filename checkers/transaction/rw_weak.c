#include "checkers/transaction/rw_weak.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	CYCLE_MAX = 4096,
	CYCLE_STARTS_MAX = 32
};

/* The edge from `missed` to `read_from`: `reader` read the key from one although it could
 * see the other. */
struct missed {
	uint32_t missed, read_from, reader, key;
};

struct weak {
	struct dependencies *d;
	struct rw_versions *v;
	const struct weak_question *question;
	struct graph graph;
	uint32_t *session,
		*index; /* owned, by transaction: process, place in it from 1 */
	uint32_t
		*first_rank; /* owned, by session: ranks number all by (session, index) */
	uint32_t sessions;
	uint32_t *by_rank;  /* owned: rank -> transaction */
	uint64_t *writers;  /* owned: key << 32 | rank, ascending */
	size_t *key_starts; /* owned: those of each key */
	uint32_t *clocks; /* owned: by transaction and session, how many are before it */
	uint32_t *reads_at; /* owned, by key: access of the reader looked at, + 1 */
	/* Missed writes found: counted, and kept where the initial value was read or when
	 * they are edges of this cycle. */
	struct cycle *explained;
	bool initial_missed;
	struct missed initial;
};

#define each_access(access, w, t)                                                        \
	for (const struct rw_access *access =                                            \
		     (w)->v->accesses.items + (w)->v->starts[t];                         \
	     access < (w)->v->accesses.items + (w)->v->starts[(t) + 1]; access++)

/* The committed transaction that the access read from; TXN_NONE for the initial value;
 * false when it read nothing that counts. */
static bool
source_of(const struct weak *w, const struct rw_access *access, uint32_t *source)
{
	if (access->read == VERSION_NONE)
		return false;
	*source = w->v->of.items[access->read].writer;
	return *source == TXN_NONE || w->d->committed[*source];
}

/* ---- sessions -------------------------------------------------------------------------
 */

static void
number_sessions(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	struct map ids = {0};
	VEC(uint32_t) sizes = {0};

	for (uint32_t t = 0; t < n; t++) {
		bool is_new;
		if (!w->d->committed[t])
			continue;
		uint64_t *id = map_at(&ids, txn_op(&w->d->txns, t)->process, &is_new);
		if (is_new) {
			*id = sizes.count;
			vec_push(&sizes, 0);
		}
		w->session[t] = (uint32_t)*id;
		w->index[t] = ++sizes.items[*id];
	}
	w->sessions = (uint32_t)sizes.count;
	w->first_rank = mem_new((size_t)w->sessions + 1, sizeof(*w->first_rank));
	for (uint32_t s = 0; s < w->sessions; s++)
		w->first_rank[s + 1] = w->first_rank[s] + sizes.items[s];
	for (uint32_t t = 0; t < n; t++)
		if (w->d->committed[t])
			w->by_rank[w->first_rank[w->session[t]] + w->index[t] - 1] = t;
	vec_release(&sizes);
	map_release(&ids);
}

static void
index_writers(struct weak *w)
{
	size_t keys = w->d->txns.keys.count, count = 0;

	w->writers = mem_new(w->v->accesses.count, sizeof(*w->writers));
	w->key_starts = mem_new(keys + 1, sizeof(*w->key_starts));
	for (uint32_t t = 0; t < w->d->txns.of.count; t++) {
		if (!w->d->committed[t])
			continue;
		uint32_t rank = w->first_rank[w->session[t]] + w->index[t] - 1;
		each_access(access, w, t) if (access->written != VERSION_NONE)
			w->writers[count++] = (uint64_t)access->key << 32 | rank;
	}
	sort_words(w->writers, count);
	for (size_t key = 0, i = 0; key <= keys; key++) {
		while (i < count && w->writers[i] >> 32 < key)
			i++;
		w->key_starts[key] = i;
	}
}

/* ---- edges ----------------------------------------------------------------------------
 */

static void
explain_missed(struct weak *w, const struct missed *missed)
{
	const struct cycle *cycle = w->explained;

	for (size_t i = 0; i < cycle->txns.count; i++)
		if (cycle->txns.items[i] == missed->missed &&
		    cycle->txns.items[(i + 1) % cycle->txns.count] == missed->read_from)
			vec_push(&w->v->reasons,
				 (struct rw_reason){missed->missed, missed->read_from,
						    missed->reader, missed->key});
}

static void
add_missed(struct weak *w, struct missed missed)
{
	if (missed.missed == missed.read_from || missed.missed == missed.reader)
		return;
	if (missed.read_from == TXN_NONE) {
		w->initial = w->initial_missed ? w->initial : missed;
		w->initial_missed = true;
	} else if (w->explained != NULL)
		explain_missed(w, &missed);
	else
		graph_add(&w->graph, missed.missed, missed.read_from, EDGE_ORDER);
}

static void
add_base(struct weak *w)
{
	for (uint32_t t = 0; t < w->d->txns.of.count; t++) {
		uint32_t source;
		if (!w->d->committed[t])
			continue;
		each_access(access, w,
			    t) if (source_of(w, access, &source) && source != TXN_NONE)
			graph_add(&w->graph, source, t, EDGE_WR);
		if (w->question->process && w->index[t] > 1)
			graph_add(&w->graph,
				  w->by_rank[w->first_rank[w->session[t]] + w->index[t] -
					     2],
				  t, EDGE_PROCESS);
	}
}

/* The reader can see `seen`, since its access number `from`: what it read behind that of
 * keys that the other wrote. The shorter list is walked: that makes O(n^1.5). */
static void
miss_seen(struct weak *w, uint32_t reader, uint32_t seen, uint32_t from)
{
	uint32_t source;

	each_access(written, w, seen)
	{
		uint32_t at = w->reads_at[written->key];
		if (written->written == VERSION_NONE || at <= from ||
		    at <= w->v->starts[reader])
			continue;
		const struct rw_access *read = &w->v->accesses.items[at - 1];
		if (source_of(w, read, &source))
			add_missed(w, (struct missed){seen, source, reader, read->key});
	}
}

static bool
writes_key(const struct weak *w, uint32_t t, uint32_t key)
{
	uint32_t rank = w->first_rank[w->session[t]] + w->index[t] - 1;
	uint64_t wanted = (uint64_t)key << 32 | rank;
	size_t low = w->key_starts[key], high = w->key_starts[key + 1];

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (w->writers[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->key_starts[key + 1] && w->writers[low] == wanted;
}

static void
miss_read(struct weak *w, uint32_t reader, uint32_t seen, uint32_t from)
{
	const struct rw_access *items = w->v->accesses.items;
	uint32_t source;

	for (uint32_t i = from; i < w->v->starts[reader + 1]; i++)
		if (source_of(w, &items[i], &source) && writes_key(w, seen, items[i].key))
			add_missed(w,
				   (struct missed){seen, source, reader, items[i].key});
}

/* Accesses in the order of the transaction; `behind`: only those after the one that saw. */
static void
miss_sources(struct weak *w, uint32_t t, bool behind)
{
	uint32_t start = w->v->starts[t], end = w->v->starts[t + 1], source;

	for (uint32_t i = start; i < end; i++)
		if (w->v->accesses.items[i].read != VERSION_NONE)
			w->reads_at[w->v->accesses.items[i].key] = i + 1;
	for (uint32_t i = start; i < end; i++) {
		if (!source_of(w, &w->v->accesses.items[i], &source) ||
		    source == TXN_NONE)
			continue;
		uint32_t from = behind ? i + 1 : start;
		if (w->v->starts[source + 1] - w->v->starts[source] <= end - start)
			miss_seen(w, t, source, from);
		else
			miss_read(w, t, source, from);
	}
	for (uint32_t i = start; i < end; i++)
		w->reads_at[w->v->accesses.items[i].key] = 0;
}

/* The last of the key's writers with a rank below `bound`, not below `low` in the list. */
static size_t
writers_below(const struct weak *w, uint32_t key, size_t low, uint32_t bound)
{
	uint64_t wanted = (uint64_t)key << 32 | bound;
	size_t high = w->key_starts[key + 1];

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (w->writers[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of each session the last writer of the key before the reader, as `clock` says. */
static void
miss_past(struct weak *w, uint32_t t, const struct rw_access *read, uint32_t source,
	  const uint32_t *clock)
{
	size_t end = w->key_starts[read->key + 1];

	for (size_t i = w->key_starts[read->key]; i < end;) {
		uint32_t session = w->session[w->by_rank[(uint32_t)w->writers[i]]];
		size_t past = writers_below(w, read->key, i,
					    w->first_rank[session] + clock[session]);
		if (past > i)
			add_missed(w, (struct missed){
					      w->by_rank[(uint32_t)w->writers[past - 1]],
					      source, t, read->key});
		i = writers_below(w, read->key, past, w->first_rank[session + 1]);
	}
}

/* In its own session only. */
static void
miss_session(struct weak *w, uint32_t t, const struct rw_access *read, uint32_t source)
{
	uint32_t first = w->first_rank[w->session[t]];
	size_t start = w->key_starts[read->key];
	size_t low = writers_below(w, read->key, start, first);
	size_t past = writers_below(w, read->key, low, first + w->index[t] - 1);

	if (past > low)
		add_missed(w, (struct missed){w->by_rank[(uint32_t)w->writers[past - 1]],
					      source, t, read->key});
}

static void
add_all_missed(struct weak *w)
{
	enum weak_view view = w->question->view;

	for (uint32_t t = 0; t < w->d->txns.of.count; t++) {
		uint32_t source;
		if (!w->d->committed[t] || view == WEAK_COMMITTED)
			continue;
		if (view != WEAK_CAUSAL)
			miss_sources(w, t, view == WEAK_MONOTONIC);
		each_access(access, w, t)
		{
			if (!source_of(w, access, &source))
				continue;
			if (view == WEAK_CAUSAL)
				miss_past(w, t, access, source,
					  &w->clocks[(size_t)t * w->sessions]);
			else if (view == WEAK_ATOMIC && w->question->process)
				miss_session(w, t, access, source);
		}
	}
}

/* Clocks along the edges of the graph, which must have no cycle. */
static void
make_clocks(struct weak *w, const uint32_t *order, size_t count)
{
	size_t k = w->sessions;

	w->clocks = mem_new(w->d->txns.of.count * k, sizeof(*w->clocks));
	for (size_t i = 0; i < count; i++) {
		uint32_t t = order[i];
		if (!w->d->committed[t])
			continue;
		const uint32_t *from = &w->clocks[(size_t)t * k];
		for (size_t e = w->graph.starts[t]; e < w->graph.starts[t + 1]; e++) {
			uint32_t *to = &w->clocks[(size_t)w->graph.targets[e] * k];
			for (size_t s = 0; s < k; s++)
				to[s] = from[s] > to[s] ? from[s] : to[s];
			if (to[w->session[t]] < w->index[t])
				to[w->session[t]] = w->index[t];
		}
	}
}

/* ---- violations -----------------------------------------------------------------------
 */

static uint8_t
kind_of(unsigned kinds)
{
	return kinds & EDGE_WR	      ? EDGE_WR
	       : kinds & EDGE_PROCESS ? EDGE_PROCESS
				      : EDGE_ORDER;
}

/* Of reads and processes alone: nothing was missed. */
static bool
is_ring(const struct cycle *cycle)
{
	vec_each (uint8_t, kind, &cycle->kinds)
		if (*kind == EDGE_ORDER)
			return false;
	return true;
}

/* A short cycle of the graph: the shortest through one of the first nodes that are on any.
 */
static void
keep_cycle(struct weak *w, enum isolation_anomaly anomaly, struct isolation *isolation)
{
	uint32_t n = w->graph.node_count, starts = 0;
	uint32_t *component = mem_new(n, sizeof(*component));
	uint32_t count = graph_components(&w->graph, ~0u, component);
	uint32_t *sizes = mem_new(count, sizeof(*sizes));
	uint32_t *path = mem_new(CYCLE_MAX, sizeof(*path));
	struct cycle cycle = {.anomaly = anomaly};

	for (uint32_t v = 0; v < n; v++)
		sizes[component[v]]++;
	for (uint32_t v = 0; v < n && starts < CYCLE_STARTS_MAX; v++) {
		if (sizes[component[v]] < 2)
			continue;
		starts++;
		size_t best = cycle.txns.count > 0 ? cycle.txns.count : CYCLE_MAX;
		size_t length = graph_path(&w->graph, ~0u, v, v, component, component[v],
					   path, best);
		if (length == 0)
			continue;
		vec_clear(&cycle.txns);
		for (size_t i = 0; i + 1 < length; i++)
			vec_push(&cycle.txns, path[i]);
	}
	for (size_t i = 0; i < cycle.txns.count; i++)
		vec_push(&cycle.kinds,
			 kind_of(graph_kinds(
				 &w->graph, cycle.txns.items[i],
				 cycle.txns.items[(i + 1) % cycle.txns.count])));
	isolation->found |= anomaly_bit(anomaly);
	if (cycle.txns.count > 0) {
		vec_push(&isolation->cycles, cycle);
		w->explained = vec_last(&isolation->cycles);
		if (!is_ring(w->explained))
			add_all_missed(w);
	}
	free(path);
	free(sizes);
	free(component);
}

/* The graph so far has no cycle, else it is kept. *order: owned by the caller. */
static bool
is_acyclic(struct weak *w, enum isolation_anomaly anomaly, struct isolation *isolation,
	   uint32_t *order, size_t *count)
{
	graph_build(&w->graph);
	if (graph_order(&w->graph, ~0u, order, count))
		return true;
	keep_cycle(w, anomaly, isolation);
	return false;
}

/* Causal: the clocks need the reads and processes in order first. */
static enum verdict
prepare_causal(struct weak *w, const struct budget *budget, struct isolation *isolation,
	       uint32_t *order)
{
	size_t n = w->d->txns.of.count, count;
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	if (w->sessions > 0 && n > bytes / 2 / sizeof(uint32_t) / w->sessions)
		return VERDICT_UNKNOWN;
	if (!is_acyclic(w, w->question->ring, isolation, order, &count))
		return VERDICT_INVALID;
	make_clocks(w, order, count);
	graph_release(&w->graph);
	graph_init(&w->graph, (uint32_t)n);
	add_base(w);
	return VERDICT_VALID;
}

static enum verdict
judge(struct weak *w, const struct budget *budget, struct isolation *isolation,
      uint32_t *order)
{
	const struct weak_question *q = w->question;
	size_t count;

	add_base(w);
	if (q->view == WEAK_CAUSAL) {
		enum verdict prepared = prepare_causal(w, budget, isolation, order);
		if (prepared != VERDICT_VALID)
			return prepared;
	}
	add_all_missed(w);
	bool acyclic = is_acyclic(w, q->view == WEAK_COMMITTED ? q->ring : q->anomaly,
				  isolation, order, &count);
	if (!acyclic && w->explained != NULL && is_ring(w->explained)) {
		w->explained->anomaly = q->ring;
		isolation->found &= ~anomaly_bit(q->anomaly);
		isolation->found |= anomaly_bit(q->ring);
	}
	if (w->initial_missed) {
		dependencies_find(w->d, q->anomaly, w->initial.reader, w->initial.missed,
				  w->initial.key, VAL_OF_NIL);
		isolation->found |= anomaly_bit(q->anomaly);
	}
	return acyclic && !w->initial_missed ? VERDICT_VALID : VERDICT_INVALID;
}

enum verdict
rw_weak_judge(struct dependencies *d, const struct weak_question *question,
	      const struct budget *budget, struct isolation *isolation)
{
	size_t n = d->txns.of.count;
	struct weak w = {.d = d, .v = d->type_state, .question = question};

	graph_init(&w.graph, (uint32_t)n);
	w.session = mem_new(n, sizeof(*w.session));
	w.index = mem_new(n, sizeof(*w.index));
	w.by_rank = mem_new(n, sizeof(*w.by_rank));
	w.reads_at = mem_new(d->txns.keys.count, sizeof(*w.reads_at));
	uint32_t *order = mem_new(n, sizeof(*order));
	number_sessions(&w);
	if (question->view != WEAK_COMMITTED)
		index_writers(&w);
	enum verdict verdict = judge(&w, budget, isolation, order);
	graph_release(&w.graph);
	free(order);
	free(w.session);
	free(w.index);
	free(w.first_rank);
	free(w.by_rank);
	free(w.writers);
	free(w.key_starts);
	free(w.clocks);
	free(w.reads_at);
	return verdict;
}
