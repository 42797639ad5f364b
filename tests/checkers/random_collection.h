/* random_collection.h - histories of queues, stacks, priority queues, bags and tuple spaces
 * from a seed, by playing a real one with random timing. Same seed, same history. */
#ifndef TESTS_CHECKERS_RANDOM_COLLECTION_H
#define TESTS_CHECKERS_RANDOM_COLLECTION_H

#include "base/rng.h"
#include "checkers/collection/collection.h"

struct random_collection {
	enum collection collection;
	size_t ops;
	uint32_t processes; /* at least 1 */
	uint32_t values;    /* elements are 1..values; 0: each put once */
	int take_percent, look_percent;
	int info_percent;  /* puts and takes of unknown outcome */
	int wrong_percent; /* of takes and looks: an arbitrary answer */
	int fail_percent;  /* of puts: refused */
	uint32_t crashes;  /* so many operations, evenly spread, are of unknown outcome */
	uint32_t classes;  /* tuple space: values of the first field; 0: two */
	bool shuffled;	   /* priorities are not in the order of the puts */
};

/* Valid unless wrong_percent > 0. */
void random_collection_play(struct history *history,
			    const struct random_collection *shape, struct rng *rng);

#endif
