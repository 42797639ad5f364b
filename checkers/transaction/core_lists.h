/* core_lists.h - what transactions on lists did, for core_edges.h: who made the list that
 * each of them read, or appended to, out of the longest read of the whole history.
 *
 * Elements that stand next to each other were appended one after the other, and what nobody
 * read stands behind all that was. PURE; O(micro-operations + elements of the longest
 * reads). */
#ifndef CHECKERS_CORE_LISTS_H
#define CHECKERS_CORE_LISTS_H

#include "checkers/transaction/core_edges.h"

/* Adds all touches, sources known and chains not. False with the reason when the reads of
 * the history contradict each other or themselves, so that other anomalies tell more. */
bool core_lists_add(struct core_edges *edges, struct err *err);

#endif
