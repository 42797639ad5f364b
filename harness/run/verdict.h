/* verdict.h - what came of a run: its history and its logs are judged, the verdict is kept
 * in the store and told. */
#ifndef HARNESS_VERDICT_H
#define HARNESS_VERDICT_H

#include "harness/run/runner.h"
#include "results/store/store.h"

/* Fills the verdict and the words of the outcome, whose tally and folder are there. Reads
 * the history back as `faultline check` does, so that what is judged is what was
 * recorded. */
bool verdict_find(const struct test *test, struct store *store,
		  const struct nemesis_sum *faults, struct run_outcome *outcome,
		  struct err *err);

/* Fills the rates and the throughput of the outcome, whose tally and quiet are there, with a
 * main phase of that length. */
void verdict_tell_throughput(struct run_outcome *outcome, int64_t main_ns);

#endif
