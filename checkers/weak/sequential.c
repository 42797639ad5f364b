/* Sequential consistency: what is forced, a row that is mended, then a search.
 *
 * NP-complete even for unique values (Gibbons and Korach 1997, VSC-read). For few sessions a
 * first short search, which finds the sequence of most histories that have one; then the row
 * of sequential_row.c, which decides nearly all; and where it gives up
 *	1. Saturation (Zennou et al., "Gradual consistency checking", CAV 2019). Besides
 *	   session order and reads-from: if r reads w and another write w' of the key is
 *	   before r, then w' is before w; if w' is after w, then r is before w'. Until
 *	   nothing new follows (or some passes were made: it only saves search). A cycle is
 *	   a violation.
 *	2. Depth-first search over frontiers, how far each session has come (Biswas and
 *	   Enea, OOPSLA 2019, their dbcop). With unique values the frontier says all when no
 *	   value is overwritten while a read of it is still to come, so frontiers that led
 *	   nowhere are remembered. Reads go as soon as they can; writes in the order of
 *	   their invocations, which is nearly always right at once.
 * O(n log n) when the first try succeeds at once; the row is linear in what stands between
 * reads and their sources, while its guesses hold; O(n sessions^2) for each pass that
 * saturates, O(n^sessions) at worst: then unknown at the budget.
 *
 *	cyclic-order    The forced order contradicts itself.
 *	                p: w(x)=1 r(y)=init | q: w(y)=1 r(x)=init
 *	not-sequential  No sequence exists, though no cycle is forced. */
#include "base/map.h"
#include "checkers/gap_set.h"
#include "checkers/transaction/graph.h"
#include "checkers/weak/sequential.h"

#include <string.h>

enum {
	SATURATION_PASSES_MAX = 8,
	FIRST_TRY_LEAST = 1000, /* operations; smaller histories are saturated at once */
	FIRST_TRY_STEPS = 20, /* for each operation: far fewer than saturation looks at */
	SEARCH_WORDS_MAX = 1 << 22 /* of clocks, where sessions are many */
};

/* ---- saturation -------------------------------------------------------------------- */

struct saturation {
	const struct weak *weak;
	struct graph graph; /* all edges that are known; rebuilt each pass */
	VEC(struct edge) forced;
	struct weak_clocks clocks;
	uint32_t *order; /* owned */
	bool has_new, is_broken;
};

static void
force(struct saturation *sat, uint32_t from, uint32_t to)
{
	if (weak_is_before(sat->weak, &sat->clocks, from, to))
		return;
	vec_push(&sat->forced, (struct edge){from, to, EDGE_ORDER});
	sat->has_new = true;
}

static void
rebuild_graph(struct saturation *sat)
{
	const struct weak *weak = sat->weak;

	graph_release(&sat->graph);
	graph_init(&sat->graph, weak->count);
	for (uint32_t v = 0; v < weak->count; v++) {
		if (weak->source[v] != WEAK_INITIAL)
			graph_add(&sat->graph, weak->source[v], v, EDGE_WR);
		if (v > weak->start[weak->session[v]])
			graph_add(&sat->graph, v - 1, v, EDGE_PROCESS);
	}
	vec_each (struct edge, edge, &sat->forced)
		graph_add(&sat->graph, edge->from, edge->to, EDGE_ORDER);
	graph_build(&sat->graph);
}

static void
recompute_clocks(struct saturation *sat)
{
	const struct weak *weak = sat->weak;
	uint32_t width = weak->session_count;

	memset(sat->clocks.rows, 0, (size_t)weak->count * width * sizeof(uint32_t));
	for (uint32_t i = 0; i < weak->count; i++) {
		uint32_t v = sat->order[i];
		uint32_t *row = sat->clocks.rows + (size_t)v * width;
		row[weak->session[v]] = weak_place(weak, v) + 1;
		for (size_t e = sat->graph.starts[v]; e < sat->graph.starts[v + 1]; e++) {
			uint32_t *to =
				sat->clocks.rows + (size_t)sat->graph.targets[e] * width;
			for (uint32_t s = 0; s < width; s++)
				to[s] = to[s] > row[s] ? to[s] : row[s];
		}
	}
}

/* The first write of the run that comes after `write`, which may be initial; NONE. */
static uint32_t
first_after(const struct saturation *sat, uint32_t run, uint32_t write)
{
	const struct weak *weak = sat->weak;
	uint32_t low = weak->runs[run], high = weak->runs[run + 1];

	while (low < high && write != WEAK_INITIAL) {
		uint32_t middle = low + (high - low) / 2, other = weak->writes[middle];
		if (other != write && weak_is_before(weak, &sat->clocks, write, other))
			high = middle;
		else
			low = middle + 1;
	}
	return low < weak->runs[run + 1] ? weak->writes[low] : WEAK_INITIAL;
}

