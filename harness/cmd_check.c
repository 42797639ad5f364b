/* cmd_check.c - `faultline check FILE|RUN`: is this history allowed? */
#include "base/log.h"
#include "base/mem.h"
#include "harness/check_logs.h"
#include "harness/check_online.h"
#include "harness/check_watch.h"
#include "harness/command.h"
#include "harness/judge.h"
#include "harness/model_library.h"
#include "results/drawing/anomaly_drawing.h"
#include "results/library.h"
#include "workloads/workload.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_main(int argc, char **argv);

const struct command command_check = {"check", "FILE|RUN|-",
				      "decide whether a recorded history is allowed",
				      check_main};

enum {
	THREADS_MAX = 1024
};

struct settings {
	const char *runs, *format, *checker, *model, *level, *key, *init, *nil, *budget,
		*draw;
	struct strings log_patterns;
	int64_t threads;
	bool json, failed_cas, online, help;
};

/* "10s,2g", "10s" or ",2g". */
static bool
set_budget(struct faultline_check *check, const char *text)
{
	if (text == NULL)
		return true;
	char *copy = mem_string(text);
	char *comma = strchr(copy, ',');

	if (comma != NULL)
		*comma = '\0';
	bool ok = copy[0] == '\0' || faultline_check_set(check, "time", copy);
	if (ok && comma != NULL && comma[1] != '\0')
		ok = faultline_check_set(check, "memory", comma + 1);
	free(copy);
	return ok || err_context(&check->err, "--budget '%s'", text);
}

static bool
set_options(struct faultline_check *check, const struct settings *settings)
{
	const char *const options[][2] = {
		{"checker", settings->checker},
		{"level", settings->level},
		{"key", settings->key},
		{"init", settings->init},
		{"nil", settings->nil},
		{"failed-cas-observes", settings->failed_cas ? "yes" : NULL}};

	check->options.check.threads =
		settings->threads > THREADS_MAX ? THREADS_MAX : (int)settings->threads;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i][1] != NULL &&
		    !faultline_check_set(check, options[i][0], options[i][1]))
			return false;
	return set_budget(check, settings->budget);
}

/* A picture of each violation; what cannot be drawn changes no verdict. */
static void
draw(const struct settings *settings, const struct faultline_check *check)
{
	struct buf paths = {0};
	struct err why, err;

	if (settings->draw == NULL)
		return;
	if (!anomaly_drawings_write(settings->draw, &check->history, &check->judgement,
				    &paths, &why, &err))
		log_warn("%s", err.text);
	else if (why.text[0] != '\0')
		log_warn("%s (%s)", why.text, why.hint);
	if (!settings->json && paths.len > 0)
		printf("\ndrawn:\n%s", buf_text(&paths));
	buf_release(&paths);
}

/* Prints the verdict and keeps it in the run, if any; returns the exit code. */
static int
tell_and_keep(const struct settings *settings, struct faultline_check *check,
	      struct store *store)
{
	struct err err;

	fputs(settings->json ? faultline_check_json(check) : faultline_check_words(check),
	      stdout);
	if (!settings->json)
		fputs(faultline_check_conventions(check), stdout);
	draw(settings, check);
	/* What was decided holds also where it cannot be kept: a full disk, a run of others. */
	if (store != NULL &&
	    !judge_store(store, &check->history, &check->judgement, &err))
		log_warn("the verdict is not kept: %s", err.text);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return judge_exit_code(check->judgement.verdict);
	err_errno(&err, "write the verdict");
	return command_broke(&err);
}

/* The logs of a run belong to its verdict, unless one checker was named. */
static bool
judge_logs(const struct settings *settings, struct store *store,
	   struct judgement *judgement, struct err *err)
{
	bool is_asked = settings->checker == NULL || settings->log_patterns.of.count > 0;

	return store == NULL || !is_asked ||
	       check_logs_of_run(store, &settings->log_patterns, judgement, err);
}

static int
judge_and_tell(const struct settings *settings, struct faultline_check *check,
	       struct store *store)
{
	struct check_watch watch;

	check_watch_begin(&watch, &check->stop);
	enum faultline_verdict verdict = faultline_check_run(check);
	check_watch_end(&watch);
	if (verdict == FAULTLINE_NONE)
		return command_usage(&command_check, &check->err);
	return judge_logs(settings, store, &check->judgement, &check->err)
		       ? tell_and_keep(settings, check, store)
		       : command_broke(&check->err);
}

