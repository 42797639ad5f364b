#include "results/drawing/report.h"

#include "base/clock.h"
#include "base/file.h"
#include "results/drawing/anomaly_drawing.h"
#include "results/drawing/embed.h"
#include "results/drawing/fault_bands.h"
#include "results/drawing/plots.h"
#include "results/drawing/timeline.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

EMBED(style, "results/drawing/report.css");

enum {
	LOG_TAIL_BYTES = 6000,
	PLOT_BYTES_MAX = 8 << 20,
	LOG_FILES_MAX = 200
};

struct report {
	struct store *store;
	struct store_run run;
	struct history history;
	struct fault_bands bands;
	struct buf html;
	int log_files;
	char *checker; /* owned: whose anomalies are printed, and how many so far */
	size_t anomalies;
};

static void
print_escaped(struct report *report, const char *text)
{
	html_print(text != NULL ? text : "", &report->html);
}

/* ---- verdicts and anomalies -----------------------------------------------------------
 */

static bool
print_verdict_row(void *context, int columns, const char *const *texts)
{
	struct report *report = context;

	(void)columns;
	buf_string(&report->html, "<tr><td><span class='badge ");
	print_escaped(report, texts[1]);
	buf_string(&report->html, "'>");
	print_escaped(report, texts[1]);
	buf_string(&report->html, "</span></td><td>");
	print_escaped(report, texts[0]);
	buf_string(&report->html, "</td><td>");
	print_escaped(report, texts[2]);
	buf_string(&report->html, "<br><span class='sub'>");
	print_escaped(report, texts[3]);
	buf_string(&report->html, texts[4] != NULL && texts[4][0] == '1'
					  ? "; proven again by separate code"
					  : "");
	buf_string(&report->html, "</span></td><td class='number'>");
	print_escaped(report, texts[5]);
	buf_string(&report->html, "</td><td class='number'>");
	print_escaped(report, texts[6]);
	buf_string(&report->html, "</td></tr>\n");
	return true;
}

static bool
print_verdicts(struct report *report, struct err *err)
{
	buf_string(&report->html,
		   "<h2>Verdicts</h2><table><tr><th>Verdict<th>Checker<th>Reason<th>"
		   "Operations<th>Seconds</tr>\n");
	bool ok = store_query(
		report->store,
		"SELECT checker, verdict, reason, complexity, certified, "
		"operations, printf('%.2f', seconds) FROM verdict ORDER BY rowid",
		print_verdict_row, report, err);
	buf_string(&report->html, "</table>\n");
	return ok;
}

/* Reads "[3, 17, 4]" into indexes; anything else gives none. */
static size_t
read_indexes(const char *json, uint32_t *ops, size_t count_max)
{
	size_t count = 0;

	while (json != NULL && *json != '\0' && count < count_max) {
		char *end;
		unsigned long index = strtoul(json, &end, 10);
		if (end == json) {
			json++;
			continue;
		}
		ops[count++] = (uint32_t)index;
		json = end;
	}
	return count;
}

/* The picture that was drawn when the run was judged; false when there is none. */
static bool
print_drawing(struct report *report, const char *checker, const char *anomaly)
{
	struct buf path = {0}, svg = {0};
	struct err err;

	if (report->checker == NULL || strcmp(report->checker, checker) != 0) {
		free(report->checker);
		report->checker = mem_string(checker);
		report->anomalies = 0;
	}
	buf_printf(&path, "%s/" ANOMALY_FOLDER "/", store_folder(report->store));
	anomaly_drawing_name(checker, ++report->anomalies, anomaly, &path);
	bool ok = file_read(buf_text(&path), PLOT_BYTES_MAX, &svg, &err);
	const char *element = ok ? strstr(buf_text(&svg), "<svg") : NULL;
	if (element != NULL)
		buf_string(&report->html, element);
	buf_release(&path);
	buf_release(&svg);
	return element != NULL;
}

static bool
print_anomaly(void *context, int columns, const char *const *texts)
{
	struct report *report = context;
	uint32_t ops[TIMELINE_OPS_MAX];
	size_t count = read_indexes(texts[4], ops, TIMELINE_OPS_MAX);

	(void)columns;
	buf_string(&report->html, "<h3>");
	print_escaped(report, texts[1]);
	if (texts[2] != NULL && strcmp(texts[2], "null") != 0) {
		buf_string(&report->html, " on key ");
		print_escaped(report, texts[2]);
	}
	buf_string(&report->html, "</h3>\n<pre>");
	print_escaped(report, texts[3]);
	buf_string(&report->html, "</pre>\n");
	if (count > 0) {
		buf_string(&report->html, "<div class='scroll'>");
		if (!print_drawing(report, texts[0], texts[1]))
			timeline_print(&report->history, ops, count, &report->html);
		buf_string(&report->html, "</div>\n");
	}
	return true;
}

