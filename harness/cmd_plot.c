/* cmd_plot.c - `faultline plot RUN`: PNG and SVG of a run, the scripts beside them. */
#include "harness/command.h"
#include "results/drawing/plots.h"

static int plot_main(int argc, char **argv);

const struct command command_plot = {"plot", "RUN",
				     "draw the plots of a run (PNG and SVG)", plot_main};

static int
draw(const char *runs, const char *which)
{
	struct err err;
	struct store *store = store_open(runs, which, &err);

	if (store == NULL)
		return command_broke(&err);
	bool ok = plots_draw(store, &err);
	for (size_t i = 0; ok && plot_names[i] != NULL; i++)
		printf("%s/plots/%s.png\n%s/plots/%s.svg\n", store_folder(store),
		       plot_names[i], store_folder(store), plot_names[i]);
	struct err close_err;
	store_close(store, &close_err);
	return ok ? EXIT_VALID : command_broke(&err);
}

static int
plot_main(int argc, char **argv)
{
	const char *runs = "runs";
	bool help = false;
	const struct option_row rows[] = {
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_plot, &err);
	if (help)
		return command_help(&command_plot, rows);
	if (argc > 2) {
		err_set(&err, "one run at a time, not %d", argc - 1);
		return command_usage(&command_plot, &err);
	}
	return draw(runs, argc == 2 ? argv[1] : "latest");
}
