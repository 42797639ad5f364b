/* cmd_report.c - `faultline report RUN`: one HTML file of a run, its plots drawn first. */
#include "harness/run_command.h"
#include "results/drawing/plots.h"
#include "results/drawing/report.h"

static int report_main(int argc, char **argv);

const struct command command_report = {
	"report", "[RUN]", "write one HTML file of a run (drawing its plots first)",
	report_main};

static bool
draw_and_write(struct store *store, struct err *err)
{
	if (!plots_draw(store, err))
		err_print(err); /* the report is written without them */
	if (!report_write(store, err))
		return false;
	printf("%s/report.html\n", store_folder(store));
	return true;
}

static int
report_main(int argc, char **argv)
{
	return run_command(&command_report, argc, argv, draw_and_write);
}
