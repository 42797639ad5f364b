/* check_logs.h - the logs of nodes, as `faultline check` looks at them. */
#ifndef HARNESS_CHECK_LOGS_H
#define HARNESS_CHECK_LOGS_H

#include "harness/log_search.h"
#include "results/store/store.h"

/* Adds the verdict on the logs that a run collected: by the patterns asked for and those
 * of its system. Nothing when there are neither. */
bool check_logs_of_run(struct store *store, const struct strings *asked,
		       struct judgement *judgement, struct err *err);

/* The verdict on logs alone: of a file, of a folder, or of a run by its folder or name.
 * At least one pattern must be asked for. The caller calls judge_release. */
bool check_logs_only(const char *runs_folder, const char *which,
		     const struct strings *asked, struct judgement *judgement,
		     struct err *err);

#endif
