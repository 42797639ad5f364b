#include "reference/sim/sim.h"

/* Two candidates of one term, and between them a voter that restarts at once. Requests for
 * votes must arrive late, and the candidates must not hear of each other. */
static void
provoke_forgotten_vote(struct sim_options *options)
{
	options->nodes = 3;
	options->fault_rate = 1;
	options->faults = SIM_CRASH | SIM_REORDER | SIM_PARTITION;
	options->crash_at_vote = 0.5;
	options->reorder_max = 1;
}

void
sim_options_provoke(struct sim_options *options, enum bug bug)
{
	options->bugs = bug == BUG_NONE ? 0 : (uint64_t)1 << bug;
	options->fault_rate = 2;
	if (bug == BUG_FORGOTTEN_VOTE)
		provoke_forgotten_vote(options);
	if (bug == BUG_DOUBLE_APPLY)
		options->cas_percent = 0; /* a cas run twice fails: another anomaly */
}
