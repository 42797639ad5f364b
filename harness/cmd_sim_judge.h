/* cmd_sim_judge.h - the register checker as the judge of simulations.
 *
 * Here, not in reference/sim, because the store must not know that it is checked. */
#ifndef HARNESS_CMD_SIM_JUDGE_H
#define HARNESS_CMD_SIM_JUDGE_H

#include "reference/sim/sim_seeds.h"

/* For struct sim_seeds. An answer of unknown counts as a failure with the anomaly
 * "unknown": simulations are small enough to be decided. `context` is not used. */
bool sim_judge(void *context, const struct sim_result *result, char *anomaly,
	       size_t anomaly_bytes, struct buf *explanation);

#endif
