/* bookstore_late.h - an order of a title's buys, restocks and refusals in which each happens
 * as late as it can.
 *
 * Copies are sold and put back only when an operation is over that must have done so, when a
 * refusal or a final stock is over that asks for less or more, or when a buy needs a copy;
 * of those that are open the one that must end first, so that those of unknown outcome come
 * last and are used only where they are needed. A refusal is served when nothing is left, at
 * its end at the latest. Where too few buys are open then, copies that were put back
 * meanwhile are in the way: the title is sold out before they come, and all begins again.
 * An order that is found is one; where none is found nothing is known. O(n log n) for each
 * time that it begins again, at most a thousand times. */
#ifndef CHECKERS_BOOKSTORE_LATE_H
#define CHECKERS_BOOKSTORE_LATE_H

#include "checkers/engine/linearizable.h"

/* True: found->order has it (room for all operations of the key). */
bool book_order_late(const struct key_ops *key, const struct check_options *options,
		     int64_t initial, struct linearizable_key *found);

#endif
