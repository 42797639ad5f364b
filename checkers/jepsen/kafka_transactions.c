/* kafka_transactions.c - who polled what whom sent: no circle, and the order that proves
 * there is none. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"
#include "checkers/jepsen/commit_order.h"
#include "checkers/tell.h"
#include "checkers/transaction/cycles.h"

#include <stdlib.h>

enum {
	CLAIM_BYTES = 96 /* with its places in two orders and by its hash */
};

struct circles {
	struct kafka_log *log;
	enum kafka_kind kind;
};

static void
report_circle(void *self, const uint32_t *nodes, size_t count)
{
	struct circles *circles = self;
	struct kafka_log *log = circles->log;
	struct buf text = {0};

	log->counts[circles->kind]++;
	if (count == 0) {
		tell_unknown(log->result, mem_string("operations depend on each other in "
						     "a circle too long to show"));
		return;
	}
	buf_string(&text,
		   circles->kind == KAFKA_G0
			   ? "the order of their sends is a circle"
			   : "each polled what another sent, or sent behind it, in "
			     "a circle");
	tell(log->history, log->result, kafka_kind_name(circles->kind), VAL_OF_NIL, &text,
	     nodes, count);
}

static void
add_polls(const struct kafka_log *log, struct graph *graph)
{
	vec_each (struct kafka_seen, sight, &log->sights) {
		const struct kafka_record *record = &log->records.items[sight->record];
		const struct op *op = &log->history->ops.items[sight->op];
		if (sight->is_poll && record->sent != KAFKA_NONE && op->type != OP_FAIL)
			graph_add(graph, record->sent, sight->op, EDGE_WR);
	}
}

static int64_t
offset_of(const struct kafka_log *log, const struct kafka_record *record)
{
	return log->places.items[record->place].offset;
}

/* Each record at its lowest offset, after the one in front of it in the partition. */
static void
add_sends(const struct kafka_log *log, struct graph *graph)
{
	const struct kafka_record *before = NULL;

	for (size_t i = 0; i < log->places.count; i++) {
		const struct kafka_place *place = &log->places.items[log->by_rank[i]];
		const struct kafka_record *record = &log->records.items[place->record];
		if (record->sent == KAFKA_NONE || record->place != log->by_rank[i])
			continue;
		if (before != NULL && before->partition == record->partition &&
		    offset_of(log, before) < place->offset)
			graph_add(graph, before->sent, record->sent, EDGE_WW);
		before = record;
	}
}

static bool
takes_part(const struct op *op)
{
	return kafka_is_client(op) && op->type != OP_FAIL;
}

static void
take_times(const struct kafka_log *log, struct commit_times *times)
{
	size_t count = log->history->ops.count;

	commit_times_init(times, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct op *op = &log->history->ops.items[i];
		if (!takes_part(op))
			continue;
		times->begin[i] = op->invoke_at;
		times->end[i] = op->complete_at;
	}
}

/* Only sends on the way: G0. */
static void
report_late(struct kafka_log *log, const struct graph *graph, uint32_t late,
	    uint32_t early)
{
	uint32_t path[CYCLE_NODES_MAX];
	struct buf text = {0};
	bool by_polls = false;
	size_t length = graph_path(graph, EDGE_WR | EDGE_WW, early, late, NULL, 0, path,
				   CYCLE_NODES_MAX);

	for (size_t i = 0; i + 1 < length; i++)
		by_polls |= (graph_kinds(graph, path[i], path[i + 1]) & EDGE_WW) == 0;
	enum kafka_kind kind = by_polls ? KAFKA_G1C_REALTIME : KAFKA_G0_REALTIME;
	log->counts[kind]++;
	buf_string(&text, "what was over before the other began comes after it, by what "
			  "was polled or by where it was sent to");
	tell(log->history, log->result, kafka_kind_name(kind), VAL_OF_NIL, &text, path,
	     length);
}

/* One order of all operations that took effect, in real time: the certificate. */
static void
find_order(struct kafka_log *log, const struct graph *graph)
{
	struct order order = {
		.ops = mem_new((size_t)graph->node_count + 1, sizeof(uint32_t))};
	struct commit_times times;
	uint32_t late, early;

	take_times(log, &times);
	if (commit_order_find(graph, EDGE_WR | EDGE_WW, &times, order.ops, &late,
			      &early)) {
		for (size_t i = 0; i < graph->node_count; i++)
			if (takes_part(&log->history->ops.items[order.ops[i]]))
				order.ops[order.count++] = order.ops[i];
		vec_push(&log->result->orders, order);
	} else {
		report_late(log, graph, late, early);
		free(order.ops);
	}
	commit_times_release(&times);
}

/* For the graph and the order, and for the claims that prove it (kafka_proof.h). */
static bool
has_room(struct kafka_log *log)
{
	size_t edge = sizeof(uint32_t) + sizeof(uint8_t);
	size_t claims = log->records.count + log->places.count;
	size_t bytes =
		kafka_log_bytes(log) + log->sights.count * (edge + sizeof(uint32_t)) +
		claims * CLAIM_BYTES +
		log->history->ops.count * (12 * sizeof(uint32_t) + 2 * sizeof(uint64_t));

	return !kafka_is_over(log) && !tell_over_budget(log->options, bytes, log->result);
}

/* Added twice, to be counted and to be placed: there may be more edges than anything else. */
static void
build(const struct kafka_log *log, struct graph *graph)
{
	bool with_sends = kafka_has_ww_deps(log->options);

	graph_init(graph, (uint32_t)log->history->ops.count);
	graph_count(graph);
	add_polls(log, graph);
	if (with_sends)
		add_sends(log, graph);
	graph_place(graph);
	add_polls(log, graph);
	if (with_sends)
		add_sends(log, graph);
}

void
kafka_judge_circles(struct kafka_log *log)
{
	struct circles circles = {.log = log, .kind = KAFKA_G0};
	struct graph graph;

	if (!has_room(log))
		return;
	build(log, &graph);
	graph_build(&graph);
	cycles_find(&graph, EDGE_WW, report_circle, &circles);
	circles.kind = KAFKA_G1C;
	if (log->counts[KAFKA_G0] == 0)
		cycles_find(&graph, EDGE_WR | EDGE_WW, report_circle, &circles);
	if (log->result->verdict == VERDICT_NONE)
		find_order(log, &graph);
	graph_release(&graph);
}