static int
check_file(const struct settings *settings, struct faultline_check *check,
	   const char *path)
{
	return faultline_check_read_file(check, path, settings->format) ||
			       check->is_over_bound
		       ? judge_and_tell(settings, check, NULL)
		       : command_broke(&check->err);
}

/* The checkers of the run's workload; NULL (chosen from the history) when the workload is
 * not ours, as in imported runs. */
static bool
read_run_checkers(struct store *store, const char *const **checkers, struct err *err)
{
	struct store_run run;
	struct err ignored;

	if (!store_read_run(store, &run, err))
		return false;
	const struct workload *workload = workload_find(run.workload, &ignored);
	*checkers = workload != NULL ? workload->checkers : NULL;
	return true;
}

/* What does not fit into the memory is unknown, not broken. */
static bool
read_run(struct store *store, struct faultline_check *check, struct err *err)
{
	bool over_bound = false;

	if (store_read_history_within(store, check->options.bytes_max, &check->history,
				      &over_bound, err))
		return true;
	if (!over_bound)
		return false;
	history_release(&check->history);
	history_init(&check->history);
	check->unread = mem_string(err->text);
	check->is_over_bound = true;
	return true;
}

static int
check_opened(const struct settings *settings, struct faultline_check *check,
	     struct store *store)
{
	struct err err;

	return read_run_checkers(store, &check->options.checkers, &err) &&
			       read_run(store, check, &err)
		       ? judge_and_tell(settings, check, store)
		       : command_broke(&err);
}

static int
check_run(const struct settings *settings, struct faultline_check *check,
	  const char *which)
{
	struct err err;
	struct store *store = store_open(settings->runs, which, &err);

	if (store == NULL && access(which, F_OK) != 0 && strcmp(which, "latest") != 0)
		err_set(&err, "no file '%s', and no run of that name in '%s'", which,
			settings->runs);
	if (store == NULL)
		return command_broke(&err);
	int code = check_opened(settings, check, store);
	return store_close(store, &err) ? code : command_broke(&err);
}

/* A folder with logs and without a run is one of Cobra's. */
static bool
is_log_folder(const char *path)
{
	char *run = mem_format("%s/run.db", path), *logs = mem_format("%s/*.log", path);
	glob_t found;
	bool has_run = access(run, F_OK) == 0;
	bool has_logs = glob(logs, GLOB_NOSORT, NULL, &found) == 0;

	if (has_logs)
		globfree(&found);
	free(run);
	free(logs);
	return has_logs && !has_run;
}

/* A file that is no database is a history, so is a folder of logs; all else names a run. */
static bool
is_history_file(const char *path)
{
	struct stat status;

	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) != 0)
		return false;
	return S_ISDIR(status.st_mode) ? is_log_folder(path) : !store_is_database(path);
}

static bool
is_model(const struct settings *settings, const char *name)
{
	return settings->model != NULL && strcmp(settings->model, name) == 0;
}

static int
check_while_reading(const struct settings *settings, struct faultline_check *check,
		    const char *path)
{
	struct judge_options judge;
	const char *named[2];
	int code;

	if (!library_options(check, &judge, named))
		return command_usage(&command_check, &check->err);
	struct check_online online = {
		.path = path,
		.checker = named[0],
		.nil = settings->nil,
		.json = settings->json,
		.reader = {.format = settings->format,
			   .key = check->key,
			   .bytes_max = library_bytes_max(check)},
		.judge = &judge,
		.init_values = &check->history.values,
		.options = {
			.bytes_max = judge.bytes_max,
			.init = online_value_of(&check->history.values, judge.check.init),
			.is_monotone = is_model(settings, "monotone"),
			.least_first = is_model(settings, "priority-queue-least"),
			.is_mutex = is_model(settings, "mutex"),
			.is_reentrant = is_model(settings, "reentrant"),
			.is_once = is_model(settings, "exactly-once")}};
	return check_online(&online, &code, &check->err) ? code
							 : command_broke(&check->err);
}

static int
check_any(const struct settings *settings, struct faultline_check *check,
	  const char *which)
{
	if (settings->online)
		return check_while_reading(settings, check, which);
	if (!is_history_file(which))
		return check_run(settings, check, which);
	if (settings->log_patterns.of.count == 0)
		return check_file(settings, check, which);
	err_set(&check->err, "the history '%s' has no logs to look into", which);
	err_hint(&check->err, "for logs alone name --checker log-pattern");
	return command_usage(&command_check, &check->err);
}

