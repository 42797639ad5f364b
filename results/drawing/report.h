/* report.h - one run as one HTML file that needs nothing else: verdicts with explanation
 * and timeline, plots, faults with their evidence, hosts, tails of the logs, and the
 * command that repeats the run. */
#ifndef RESULTS_REPORT_H
#define RESULTS_REPORT_H

#include "results/store/store.h"

/* Writes RUN/report.html. Plots that are not there are left out. */
bool report_write(struct store *store, struct err *err);

#endif
