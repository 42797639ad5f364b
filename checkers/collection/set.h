/* set.h - a set that only grows: what was added must be there when all is over.
 *
 * Operations: add ELEMENT; read (result: a list of elements). Each key is a set of its
 * own.
 *
 * An element is *known* from the moment when its add was acknowledged or a read returned
 * it, whichever completed first. A read is *final* when it was invoked after every
 * acknowledged add of its key had completed; each final read (they may ask different
 * nodes) is judged. When there is none, the last read is taken as final, and the adds that
 * completed after it began are never-read: then a verdict of valid would say too much, and
 * the answer is unknown.
 *
 *	lost-element        known before a final read began, and in no final read.
 *	                    add 1 ok | read []
 *	divergent-element   known before a final read began, missing there, but in another
 *	                    final read: the nodes did not converge.
 *	                    add 1 ok | read [1] at n1 | read [] at n2
 *	unexpected-element  in a read, but never added (or only by an add that failed, or
 *	                    only after the read had completed).
 *	                    read [7]
 *	duplicate-element   more than once in one read.
 *	                    add 1 ok | read [1 1]
 *
 * Counted in the details: attempts, acknowledged, ok (present in the end), lost,
 * unexpected, duplicated, recovered (unknown outcome, yet present), never_read (unknown
 * outcome or failed, and absent), unread (acknowledged after the last read), and
 * stale_reads (reads before the final ones that missed elements known before they began:
 * allowed here, not in a linearizable set). O(total size of the reads). */
#ifndef CHECKERS_SET_H
#define CHECKERS_SET_H

#include "checkers/checker.h"

extern const struct checker checker_set;

#endif
