/* each_key.h - a history judged key by key: in parallel, the largest keys first, each worker
 * with its share of the memory; then told in the order of keys, as one verdict. */
#ifndef CHECKERS_EACH_KEY_H
#define CHECKERS_EACH_KEY_H

#include "checkers/checker.h"
#include "checkers/partition.h"

/* What one key came to; filled by one worker. */
struct key_outcome {
	enum verdict verdict;
	bool used_frontier;
	char *reason;	 /* owned: why unknown; NULL */
	uint32_t *order; /* owned: of a valid key, unless options->no_certify */
	size_t order_count;
};

struct each_key {
	/* Of the outcomes that `judge` fills and `tell` empties, zeros at first; a struct
	 * key_outcome is the first member, and taken care of. */
	size_t outcome_bytes;
	void (*judge)(const void *context, const struct key_ops *key,
		      const struct check_options *options, void *outcome);
	/* Adds the anomalies, and releases what is the outcome's own. */
	void (*tell)(const void *context, const struct key_ops *key, void *outcome,
		     struct check_result *result);
	/* The complexity when all keys, or some, took the frontier engine; NULL: as it was. */
	const char *complexity_frontier, *complexity_mixed;
};

void each_key_judge(const struct each_key *each, const void *context,
		    const struct history *history, const struct check_options *options,
		    struct check_result *result);

/* Proves the anomalies of one key again. */
typedef bool each_key_proof(const void *context, const struct key_ops *key,
			    const struct anomaly *anomalies, size_t count,
			    struct err *err);

/* Gives each run of anomalies of one key to the proof, until one does not hold. */
bool each_key_certify(const struct history *history, const struct check_result *result,
		      each_key_proof *proof, const void *context, struct err *err);

#endif
