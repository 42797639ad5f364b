#include "checkers/transaction/rw_order.h"

#include "base/assert.h"
#include "checkers/transaction/order_choices.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* Memory of a choice in the solver, about; what is beyond the budget is not begun. */
enum {
	CHOICE_BYTES = 96
};

/* A chain of versions of one key, each made by a transaction that read the one before. */
struct segment {
	uint32_t key;
	uint32_t head, tail;	     /* transactions; TXN_NONE: the initial version */
	uint32_t after;		     /* node behind the readers of its last version */
	uint32_t end_min, begin_max; /* of its writers and readers */
};

struct build {
	const struct dependencies *d;
	const struct rw_versions *v;
	const struct rw_question *question;
	const uint32_t *txns;
	uint32_t count;
	uint32_t *index;      /* owned: transaction -> its place in txns + 1 */
	uint32_t *successor;  /* owned: version -> the next of its chain + 1 */
	bool *has_before;     /* owned: version -> stands behind another in its chain */
	uint32_t *segment_of; /* owned: version -> segment + 1 */
	uint32_t *end;	      /* owned: by place in txns: surely over, see bound_ends */
	uint32_t slack;
	VEC(struct segment) segments; /* by key; of each key the initial one first */
	uint32_t *key_starts;	      /* owned: segments of each key */
	VEC(struct arc) arcs;
	VEC(struct order_choice) choices;
	VEC(uint32_t) hints; /* by node */
	size_t choices_max;
	bool is_over; /* more choices than that */
};

static uint32_t
layers(const struct build *b)
{
	return b->question->snapshot ? 2 : 1;
}

/* The node that stands for the snapshot, or the whole, of a listed transaction. */
static uint32_t
begin_node(const struct build *b, uint32_t txn)
{
	return b->index[txn] - 1;
}

static uint32_t
commit_node(const struct build *b, uint32_t txn)
{
	return b->index[txn] - 1 + (b->question->snapshot ? b->count : 0);
}

static void
add_arc(struct build *b, uint32_t from, uint32_t to)
{
	vec_push(&b->arcs, (struct arc){from, to});
}

/* b follows a because it read or overwrote what a wrote, or by process. */
static void
add_dependency(struct build *b, uint32_t from, uint32_t to)
{
	if (from != to)
		add_arc(b, commit_node(b, from), begin_node(b, to));
}

static uint32_t
add_node(struct build *b, uint32_t hint)
{
	vec_push(&b->hints, hint);
	return (uint32_t)b->hints.count - 1;
}

/* The access's read counts when its writer is listed, or it is the initial version. */
static bool
reads_listed(const struct build *b, const struct rw_access *access)
{
	if (access->read == VERSION_NONE)
		return false;
	uint32_t writer = b->v->of.items[access->read].writer;
	return writer == TXN_NONE || b->index[writer] != 0;
}

#define each_access(access, b, txn)                                                      \
	for (const struct rw_access *access =                                            \
		     (b)->v->accesses.items + (b)->v->starts[txn];                       \
	     access < (b)->v->accesses.items + (b)->v->starts[(txn) + 1]; access++)

/* ---- chains ---------------------------------------------------------------------------
 */

static void
find_successors(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			if (access->written == VERSION_NONE || !reads_listed(b, access))
				continue;
			b->successor[access->read] = access->written + 1;
			b->has_before[access->written] = true;
		}
}

static void
add_segment(struct build *b, uint32_t key, uint32_t first)
{
	uint32_t version = first;
	struct segment segment = {
		.key = key, .head = b->v->of.items[first].writer, .end_min = UINT32_MAX};

	for (;; version = b->successor[version] - 1) {
		b->segment_of[version] = (uint32_t)b->segments.count + 1;
		if (b->successor[version] == 0)
			break;
	}
	segment.tail = b->v->of.items[version].writer;
	vec_push(&b->segments, segment);
}

