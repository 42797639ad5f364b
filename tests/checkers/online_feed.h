/* online_feed.h - tells a history to the online decider as a recorder would: in batches,
 * what ended and what is open, in the order of invocations. */
#ifndef TESTS_CHECKERS_ONLINE_FEED_H
#define TESTS_CHECKERS_ONLINE_FEED_H

#include "base/history.h"
#include "checkers/online/online.h"

/* Stops at the first violation. A batch is `batch` positions. */
void online_feed(struct online *online, const struct history *history, uint32_t batch);

#endif
