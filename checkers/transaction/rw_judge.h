/* rw_judge.h - what the files of the checker of transactions on registers share: what was
 * found so far, and who finds more. PURE. */
#ifndef CHECKERS_RW_JUDGE_H
#define CHECKERS_RW_JUDGE_H

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/rw_order.h"
#include "checkers/transaction/rw_predicates.h"

/* A level that asks for an order of all transactions. */
struct order_level {
	const char *level;
	enum isolation_anomaly anomaly; /* when there is no such order */
	struct rw_question question;
};

enum {
	JUDGE_LEVELS = 6
};

/* From strong to weak. */
extern const struct order_level judge_levels[JUDGE_LEVELS];

/* Consistent view, which is parallel snapshot isolation. */
extern const struct order_level judge_parallel_level;

/* A core that shows why a level does not hold. */
struct core_found {
	const struct order_level *level;
	VEC(uint32_t) txns;
};

struct judge {
	struct dependencies d;
	const struct check_options *options;
	struct check_result *result;
	struct isolation isolation;
	uint64_t asked;	    /* what the level asked for forbids */
	uint64_t absent;    /* anomalies that there are certainly not */
	VEC(uint32_t) txns; /* the committed ones */
	VEC(struct core_found) cores;
	const char *why_unknown;	  /* borrowed */
	const char *why_unproven;	  /* of a core; static */
	struct rw_predicates *predicates; /* borrowed; NULL: there are none */
	bool are_lists; /* versions are made of appends (list_append_versions.h) */
	uint64_t choices, conflicts;
};

static inline bool
judge_leaves_out(const struct judge *j)
{
	return j->predicates != NULL && j->predicates->expanded.leaves_out;
}

/* Whether all of these transactions have an order (rw_order.h). The caller calls
 * rw_answer_release. */
void judge_ask(struct judge *j, const uint32_t *txns, size_t count,
	       const struct rw_question *question, struct rw_answer *answer);

/* Releases ->d too. */
void rw_judge_release(struct judge *j);

/* Decides the levels that ask for an order, from strong to weak. */
void judge_orders(struct judge *j);

/* Decides the levels below, where no stronger one was found to hold. */
void judge_weak(struct judge *j);

/* Keeps what the search met as a core of a level, if it proves by itself that there is no
 * order: else all transactions. */
void judge_keep_core(struct judge *j, const struct order_level *row,
		     const struct rw_answer *first);

/* Decides consistent view and parallel snapshot isolation, where no stronger one was found to
 * hold and no weaker one to be broken. */
void judge_parallel(struct judge *j);

/* Adds the cores that tell most to the result, shrunk and in words. */
void judge_report_cores(struct judge *j);

#endif