/* For each key its initial segment, then those that begin with a blind write. */
static void
find_segments(struct build *b)
{
	size_t keys = b->d->txns.keys.count;
	bool *used = mem_new(keys, sizeof(*used));
	VEC(uint64_t) heads = {0};

	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			used[access->key] = true;
			if (access->written != VERSION_NONE &&
			    !b->has_before[access->written])
				vec_push(&heads,
					 (uint64_t)access->key << 32 | access->written);
		}
	sort_words(heads.items, heads.count);
	size_t next = 0;
	for (uint32_t key = 0; key < keys; key++) {
		b->key_starts[key] = (uint32_t)b->segments.count;
		if (used[key])
			add_segment(b, key, key);
		for (; next < heads.count && heads.items[next] >> 32 == key; next++)
			add_segment(b, key, (uint32_t)heads.items[next]);
	}
	b->key_starts[keys] = (uint32_t)b->segments.count;
	vec_release(&heads);
	free(used);
}

static uint32_t
end_with_slack(const struct build *b, uint32_t place)
{
	uint32_t end = b->end[place];

	return b->slack >= UINT32_MAX - end ? UINT32_MAX : end + b->slack;
}

static void
widen(const struct build *b, struct segment *segment, uint32_t txn)
{
	uint32_t end = end_with_slack(b, b->index[txn] - 1), begin = b->d->begin[txn];

	if (end < segment->end_min)
		segment->end_min = end;
	if (begin > segment->begin_max)
		segment->begin_max = begin;
}

/* Who was read by one that is over is over too: what begins later follows the reader and
 * so the writer. This bounds open transactions of which something was read. */
static void
bound_ends(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			if (!reads_listed(b, access) ||
			    access->read < b->d->txns.keys.count)
				continue;
			uint32_t writer =
				b->index[b->v->of.items[access->read].writer] - 1;
			if (b->end[i] < b->end[writer])
				b->end[writer] = b->end[i];
		}
}

/* When a transaction took effect, about: at its end, and before its readers' ends. With
 * the slack, so that the line of time does not lag behind the transactions. */
static uint32_t
hint_end(const struct build *b, uint32_t place)
{
	return b->slack == SLACK_ENDLESS ? b->end[place] : end_with_slack(b, place);
}

static void
make_hints(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		add_node(b, b->question->snapshot ? b->d->begin[b->txns[i]]
						  : hint_end(b, i));
	for (uint32_t i = 0; i < b->count && b->question->snapshot; i++)
		add_node(b, hint_end(b, i));
}

/* Edges inside chains, from writers to readers, and from readers to what comes behind
 * their version. */
static void
add_access(struct build *b, uint32_t txn, const struct rw_access *access)
{
	if (access->written != VERSION_NONE)
		widen(b, &b->segments.items[b->segment_of[access->written] - 1], txn);
	if (!reads_listed(b, access))
		return;
	struct segment *segment = &b->segments.items[b->segment_of[access->read] - 1];
	uint32_t writer = b->v->of.items[access->read].writer;
	uint32_t successor = b->successor[access->read];
	widen(b, segment, txn);
	if (writer != TXN_NONE)
		add_dependency(b, writer, txn);
	if (successor == 0) {
		add_arc(b, begin_node(b, txn), segment->after);
		return;
	}
	uint32_t overwriter = b->v->of.items[successor - 1].writer;
	if (overwriter != txn)
		add_arc(b, begin_node(b, txn), commit_node(b, overwriter));
}

static void
add_accesses(struct build *b)
{
	vec_each (struct segment, segment, &b->segments) {
		uint32_t tail = segment->tail;
		segment->after = add_node(
			b, tail == TXN_NONE ? 0 : b->hints.items[commit_node(b, tail)]);
		if (tail != TXN_NONE)
			add_arc(b, commit_node(b, tail), segment->after);
	}
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->question->snapshot)
			add_arc(b, i, b->count + i);
		each_access(access, b, b->txns[i]) add_access(b, b->txns[i], access);
	}
}

