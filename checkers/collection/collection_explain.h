/* collection_explain.h - what is impossible in a collection, in words. */
#ifndef CHECKERS_COLLECTION_EXPLAIN_H
#define CHECKERS_COLLECTION_EXPLAIN_H

#include "checkers/collection/collection_judge.h"

/* Fills the anomaly from the outcome, which is invalid. */
void collection_explain(const struct key_ops *key, struct anomaly *anomaly,
			const struct collection_outcome *outcome);

#endif