static void
saturate_read(struct saturation *sat, uint32_t read)
{
	const struct weak *weak = sat->weak;
	uint32_t key = weak->key[read], source = weak->source[read];
	const uint32_t *clock = weak_clock(&sat->clocks, read);

	for (uint32_t run = weak->key_runs[key]; run < weak->key_runs[key + 1]; run++) {
		uint32_t s = weak_run_session(weak, run);
		uint32_t before = weak_last_below(weak, run, weak->start[s] + clock[s]);
		if (before != WEAK_INITIAL && source == WEAK_INITIAL)
			sat->is_broken = true;
		else if (before != WEAK_INITIAL && before != source)
			force(sat, before, source);
		uint32_t after = first_after(sat, run, source);
		if (after != WEAK_INITIAL)
			force(sat, read, after);
	}
}

static void
saturate(struct saturation *sat, const struct weak_limits *limits)
{
	size_t count;

	for (int pass = 0; !sat->is_broken; pass++) {
		rebuild_graph(sat);
		if (!graph_order(&sat->graph, UINT8_MAX, sat->order, &count))
			sat->is_broken = true;
		if (sat->is_broken || pass == SATURATION_PASSES_MAX ||
		    budget_is_over(&limits->budget))
			return;
		recompute_clocks(sat);
		sat->has_new = false;
		for (uint32_t v = 0; v < sat->weak->count && !sat->is_broken; v++)
			if (!weak_is_write(sat->weak, v))
				saturate_read(sat, v);
		if (!sat->has_new)
			return;
	}
}

/* ---- search ------------------------------------------------------------------------ */

/* A place where several writes could come next. */
struct choice {
	uint32_t depth; /* operations placed before */
	uint32_t tried; /* op of the write that was tried last */
};

struct search {
	const struct weak *weak;
	const struct graph *graph;
	uint32_t *next;		/* owned, by session: the frontier */
	uint32_t *waits;	/* owned, by id: forced predecessors not yet placed */
	uint32_t *current;	/* owned, by key: the write in effect, or WEAK_INITIAL */
	uint32_t *readers;	/* owned, by write: reads of it not yet placed */
	uint32_t *init_readers; /* owned, by key */
	uint32_t *order;	/* owned: what is placed */
	uint32_t *replaced;	/* owned, by depth: the write that a write replaced */
	uint32_t depth;
	struct gap_set writes; /* at the frontier, as indexes into history->ops */
	uint32_t *id_of;       /* owned; by those: id */
	VEC(uint32_t) touched; /* sessions whose next read may have become ready */
	VEC(struct choice) choices;
	uint64_t hash;		 /* of the frontier: a sum over sessions */
	struct map dead;	 /* hash of a frontier -> its place in `frontiers`, + 1 */
	VEC(uint32_t) frontiers; /* a link to the next of the hash, then the frontier */
};

static uint32_t *
readers_of(struct search *search, uint32_t key, uint32_t write)
{
	return write == WEAK_INITIAL ? &search->init_readers[key]
				     : &search->readers[write];
}

static bool
is_ready(struct search *search, uint32_t v)
{
	const struct weak *weak = search->weak;
	uint32_t key = weak->key[v], current = search->current[key];

	if (search->waits[v] > 0)
		return false;
	return weak_is_write(weak, v) ? *readers_of(search, key, current) == 0
				      : weak->source[v] == current;
}

static void
release_waiting(struct search *search, uint32_t v, uint32_t change)
{
	const struct graph *graph = search->graph;

	for (size_t e = graph->starts[v]; e < graph->starts[v + 1]; e++)
		if (graph->kinds[e] == EDGE_ORDER)
			search->waits[graph->targets[e]] += change;
}

/* Of a session that has come so far. */
static uint64_t
place_hash(uint32_t session, uint32_t next)
{
	uint64_t hash = ((uint64_t)session << 32 | next) * 0xbf58476d1ce4e5b9u;

	hash = (hash ^ hash >> 29) * 0x94d049bb133111ebu;
	return hash ^ hash >> 32;
}

static void
set_next(struct search *search, uint32_t s, uint32_t next)
{
	const struct weak *weak = search->weak;
	uint32_t before = search->next[s], end = weak->start[s + 1];

	search->hash += place_hash(s, next) - place_hash(s, before);
	search->next[s] = next;
	if (before < end && weak_is_write(weak, before))
		gap_set_take(&search->writes, weak->op[before], weak->op[before] + 1);
	if (next < end && weak_is_write(weak, next))
		gap_set_free(&search->writes, weak->op[next]);
}

