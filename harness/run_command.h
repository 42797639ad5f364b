/* run_command.h - a command whose only argument is one recorded run: plot, report, show. */
#ifndef HARNESS_RUN_COMMAND_H
#define HARNESS_RUN_COMMAND_H

#include "harness/command.h"
#include "results/store/store.h"

/* Reads `[RUN]` (the latest when left out), --runs and --help, opens the run, calls
 * `body` with it and closes it. Returns the exit code; errors are printed. */
int run_command(const struct command *command, int argc, char **argv,
		bool (*body)(struct store *store, struct err *err));

#endif
