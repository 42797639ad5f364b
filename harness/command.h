/* command.h - one file a command: cmd_NAME.c, one line in commands.def.
 *
 * A command gets argv[0] = its name and returns the exit code. */
#ifndef HARNESS_COMMAND_H
#define HARNESS_COMMAND_H

#include "base/options.h"

enum {
	EXIT_VALID = 0,
	EXIT_INVALID = 1,
	EXIT_UNKNOWN = 2,
	EXIT_USAGE = 254,
	EXIT_BROKEN = 255,
};

struct command {
	const char *name, *arguments, *summary;
	int (*main)(int argc, char **argv);
};

/* Prints "usage: faultline NAME ARGUMENTS", the summary and the rows, to standard output
 * for --help (returns 0), or the error and a hint at --help to standard error (254). */
int command_help(const struct command *command, const struct option_row *rows);
int command_usage(const struct command *command, const struct err *err);

/* Prints the error; returns EXIT_BROKEN. */
int command_broke(const struct err *err);

#endif
