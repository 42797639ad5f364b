/* convergence.h - registers of a replicated store in the end: all nodes agree, on an
 * update that nothing replaced.
 *
 * After Vogels, "Eventually consistent", 2009: when no new updates come, all replicas come
 * to return the last value. A final read of a key begins after all its acknowledged writes
 * were over; the last one of each node counts (of each process, where nodes are unknown).
 *	1. It returns the value of a write that no acknowledged write certainly replaced
 *	   (one that began after it was over).
 *	2. All nodes return the same.
 * Concurrent writes may end either way; a write of unknown outcome may win. Where nodes
 * disagree and one of them shows such a write, it may just have arrived: unknown. (Sets:
 * checkers/collection/set.h.) Written values are unique for each key.
 *
 *	lost-update      The final value had been replaced.
 *	                 w1 ok | w2 ok | read 1
 *	divergent-read   Two nodes show different values.
 *	                 w1, w2 at once, ok | node 1: read 1 | node 2: read 2
 *	unwritten-read   The final value was never written.
 *
 * O(n + nodes), complete for this definition. */
#ifndef CHECKERS_CONVERGENCE_H
#define CHECKERS_CONVERGENCE_H

#include "checkers/checker.h"

extern const struct checker checker_convergence;

#endif
