/* cmd_import.c - `faultline import FILE --name NAME`: a run made of a foreign history. */
#include "base/clock.h"
#include "harness/command.h"
#include "results/formats/reader.h"
#include "results/store/store_history.h"

#include <string.h>

static int import_main(int argc, char **argv);

const struct command command_import = {"import", "FILE|- --name NAME",
				       "make a run of a recorded history", import_main};

static int64_t
end_of(const struct history *history)
{
	int64_t end_ns = 0;

	vec_each (struct op, op, &history->ops) {
		int64_t ns =
			op->complete_ns > op->invoke_ns ? op->complete_ns : op->invoke_ns;
		end_ns = ns > end_ns ? ns : end_ns;
	}
	return end_ns;
}

static void
count_heads(const struct history *history, struct store_run *run)
{
	struct map processes = {0};

	vec_each (struct op, op, &history->ops) {
		map_at(&processes, op->process, NULL);
		if (op->node > run->node_count)
			run->node_count = op->node;
	}
	run->concurrency = (int)processes.count;
	map_release(&processes);
}

static bool
put_hosts(struct store *store, int count, struct err *err)
{
	char name[16];
	bool ok = true;

	for (int i = 0; ok && i < count; i++) {
		snprintf(name, sizeof(name), "n%d", i + 1);
		ok = store_put_host(store, &(struct store_host){.index = i, .name = name},
				    err);
	}
	return ok;
}

static bool
make_run(const char *runs, const char *name, const char *file,
	 const struct history *history, struct err *err)
{
	char *command = mem_format("faultline import %s --name %s", file, name);
	struct store_run run = {.name = name,
				.system = "imported",
				.workload = "",
				.faults = "",
				.command = command,
				.version = FAULTLINE_VERSION,
				.started_unix_ms = clock_unix_ms(),
				.time_ns = end_of(history)};
	struct err ignored;

	count_heads(history, &run);
	struct store *store = store_create(runs, &run, err);
	bool ok = store != NULL && put_hosts(store, run.node_count, err) &&
		  store_put_history(store, history, err) &&
		  store_finish(store, "done", NULL, err);
	if (ok)
		printf("%s\n", store_folder(store));
	if (store != NULL)
		ok = store_close(store, ok ? err : &ignored) && ok;
	free(command);
	return ok;
}

static int
import_main(int argc, char **argv)
{
	struct reader_options reader = {0};
	const char *runs = "runs", *name = NULL;
	bool help = false;
	const struct option_row rows[] = {
		{"name", 'n', OPTION_TEXT, &name, "NAME", "name of the run [imported]"},
		{"format", 'f', OPTION_TEXT, &reader.format, "NAME",
		 "instead of a guess"},
		{"key", 'k', OPTION_TEXT, &reader.key, "HOW",
		 "tuple, none, or a field's name"},
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct history history;
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_import, &err);
	if (help)
		return command_help(&command_import, rows);
	if (argc != 2) {
		err_set(&err, "import takes one file, not %d", argc - 1);
		return command_usage(&command_import, &err);
	}
	history_init(&history);
	bool ok =
		reader_read_file(argv[1], &reader, &history, NULL, &err) &&
		make_run(runs, name != NULL ? name : "imported", argv[1], &history, &err);
	history_release(&history);
	return ok ? EXIT_VALID : command_broke(&err);
}