static bool
print_anomalies(struct report *report, struct err *err)
{
	size_t before = report->html.len;

	buf_string(&report->html, "<h2>What went wrong</h2>\n");
	size_t start = report->html.len;
	if (!store_query(
		    report->store,
		    "SELECT checker, name, key, text, ops FROM anomaly ORDER BY rowid "
		    "LIMIT 8",
		    print_anomaly, report, err))
		return false;
	if (report->html.len == start)
		report->html.len = before;
	return true;
}

/* ---- plots ----------------------------------------------------------------------------
 */

static void
print_base64(struct bytes bytes, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		uint32_t word = 0;
		for (size_t j = 0; j < 3; j++)
			word = word << 8 |
			       (i + j < bytes.len ? (unsigned char)bytes.data[i + j] : 0);
		buf_char(out, digits[word >> 18]);
		buf_char(out, digits[word >> 12 & 63]);
		buf_char(out, i + 1 < bytes.len ? digits[word >> 6 & 63] : '=');
		buf_char(out, i + 2 < bytes.len ? digits[word & 63] : '=');
	}
}

static void
print_plots(struct report *report)
{
	buf_string(&report->html, "<h2>Plots</h2>\n");
	for (size_t i = 0; plot_names[i] != NULL; i++) {
		char *path = mem_format("%s/plots/%s.png", store_folder(report->store),
					plot_names[i]);
		struct buf png = {0};
		struct err err;
		if (file_read(path, PLOT_BYTES_MAX, &png, &err)) {
			buf_printf(&report->html,
				   "<img alt='%s' src='data:image/png;base64,",
				   plot_names[i]);
			print_base64(buf_bytes(&png), &report->html);
			buf_string(&report->html, "'>\n");
		} else {
			buf_printf(&report->html,
				   "<p class='sub'>%s was not drawn.</p>\n",
				   plot_names[i]);
		}
		buf_release(&png);
		free(path);
	}
}

/* ---- faults ---------------------------------------------------------------------------
 */

static void
print_fault_state(struct report *report, const struct fault_band *band)
{
	const char *state = !band->injected	  ? "not injected"
			    : !band->verified	  ? "not verified"
			    : !band->has_evidence ? "no evidence"
			    : !band->healed	  ? "not healed"
						  : NULL;

	if (state == NULL)
		buf_string(&report->html, "verified, healed");
	else
		buf_printf(&report->html, "<span class='no'>%s</span>", state);
	if (band->error[0] != '\0') {
		buf_string(&report->html, "<br>");
		print_escaped(report, band->error);
	}
}

static void
print_fault(struct report *report, const struct fault_band *band)
{
	buf_printf(&report->html,
		   "<tr><td><span class='swatch' style='background:%s'></span>",
		   fault_band_colour(band->kind));
	print_escaped(report, band->fault);
	buf_string(&report->html, "</td><td>");
	print_escaped(report, band->target);
	buf_printf(&report->html, "</td><td class='number'>%.2f s</td>",
		   (double)band->start_ns / 1e9);
	if (band->end_ns >= 0)
		buf_printf(&report->html, "<td class='number'>%.2f s</td><td>",
			   (double)(band->end_ns - band->start_ns) / 1e9);
	else
		buf_string(&report->html, "<td>to the end</td><td>");
	print_fault_state(report, band);
	buf_string(&report->html, "</td><td><code>");
	print_escaped(report, band->evidence);
	buf_string(&report->html, "</code></td></tr>\n");
}

static void
print_faults(struct report *report)
{
	buf_string(&report->html, "<h2>Faults</h2>\n");
	if (report->bands.of.count == 0) {
		buf_string(&report->html, "<p class='sub'>None in this run.</p>\n");
		return;
	}
	buf_string(&report->html,
		   "<table><tr><th>Fault<th>Target<th>At<th>Length<th>State<th>"
		   "Evidence</tr>\n");
	vec_each (const struct fault_band, band, &report->bands.of)
		print_fault(report, band);
	buf_string(&report->html, "</table>\n");
}

/* ---- logs -----------------------------------------------------------------------------
 */

