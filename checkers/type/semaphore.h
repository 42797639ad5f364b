/* semaphore.h - linearizability of counting semaphores, each key one of its own, with all
 * permits in at first. How many there are is options->init.
 *
 * Operations: acquire [N], release [N]; without a number one permit, also where the
 * operation is asked with a name. Anybody may release.
 * What failed did not happen and says nothing. Decider: the frontier engine.
 *
 *	too-many-permits        More permits were out than there are.
 *	                        (2 permits) acquire ok | acquire ok | acquire ok
 *	release-without-permit  More were released than can have been out.
 *	                        release ok
 *	not-linearizable        No order exists, for another reason. */
#ifndef CHECKERS_SEMAPHORE_H
#define CHECKERS_SEMAPHORE_H

#include "checkers/engine/model.h"

extern const struct checker checker_semaphore;
extern const struct model model_semaphore;

/* More permits than one were certainly out at some moment, of some key: of a lock this is a
 * violation, unless the same holder acquired it again. */
bool semaphore_is_shared(const struct history *history);

#endif
