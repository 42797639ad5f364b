/* The conditions under which each planted bug shows: the smallest set of faults that its
 * story needs, often. */
#include "reference/sim/sim.h"

void
sim_options_provoke(struct sim_options *options, enum bug bug)
{
	options->bugs = bug == BUG_NONE ? 0 : (uint64_t)1 << bug;
	options->fault_rate = 2;
}
