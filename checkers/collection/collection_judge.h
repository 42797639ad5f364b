/* collection_judge.h - one key of a collection judged. */
#ifndef CHECKERS_COLLECTION_JUDGE_H
#define CHECKERS_COLLECTION_JUDGE_H

#include "checkers/collection/collection.h"

struct collection_outcome {
	enum verdict verdict;
	char *reason;	  /* owned: why unknown; NULL */
	const char *name; /* static: the anomaly; invalid only */
	uint32_t *core;	  /* owned: operations of the history that show it */
	size_t core_count;
	bool is_proven;	 /* the core alone is impossible: by brute force, or counted */
	bool is_counted; /* too many elements for the takes of unknown outcome */
	bool used_frontier;
	uint32_t *order; /* owned: operations of the history; valid only */
	size_t order_count;
};

void collection_judge(enum collection collection, const struct key_ops *key,
		      const struct check_options *options,
		      struct collection_outcome *outcome);
void collection_outcome_release(struct collection_outcome *outcome);

#endif
