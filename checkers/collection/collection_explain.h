/* collection_explain.h - what is impossible in a collection, in words. */
#ifndef CHECKERS_COLLECTION_EXPLAIN_H
#define CHECKERS_COLLECTION_EXPLAIN_H

#include "checkers/collection/collection.h"

/* Fills the anomaly from operations of the history that show it; `is_proven`: brute force
 * found that they alone are impossible. */
void collection_explain(const struct key_ops *key, struct anomaly *anomaly,
			const uint32_t *ops, size_t count, bool is_proven);

#endif
