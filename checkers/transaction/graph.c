#include "checkers/transaction/graph.h"

#include "base/assert.h"

#include <string.h>

void
graph_init(struct graph *graph, uint32_t node_count)
{
	*graph = (struct graph){.node_count = node_count};
}

void
graph_release(struct graph *graph)
{
	free(graph->starts);
	free(graph->targets);
	free(graph->kinds);
	vec_release(&graph->pending);
}

static void
place_edge(struct graph *graph, uint32_t from, uint32_t to, enum edge_kind kind)
{
	size_t place = graph->starts[from + 1]++;

	graph->targets[place] = to;
	graph->kinds[place] = (uint8_t)kind;
}

void
graph_add(struct graph *graph, uint32_t from, uint32_t to, enum edge_kind kind)
{
	ASSERT(from < graph->node_count && to < graph->node_count);
	if (from == to)
		return;
	graph->edge_count += graph->phase != GRAPH_PLACES;
	if (graph->phase == GRAPH_PLACES)
		place_edge(graph, from, to, kind);
	else if (graph->phase == GRAPH_COUNTS)
		graph->starts[from + 2]++;
	else
		vec_push(&graph->pending,
			 (struct edge){.from = from, .to = to, .kind = (uint8_t)kind});
}

/* While edges are counted those of node v are in starts[v + 2]; while they are placed
 * starts[v + 1] is where the next edge of node v goes, and in the end where they end. */
void
graph_count(struct graph *graph)
{
	ASSERT(graph->phase == GRAPH_KEEPS && graph->edge_count == 0);
	graph->phase = GRAPH_COUNTS;
	graph->starts = mem_new((size_t)graph->node_count + 2, sizeof(*graph->starts));
}

void
graph_place(struct graph *graph)
{
	ASSERT(graph->phase == GRAPH_COUNTS);
	graph->phase = GRAPH_PLACES;
	graph->targets = mem_new(graph->edge_count, sizeof(*graph->targets));
	graph->kinds = mem_new(graph->edge_count, sizeof(*graph->kinds));
	for (size_t v = 2; v <= graph->node_count; v++)
		graph->starts[v] += graph->starts[v - 1];
}

static void
place_kept(struct graph *graph)
{
	graph->starts = mem_new((size_t)graph->node_count + 2, sizeof(*graph->starts));
	vec_each (const struct edge, counted, &graph->pending)
		graph->starts[counted->from + 2]++;
	graph->phase = GRAPH_COUNTS;
	graph_place(graph);
	vec_each (const struct edge, edge, &graph->pending)
		place_edge(graph, edge->from, edge->to, (enum edge_kind)edge->kind);
	vec_release(&graph->pending);
}

void
graph_build(struct graph *graph)
{
	if (graph->phase == GRAPH_KEEPS)
		place_kept(graph);
	ASSERT(graph->phase == GRAPH_PLACES &&
	       graph->starts[graph->node_count] == graph->edge_count);
	graph->phase = GRAPH_IS_BUILT;
}

static uint32_t *
count_incoming(const struct graph *graph, unsigned mask)
{
	uint32_t *incoming = mem_new(graph->node_count, sizeof(*incoming));

	for (size_t e = 0; e < graph->edge_count; e++)
		if (graph->kinds[e] & mask)
			incoming[graph->targets[e]]++;
	return incoming;
}

/* Kahn 1962. The order array is also the queue. */
bool
graph_order(const struct graph *graph, unsigned mask, uint32_t *order, size_t *count)
{
	uint32_t *incoming = count_incoming(graph, mask);
	size_t tail = 0;

	for (uint32_t v = 0; v < graph->node_count; v++)
		if (incoming[v] == 0)
			order[tail++] = v;
	for (size_t head = 0; head < tail; head++)
		for (size_t e = graph->starts[order[head]];
		     e < graph->starts[order[head] + 1]; e++)
			if ((graph->kinds[e] & mask) &&
			    --incoming[graph->targets[e]] == 0)
				order[tail++] = graph->targets[e];
	free(incoming);
	*count = tail;
	return tail == graph->node_count;
}

/* The state of Tarjan's algorithm with its own stack. */
struct tarjan {
	const struct graph *graph;
	unsigned mask;
	uint32_t *index; /* order of discovery + 1; 0: not met */
	uint32_t *low;
	uint32_t *component;
	uint32_t *stack;   /* nodes whose component is open */
	uint32_t *path;	   /* nodes on the current path */
	size_t *next_edge; /* of the nodes on the path */
	size_t stack_count, path_count;
	uint32_t discovered, components;
};

static void
tarjan_enter(struct tarjan *t, uint32_t v)
{
	t->index[v] = t->low[v] = ++t->discovered;
	t->stack[t->stack_count++] = v;
	t->next_edge[t->path_count] = t->graph->starts[v];
	t->path[t->path_count++] = v;
}

