/* interrupt.h - Ctrl-C and TERM during a run.
 *
 * The first asks the run to stop in order: clients end, faults heal, what is there is
 * checked. The second ends the program at once; agents and the guardian of a private lab
 * then clean up by themselves. */
#ifndef HARNESS_INTERRUPT_H
#define HARNESS_INTERRUPT_H

#include "base/err.h"

/* Takes the signals over, for the rest of the program; once. To be called by the main
 * thread before others are started, since they inherit what it sets up. */
bool interrupt_open(struct err *err);

/* True when the run was asked to stop. */
bool interrupt_came(void);

#endif
