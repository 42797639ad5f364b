/* stream_worlds.h - whether any choices explain an output of a stream: which sends of
 * unknown outcome were taken, and which tuple each uniq let through, all tried one after
 * the other. For where bounds do not tell; decides small histories only. Private. */
#ifndef CHECKERS_STREAM_WORLDS_H
#define CHECKERS_STREAM_WORLDS_H

#include "checkers/seed/stream.h"

enum stream_explained {
	STREAM_UNDECIDED = 0, /* too many choices, or the budget is over */
	STREAM_EXPLAINED,
	STREAM_UNEXPLAINED,
};

/* Of the promises what they bound is asked: nothing lost, nothing out of what was sent. That
 * every output can be made at all, and the order of counts, are asked elsewhere. */
enum stream_explained stream_explain(struct stream_pool *pool, uint32_t collect,
				     const struct budget *budget);

#endif
