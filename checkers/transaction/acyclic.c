#include "checkers/transaction/acyclic.h"

#include "base/assert.h"

#include <string.h>

/* ---- the fixed edges ------------------------------------------------------------------
 */

/* Rows of edges by their origin, or by their end when `backwards`. */
static void
make_rows(const struct acyclic *graph, const struct arc *arcs, size_t count,
	  bool backwards, uint32_t *starts, uint32_t *rows)
{
	for (size_t i = 0; i < count; i++)
		starts[(backwards ? arcs[i].to : arcs[i].from) + 2]++;
	for (size_t v = 2; v <= graph->node_count; v++)
		starts[v] += starts[v - 1];
	for (size_t i = 0; i < count; i++) {
		uint32_t node = backwards ? arcs[i].to : arcs[i].from;
		rows[starts[node + 1]++] = backwards ? arcs[i].from : arcs[i].to;
	}
}

/* A binary heap of nodes by hint: what comes next in the first order. */
struct ready {
	const uint32_t *hint;
	uint32_t *heap; /* owned */
	uint32_t count;
};

static bool
comes_before(const struct ready *ready, uint32_t a, uint32_t b)
{
	return ready->hint[a] < ready->hint[b] ||
	       (ready->hint[a] == ready->hint[b] && a < b);
}

static void
ready_push(struct ready *ready, uint32_t node)
{
	uint32_t at = ready->count++;

	for (; at > 0 && comes_before(ready, node, ready->heap[(at - 1) / 2]);
	     at = (at - 1) / 2)
		ready->heap[at] = ready->heap[(at - 1) / 2];
	ready->heap[at] = node;
}

static uint32_t
ready_pop(struct ready *ready)
{
	uint32_t first = ready->heap[0], moved = ready->heap[--ready->count], at = 0;

	for (uint32_t child = 1; child < ready->count; child = 2 * at + 1) {
		if (child + 1 < ready->count &&
		    comes_before(ready, ready->heap[child + 1], ready->heap[child]))
			child++;
		if (!comes_before(ready, ready->heap[child], moved))
			break;
		ready->heap[at] = ready->heap[child];
		at = child;
	}
	ready->heap[at] = moved;
	return first;
}

/* From a node without a place, always back to a predecessor without a place: sooner or
 * later one comes again, and from there on it is a cycle. */
static void
find_fixed_cycle(struct acyclic *graph, const bool *placed, uint32_t node)
{
	vec_clear(&graph->backward);
	graph->stamp++;
	while (graph->mark[node] != graph->stamp) {
		graph->mark[node] = graph->stamp;
		vec_push(&graph->backward, node);
		uint32_t e = graph->in_starts[node];
		while (placed[graph->in[e]])
			e++;
		node = graph->in[e];
	}
	size_t end = graph->backward.count;
	do
		vec_push(&graph->cycle, graph->backward.items[--end]);
	while (graph->backward.items[end] != node);
}

/* Kahn 1962, with the smallest hint first. */
static bool
place_nodes(struct acyclic *graph, const uint32_t *hint)
{
	uint32_t n = graph->node_count, placed_count = 0;
	uint32_t *missing = mem_new(n, sizeof(*missing));
	bool *placed = mem_new(n, sizeof(*placed));
	struct ready ready = {.hint = hint, .heap = mem_new(n, sizeof(uint32_t))};

	for (uint32_t v = 0; v < n; v++) {
		missing[v] = graph->in_starts[v + 1] - graph->in_starts[v];
		if (missing[v] == 0)
			ready_push(&ready, v);
	}
	while (ready.count > 0) {
		uint32_t v = ready_pop(&ready);
		placed[v] = true;
		graph->place[v] = placed_count++;
		for (uint32_t e = graph->out_starts[v]; e < graph->out_starts[v + 1]; e++)
			if (--missing[graph->out[e]] == 0)
				ready_push(&ready, graph->out[e]);
	}
	for (uint32_t v = 0; v < n && placed_count < n; v++)
		if (!placed[v]) {
			find_fixed_cycle(graph, placed, v);
			break;
		}
	free(ready.heap);
	free(placed);
	free(missing);
	return placed_count == n;
}