/* ---- process and real time ------------------------------------------------------------
 */

static void
add_processes(struct build *b)
{
	struct map last = {0};

	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t process = txn_op(&b->d->txns, b->txns[i])->process;
		uint64_t *before = map_at(&last, process, NULL);
		if (*before != 0)
			add_dependency(b, (uint32_t)*before - 1, b->txns[i]);
		*before = (uint64_t)b->txns[i] + 1;
	}
	map_release(&last);
}

/* A line of nodes in time: what ended leads into it, what began is led out of it, so that
 * there is a path from a to b exactly when a was over before b began. */
static void
add_time(struct build *b)
{
	uint64_t *events = mem_new((size_t)2 * b->count, sizeof(*events));
	uint32_t line = NODE_NONE;
	VEC(uint32_t) over = {0};
	size_t count = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		events[count++] = (uint64_t)b->d->begin[b->txns[i]] << 32 | i;
		uint64_t end = end_with_slack(b, i);
		if (end != UINT32_MAX)
			events[count++] = (end << 1 | 1) << 31 | i;
	}
	sort_words(events, count);
	for (size_t e = 0; e < count; e++) {
		uint32_t txn = b->txns[(uint32_t)events[e] & INT32_MAX];
		if (events[e] >> 31 & 1) {
			vec_push(&over, commit_node(b, txn));
			continue;
		}
		if (over.count > 0) {
			uint32_t node = add_node(b, (uint32_t)(events[e] >> 32));
			if (line != NODE_NONE)
				add_arc(b, line, node);
			vec_each (uint32_t, ended, &over)
				add_arc(b, *ended, node);
			vec_clear(&over);
			line = node;
		}
		if (line != NODE_NONE)
			add_arc(b, line, begin_node(b, txn));
	}
	vec_release(&over);
	free(events);
}

/* ---- which chain comes first ----------------------------------------------------------
 */

/* The edges that say that segment `a` comes before `c` of the same key. */
static void
side_arcs(const struct build *b, const struct segment *a, const struct segment *c,
	  struct arc *arcs)
{
	arcs[0] = (struct arc){a->after, commit_node(b, c->head)};
	arcs[1] = (struct arc){NODE_NONE, NODE_NONE};
	if (b->question->snapshot && a->tail != TXN_NONE)
		arcs[1] = (struct arc){commit_node(b, a->tail), begin_node(b, c->head)};
}

static void
add_forced(struct build *b, const struct segment *a, const struct segment *c)
{
	struct arc arcs[2];

	side_arcs(b, a, c, arcs);
	for (int i = 0; i < 2 && arcs[i].from != NODE_NONE; i++)
		add_arc(b, arcs[i].from, arcs[i].to);
}

static void
add_choice(struct build *b, const struct segment *a, const struct segment *c)
{
	struct order_choice choice;

	if (b->choices.count >= b->choices_max) {
		b->is_over = true;
		return;
	}
	side_arcs(b, a, c, choice.arcs[0]);
	side_arcs(b, c, a, choice.arcs[1]);
	vec_push(&b->choices, choice);
}

static int
by_end(const void *a, const void *b)
{
	const struct segment *const *x = a, *const *y = b;

	return (*x)->end_min < (*y)->end_min   ? -1
	       : (*x)->end_min > (*y)->end_min ? 1
	       : (*x)->head < (*y)->head       ? -1
					       : 1;
}

static int
by_begin(const void *a, const void *b)
{
	const struct segment *const *x = a, *const *y = b;

	return (*x)->begin_max < (*y)->begin_max   ? -1
	       : (*x)->begin_max > (*y)->begin_max ? 1
	       : (*x)->head < (*y)->head	   ? -1
						   : 1;
}

/* Segments that are over, in some operation, before another began: forced. Only as many
 * edges as are needed: none across a segment that lies between. `starts`: by begin. */
