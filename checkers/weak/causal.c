/* Causal consistency and causal convergence, by bad patterns.
 *
 * Source: Bouajjani et al., POPL 2017, section 5; for unique values a history is CC iff it
 * has none of these, and CCv iff moreover it has no cyclic-cf:
 *
 *	cyclic-co           so and rf contradict each other.
 *	                    p: r(x)=1 w(y)=1 | q: r(y)=1 w(x)=1
 *	write-co-init-read  The initial value was read although a write was causally before.
 *	                    p: w(x)=1 r(x)=init
 *	write-co-read       A value was read although its overwriting was causally before.
 *	                    p: w(x)=1 w(x)=2 r(x)=1
 *	cyclic-cf           Reads order concurrent writes in opposite ways: r reads w and
 *	                    w' of the same key is causally before r, so w' is before w.
 *	                    p: w(x)=1 r(x)=2 | q: w(x)=2 r(x)=1
 *
 * Of each session only the last write to the key that is causally before the read matters:
 * the earlier ones are before that one. O(n sessions log n) time, 4 n sessions bytes; for
 * many sessions see causal_near.c. */
#include "checkers/budget.h"
#include "checkers/transaction/graph.h"
#include "checkers/weak/weak_models.h"

struct causal {
	const struct weak *weak;
	const struct weak_clocks *clocks;
	struct graph *graph; /* NULL: CC */
	const char *broken;
	uint32_t at; /* the read where it broke */
};

/* Looks at the last write `other` of a session that is before the read. */
static bool
judge_other(struct causal *causal, uint32_t read, uint32_t other)
{
	uint32_t source = causal->weak->source[read];

	if (other == WEAK_INITIAL || other == source)
		return true;
	if (source == WEAK_INITIAL)
		causal->broken = "write-co-init-read";
	else if (weak_is_before(causal->weak, causal->clocks, source, other))
		causal->broken = "write-co-read";
	else if (causal->graph != NULL &&
		 !weak_is_before(causal->weak, causal->clocks, other, source))
		graph_add(causal->graph, other, source, EDGE_ORDER);
	return causal->broken == NULL;
}

static bool
judge_read(struct causal *causal, uint32_t read)
{
	const struct weak *weak = causal->weak;
	const uint32_t *clock = weak_clock(causal->clocks, read);
	uint32_t key = weak->key[read];

	for (uint32_t run = weak->key_runs[key]; run < weak->key_runs[key + 1]; run++) {
		uint32_t s = weak_run_session(weak, run);
		uint32_t end = weak->start[s] + clock[s];
		if (!judge_other(causal, read, weak_last_below(weak, run, end)))
			return false;
	}
	return true;
}

static void
add_causal_order(const struct weak *weak, struct graph *graph)
{
	for (uint32_t v = 0; v < weak->count; v++) {
		if (weak->source[v] != WEAK_INITIAL && weak->source[v] != v)
			graph_add(graph, weak->source[v], v, EDGE_WR);
		if (v > weak->start[weak->session[v]])
			graph_add(graph, v - 1, v, EDGE_PROCESS);
	}
}

/* One order of all operations for everyone, or none. */
static void
converge(struct causal *causal, const struct weak_limits *limits,
	 struct weak_answer *answer)
{
	uint32_t *order = mem_new((size_t)causal->weak->count + 1, sizeof(*order));
	size_t count;

	add_causal_order(causal->weak, causal->graph);
	graph_build(causal->graph);
	if (!graph_order(causal->graph, UINT8_MAX, order, &count)) {
		weak_answer_invalid(answer, "cyclic-cf", WEAK_INITIAL);
	} else {
		weak_give(limits, WEAK_EVERYONE, order, (uint32_t)count);
	}
	free(order);
}

static void
judge(struct causal *causal, const struct weak_limits *limits, struct weak_answer *answer)
{
	const struct weak *weak = causal->weak;

	for (uint32_t v = 0; v < weak->count && causal->broken == NULL; v++) {
		if (v % 4096 == 0 && budget_is_over(&limits->budget)) {
			weak_answer_unknown(answer, BUDGET_TIME_IS_OVER);
			return;
		}
		if (!weak_is_write(weak, v) && !judge_read(causal, v))
			causal->at = v;
	}
	if (causal->broken != NULL)
		weak_answer_invalid(answer, causal->broken, causal->at);
	else if (causal->graph != NULL)
		converge(causal, limits, answer);
}

void
causal_decide(enum weak_model model, const struct weak *weak,
	      const struct weak_limits *limits, struct weak_answer *answer)
{
	struct weak_clocks clocks;
	struct graph graph;

	if (!weak_suits_clocks(weak, limits->budget.bytes_max / 2)) {
		causal_near_decide(model, weak, limits, answer);
		return;
	}
	struct causal causal = {.weak = weak,
				.clocks = &clocks,
				.graph = model == WEAK_CCV ? &graph : NULL};

	graph_init(&graph, weak->count);
	weak_clocks_init(&clocks, weak, limits->budget.bytes_max / 2);
	answer->verdict = VERDICT_VALID;
	if (clocks.is_cyclic)
		weak_answer_invalid(answer, "cyclic-co", WEAK_INITIAL);
	else
		judge(&causal, limits, answer);
	/* The order that the clocks were computed in contains causal order. */
	if (answer->verdict == VERDICT_VALID && model == WEAK_CC)
		weak_give(limits, WEAK_EVERYONE, clocks.order, weak->count);
	graph_release(&graph);
	weak_clocks_release(&clocks);
}
