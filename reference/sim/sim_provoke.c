/* The conditions under which each planted bug shows: the smallest set of faults that its
 * story needs, often. */
#include "reference/sim/sim.h"

void
sim_options_provoke(struct sim_options *options, enum bug bug)
{
	options->bugs = bug == BUG_NONE ? 0 : (uint64_t)1 << bug;
	options->fault_rate = 5;
	if (bug == BUG_DOUBLE_APPLY)
		options->cas_percent = 0;
	if (bug == BUG_FORGOTTEN_VOTE) {
		options->nodes = 3;
		options->crash_at_vote = 0.5;
		options->reorder_max = 1;
		options->faults = SIM_CRASH | SIM_REORDER | SIM_PARTITION;
	}
}