static void
print_log_tail(struct report *report, const char *path, const char *label)
{
	struct buf text = {0};
	struct err err;

	if (report->log_files++ < LOG_FILES_MAX &&
	    file_read(path, 256 << 20, &text, &err)) {
		const char *from = buf_text(&text);
		if (text.len > LOG_TAIL_BYTES) {
			from += text.len - LOG_TAIL_BYTES;
			const char *line = strchr(from, '\n');
			from = line != NULL ? line + 1 : from;
		}
		buf_string(&report->html, "<details><summary>");
		print_escaped(report, label);
		buf_printf(&report->html, " (%zu bytes)</summary><pre>", text.len);
		print_escaped(report, from);
		buf_string(&report->html, "</pre></details>\n");
	}
	buf_release(&text);
}

static void
print_host_logs(struct report *report, const char *hosts, const char *host)
{
	char *folder = mem_format("%s/%s", hosts, host);
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = mem_format("%s/%s", folder, names[i]->d_name);
		char *label = mem_format("%s: %s", host, names[i]->d_name);
		struct stat status;
		if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
			print_log_tail(report, path, label);
		free(label);
		free(path);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	free(folder);
}

static void
print_logs(struct report *report)
{
	char *hosts = mem_format("%s/hosts", store_folder(report->store));
	char *own = mem_format("%s/log.txt", store_folder(report->store));
	struct dirent **names;
	int count = scandir(hosts, &names, NULL, versionsort);

	buf_string(&report->html, "<h2>Logs, their last lines</h2>\n");
	print_log_tail(report, own, "faultline");
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.')
			print_host_logs(report, hosts, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	free(own);
	free(hosts);
}

/* ---- the whole ------------------------------------------------------------------------
 */

static bool
keep_worst(void *context, int columns, const char *const *texts)
{
	const char **worst = context;

	(void)columns;
	if (texts[0] == NULL)
		return true;
	if (strcmp(texts[0], "invalid") == 0)
		*worst = "invalid";
	else if (strcmp(texts[0], "unknown") == 0 && strcmp(*worst, "valid") == 0)
		*worst = "unknown";
	else if (*worst[0] == '\0')
		*worst = strcmp(texts[0], "valid") == 0 ? "valid" : "unknown";
	return true;
}

static bool
print_head(struct report *report, struct err *err)
{
	const struct store_run *run = &report->run;
	const char *worst = "";

	if (!store_query(report->store, "SELECT verdict FROM verdict", keep_worst, &worst,
			 err))
		return false;
	buf_string(&report->html,
		   "<!doctype html>\n<html lang='en'><meta charset='utf-8'>"
		   "<meta name='viewport' content='width=device-width'>"
		   "<title>faultline: ");
	print_escaped(report, run->name);
	buf_string(&report->html, "</title>\n<style>");
	buf_string(&report->html, EMBEDDED(style).data);
	buf_string(&report->html, "</style>\n<main><h1>");
	print_escaped(report, run->system);
	buf_string(&report->html, " under ");
	print_escaped(report, run->workload);
	buf_printf(&report->html,
		   " <span class='badge %s'>%s</span></h1>\n<p class='sub'>",
		   worst[0] ? worst : "unknown", worst[0] ? worst : "not judged");
	time_t started = (time_t)(run->started_unix_ms / 1000);
	struct tm utc;
	char when[64];
	gmtime_r(&started, &utc);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	buf_printf(&report->html,
		   "%s &middot; %zu operations &middot; %d nodes &middot; %d clients "
		   "&middot; "
		   "faults: ",
		   when, report->history.ops.count, run->node_count, run->concurrency);
	print_escaped(report, run->faults && run->faults[0] ? run->faults : "none");
	buf_string(&report->html, "</p>\n");
	return true;
}

static void
print_foot(struct report *report)
{
	buf_string(&report->html, "<h2>To repeat this run</h2><pre>");
	print_escaped(report, report->run.command);
	buf_printf(&report->html, "</pre><p class='sub'>Seed %llu; faultline ",
		   (unsigned long long)report->run.seed);
	print_escaped(report, report->run.version);
	buf_string(&report->html, ".</p></main></html>\n");
}

static bool
write_page(struct report *report, struct err *err)
{
	if (!print_head(report, err) || !print_verdicts(report, err) ||
	    !print_anomalies(report, err))
		return false;
	print_plots(report);
	print_faults(report);
	print_logs(report);
	print_foot(report);
	char *path = mem_format("%s/report.html", store_folder(report->store));
	bool ok = file_write(path, report->html.data, report->html.len, err);
	free(path);
	return ok;
}

bool
report_write(struct store *store, struct err *err)
{
	struct report report = {.store = store};

	history_init(&report.history);
	bool ok = store_read_run(store, &report.run, err) &&
		  store_read_history(store, &report.history, err) &&
		  fault_bands_read(&report.bands, store, err) && write_page(&report, err);
	fault_bands_release(&report.bands);
	history_release(&report.history);
	buf_release(&report.html);
	free(report.checker);
	return ok;
}
