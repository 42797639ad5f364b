/* PRAM and causal memory: one legal sequence for every session, its view.
 *
 * Sources: Bouajjani et al., POPL 2017, section 5 (bad patterns of CM); the incremental
 * form with one clock a read is ours. The view of session p holds p's reads r1 .. rm in
 * their order and all writes. The writes that must stand before a read are, of every
 * session, its first so many: a row of counts for each read, rows never shrink. At first
 * a row holds what causal order (CM), or session order and p's own reads (PRAM), puts in
 * front. A write's slot is the first read whose row has it.
 *	1. If ri returned w, every other write w' of the key in its row must stand before
 *	   w: no later than w's slot. Rows that lack w' get it with all that is before it,
 *	   until nothing changes.
 *	2. p's own later operations in a row: a contradiction.
 *	3. In one slot w' goes before w, where not so already: a graph, which must have no
 *	   cycle.
 * Then slot after slot, each sorted by the graph, each followed by its read, is the view.
 * All steps were forced, so otherwise there is none.
 *
 *	write-hb-init-read  The initial value was read after a write that had to be before.
 *	                    p: w(x)=1 r(x)=init
 *	cyclic-hb           Values were read in an order that contradicts itself.
 *	                    p: r(x)=1 r(x)=2 | q: w(x)=2 w(x)=1
 *	cyclic-co           (CM) session order and reads-from contradict each other.
 *
 * O(n sessions log n) a pass; few passes, n at worst. 4 n sessions bytes (CM). For many
 * sessions see views_near.c. */
#include "checkers/budget.h"
#include "checkers/transaction/graph.h"
#include "checkers/weak/weak_models.h"

#include <string.h>

struct view {
	const struct weak *weak;
	const struct weak_clocks *clocks; /* NULL: PRAM */
	uint32_t session, width;
	uint32_t *reads; /* owned: ids */
	uint32_t read_count;
	uint32_t *rows;		 /* owned: `width` words a read */
	VEC(struct edge) within; /* w' before w in one slot */
	const char *broken;
	uint32_t at; /* the read where it broke */
	bool has_changed;
};

static uint32_t *
row_of(const struct view *view, uint32_t i)
{
	return view->rows + (size_t)i * view->width;
}

static bool
is_in_row(const struct view *view, uint32_t i, uint32_t id)
{
	return row_of(view, i)[view->weak->session[id]] > weak_place(view->weak, id);
}

/* Puts an operation and all that is before it into a row; true when the row grew. */
static bool
raise_row(const struct view *view, uint32_t *row, uint32_t id)
{
	const struct weak *weak = view->weak;
	uint32_t s = weak->session[id], place = weak_place(weak, id) + 1;
	bool grew = row[s] < place;

	if (view->clocks == NULL) {
		row[s] = grew ? place : row[s];
		return grew;
	}
	const uint32_t *clock = weak_clock(view->clocks, id);
	for (uint32_t i = 0; i < view->width; i++) {
		grew = grew || clock[i] > row[i];
		row[i] = row[i] > clock[i] ? row[i] : clock[i];
	}
	return grew;
}

static bool
is_forced_before(const struct view *view, uint32_t a, uint32_t b)
{
	if (view->clocks != NULL)
		return weak_is_before(view->weak, view->clocks, a, b);
	return view->weak->session[a] == view->weak->session[b] && a <= b;
}

/* The row of a read holds its own session up to itself; more is a contradiction. */
static void
judge_own(struct view *view, uint32_t i)
{
	if (row_of(view, i)[view->session] > weak_place(view->weak, view->reads[i]) + 1)
		view->broken = "cyclic-hb";
}

static void
fill_rows(struct view *view)
{
	const struct weak *weak = view->weak;

	for (uint32_t v = weak->start[view->session]; v < weak->start[view->session + 1];
	     v++)
		if (!weak_is_write(weak, v))
			view->reads[view->read_count++] = v;
	for (uint32_t i = 0; i < view->read_count && view->broken == NULL; i++) {
		uint32_t *row = row_of(view, i);
		if (i > 0)
			memcpy(row, row - view->width, view->width * sizeof(*row));
		raise_row(view, row, view->reads[i]);
		if (weak->source[view->reads[i]] != WEAK_INITIAL)
			raise_row(view, row, weak->source[view->reads[i]]);
		judge_own(view, i);
		view->at = view->reads[i];
	}
}