/* What reads it, or was forced behind it, may be ready now. */
static void
touch(struct search *search, uint32_t v)
{
	const struct graph *graph = search->graph;

	vec_push(&search->touched, search->weak->session[v]);
	for (size_t e = graph->starts[v]; e < graph->starts[v + 1]; e++) {
		uint32_t s = search->weak->session[graph->targets[e]];
		if (search->next[s] == graph->targets[e])
			vec_push(&search->touched, s);
	}
}

static void
place(struct search *search, uint32_t v)
{
	const struct weak *weak = search->weak;
	uint32_t key = weak->key[v];

	search->order[search->depth] = v;
	search->replaced[search->depth++] = search->current[key];
	set_next(search, weak->session[v], v + 1);
	release_waiting(search, v, UINT32_MAX);
	if (weak_is_write(weak, v))
		search->current[key] = v;
	else
		--*readers_of(search, key, weak->source[v]);
	touch(search, v);
}

static void
take_back(struct search *search)
{
	const struct weak *weak = search->weak;
	uint32_t v = search->order[--search->depth], key = weak->key[v];

	set_next(search, weak->session[v], v);
	release_waiting(search, v, 1);
	search->current[key] = search->replaced[search->depth];
	if (!weak_is_write(weak, v))
		++*readers_of(search, key, weak->source[v]);
}

/* Those that became ready. */
static void
place_reads(struct search *search)
{
	const struct weak *weak = search->weak;

	while (search->touched.count > 0) {
		uint32_t s = vec_pop(&search->touched), v = search->next[s];
		if (v < weak->start[s + 1] && !weak_is_write(weak, v) &&
		    is_ready(search, v))
			place(search, v);
	}
}

/* The write that was invoked first of those that can come next and were invoked after
 * `tried` (an index into history->ops, + 1). */
static uint32_t
next_write(struct search *search, uint32_t tried)
{
	uint32_t end = search->writes.count, op = gap_set_from(&search->writes, tried);

	while (op < end && !is_ready(search, search->id_of[op]))
		op = gap_set_from(&search->writes, op + 1);
	return op < end ? search->id_of[op] : WEAK_INITIAL;
}

static bool
is_dead(const struct search *search)
{
	size_t bytes = search->weak->session_count * sizeof(uint32_t);
	uint64_t *first;

	if (search->dead.count == 0 ||
	    (first = map_find(&search->dead, search->hash)) == NULL)
		return false;
	for (size_t at = (size_t)*first; at != 0; at = search->frontiers.items[at - 1])
		if (memcmp(&search->frontiers.items[at], search->next, bytes) == 0)
			return true;
	return false;
}

static void
remember_dead(struct search *search)
{
	uint64_t *first = map_at(&search->dead, search->hash, NULL);
	size_t at = search->frontiers.count;

	vec_push(&search->frontiers, (uint32_t)*first);
	for (uint32_t s = 0; s < search->weak->session_count; s++)
		vec_push(&search->frontiers, search->next[s]);
	*first = at + 1;
}

static bool
is_full(const struct search *search, size_t bytes_max)
{
	size_t bytes = search->frontiers.capacity * sizeof(uint32_t) +
		       search->dead.slot_count * sizeof(struct map_slot);

	return bytes > bytes_max / 2 ||
	       search->frontiers.count > UINT32_MAX - search->weak->session_count - 2;
}

static enum verdict
search_run(struct search *search, const struct weak_limits *limits, uint64_t steps_max)
{
	uint64_t steps = 0;
	uint32_t tried = 0;

	place_reads(search);
	while (search->depth < search->weak->count) {
		if (++steps > steps_max ||
		    (steps % 1024 == 0 && budget_is_over(&limits->budget)))
			return VERDICT_UNKNOWN;
		uint32_t v = tried == 0 && is_dead(search) ? WEAK_INITIAL
							   : next_write(search, tried);
		if (v != WEAK_INITIAL) {
			vec_push(&search->choices,
				 (struct choice){search->depth, search->weak->op[v] + 1});
			place(search, v);
			place_reads(search);
			tried = 0;
			continue;
		}
		if (tried != 0 || !is_dead(search))
			remember_dead(search);
		if (is_full(search, limits->budget.bytes_max))
			return VERDICT_UNKNOWN;
		if (search->choices.count == 0)
			return VERDICT_INVALID;
		struct choice choice = vec_pop(&search->choices);
		while (search->depth > choice.depth)
			take_back(search);
		tried = choice.tried;
	}
	return VERDICT_VALID;
}

