/* cycle_certify.h - proves cycles of transactions again, from the operations that they
 * name: each step is derived from what the two transactions did, the class of the cycle
 * from its steps. Shares nothing with the deciders. PURE; O(operations) for each step. */
#ifndef CHECKERS_CYCLE_CERTIFY_H
#define CHECKERS_CYCLE_CERTIFY_H

#include "checkers/checker.h"

/* Whether a cycle of this name is one of edges, which this can prove. */
bool cycle_is_known(const char *anomaly);

/* One step holds, as a step of a cycle of this name. */
bool step_certify(const struct history *history, const struct check_options *options,
		  const char *anomaly, const struct anomaly_step *step);

/* The steps hold, lead round, and are of the class that the anomaly is named after. */
bool cycle_certify(const struct history *history, const struct check_options *options,
		   const struct anomaly *anomaly, struct err *err);

#endif