static void
add_forced_by_time(struct build *b, struct segment *const *ends,
		   struct segment *const *starts, size_t count)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t end_min = UINT32_MAX;
		while (first < count && starts[first]->begin_max <= ends[i]->end_min)
			first++;
		for (size_t j = first; j < count && starts[j]->begin_max <= end_min;
		     j++) {
			if (starts[j] == ends[i])
				continue;
			add_forced(b, ends[i], starts[j]);
			if (starts[j]->end_min < end_min)
				end_min = starts[j]->end_min;
		}
	}
}

/* Pairs that time leaves open: neither is over before the other began. `ends`: by end. */
static void
add_choices_left(struct build *b, struct segment *const *ends, size_t count)
{
	for (size_t i = 0; i < count && !b->is_over; i++)
		for (size_t j = i; j-- > 0 && !b->is_over;) {
			if (ends[j]->end_min < ends[i]->begin_max)
				break;
			if (ends[i]->end_min >= ends[j]->begin_max)
				add_choice(b, ends[j], ends[i]);
		}
}

static void
order_key(struct build *b, uint32_t first, uint32_t end)
{
	struct segment **ends, **starts;

	if (end - first < 2)
		return;
	size_t count = end - first - 1;
	for (uint32_t s = first + 1; s < end; s++)
		add_forced(b, &b->segments.items[first], &b->segments.items[s]);
	ends = mem_new(count, sizeof(*ends));
	starts = mem_new(count, sizeof(*starts));
	for (size_t i = 0; i < count; i++)
		ends[i] = starts[i] = &b->segments.items[first + 1 + i];
	qsort(ends, count, sizeof(struct segment *), by_end);
	qsort(starts, count, sizeof(struct segment *), by_begin);
	add_forced_by_time(b, ends, starts, count);
	add_choices_left(b, ends, count);
	free(ends);
	free(starts);
}

/* Chains that bite their tails have no first version: each of their transactions would
 * have read, directly or not, what it wrote itself. */
static bool
find_rings(const struct build *b, struct rw_answer *answer)
{
	for (uint32_t i = 0; i < b->count; i++) {
		bool in_ring = false;
		each_access(access, b, b->txns[i]) in_ring |=
			access->written != VERSION_NONE &&
			b->segment_of[access->written] == 0;
		if (in_ring)
			vec_push(&answer->core, b->txns[i]);
	}
	if (answer->core.count == 0)
		return false;
	answer->verdict = VERDICT_INVALID;
	return true;
}

/* ---- the question as a whole ----------------------------------------------------------
 */

static void
find_chains(struct build *b)
{
	b->slack = b->question->realtime ? 0 : b->question->slack;
	for (uint32_t i = 0; i < b->count; i++) {
		b->index[b->txns[i]] = i + 1;
		b->end[i] = b->d->end[b->txns[i]];
	}
	bound_ends(b);
	find_successors(b);
	find_segments(b);
}

static void
add_edges(struct build *b)
{
	const struct rw_question *q = b->question;

	make_hints(b);
	add_accesses(b);
	if (q->process)
		add_processes(b);
	if (q->realtime || q->slack != SLACK_ENDLESS)
		add_time(b);
	for (uint32_t key = 0; key < b->d->txns.keys.count; key++)
		order_key(b, b->key_starts[key], b->key_starts[key + 1]);
}

static void
take_order(const struct build *b, const struct acyclic *graph, struct rw_answer *answer)
{
	uint32_t nodes = b->count * layers(b);
	uint64_t *words = mem_new(nodes, sizeof(*words));

	for (uint32_t node = 0; node < nodes; node++)
		words[node] = (uint64_t)graph->place[node] << 32 | node;
	sort_words(words, nodes);
	for (uint32_t i = 0; i < nodes; i++)
		vec_push(&answer->order, b->txns[(uint32_t)words[i] % b->count]);
	free(words);
}

/* The transactions of the proof: those on cycles, and all that wrote or read the chains
 * whose order mattered, as far as the chains are short. */
