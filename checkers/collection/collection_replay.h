/* collection_replay.h - collections that are played forward only, to replay orders.
 *
 * The models of collection.h store every state they meet, as searches need it. A replay
 * meets each state once: this one keeps the present contents alone, so that an order of
 * millions of operations is replayed in the memory of what is in the collection. For
 * certify_orders only, which opens a model with the operations in their order. Where a take
 * of unknown outcome has a choice it takes what the rest of the order does not need; that
 * always works where values are put once. */
#ifndef CHECKERS_COLLECTION_REPLAY_H
#define CHECKERS_COLLECTION_REPLAY_H

#include "checkers/collection/collection.h"

const struct model *replay_of_collection(enum collection collection);

#endif