/* `--checker log-pattern`: files of logs, or those of a run, and no history. */
static int
check_logs(const struct settings *settings, struct faultline_check *check,
	   const char *which)
{
	if (check_logs_only(settings->runs, which, &settings->log_patterns,
			    &check->judgement, &check->err))
		return tell_and_keep(settings, check, NULL);
	return settings->log_patterns.of.count == 0
		       ? command_usage(&command_check, &check->err)
		       : command_broke(&check->err);
}

/* --model with a path is a model of the user's own. */
static int
check_with_library(const struct settings *settings, struct faultline_check *check,
		   const char *which)
{
	struct model_library library;

	if (!model_library_open(&library, settings->model, &check->err))
		return command_broke(&check->err);
	faultline_check_use_model(check, library.model);
	if (settings->key == NULL)
		faultline_check_set(check, "key", model_library_key(&library));
	int code = check_any(settings, check, which);
	model_library_close(&library);
	return code;
}

static int
check_with_model(const struct settings *settings, struct faultline_check *check,
		 const char *which)
{
	if (model_library_is_file(settings->model))
		return check_with_library(settings, check, which);
	return settings->model == NULL ||
			       faultline_check_set(check, "model", settings->model)
		       ? check_any(settings, check, which)
		       : command_usage(&command_check, &check->err);
}

static bool
is_for_logs(const struct settings *settings)
{
	return settings->checker != NULL && strcmp(settings->checker, "log-pattern") == 0;
}

static int
check_as_asked(const struct settings *settings, const char *which)
{
	struct faultline_check *check = faultline_check_new();
	int code;

	if (!set_options(check, settings))
		code = command_usage(&command_check, &check->err);
	else if (is_for_logs(settings))
		code = check_logs(settings, check, which);
	else
		code = check_with_model(settings, check, which);
	faultline_check_free(check);
	return code;
}

static int
check_parsed(const struct settings *settings, int argc, char **argv)
{
	struct err err;

	if (argc > 2)
		err_set(&err, "one history at a time, not %d", argc - 1);
	if (argc > 2 ||
	    (settings->format != NULL && format_find(settings->format, &err) == NULL) ||
	    !log_patterns_check(&settings->log_patterns, &err))
		return command_usage(&command_check, &err);
	return check_as_asked(settings, argc == 2 ? argv[1] : "latest");
}

static int
check_main(int argc, char **argv)
{
	struct settings s = {.runs = "runs"};
	const struct option_row rows[] = {
		{"checker", 'c', OPTION_TEXT, &s.checker, "NAME",
		 "instead of the best fit"},
		{"model", 'm', OPTION_TEXT, &s.model, "NAME|FILE",
		 "a checker by its model, its variant, or ./my.lua, ./my.so: your own"},
		{"level", 0, OPTION_TEXT, &s.level, "NAME",
		 "isolation level of transactions"},
		{"format", 'f', OPTION_TEXT, &s.format, "NAME", "instead of a guess"},
		{"key", 'k', OPTION_TEXT, &s.key, "HOW",
		 "tuple, none, or a field's name"},
		{"init", 0, OPTION_TEXT, &s.init, "VALUE",
		 "initial value [nil]; of a semaphore its permits"},
		{"nil", 0, OPTION_TEXT, &s.nil, "HOW",
		 "a read of nil: unknown, or the initial value: value"},
		{"failed-cas-observes", 0, OPTION_FLAG, &s.failed_cas, NULL,
		 "a failed compare-and-set saw another value"},
		{"budget", 'b', OPTION_TEXT, &s.budget, "TIME,MEMORY",
		 "then answer unknown"},
		{"threads", 'j', OPTION_INT, &s.threads, "N", "[as many as processors]"},
		{"log-pattern", 0, OPTION_TEXTS, &s.log_patterns, "REGEX",
		 "a line of a run's logs that must not be there"},
		{"draw", 'd', OPTION_TEXT, &s.draw, "FOLDER",
		 "one picture (SVG) of each violation"},
		{"online", 0, OPTION_FLAG, &s.online, NULL,
		 "judge while reading, stop at the first violation; - may be tail -f"},
		{"json", 0, OPTION_FLAG, &s.json, NULL,
		 "one JSON object instead of words"},
		{"runs", 0, OPTION_TEXT, &s.runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &s.help, NULL, "show this"},
		{0}};
	struct err err;
	int code;

	if (!options_parse(rows, &argc, &argv, &err))
		code = command_usage(&command_check, &err);
	else if (s.help)
		code = command_help(&command_check, rows);
	else
		code = check_parsed(&s, argc, argv);
	strings_release(&s.log_patterns);
	return code;
}
