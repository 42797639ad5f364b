/* faultline-node: one node of the reference store. */
#include "base/log.h"
#include "reference/node/node.h"

#include <stdio.h>
#include <string.h>

enum {
	EXIT_USAGE = 254,
	EXIT_BROKEN = 255
};

static void
print_help(void)
{
	struct buf text = {0};

	buf_string(&text,
		   "usage: faultline-node [--config FILE] [--NAME VALUE]...\n\n"
		   "One node of a replicated store; clients speak RESP (redis-cli).\n\n");
	config_help(&text);
	fputs(buf_text(&text), stdout);
	buf_release(&text);
}

int
main(int argc, char **argv)
{
	struct config config;
	struct err err = {0};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help();
			return 0;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("faultline-node %s\n", FAULTLINE_VERSION);
			return 0;
		}
	}
	log_set_timestamps(true);
	config_init(&config);
	if (!config_parse(&config, argc, argv, &err)) {
		err_print(&err);
		return EXIT_USAGE;
	}
	if (!node_run(&config, &err)) {
		log_error("%s", err.text);
		if (err.hint[0] != '\0')
			log_error("hint: %s", err.hint);
		return EXIT_BROKEN;
	}
	return 0;
}