static void
tarjan_leave(struct tarjan *t, uint32_t v)
{
	t->path_count--;
	if (t->path_count > 0) {
		uint32_t parent = t->path[t->path_count - 1];
		if (t->low[v] < t->low[parent])
			t->low[parent] = t->low[v];
	}
	if (t->low[v] != t->index[v])
		return;
	uint32_t member;
	do {
		member = t->stack[--t->stack_count];
		t->component[member] = t->components;
	} while (member != v);
	t->components++;
}

static void
tarjan_from(struct tarjan *t, uint32_t root)
{
	tarjan_enter(t, root);
	while (t->path_count > 0) {
		uint32_t v = t->path[t->path_count - 1];
		size_t e = t->next_edge[t->path_count - 1]++;
		if (e == t->graph->starts[v + 1]) {
			tarjan_leave(t, v);
			continue;
		}
		uint32_t to = t->graph->targets[e];
		if (!(t->graph->kinds[e] & t->mask))
			continue;
		if (t->index[to] == 0)
			tarjan_enter(t, to);
		else if (t->component[to] == UINT32_MAX && t->index[to] < t->low[v])
			t->low[v] = t->index[to];
	}
}

uint32_t
graph_components(const struct graph *graph, unsigned mask, uint32_t *component)
{
	size_t n = graph->node_count;
	struct tarjan t = {.graph = graph, .mask = mask, .component = component};

	t.index = mem_new(n, sizeof(*t.index));
	t.low = mem_new(n, sizeof(*t.low));
	t.stack = mem_new(n, sizeof(*t.stack));
	t.path = mem_new(n, sizeof(*t.path));
	t.next_edge = mem_new(n, sizeof(*t.next_edge));
	memset(component, 0xff, n * sizeof(*component));
	for (uint32_t v = 0; v < n; v++)
		if (t.index[v] == 0)
			tarjan_from(&t, v);
	free(t.index);
	free(t.low);
	free(t.stack);
	free(t.path);
	free(t.next_edge);
	return t.components;
}

bool
graph_commit_points(const struct graph *graph, unsigned mask, const uint32_t *begin,
		    const uint32_t *end, uint32_t *commit, uint32_t *late,
		    uint32_t *early)
{
	size_t n = graph->node_count, count;
	uint32_t *order = mem_new(n, sizeof(*order));
	uint32_t *giver = mem_new(n, sizeof(*giver)); /* whose begin is M(v) */
	bool respected = true;

	bool acyclic = graph_order(graph, mask, order, &count);
	ASSERT(acyclic);
	for (uint32_t v = 0; v < n; v++) {
		commit[v] = begin[v];
		giver[v] = v;
	}
	for (size_t i = 0; i < n && respected; i++) {
		uint32_t v = order[i];
		if (commit[v] > end[v]) {
			respected = false;
			*late = v;
			*early = giver[v];
		}
		for (size_t e = graph->starts[v]; e < graph->starts[v + 1]; e++) {
			uint32_t to = graph->targets[e];
			if ((graph->kinds[e] & mask) && commit[v] > commit[to]) {
				commit[to] = commit[v];
				giver[to] = giver[v];
			}
		}
	}
	free(giver);
	free(order);
	return respected;
}

/* Follows the parents back from `to` and writes the path forwards. */
static size_t
trace(const uint32_t *parent, uint32_t from, uint32_t to, uint32_t *path, size_t path_max)
{
	size_t length = 1;

	for (uint32_t v = parent[to]; v != from; v = parent[v])
		length++;
	if (++length > path_max)
		return 0;
	path[0] = from;
	path[length - 1] = to;
	uint32_t v = parent[to];
	for (size_t i = length - 2; i > 0; i--) {
		path[i] = v;
		v = parent[v];
	}
	return length;
}

size_t
graph_path(const struct graph *graph, unsigned mask, uint32_t from, uint32_t to,
	   const uint32_t *within, uint32_t number, uint32_t *path, size_t path_max)
{
	uint32_t *parent = mem_new(graph->node_count, sizeof(*parent));
	uint32_t *queue = mem_new((size_t)graph->node_count + 1, sizeof(*queue));
	size_t head = 0, tail = 0, length = 0;
	bool found = false;

	memset(parent, 0xff, graph->node_count * sizeof(*parent));
	queue[tail++] = from;
	while (head < tail && !found) {
		uint32_t v = queue[head++];
		for (size_t e = graph->starts[v]; e < graph->starts[v + 1] && !found;
		     e++) {
			uint32_t next = graph->targets[e];
			if (!(graph->kinds[e] & mask) || parent[next] != UINT32_MAX ||
			    (within != NULL && within[next] != number))
				continue;
			parent[next] = v;
			found = next == to;
			if (next != from)
				queue[tail++] = next;
		}
	}
	if (found)
		length = trace(parent, from, to, path, path_max);
	free(queue);
	free(parent);
	return length;
}

unsigned
graph_kinds(const struct graph *graph, uint32_t from, uint32_t to)
{
	unsigned kinds = 0;

	for (size_t e = graph->starts[from]; e < graph->starts[from + 1]; e++)
		if (graph->targets[e] == to)
			kinds |= graph->kinds[e];
	return kinds;
}
