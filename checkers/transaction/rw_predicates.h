/* rw_predicates.h - what predicate reads change for the judge of transactions on registers:
 * it judges the expanded history (predicate_expand.h), and this tells what that leaves open
 * and whether a violation needs an anti-dependency of a predicate read: then it is G2, which
 * repeatable read allows. PURE. */
#ifndef CHECKERS_RW_PREDICATES_H
#define CHECKERS_RW_PREDICATES_H

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/predicate_expand.h"
#include "checkers/transaction/rw_certify.h"

struct rw_predicates {
	const struct history *history; /* borrowed: as it was recorded */
	const struct check_options *options;
	bool is_repeatable; /* repeatable read is asked for: ->expanded says nothing of keys
			     * that are not shown */
	struct expanded expanded;
	char why[512]; /* what is not known of which key */
};

/* False with the reason. The caller calls rw_predicates_release in both cases. */
bool rw_predicates_init(struct rw_predicates *predicates, const struct history *history,
			const struct check_options *options, struct err *err);
void rw_predicates_release(struct rw_predicates *predicates);

/* Adds what is wrong with single predicate reads. */
void rw_predicates_find(const struct rw_predicates *predicates, struct dependencies *d);

/* Whether an order of the expanded history is one of the recorded history: it is when all
 * versions are known, or when the order itself shows each predicate what it saw. */
bool rw_predicates_allow(const struct rw_predicates *predicates,
			 const struct order *order, bool snapshot);

/* Whether the history is serializable without anti-dependencies of predicate reads. */
enum verdict rw_predicates_repeatable(const struct rw_predicates *predicates);

/* What the level asked for is repeatable read, which predicate reads do not stand in the way
 * of. */
bool rw_predicates_are_items(const struct check_options *options);

/* Nothing of this can be wrong with a predicate read of an unknown version: up to strong
 * read committed it may have been the initial one. */
bool rw_predicates_may_be_left_out(uint64_t forbidden);

/* The name of a core that is called `name` in the expanded history: G2 instead of G2-item
 * when item reads alone do not prove it. */
const char *rw_predicates_name(const struct rw_predicates *predicates, const char *name,
			       const uint32_t *ops, size_t count,
			       const struct rw_claim *claim);

#endif