bool
acyclic_init(struct acyclic *graph, uint32_t node_count, const struct arc *fixed,
	     size_t fixed_count, const uint32_t *hint)
{
	size_t n = node_count;

	ASSERT(fixed_count < UINT32_MAX);
	*graph = (struct acyclic){.node_count = node_count};
	graph->out_starts = mem_new(n + 2, sizeof(uint32_t));
	graph->in_starts = mem_new(n + 2, sizeof(uint32_t));
	graph->out = mem_new(fixed_count, sizeof(uint32_t));
	graph->in = mem_new(fixed_count, sizeof(uint32_t));
	graph->first_out = mem_new(n, sizeof(uint32_t));
	graph->first_in = mem_new(n, sizeof(uint32_t));
	graph->place = mem_new(n, sizeof(uint32_t));
	graph->mark = mem_new(n, sizeof(uint32_t));
	graph->parent = mem_new(n, sizeof(uint32_t));
	graph->via = mem_new(n, sizeof(uint32_t));
	make_rows(graph, fixed, fixed_count, false, graph->out_starts, graph->out);
	make_rows(graph, fixed, fixed_count, true, graph->in_starts, graph->in);
	return place_nodes(graph, hint);
}

void
acyclic_release(struct acyclic *graph)
{
	free(graph->out_starts);
	free(graph->in_starts);
	free(graph->out);
	free(graph->in);
	free(graph->first_out);
	free(graph->first_in);
	free(graph->place);
	free(graph->mark);
	free(graph->parent);
	free(graph->via);
	vec_release(&graph->added);
	vec_release(&graph->cycle);
	vec_release(&graph->labels);
	vec_release(&graph->forward);
	vec_release(&graph->backward);
	vec_release(&graph->places);
}

/* ---- added edges ----------------------------------------------------------------------
 */

static void
reach_forward(struct acyclic *graph, uint32_t node, uint32_t parent, uint32_t label,
	      uint32_t last)
{
	if (graph->mark[node] == graph->stamp || graph->place[node] > last)
		return;
	graph->mark[node] = graph->stamp;
	graph->parent[node] = parent;
	graph->via[node] = label;
	vec_push(&graph->forward, node);
}

/* Breadth first from `to` through what stands before `from`; true when it gets there.
 * Breadth first, because short cycles teach more. */
static bool
search_forward(struct acyclic *graph, uint32_t from, uint32_t to)
{
	uint32_t last = graph->place[from];

	graph->stamp++;
	vec_clear(&graph->forward);
	reach_forward(graph, to, to, LABEL_NONE, last);
	for (size_t head = 0; head < graph->forward.count; head++) {
		uint32_t v = graph->forward.items[head];
		if (v == from)
			return true;
		for (uint32_t e = graph->out_starts[v]; e < graph->out_starts[v + 1]; e++)
			reach_forward(graph, graph->out[e], v, LABEL_NONE, last);
		for (uint32_t e = graph->first_out[v]; e != 0;) {
			const struct added_arc *arc = &graph->added.items[e - 1];
			reach_forward(graph, arc->to, v, arc->label, last);
			e = arc->next_out;
		}
	}
	return false;
}

static void
reach_backward(struct acyclic *graph, uint32_t node, uint32_t first)
{
	if (graph->mark[node] == graph->stamp || graph->place[node] < first)
		return;
	graph->mark[node] = graph->stamp;
	vec_push(&graph->backward, node);
}

