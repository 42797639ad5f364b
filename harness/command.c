#include "harness/command.h"

int
command_help(const struct command *command, const struct option_row *rows)
{
	printf("usage: faultline %s %s\n%s\n\n", command->name, command->arguments,
	       command->summary);
	options_help(rows, stdout);
	return EXIT_VALID;
}

int
command_usage(const struct command *command, const struct err *err)
{
	err_print(err);
	if (err->hint[0] == '\0')
		fprintf(stderr, "hint: see 'faultline %s --help'\n", command->name);
	return EXIT_USAGE;
}

int
command_broke(const struct err *err)
{
	err_print(err);
	return EXIT_BROKEN;
}
