/* isolation.h - judges transactions by their dependencies: which anomalies there are, the
 * strongest level of isolation that holds, the weakest that is broken.
 *
 * Cycles are searched by mask and as short as possible: G0 (ww), G1c (ww, wr), G-single
 * (one rw), G-nonadjacent (no two rw in a row, on the product graph of lemma L4),
 * G2-item; then the same with the order within a process and with real time (lemma L3: a
 * cycle with exactly one real-time edge exists whenever any does, and no such edge is
 * ever stored). O(transactions + dependencies) when all is well; a search within
 * components otherwise. PURE. */
#ifndef CHECKERS_ISOLATION_H
#define CHECKERS_ISOLATION_H

#include "checkers/transaction/dependencies.h"

static inline uint64_t
anomaly_bit(enum isolation_anomaly anomaly)
{
	return UINT64_C(1) << anomaly;
}

struct cycle {
	enum isolation_anomaly anomaly;
	VEC(uint32_t) txns; /* each depends on the one before; the first on the last */
	VEC(uint8_t) kinds; /* kinds[i]: the edge from txns[i] to txns[i + 1] */
};

struct isolation {
	uint64_t found;		  /* set of anomalies, bit 1 << enum isolation_anomaly */
	bool has_predicates;	  /* there are predicate reads: see level_forbids_of */
	uint64_t open;		  /* those of which it is not known */
	const char *why_open;	  /* static; NULL when nothing is */
	VEC(struct cycle) cycles; /* one for each class */
	/* Owned: all transactions in a strictly serial order (strict_order.h), or NULL. */
	uint32_t *strict;
	/* Owned: when a level below snapshot isolation was found to hold by its axioms, an
	 * order of the committed transactions that they allow (of the last level found). */
	uint32_t *allowed;
	size_t allowed_count;
};

/* Searches all anomalies. The caller calls isolation_release. */
void isolation_search(const struct dependencies *d, const struct budget *budget,
		      struct isolation *isolation);
void isolation_release(struct isolation *isolation);

/* What a level forbids, and whether it holds (valid), is broken (invalid) or neither is
 * known; levels by name ("serializable"); the names of all levels, from weak to strong. */
uint64_t level_forbids(size_t level);

/* The same by name; 0: there is no such level. */
uint64_t level_forbids_named(const char *name);

/* The same, next to predicate reads or without. Repeatable read (Adya's PL-2.99) and
 * serializability are one level without them; with them the former forbids only what item
 * reads prove, and no snapshot level is below it. */
uint64_t level_forbids_of(size_t level, bool has_predicates);
enum verdict level_state(size_t level, const struct isolation *isolation);
bool level_find(const char *name, size_t *level, struct err *err);
const char *level_name(size_t level);
size_t level_count(void);

const char *anomaly_name(enum isolation_anomaly anomaly);
const char *anomaly_definition(enum isolation_anomaly anomaly);

/* The anomaly of a name; ANOMALY_COUNT when there is none. */
enum isolation_anomaly anomaly_find(const char *name);

/* Turns what was found into verdict, reason and anomalies: invalid when `level` (NULL:
 * strict serializable) is broken. */
void isolation_report(const struct dependencies *d, const struct isolation *isolation,
		      const char *level, struct check_result *result);

#endif