static void
search_init(struct search *search, const struct weak *weak, const struct graph *graph)
{
	size_t count = (size_t)weak->count + 1, keys = (size_t)weak->key_count + 1;

	*search = (struct search){.weak = weak, .graph = graph};
	search->next = mem_new((size_t)weak->session_count + 1, sizeof(uint32_t));
	search->waits = mem_new(count, sizeof(uint32_t));
	search->readers = mem_new(count, sizeof(uint32_t));
	search->order = mem_new(count, sizeof(uint32_t));
	search->replaced = mem_new(count, sizeof(uint32_t));
	search->current = mem_new(keys, sizeof(uint32_t));
	search->init_readers = mem_new(keys, sizeof(uint32_t));
	memset(search->current, 0xff, keys * sizeof(uint32_t));
	search->id_of = mem_new(weak->history->ops.count + 1, sizeof(uint32_t));
	gap_set_init(&search->writes, (uint32_t)weak->history->ops.count);
	gap_set_take(&search->writes, 0, (uint32_t)weak->history->ops.count);
	for (uint32_t v = 0; v < weak->count; v++)
		search->id_of[weak->op[v]] = v;
	for (uint32_t s = 0; s < weak->session_count; s++) {
		search->next[s] = weak->start[s + 1]; /* it comes to its first */
		set_next(search, s, weak->start[s]);
		vec_push(&search->touched, s);
	}
	for (uint32_t v = 0; v < weak->count; v++) {
		if (!weak_is_write(weak, v))
			++*readers_of(search, weak->key[v], weak->source[v]);
		release_waiting(search, v, 1);
	}
}

static void
search_release(struct search *search)
{
	free(search->next);
	free(search->waits);
	free(search->readers);
	free(search->order);
	free(search->replaced);
	free(search->current);
	free(search->init_readers);
	free(search->id_of);
	gap_set_release(&search->writes);
	vec_release(&search->touched);
	map_release(&search->dead);
	vec_release(&search->frontiers);
	vec_release(&search->choices);
}

static void
find_sequence(const struct saturation *sat, const struct weak_limits *limits,
	      uint64_t steps_max, struct weak_answer *answer)
{
	struct search search;

	search_init(&search, sat->weak, &sat->graph);
	answer->verdict = search_run(&search, limits, steps_max);
	if (answer->verdict == VERDICT_INVALID)
		weak_answer_invalid(answer, "not-sequential", WEAK_INITIAL);
	if (answer->verdict == VERDICT_UNKNOWN)
		weak_answer_unknown(answer, "the search for a sequence used up its "
					    "budget; nothing forces a contradiction");
	if (answer->verdict == VERDICT_VALID)
		weak_give(limits, WEAK_EVERYONE, search.order, sat->weak->count);
	search_release(&search);
}

/* What is forced. False where that decides: it contradicts itself, or (no answer yet) clocks
 * do not fit. */
static bool
is_open(struct saturation *sat, const struct weak_limits *limits,
	struct weak_answer *answer)
{
	weak_clocks_init(&sat->clocks, sat->weak, limits->budget.bytes_max / 2);
	if (sat->clocks.is_too_large)
		return false;
	saturate(sat, limits);
	weak_clocks_release(&sat->clocks);
	if (sat->is_broken)
		weak_answer_invalid(answer, "cyclic-order", WEAK_INITIAL);
	return !sat->is_broken;
}

/* Frontiers of so many sessions can be gone through. */
static bool
is_searchable(const struct weak *weak)
{
	return weak->session_count <= WEAK_FEW_SESSIONS ||
	       (size_t)weak->count * weak->session_count <= SEARCH_WORDS_MAX;
}

/* Small histories are told apart by whether what is forced breaks them. In larger ones most
 * that have a sequence show it at once; else the row, and at last a search as long as it
 * takes. */
static void
decide(struct saturation *sat, const struct weak_limits *limits,
       struct weak_answer *answer)
{
	const struct weak *weak = sat->weak;
	bool is_few = weak->session_count <= WEAK_FEW_SESSIONS;
	bool is_small = is_few && weak->count < FIRST_TRY_LEAST;
	bool is_saturated = is_small && is_open(sat, limits, answer);

	if (sat->is_broken)
		return;
	if (is_few && !is_small) {
		rebuild_graph(sat);
		find_sequence(sat, limits, (uint64_t)weak->count * FIRST_TRY_STEPS,
			      answer);
		if (answer->verdict != VERDICT_UNKNOWN)
			return;
	}
	if (sequential_row_decide(weak, limits, answer))
		return;
	if (is_saturated || (is_searchable(weak) && is_open(sat, limits, answer)))
		find_sequence(sat, limits, UINT64_MAX, answer);
}

void
sequential_decide(const struct weak *weak, const struct weak_limits *limits,
		  struct weak_answer *answer)
{
	struct saturation sat = {.weak = weak};

	sat.order = mem_new((size_t)weak->count + 1, sizeof(*sat.order));
	decide(&sat, limits, answer);
	graph_release(&sat.graph);
	vec_release(&sat.forced);
	free(sat.order);
}
