/* regular.h - regular and safe registers: reads are judged one at a time.
 *
 * regular  Lamport, "On interprocess communication", 1986, for any number of writers as
 *          in Shao, Welch, Pierce and Lee, "Multiwriter consistency conditions", 2011
 *          (MWR1, their weakest): every read alone, with all writes, is linearizable. It
 *          returns the value of a write that began before it was over and that no other
 *          write certainly replaced before it began. Two reads may contradict each other
 *          (new, then old), which linearizability forbids.
 * safe     Lamport 1986: the same is asked only of reads during which no write is open.
 *          A write of unknown outcome is open for ever. Other reads may return anything,
 *          also what nobody wrote.
 *
 * Linearizable => regular => safe. Smallest histories between them:
 *	w1 ok, w2 open: read 2 ok, then read 1 ok	regular, not linearizable
 *	w1 ok, w2 open: read 7 ok			safe, not regular
 *	w1 ok, w2 ok: read 1 ok				not safe
 *
 *	stale-read         The value was replaced before the read began.
 *	future-read        The value was read before its write began.
 *	unwritten-read, failed-write-read
 *
 * One pass over the events, O(n); complete. The proof judges each read again by binary
 * search in the writes sorted by completion. */
#ifndef CHECKERS_REGULAR_H
#define CHECKERS_REGULAR_H

#include "checkers/checker.h"

extern const struct checker checker_regular, checker_safe;

#endif
