/* cycle_graph.h - a cycle of transactions as a small graph: who comes before whom, by which
 * key and values. Laid out by Graphviz as a child process with a time limit. */
#ifndef RESULTS_CYCLE_GRAPH_H
#define RESULTS_CYCLE_GRAPH_H

#include "checkers/checker.h"

enum {
	CYCLE_GRAPH_NODES_MAX = 50,
	CYCLE_GRAPH_TIMEOUT_MS = 2000
};

/* Appends the graph in Graphviz' language: a box for each transaction with what it did, an
 * arrow for each step with kind, key and values, dotted when it follows from the others,
 * dashed and grey when it is told elsewhere.
 * PURE. */
void cycle_graph_describe(const struct history *history, const struct anomaly_step *steps,
			  size_t count, struct buf *out);

/* Appends an <svg> element. False, and nothing is appended, when the cycle is too large to
 * be looked at, or Graphviz is not there, fails or takes too long. */
bool cycle_graph_print(const struct history *history, const struct anomaly_step *steps,
		       size_t count, struct buf *svg, struct err *err);

#endif
