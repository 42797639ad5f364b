#include "results/drawing/plots.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "results/drawing/embed.h"
#include "results/drawing/fault_bands.h"
#include "results/drawing/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

EMBED(common, "results/drawing/plots/common.gp");
EMBED(latency_raw, "results/drawing/plots/latency-raw.gp");
EMBED(latency_quantiles, "results/drawing/plots/latency-quantiles.gp");
EMBED(rate, "results/drawing/plots/rate.gp");

const char *const plot_names[] = {"latency-raw", "latency-quantiles", "rate", NULL};

/* The raw plot is a raster: of operations that would fall into one cell one is drawn. */
enum {
	CELLS_ACROSS = 700,
	CELLS_UP = 220
};

/* Everything that one drawing needs, gathered once. */
struct drawing {
	char *folder; /* owned: RUN/plots */
	struct history history;
	struct fault_bands bands;
	struct series series;
	double unit_ns; /* of the time axis */
	const char *unit_name;
	double low_ms, high_ms; /* of the raw latencies */
	uint64_t drawn, points;
};

static void
choose_unit(struct drawing *drawing)
{
	int64_t end = drawing->series.end_ns;

	drawing->unit_ns = end <= 600 * NS_PER_S	? 1e9
			   : end <= 6 * 3600 * NS_PER_S ? 60e9
							: 3600e9;
	drawing->unit_name = drawing->unit_ns == 1e9	? "s"
			     : drawing->unit_ns == 60e9 ? "min"
							: "h";
}

static bool
write_file(const struct drawing *drawing, const char *name, struct bytes contents,
	   struct err *err)
{
	char *path = mem_format("%s/%s", drawing->folder, name);
	bool ok = file_write(path, contents.data, contents.len, err);

	free(path);
	return ok;
}

static double
latency_ms(const struct drawing *drawing, const struct op *op)
{
	double ms = (double)series_latency_ns(op, drawing->series.end_ns) / 1e6;

	return ms < 0.001 ? 0.001 : ms;
}

static void
find_extent(struct drawing *drawing)
{
	drawing->low_ms = 1e12;
	drawing->high_ms = 0.001;
	vec_each (const struct op, op, &drawing->history.ops) {
		double ms = latency_ms(drawing, op);
		drawing->low_ms = fmin(drawing->low_ms, ms);
		drawing->high_ms = fmax(drawing->high_ms, ms);
	}
	if (drawing->low_ms > drawing->high_ms)
		drawing->low_ms = drawing->high_ms / 10;
	drawing->low_ms *= 0.8;
	drawing->high_ms *= 1.3;
}

static size_t
cell_of(const struct drawing *drawing, const struct op *op, double ms)
{
	double across = (double)op->invoke_ns / (double)drawing->series.end_ns;
	double up = log(ms / drawing->low_ms) / log(drawing->high_ms / drawing->low_ms);
	size_t x = (size_t)(fmin(fmax(across, 0), 1) * (CELLS_ACROSS - 1));
	size_t y = (size_t)(fmin(fmax(up, 0), 1) * (CELLS_UP - 1));

	return y * CELLS_ACROSS + x;
}

static bool
write_points(struct drawing *drawing, enum op_type type, const char *name,
	     struct err *err)
{
	bool *taken = mem_new((size_t)CELLS_ACROSS * CELLS_UP, sizeof(*taken));
	struct buf text = {0};

	vec_each (const struct op, op, &drawing->history.ops) {
		if (op->type != type)
			continue;
		double ms = latency_ms(drawing, op);
		size_t cell = cell_of(drawing, op, ms);
		drawing->points++;
		if (taken[cell])
			continue;
		taken[cell] = true;
		drawing->drawn++;
		buf_printf(&text, "%.4f %.4f\n", (double)op->invoke_ns / drawing->unit_ns,
			   ms);
	}
	if (text.len == 0)
		buf_string(&text, "NaN NaN\n");
	bool ok = write_file(drawing, name, buf_bytes(&text), err);
	buf_release(&text);
	free(taken);
	return ok;
}

