/* faultline_main.c - the program: finds the command and runs it. */
#include "base/text.h"
#include "harness/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COMMAND(name) extern const struct command command_##name;
#include "harness/commands.def"
#undef COMMAND

static const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "harness/commands.def"
#undef COMMAND
};
enum {
	COMMAND_COUNT = sizeof(commands) / sizeof(commands[0])
};

static int
print_commands(void)
{
	printf("usage: faultline COMMAND [OPTIONS]\n\n");
	for (int i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n`faultline COMMAND --help` shows its options.\n"
	       "Exit codes: 0 valid, 1 invalid, 2 unknown, 254 usage, 255 the tool "
	       "broke.\n");
	return EXIT_VALID;
}

static int
unknown_command(const char *word)
{
	const char *names[COMMAND_COUNT];
	struct err err;

	for (int i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i]->name;
	const char *nearest = text_nearest(word, names, COMMAND_COUNT);
	err_set(&err, "unknown command '%s'", word);
	if (nearest != NULL)
		err_hint(&err, "did you mean 'faultline %s'?", nearest);
	else
		err_hint(&err, "'faultline help' lists the commands");
	err_print(&err);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_commands();
		return EXIT_USAGE;
	}
	const char *word = argv[1];
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "-h") == 0)
		return print_commands();
	if (strcmp(word, "--version") == 0) {
		printf("faultline " FAULTLINE_VERSION "\n");
		return EXIT_VALID;
	}
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, word) == 0)
			return commands[i]->main(argc - 1, argv + 1);
	return unknown_command(word);
}
