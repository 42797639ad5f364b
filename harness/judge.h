/* judge.h - judgements of runs: their verdicts go into the store and into the exit code. */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include "results/judgement.h"
#include "results/store/store.h"

/* Puts verdicts and anomalies into a run, replacing those of the same checkers, and the
 * worst verdict into its head (with that of the gates, if there is one). */
bool judge_store(struct store *store, const struct history *history,
		 const struct judgement *judgement, struct err *err);

/* EXIT_VALID, EXIT_INVALID or EXIT_UNKNOWN. */
int judge_exit_code(enum verdict verdict);

#endif