static void
search_backward(struct acyclic *graph, uint32_t from, uint32_t to)
{
	uint32_t first = graph->place[to];

	graph->stamp++;
	vec_clear(&graph->backward);
	reach_backward(graph, from, first);
	for (size_t head = 0; head < graph->backward.count; head++) {
		uint32_t v = graph->backward.items[head];
		for (uint32_t e = graph->in_starts[v]; e < graph->in_starts[v + 1]; e++)
			reach_backward(graph, graph->in[e], first);
		for (uint32_t e = graph->first_in[v]; e != 0;) {
			const struct added_arc *arc = &graph->added.items[e - 1];
			reach_backward(graph, arc->from, first);
			e = arc->next_in;
		}
	}
}

static void
tell_cycle(struct acyclic *graph, uint32_t from, uint32_t to)
{
	vec_clear(&graph->cycle);
	vec_clear(&graph->labels);
	for (uint32_t v = from;; v = graph->parent[v]) {
		vec_push(&graph->cycle, v);
		if (v == to)
			break;
		bool known = graph->via[v] == LABEL_NONE;
		vec_each (uint32_t, label, &graph->labels)
			known |= *label == graph->via[v];
		if (!known)
			vec_push(&graph->labels, graph->via[v]);
	}
	for (size_t i = 0, j = graph->cycle.count - 1; i < j; i++, j--) {
		uint32_t swapped = graph->cycle.items[i];
		graph->cycle.items[i] = graph->cycle.items[j];
		graph->cycle.items[j] = swapped;
	}
}

/* Shell sort: by place when `place` is given, by value otherwise; the lists are short. */
static void
sort_nodes(uint32_t *nodes, size_t count, const uint32_t *place)
{
	static const size_t gaps[] = {100003, 21001, 4441, 929, 209, 41, 19, 5, 1};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (size_t i = gaps[g]; i < count; i++) {
			uint32_t node = nodes[i], rank = place ? place[node] : node;
			size_t j = i;
			for (; j >= gaps[g]; j -= gaps[g]) {
				uint32_t other = nodes[j - gaps[g]];
				if ((place ? place[other] : other) <= rank)
					break;
				nodes[j] = other;
			}
			nodes[j] = node;
		}
}

/* What leads to `from` moves before what `to` leads to; together they keep their places.
 */
static void
reorder(struct acyclic *graph)
{
	sort_nodes(graph->backward.items, graph->backward.count, graph->place);
	sort_nodes(graph->forward.items, graph->forward.count, graph->place);
	vec_clear(&graph->places);
	vec_each (uint32_t, b, &graph->backward)
		vec_push(&graph->places, graph->place[*b]);
	vec_each (uint32_t, f, &graph->forward)
		vec_push(&graph->places, graph->place[*f]);
	sort_nodes(graph->places.items, graph->places.count, NULL);
	size_t next = 0;
	vec_each (uint32_t, before, &graph->backward)
		graph->place[*before] = graph->places.items[next++];
	vec_each (uint32_t, after, &graph->forward)
		graph->place[*after] = graph->places.items[next++];
}

bool
acyclic_add(struct acyclic *graph, uint32_t from, uint32_t to, uint32_t label)
{
	if (graph->place[from] >= graph->place[to]) {
		if (search_forward(graph, from, to)) {
			tell_cycle(graph, from, to);
			return false;
		}
		search_backward(graph, from, to);
		reorder(graph);
	}
	vec_push(&graph->added, (struct added_arc){.from = from,
						   .to = to,
						   .label = label,
						   .next_out = graph->first_out[from],
						   .next_in = graph->first_in[to]});
	graph->first_out[from] = graph->first_in[to] = (uint32_t)graph->added.count;
	return true;
}

void
acyclic_undo(struct acyclic *graph, size_t count)
{
	while (graph->added.count > count) {
		const struct added_arc *arc = vec_last(&graph->added);
		graph->first_out[arc->from] = arc->next_out;
		graph->first_in[arc->to] = arc->next_in;
		graph->added.count--;
	}
}
