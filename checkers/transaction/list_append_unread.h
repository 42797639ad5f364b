/* list_append_unread.h - appends that nobody read have no known order. Where serializability
 * is broken, the levels below it hang on that order; one that breaks nothing more proves
 * them. PURE. */
#ifndef CHECKERS_LIST_APPEND_UNREAD_H
#define CHECKERS_LIST_APPEND_UNREAD_H

#include "checkers/transaction/rw_judge.h"

/* Looks for an order of all that has one of such appends too, for each level of snapshots
 * that is open, from strong to weak: first the one that there is without regard to them,
 * O(transactions + dependencies); then, for levels that were asked for, all (rw_order.h).
 * Where there is one the level holds, and true is returned with the graph that has it (the
 * caller releases it). Where there is none the level is broken, and a core is kept. */
bool list_append_order_unread(struct judge *j, struct graph *ordered);

#endif
