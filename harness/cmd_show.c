/* cmd_show.c - `faultline show RUN`: one run in words. */
#include "harness/run_command.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static int show_main(int argc, char **argv);

const struct command command_show = {"show", "RUN", "tell one run in words", show_main};

static const char *
text_or(const char *text, const char *otherwise)
{
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

static bool
print_head(struct store *store, struct err *err)
{
	struct store_run run;
	char when[64] = "", length[32];

	if (!store_read_run(store, &run, err))
		return false;
	time_t seconds = (time_t)(run.started_unix_ms / 1000);
	struct tm utc;
	if (gmtime_r(&seconds, &utc) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	printf("%s: %s\n", run.name, store_folder(store));
	printf("  system %s, workload %s, faults %s\n", text_or(run.system, "-"),
	       text_or(run.workload, "-"), text_or(run.faults, "none"));
	printf("  %s, %s, %d nodes, %d processes, seed %" PRIu64 "\n", when,
	       text_ns(run.time_ns, length, sizeof(length)), run.node_count,
	       run.concurrency, run.seed);
	return true;
}

static bool
print_state(void *context, int columns, const char *const *texts)
{
	bool is_open = strcmp(texts[0], "running") == 0;

	(void)context, (void)columns;
	printf("  %s; %s operations, %s ok, %s failed, %s unknown\n",
	       is_open ? "not finished: it runs, or its harness was killed" : texts[0],
	       texts[1], text_or(texts[2], "0"), text_or(texts[3], "0"),
	       text_or(texts[4], "0"));
	return false;
}

/* Prints a heading before the first row. */
struct section {
	const char *heading;
	bool is_begun;
};

static void
begin_row(struct section *section)
{
	if (!section->is_begun)
		printf("\n%s\n", section->heading);
	section->is_begun = true;
}

static bool
print_note(void *context, int columns, const char *const *texts)
{
	(void)columns;
	begin_row(context);
	printf("  %9s s  %s: %s\n", texts[0], texts[1], texts[2]);
	return true;
}

static bool
print_fault(void *context, int columns, const char *const *texts)
{
	(void)columns;
	begin_row(context);
	printf("  %9s s .. %s  %s", texts[0], text_or(texts[1], "no end known"),
	       texts[2]);
	printf("%s%s%s%s\n", text_or(texts[3], "")[0] != '\0' ? " " : "",
	       text_or(texts[3], ""), texts[4][0] == '1' ? "" : ", never injected",
	       texts[5][0] == '1' ? ", healed" : ", not healed");
	if (texts[6] != NULL && texts[6][0] != '\0')
		printf("%14s evidence: %s\n", "", texts[6]);
	if (texts[7] != NULL && texts[7][0] != '\0')
		printf("%14s error: %s\n", "", texts[7]);
	return true;
}

static bool
print_verdict(void *context, int columns, const char *const *texts)
{
	(void)columns;
	begin_row(context);
	printf("  %s: %s: %s%s\n", texts[0], texts[1],
	       text_or(texts[2], "no reason given"),
	       texts[3][0] == '1' ? " (certified)" : "");
	return true;
}

static void
print_indented(const char *text)
{
	while (*text != '\0') {
		size_t line = strcspn(text, "\n");
		printf("    %.*s\n", (int)line, text);
		text += line + (text[line] == '\n');
	}
}

static bool
print_anomaly(void *context, int columns, const char *const *texts)
{
	(void)columns;
	begin_row(context);
	printf("  %s%s%s\n", texts[0], texts[1] != NULL ? " of key " : "",
	       text_or(texts[1], ""));
	print_indented(text_or(texts[2], ""));
	return true;
}

static bool
print_section(struct store *store, const char *heading, const char *sql,
	      bool (*row)(void *, int, const char *const *), struct err *err)
{
	struct section section = {.heading = heading};

	return store_query(store, sql, row, &section, err);
}

static bool
print_command(void *context, int columns, const char *const *texts)
{
	(void)context, (void)columns;
	printf("\nTo repeat it:\n  %s\n", text_or(texts[0], "unknown"));
	return false;
}

static bool
show(struct store *store, struct err *err)
{
	return print_head(store, err) &&
	       store_query(store,
			   "SELECT (SELECT status FROM run), count(*), sum(type = 'ok'), "
			   "sum(type = 'fail'), sum(type = 'info') FROM op",
			   print_state, NULL, err) &&
	       print_section(store, "What happened",
			     "SELECT printf('%.3f', at_ns / 1e9), kind, text FROM log "
			     "ORDER BY at_ns, rowid",
			     print_note, err) &&
	       print_section(store, "Faults",
			     "SELECT printf('%.3f', start_ns / 1e9), "
			     "CASE WHEN end_ns IS NOT NULL THEN "
			     "printf('%.3f s', end_ns / 1e9) END, fault, "
			     "coalesce(nullif(resolved, ''), target), injected, healed, "
			     "evidence, error FROM fault ORDER BY start_ns, id",
			     print_fault, err) &&
	       print_section(store, "Verdict",
			     "SELECT verdict, checker, reason, certified FROM verdict "
			     "ORDER BY rowid",
			     print_verdict, err) &&
	       print_section(store, "Explanation",
			     "SELECT name, key, text FROM anomaly ORDER BY id LIMIT 3",
			     print_anomaly, err) &&
	       store_query(store, "SELECT command FROM run", print_command, NULL, err);
}

static int
show_main(int argc, char **argv)
{
	return run_command(&command_show, argc, argv, show);
}
