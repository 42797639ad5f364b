/* isolation_search.h - what the files of isolation.h share: the search under way. */
#ifndef CHECKERS_ISOLATION_SEARCH_H
#define CHECKERS_ISOLATION_SEARCH_H

#include "checkers/transaction/isolation.h"

enum {
	PATH_MAX_NODES = 4096
};

/* A variant of the search: without more, with process order, and the bit distance between
 * the anomalies of the plain search and those of the variant. */
struct variant {
	unsigned extra;
	enum isolation_anomaly g0, g1c, g_single, g_nonadjacent, g2;
};

extern const struct variant isolation_plain, isolation_process, isolation_realtime;

struct search {
	const struct dependencies *d;
	const struct budget *budget;
	struct isolation *out;
	uint32_t *component; /* of the mask that was looked at last */
	uint32_t path[PATH_MAX_NODES];
	bool is_over; /* the budget ended the search for subtler cycles */
};

static inline bool
is_found(const struct search *s, enum isolation_anomaly anomaly)
{
	return (s->out->found >> anomaly & 1) != 0;
}

/* ---- isolation_cycles.c ---- */

/* Whether the budget allows another pass that needs so many bytes beside the graph. */
bool isolation_may_go_on(struct search *s, size_t bytes);

/* Keeps a cycle given as path of nodes, first and last the same or joined by `closing`. */
struct cycle *isolation_keep_cycle(struct search *s, enum isolation_anomaly anomaly,
				   const uint32_t *path, size_t count, unsigned mask);

size_t isolation_count_kind(const struct cycle *cycle, enum edge_kind kind);

/* Lemma L4: two copies of each transaction; an rw edge leads from the first copy to the
 * second, every other edge from both copies to the first. Its cycles are those of the
 * graph in which no two rw edges follow each other. */
void isolation_make_product(const struct graph *graph, unsigned mask,
			    struct graph *product);
size_t isolation_product_bytes(const struct graph *graph);

/* The classes from gross to subtle. A subtler class is searched for its own sake only
 * when it needs an edge that the grosser one has not. */
void isolation_search_cycles(struct search *s, const struct variant *variant);

/* ---- isolation_times.c ---- */

/* Cycles with real time, and with the order within processes too. */
void isolation_search_realtimes(struct search *s);

#endif
