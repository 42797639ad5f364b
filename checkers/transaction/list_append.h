/* list_append.h - who depends on whom when transactions append to lists and read them.
 *
 * The longest read of a key is its version order; every other read must be a prefix of
 * it. Complete for elements that are appended once per key. Where several transactions left
 * elements on one key that nobody read, a cycle breaks the serializable levels, and those
 * below ask for an order of these elements (list_append_unread.h; a final read of each key
 * avoids it). Source: Kingsbury and Alvaro, "Elle: inferring isolation anomalies from
 * experimental observations", VLDB 2020, section 4. O(operations + elements read); a read
 * that is a prefix costs one memory comparison. PURE. */
#ifndef CHECKERS_LIST_APPEND_H
#define CHECKERS_LIST_APPEND_H

#include "checkers/transaction/dependencies.h"

/* Fills d (zeros) from a history of list-append transactions. False with the reason when
 * the history is none, when an element is appended twice to one key, or when the budget
 * does not suffice. With more than one thread (options->threads) two are used. The caller
 * calls dependencies_release in both cases. */
bool list_append_depend(struct dependencies *d, const struct history *history,
			const struct check_options *options, struct err *err);

#endif