static bool
write_quantiles(const struct drawing *drawing, struct err *err)
{
	struct buf text = {0};

	buf_string(&text, "# time median_ms p95_ms p99_ms max_ms count\n");
	int64_t next_ns =
		INT64_MAX; /* a blank line breaks the lines where nothing ended */
	vec_each (const struct series_quantiles, q, &drawing->series.quantiles) {
		buf_printf(&text, "%s%.4f %.4f %.4f %.4f %.4f %llu\n",
			   q->at_ns > next_ns ? "\n" : "",
			   (double)q->at_ns / drawing->unit_ns, (double)q->p50_ns / 1e6,
			   (double)q->p95_ns / 1e6, (double)q->p99_ns / 1e6,
			   (double)q->max_ns / 1e6, (unsigned long long)q->count);
		next_ns = q->at_ns + drawing->series.bucket_ns;
	}
	if (drawing->series.quantiles.count == 0)
		buf_string(&text, "NaN NaN NaN NaN NaN 0\n");
	bool ok = write_file(drawing, "quantiles.dat", buf_bytes(&text), err);
	buf_release(&text);
	return ok;
}

static bool
write_rates(const struct drawing *drawing, struct err *err)
{
	const struct series *series = &drawing->series;
	struct buf text = {0};

	for (size_t b = 0; b < series->bucket_count; b++) {
		double middle = ((double)b + 0.5) * (double)series->bucket_ns;
		buf_printf(&text, "%.4f", middle / drawing->unit_ns);
		vec_each (const struct series_rate, rate, &series->rates)
			buf_printf(&text, " %.3f", rate->per_second[b]);
		buf_char(&text, '\n');
	}
	bool ok = write_file(drawing, "rate.dat", buf_bytes(&text), err);
	buf_release(&text);
	return ok;
}

static bool
write_bands(const struct drawing *drawing, struct err *err)
{
	struct buf text = {0};

	vec_each (const struct fault_band, band, &drawing->bands.of) {
		int64_t end = band->end_ns >= 0 ? band->end_ns : drawing->series.end_ns;
		buf_printf(&text,
			   "set object rectangle from %.4f, graph 0 to %.4f, graph 1 "
			   "fillcolor rgb '%s' fillstyle solid 0.45 noborder behind\n",
			   (double)band->start_ns / drawing->unit_ns,
			   (double)end / drawing->unit_ns, fault_band_colour(band->kind));
	}
	bool ok = write_file(drawing, "faults.gp", buf_bytes(&text), err);
	buf_release(&text);
	return ok;
}

/* A quoted gnuplot string; names of functions come from foreign histories. */
static void
print_quoted(struct buf *text, const char *word)
{
	for (; *word != '\0'; word++)
		buf_char(text, strchr("'\"\\ `@\n", *word) != NULL ? '_' : *word);
}

static const char *
rate_colour(const struct series_rate *rate, size_t i)
{
	static const char *const ok[] = {"#2b6cb0", "#2f855a", "#6b46c1",
					 "#0987a0", "#744210", "#4a5568"};

	if (rate->type == OP_FAIL)
		return "#d53f8c";
	if (rate->type == OP_INFO)
		return "#dd8a0b";
	return ok[i % (sizeof(ok) / sizeof(ok[0]))];
}

static void
print_rate_lists(const struct drawing *drawing, struct buf *text)
{
	const struct series *series = &drawing->series;

	buf_printf(text, "rate_count = %zu\nrate_titles = '", series->rates.count);
	vec_each (const struct series_rate, rate, &series->rates) {
		print_quoted(text, history_f_name(&drawing->history, rate->f));
		buf_char(text, ' ');
	}
	buf_string(text, "'\nrate_types = '");
	vec_each (const struct series_rate, typed, &series->rates)
		buf_printf(text, "%s ", op_type_name((enum op_type)typed->type));
	buf_string(text, "'\nrate_colours = '");
	for (size_t i = 0; i < series->rates.count; i++)
		buf_printf(text, "%s ", rate_colour(&series->rates.items[i], i));
	buf_string(text, "'\n");
}

