/* cmd_plot.c - `faultline plot RUN`: PNG and SVG of a run, the scripts beside them. */
#include "harness/run_command.h"
#include "results/drawing/plots.h"

static int plot_main(int argc, char **argv);

const struct command command_plot = {"plot", "[RUN]",
				     "draw the plots of a run (PNG and SVG)", plot_main};

static bool
draw(struct store *store, struct err *err)
{
	if (!plots_draw(store, err))
		return false;
	for (size_t i = 0; plot_names[i] != NULL; i++)
		printf("%s/plots/%s.png\n%s/plots/%s.svg\n", store_folder(store),
		       plot_names[i], store_folder(store), plot_names[i]);
	return true;
}

static int
plot_main(int argc, char **argv)
{
	return run_command(&command_plot, argc, argv, draw);
}
