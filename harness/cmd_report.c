/* cmd_report.c - `faultline report RUN`: one HTML file of a run. */
#include "harness/command.h"
#include "results/drawing/plots.h"
#include "results/drawing/report.h"

static int report_main(int argc, char **argv);

const struct command command_report = {
	"report", "RUN", "write one HTML file of a run (drawing its plots first)",
	report_main};

static int
write_report(const char *runs, const char *which)
{
	struct err err;
	struct store *store = store_open(runs, which, &err);

	if (store == NULL)
		return command_broke(&err);
	if (!plots_draw(store, &err))
		err_print(&err); /* the report is written without them */
	bool ok = report_write(store, &err);
	if (ok)
		printf("%s/report.html\n", store_folder(store));
	struct err close_err;
	store_close(store, &close_err);
	return ok ? EXIT_VALID : command_broke(&err);
}

static int
report_main(int argc, char **argv)
{
	const char *runs = "runs";
	bool help = false;
	const struct option_row rows[] = {
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_report, &err);
	if (help)
		return command_help(&command_report, rows);
	if (argc > 2) {
		err_set(&err, "one run at a time, not %d", argc - 1);
		return command_usage(&command_report, &err);
	}
	return write_report(runs, argc == 2 ? argv[1] : "latest");
}
