/* plots.h - draws a run: gnuplot scripts and their data as files, then PNG and SVG.
 *
 *	RUN/plots/latency-raw.gp, latency-quantiles.gp, rate.gp	  the scripts
 * (results/plots/)
 *	RUN/plots/common.gp, faults.gp, *.dat			  what they read
 *	RUN/plots/latency-raw.png, latency-raw.svg, ...		  what they draw
 *
 * A script can be changed and run again by hand: `gnuplot -e "format='png'" rate.gp`. */
#ifndef RESULTS_PLOTS_H
#define RESULTS_PLOTS_H

#include "results/store/store.h"

/* The names of the plots, in the order of the report; NULL-terminated. */
extern const char *const plot_names[];

/* Draws all plots of the run. When gnuplot is missing or fails the scripts and data stay
 * and the error says so; no verdict depends on it. */
bool plots_draw(struct store *store, struct err *err);

#endif
