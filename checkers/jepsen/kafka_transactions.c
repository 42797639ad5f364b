/* kafka_transactions.c - who polled what whom sent: no circle, and the order that proves
 * there is none. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"
#include "checkers/tell.h"
#include "checkers/transaction/cycles.h"

#include <stdlib.h>

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
	vec_each (struct kafka_sight, sight, &log->sights) {
		const struct kafka_record *record = &log->records.items[sight->record];
		if (sight->is_poll && record->sent != KAFKA_NONE)
			graph_add(graph, record->sent, sight->op, EDGE_WR);
	}
}

/* Each record at its lowest offset, after the one in front of it in the partition. */
static void
add_sends(const struct kafka_log *log, struct graph *graph)
{
	const struct kafka_record *before = NULL;

	for (size_t i = 0; i < log->ranked; i++) {
		const struct kafka_sight *sight = &log->sights.items[log->by_rank[i]];
		const struct kafka_record *record = &log->records.items[sight->record];
		if (record->sent == KAFKA_NONE || record->offset != sight->offset)
			continue;
		if (before != NULL && before->partition == record->partition &&
		    before->offset < record->offset)
			graph_add(graph, before->sent, record->sent, EDGE_WW);
		before = record;
	}
}

static void
keep_order(struct kafka_log *log, const struct graph *graph)
{
	struct order order = {
		.ops = mem_new((size_t)graph->node_count + 1, sizeof(uint32_t))};

	if (graph_order(graph, EDGE_WR | EDGE_WW, order.ops, &order.count))
		vec_push(&log->result->orders, order);
	else
		free(order.ops);
}

static bool
has_room(struct kafka_log *log)
{
	size_t bytes =
		log->sights.count *
			(sizeof(struct kafka_sight) + 4 * sizeof(struct edge)) +
		log->history->ops.count * (6 * sizeof(uint32_t) + 2 * sizeof(uint64_t));

	return !kafka_is_over(log) && !tell_over_budget(log->options, bytes, log->result);
}

void
kafka_judge_circles(struct kafka_log *log)
{
	struct circles circles = {.log = log, .kind = KAFKA_G0};
	struct graph graph;

	if (!has_room(log))
		return;
	graph_init(&graph, (uint32_t)log->history->ops.count);
	add_polls(log, &graph);
	if (kafka_has_ww_deps(log->options))
		add_sends(log, &graph);
	graph_build(&graph);
	cycles_find(&graph, EDGE_WW, report_circle, &circles);
	circles.kind = KAFKA_G1C;
	if (log->counts[KAFKA_G0] == 0)
		cycles_find(&graph, EDGE_WR | EDGE_WW, report_circle, &circles);
	if (log->result->verdict == VERDICT_NONE)
		keep_order(log, &graph);
	graph_release(&graph);
}
