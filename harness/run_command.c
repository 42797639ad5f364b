#include "harness/run_command.h"

static int
on_run(const char *runs, const char *which, bool (*body)(struct store *, struct err *))
{
	struct err err, ignored;
	struct store *store = store_open(runs, which, &err);

	if (store == NULL)
		return command_broke(&err);
	bool ok = body(store, &err);
	ok = store_close(store, ok ? &err : &ignored) && ok;
	return ok ? EXIT_VALID : command_broke(&err);
}

int
run_command(const struct command *command, int argc, char **argv,
	    bool (*body)(struct store *store, struct err *err))
{
	const char *runs = "runs";
	bool help = false;
	const struct option_row rows[] = {
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(command, &err);
	if (help)
		return command_help(command, rows);
	if (argc > 2) {
		err_set(&err, "one run at a time, not %d", argc - 1);
		return command_usage(command, &err);
	}
	return on_run(runs, argc == 2 ? argv[1] : "latest", body);
}