static void
print_fault_lists(const struct drawing *drawing, struct buf *text)
{
	const struct strings *kinds = &drawing->bands.kinds;

	buf_printf(text, "fault_kinds = %zu\nfault_names = '", kinds->of.count);
	for (size_t i = 0; i < kinds->of.count; i++) {
		print_quoted(text, kinds->of.items[i]);
		buf_char(text, ' ');
	}
	buf_string(text,
		   "'\nfault_colours = '"); /* never empty: gnuplot parses it anyway */
	for (size_t i = 0; i < kinds->of.count || i == 0; i++)
		buf_printf(text, "%s ", fault_band_colour(i));
	buf_string(text, "'\n");
}

static bool
write_setup(const struct drawing *drawing, struct err *err)
{
	struct buf text = {0};
	char bucket[64];

	text_ns(drawing->series.bucket_ns, bucket, sizeof(bucket));
	buf_printf(&text, "time_unit = '%s'\ntime_end = %.4f\n", drawing->unit_name,
		   (double)drawing->series.end_ns / drawing->unit_ns);
	buf_printf(&text, "latency_low = %.6f\nlatency_high = %.6f\n", drawing->low_ms,
		   drawing->high_ms);
	buf_printf(&text, "point_size = %s\nbucket_text = '%s'\n",
		   drawing->drawn > 4000 ? "0.12" : "0.3", bucket);
	buf_printf(&text, "sample_note = '%s'\n",
		   drawing->drawn < drawing->points ? " (one dot where many would fall)"
						    : "");
	print_rate_lists(drawing, &text);
	print_fault_lists(drawing, &text);
	bool ok = write_file(drawing, "setup.gp", buf_bytes(&text), err);
	buf_release(&text);
	return ok;
}

static bool
write_data(struct drawing *drawing, struct err *err)
{
	return write_points(drawing, OP_OK, "latency-ok.dat", err) &&
	       write_points(drawing, OP_FAIL, "latency-fail.dat", err) &&
	       write_points(drawing, OP_INFO, "latency-info.dat", err) &&
	       write_quantiles(drawing, err) && write_rates(drawing, err) &&
	       write_bands(drawing, err) && write_setup(drawing, err);
}

static bool
write_scripts(const struct drawing *drawing, struct err *err)
{
	return write_file(drawing, "common.gp", EMBEDDED(common), err) &&
	       write_file(drawing, "latency-raw.gp", EMBEDDED(latency_raw), err) &&
	       write_file(drawing, "latency-quantiles.gp", EMBEDDED(latency_quantiles),
			  err) &&
	       write_file(drawing, "rate.gp", EMBEDDED(rate), err);
}

static bool
run_gnuplot(const struct drawing *drawing, const char *name, const char *format,
	    struct err *err)
{
	char *variable = mem_format("format='%s'", format);
	char *script = mem_format("%s.gp", name);
	const char *argv[] = {"gnuplot", "-e", variable, script, NULL};
	struct child child = {.argv = argv, .folder = drawing->folder};
	bool ok = child_run(&child, NULL, err);

	if (!ok) {
		err_context(err, "draw '%s/%s.%s'", drawing->folder, name, format);
		err_hint(err, "install the package gnuplot-nox; the script and its data "
			      "are kept");
	}
	free(script);
	free(variable);
	return ok;
}

static bool
draw_all(const struct drawing *drawing, struct err *err)
{
	for (size_t i = 0; plot_names[i] != NULL; i++)
		if (!run_gnuplot(drawing, plot_names[i], "png", err) ||
		    !run_gnuplot(drawing, plot_names[i], "svg", err))
			return false;
	return true;
}

bool
plots_draw(struct store *store, struct err *err)
{
	struct drawing drawing = {0};

	history_init(&drawing.history);
	drawing.folder = mem_format("%s/plots", store_folder(store));
	bool ok = store_read_history(store, &drawing.history, err) &&
		  fault_bands_read(&drawing.bands, store, err) &&
		  file_make_folder(drawing.folder, err);
	if (ok) {
		series_init(&drawing.series, &drawing.history);
		choose_unit(&drawing);
		find_extent(&drawing);
		ok = write_data(&drawing, err) && write_scripts(&drawing, err) &&
		     draw_all(&drawing, err);
		series_release(&drawing.series);
	}
	fault_bands_release(&drawing.bands);
	history_release(&drawing.history);
	free(drawing.folder);
	return ok;
}