/* The first read, up to read i, whose row has the operation. */
static uint32_t
slot_of(const struct view *view, uint32_t i, uint32_t id)
{
	uint32_t low = 0, high = i, step = 1;

	/* Sources are nearly always near: gallop back. */
	for (; high >= step && is_in_row(view, high - step, id); step *= 2)
		high -= step;
	low = high >= step ? high - step + 1 : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (is_in_row(view, middle, id))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
raise_slot(struct view *view, uint32_t slot, uint32_t i, uint32_t id)
{
	for (uint32_t j = slot; j < i && view->broken == NULL; j++) {
		if (!raise_row(view, row_of(view, j), id))
			return;
		view->has_changed = true;
		judge_own(view, j);
	}
}

/* `other`, which does not stand in an earlier slot, must stand before the source of read i,
 * which has the slot. */
static void
put_before(struct view *view, uint32_t i, uint32_t source, uint32_t slot, uint32_t other)
{
	if (is_forced_before(view, source, other))
		view->broken = "cyclic-hb";
	else if (!is_in_row(view, slot, other))
		raise_slot(view, slot, i, other);
	else if (!is_forced_before(view, other, source))
		vec_push(&view->within, (struct edge){other, source, EDGE_ORDER});
}

static void
judge_read(struct view *view, uint32_t i)
{
	const struct weak *weak = view->weak;
	uint32_t read = view->reads[i], source = weak->source[read];
	uint32_t key = weak->key[read], slot = 0;
	const uint32_t *settled = NULL; /* the row before the slot of the source */

	view->at = read;
	if (source != WEAK_INITIAL)
		slot = slot_of(view, i, source);
	if (slot > 0)
		settled = row_of(view, slot - 1);
	for (uint32_t run = weak->key_runs[key];
	     run < weak->key_runs[key + 1] && view->broken == NULL; run++) {
		uint32_t s = weak_run_session(weak, run);
		uint32_t end = weak->start[s] + row_of(view, i)[s];
		uint32_t other = weak_last_below(weak, run, end);
		if (other == WEAK_INITIAL || other == source ||
		    (settled != NULL && other < weak->start[s] + settled[s]))
			continue;
		if (source == WEAK_INITIAL)
			view->broken = "write-hb-init-read";
		else
			put_before(view, i, source, slot, other);
	}
}

/* Later reads first: what they push forward, the earlier ones see. What is to go before what
 * within slots holds as the last pass, which changed nothing, has found it. False: stopped. */
static bool
settle_rows(struct view *view, const struct budget *budget)
{
	do {
		view->has_changed = false;
		vec_clear(&view->within);
		for (uint32_t i = view->read_count; i-- > 0 && view->broken == NULL;)
			judge_read(view, i);
		if (budget_is_over(budget))
			return false;
	} while (view->has_changed && view->broken == NULL);
	return true;
}

/* ---- the view as a sequence -------------------------------------------------------- */

/* All that must be respected between the operations of the view. */
static void
make_graph(const struct view *view, struct graph *graph)
{
	const struct weak *weak = view->weak;

	graph_init(graph, weak->count);
	for (uint32_t s = 0; s < weak->session_count; s++) {
		uint32_t last = UINT32_MAX;
		for (uint32_t v = weak->start[s]; v < weak->start[s + 1]; v++) {
			bool is_here = s == view->session || weak_is_write(weak, v);
			uint32_t source = weak->source[v], next = v;
			if (is_here && last != UINT32_MAX)
				graph_add(graph, last, v, EDGE_PROCESS);
			last = is_here ? v : last;
			if (source == v || source == WEAK_INITIAL)
				continue;
			while (!is_here && view->clocks != NULL &&
			       next < weak->start[s + 1] && !weak_is_write(weak, next))
				next++;
			if (is_here ||
			    (view->clocks != NULL && next < weak->start[s + 1]))
				graph_add(graph, source, next, EDGE_WR);
		}
	}
	vec_each (struct edge, edge, &view->within)
		graph_add(graph, edge->from, edge->to, EDGE_ORDER);
	graph_build(graph);
}

/* By id: twice the slot, one more for the read that ends it; reads of others: never. */
static uint32_t *
slots_of(const struct view *view)
{
	const struct weak *weak = view->weak;
	uint32_t *slots = mem_new((size_t)weak->count + 1, sizeof(*slots));

	for (uint32_t s = 0; s < weak->session_count; s++) {
		uint32_t v = weak->start[s];
		for (uint32_t i = 0; i < view->read_count; i++)
			for (; v < weak->start[s] + row_of(view, i)[s]; v++)
				slots[v] = 2 * i;
		for (; v < weak->start[s + 1]; v++)
			slots[v] = 2 * view->read_count;
		for (v = weak->start[s]; v < weak->start[s + 1]; v++)
			if (!weak_is_write(weak, v))
				slots[v] = s == view->session ? slots[v] + 1 : UINT32_MAX;
	}
	return slots;
}

/* The order of the graph, slot after slot: a counting sort. */
static void
give_view(const struct view *view, const uint32_t *order,
	  const struct weak_limits *limits)
{
	uint32_t count = view->weak->count, buckets = 2 * view->read_count + 2, total = 0;
	uint32_t *slots = slots_of(view);
	uint32_t *next = mem_new((size_t)buckets + 1, sizeof(*next));
	uint32_t *ids = mem_new((size_t)count + 1, sizeof(*ids));

	for (uint32_t v = 0; v < count; v++)
		if (slots[v] != UINT32_MAX) {
			next[slots[v] + 1]++;
			total++;
		}
	for (uint32_t b = 0; b < buckets; b++)
		next[b + 1] += next[b];
	for (uint32_t i = 0; i < count; i++)
		if (slots[order[i]] != UINT32_MAX)
			ids[next[slots[order[i]]]++] = order[i];
	weak_give(limits, view->session, ids, total);
	free(ids);
	free(slots);
	free(next);
}

/* Of what stands in one slot, only session order (and causes) must be respected, unless reads
 * forced more. */
static void
give_simple_view(const struct view *view, const struct weak_limits *limits)
{
	uint32_t count = view->weak->count;
	uint32_t *order =
		view->clocks != NULL ? NULL : mem_new((size_t)count + 1, sizeof(*order));

	for (uint32_t v = 0; v < count && order != NULL; v++)
		order[v] = v;
	give_view(view, order != NULL ? order : view->clocks->order, limits);
	free(order);
}

static void
order_view(struct view *view, const struct weak_limits *limits)
{
	uint32_t *order = mem_new((size_t)view->weak->count + 1, sizeof(*order));
	struct graph graph;
	size_t count;

	make_graph(view, &graph);
	if (!graph_order(&graph, UINT8_MAX, order, &count))
		view->broken = "cyclic-hb";
	else if (limits->taker != NULL)
		give_view(view, order, limits);
	graph_release(&graph);
	free(order);
}

/* False: stopped. */
static bool
judge_session(const struct weak *weak, const struct weak_clocks *clocks, uint32_t session,
	      const struct weak_limits *limits, struct weak_answer *answer)
{
	struct view view = {.weak = weak,
			    .clocks = clocks,
			    .session = session,
			    .width = weak->session_count,
			    .at = WEAK_INITIAL};
	size_t own = weak->start[session + 1] - weak->start[session];

	view.reads = mem_new(own + 1, sizeof(*view.reads));
	view.rows = mem_new(own * view.width + 1, sizeof(*view.rows));
	fill_rows(&view);
	bool ok = view.broken != NULL || settle_rows(&view, &limits->budget);
	if (ok && view.broken == NULL && view.within.count > 0)
		order_view(&view, limits);
	else if (ok && view.broken == NULL && limits->taker != NULL)
		give_simple_view(&view, limits);
	if (view.broken != NULL)
		weak_answer_invalid(answer, view.broken, view.at);
	free(view.reads);
	free(view.rows);
	vec_release(&view.within);
	return ok;
}

static void
judge_sessions(const struct weak *weak, const struct weak_clocks *clocks,
	       const struct weak_limits *limits, struct weak_answer *answer)
{
	for (uint32_t s = 0; s < weak->session_count; s++) {
		size_t rows = (size_t)(weak->start[s + 1] - weak->start[s]) *
			      weak->session_count;
		if (rows > limits->budget.bytes_max / 2 / sizeof(uint32_t)) {
			weak_answer_unknown(answer, "the rows of one session do not fit "
						    "the budget of memory");
			return;
		}
		if (budget_is_over(&limits->budget) ||
		    !judge_session(weak, clocks, s, limits, answer)) {
			weak_answer_unknown(answer, BUDGET_TIME_IS_OVER);
			return;
		}
		if (answer->verdict == VERDICT_INVALID)
			return;
	}
}

void
views_decide(enum weak_model model, const struct weak *weak,
	     const struct weak_limits *limits, struct weak_answer *answer)
{
	struct weak_clocks clocks = {0};

	if (!weak_suits_clocks(weak, limits->budget.bytes_max / 2)) {
		views_near_decide(model, weak, limits, answer);
		return;
	}
	answer->verdict = VERDICT_VALID;
	if (model == WEAK_CM)
		weak_clocks_init(&clocks, weak, limits->budget.bytes_max / 2);
	if (clocks.is_cyclic)
		weak_answer_invalid(answer, "cyclic-co", WEAK_INITIAL);
	else
		judge_sessions(weak, model == WEAK_CM ? &clocks : NULL, limits, answer);
	weak_clocks_release(&clocks);
}
