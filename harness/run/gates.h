/* gates.h - is what happened enough to believe a verdict?
 *
 * A run in which nothing was acknowledged, or whose faults were not in force, proves
 * nothing. Gates turn valid into unknown, with the reason; never the reverse. */
#ifndef HARNESS_GATES_H
#define HARNESS_GATES_H

#include "harness/judge.h"
#include "harness/run/nemesis.h"

/* Adds the verdict of "gates" to the judgement: enough was acknowledged, the faults were in
 * force, and no function was asked again and again without success. When the run was
 * interrupted, only faults that had begun count. */
void gates_judge(struct judgement *judgement, const struct history *history,
		 const struct tally *tally, const struct nemesis_sum *faults,
		 bool was_interrupted);

#endif
