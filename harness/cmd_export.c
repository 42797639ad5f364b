/* cmd_export.c - `faultline export RUN --format edn`: a run's history for other tools. */
#include "harness/command.h"
#include "results/formats/reader.h"
#include "results/store/store.h"

#include <string.h>

static int export_main(int argc, char **argv);

const struct command command_export = {
	"export", "RUN [--format edn|jsonl] [--output FILE]",
	"write the history of a run for other tools", export_main};

static bool
write_history(const struct format *format, const struct history *history,
	      const char *path, struct err *err)
{
	FILE *to = path != NULL ? fopen(path, "w") : stdout;

	if (to == NULL)
		return err_errno(err, "open '%s'", path);
	bool ok = format->write(history, to) && fflush(to) == 0;
	if (!ok)
		err_errno(err, "write '%s'", path != NULL ? path : "standard output");
	if (path != NULL && fclose(to) != 0 && ok)
		ok = err_errno(err, "write '%s'", path);
	return ok;
}

static bool
export_run(const char *runs, const char *which, const struct format *format,
	   const char *path, struct err *err)
{
	struct history history;
	struct err ignored;
	struct store *store = store_open(runs, which, err);

	if (store == NULL)
		return false;
	history_init(&history);
	bool ok = store_read_history(store, &history, err) &&
		  write_history(format, &history, path, err);
	history_release(&history);
	return store_close(store, ok ? err : &ignored) && ok;
}

static const struct format *
find_writer(const char *name, struct err *err)
{
	const struct format *format = format_find(name, err);

	if (format != NULL && format->write == NULL) {
		err_set(err, "format '%s' can only be read", name);
		err_hint(err, "edn and jsonl can be written");
		return NULL;
	}
	return format;
}

static int
export_main(int argc, char **argv)
{
	const char *runs = "runs", *name = "jsonl", *path = NULL;
	bool help = false;
	const struct option_row rows[] = {
		{"format", 'f', OPTION_TEXT, &name, "NAME", "edn or jsonl [jsonl]"},
		{"output", 'o', OPTION_TEXT, &path, "FILE", "[standard output]"},
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_export, &err);
	if (help)
		return command_help(&command_export, rows);
	if (argc > 2) {
		err_set(&err, "one run at a time, not %d", argc - 1);
		return command_usage(&command_export, &err);
	}
	const struct format *format = find_writer(name, &err);
	if (format == NULL)
		return command_usage(&command_export, &err);
	return export_run(runs, argc == 2 ? argv[1] : "latest", format, path, &err)
		       ? EXIT_VALID
		       : command_broke(&err);
}