static void
take_core(const struct build *b, const bool *touched, struct rw_answer *answer)
{
	uint32_t last_layer = b->count * (layers(b) - 1);
	bool *segments = mem_new(b->segments.count, sizeof(*segments));
	bool *taken = mem_new(b->count, sizeof(*taken));

	for (size_t s = 0; s < b->segments.count; s++)
		segments[s] = touched[b->segments.items[s].after];
	for (uint32_t i = 0; i < b->count; i++) {
		bool on_cycle = touched[i] || touched[i + last_layer];
		taken[i] |= on_cycle;
		each_access(access, b, b->txns[i])
		{
			if (access->written != VERSION_NONE &&
			    segments[b->segment_of[access->written] - 1])
				taken[i] = true;
			if (on_cycle && reads_listed(b, access) &&
			    access->read >= b->d->txns.keys.count)
				taken[b->index[b->v->of.items[access->read].writer] - 1] =
					true;
		}
	}
	for (uint32_t i = 0; i < b->count; i++)
		if (taken[i])
			vec_push(&answer->core, b->txns[i]);
	free(taken);
	free(segments);
}

static void
solve(struct build *b, const struct budget *budget, struct rw_answer *answer)
{
	struct acyclic graph;
	uint32_t nodes = (uint32_t)b->hints.count;

	if (!acyclic_init(&graph, nodes, b->arcs.items, b->arcs.count, b->hints.items)) {
		bool *touched = mem_new(nodes, sizeof(*touched));
		vec_each (uint32_t, node, &graph.cycle)
			touched[*node] = true;
		answer->verdict = VERDICT_INVALID;
		take_core(b, touched, answer);
		free(touched);
		acyclic_release(&graph);
		return;
	}
	struct order_solver solver;
	answer->verdict = order_solve(&solver, &graph, b->choices.items,
				      (uint32_t)b->choices.count, budget);
	answer->conflicts = solver.conflicts;
	answer->reason = "the budget ended the search for an order of the writes";
	if (answer->verdict == VERDICT_VALID)
		take_order(b, &graph, answer);
	if (answer->verdict == VERDICT_INVALID)
		take_core(b, solver.touched, answer);
	order_solver_release(&solver);
	acyclic_release(&graph);
}

void
rw_order_find(const struct dependencies *d, const uint32_t *txns, uint32_t count,
	      const struct rw_question *question, const struct budget *budget,
	      struct rw_answer *answer)
{
	const struct rw_versions *v = d->type_state;
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;
	struct build b = {.d = d,
			  .v = v,
			  .question = question,
			  .txns = txns,
			  .count = count,
			  .choices_max = bytes / 2 / CHOICE_BYTES};

	*answer = (struct rw_answer){.verdict = VERDICT_UNKNOWN};
	b.index = mem_new(d->txns.of.count, sizeof(*b.index));
	b.successor = mem_new(v->of.count, sizeof(*b.successor));
	b.has_before = mem_new(v->of.count, sizeof(*b.has_before));
	b.segment_of = mem_new(v->of.count, sizeof(*b.segment_of));
	b.end = mem_new(count, sizeof(*b.end));
	b.key_starts = mem_new(d->txns.keys.count + 1, sizeof(*b.key_starts));
	find_chains(&b);
	if (!find_rings(&b, answer)) {
		add_edges(&b);
		answer->choices = b.choices.count;
		answer->reason =
			"too many writes of one key have no known order for the memory";
		if (!b.is_over)
			solve(&b, budget, answer);
	}
	free(b.index);
	free(b.successor);
	free(b.has_before);
	free(b.segment_of);
	free(b.end);
	free(b.key_starts);
	vec_release(&b.segments);
	vec_release(&b.arcs);
	vec_release(&b.choices);
	vec_release(&b.hints);
}

void
rw_answer_release(struct rw_answer *answer)
{
	vec_release(&answer->order);
	vec_release(&answer->core);
}
