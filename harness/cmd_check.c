/* cmd_check.c - `faultline check FILE|RUN`: is this history allowed? */
#include "base/log.h"
#include "checkers/transaction/isolation.h"
#include "harness/check_logs.h"
#include "harness/check_online.h"
#include "harness/command.h"
#include "harness/judge.h"
#include "harness/model_library.h"
#include "results/drawing/anomaly_drawing.h"
#include "results/formats/reader.h"
#include "workloads/workload.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_main(int argc, char **argv);

const struct command command_check = {"check", "FILE|RUN|-",
				      "decide whether a recorded history is allowed",
				      check_main};

struct settings {
	const char *runs, *format, *checker, *model, *level, *key, *init, *nil, *budget,
		*draw;
	struct strings log_patterns;
	int64_t threads;
	bool json, failed_cas, online, help;
};

/* "10s,2g", "10s", ",2g" or "2g"-like sizes only behind the comma. */
static bool
parse_budget(const char *text, struct judge_options *options, struct err *err)
{
	if (text == NULL)
		return true;
	char *copy = mem_string(text);
	char *comma = strchr(copy, ',');
	bool ok = true;

	if (comma != NULL)
		*comma = '\0';
	if (copy[0] != '\0')
		ok = text_duration(copy, &options->time_ns, err);
	if (ok && comma != NULL && comma[1] != '\0')
		ok = text_size(comma + 1, &options->bytes_max, err);
	free(copy);
	return ok || err_context(err, "--budget '%s'", text);
}

/* A value as JSON or, failing that, EDN: 0, "x", nil, [1 2]. */
static bool
parse_init(const char *text, struct history *history, val *init, struct err *err)
{
	struct scan scan;
	bool ok;

	if (text == NULL)
		return true;
	scan_init(&scan, SCAN_EDN, &history->values,
		  (struct bytes){.data = text, .len = strlen(text)});
	ok = scan_value(&scan, init) && scan_space(&scan) &&
	     (scan.at == scan.end ||
	      scan_fail(&scan, scan.at, "something follows the value"));
	if (!ok)
		scan_error(&scan, "--init", err);
	scan_release(&scan);
	return ok;
}

/* Whether the checker asks what a read of nil taught. */
static bool
hangs_on_nil(const char *checker)
{
	static const char *const names[] = {"register",
					    "multi-register",
					    "rw-register",
					    "sequential",
					    "causal",
					    "causal-cc",
					    "causal-ccv",
					    "causal-cm",
					    "pram",
					    "session",
					    "read-your-writes",
					    "monotonic-reads",
					    "monotonic-writes",
					    "writes-follow-reads",
					    "regular",
					    "safe",
					    "staleness",
					    "convergence"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], checker) == 0)
			return true;
	return false;
}

/* Says how the file was understood, as far as a verdict can hang on it. */
static void
print_conventions(const struct reader_facts *facts, const struct judge_options *options,
		  const struct judgement *judgement)
{
	printf("  read as %s: %llu events%s%s\n", facts->format->name,
	       (unsigned long long)facts->events,
	       facts->are_tuples ? ", values taken apart as [key value]" : "",
	       facts->has_times ? ""
				: "; no times: events are shown a millisecond apart");
	if (!facts->has_order)
		printf("  only each session's order is known, no real time\n");
	if (hangs_on_nil(judgement->of.items[0].result.checker))
		printf("  a read of nil %s\n",
		       options->check.nil_is_unknown
			       ? "taught nothing, as for Knossos (else: --nil value)"
			       : "returned the initial value (else: --nil unknown)");
}

static bool
parse_nil(const char *nil, bool of_format, bool *is_unknown, struct err *err)
{
	*is_unknown = nil == NULL ? of_format : strcmp(nil, "unknown") == 0;
	return nil == NULL || *is_unknown || strcmp(nil, "value") == 0 ||
	       err_set(err, "--nil must be 'unknown' or 'value', not '%s'", nil);
}

/* A picture of each violation; what cannot be drawn changes no verdict. */
static void
draw(const struct settings *settings, const struct history *history,
     const struct judgement *judgement)
{
	struct buf paths = {0};
	struct err why, err;

	if (settings->draw == NULL)
		return;
	if (!anomaly_drawings_write(settings->draw, history, judgement, &paths, &why,
				    &err))
		log_warn("%s", err.text);
	else if (why.text[0] != '\0')
		log_warn("%s (%s)", why.text, why.hint);
	if (!settings->json && paths.len > 0)
		printf("\ndrawn:\n%s", buf_text(&paths));
	buf_release(&paths);
}

/* Prints the verdict and keeps it in the run; returns the exit code. `facts` NULL: the
 * history is no file's. */
static int
tell_and_keep(const struct settings *settings, const struct history *history,
	      const struct judge_options *options, const struct judgement *judgement,
	      struct store *store, const struct reader_facts *facts)
{
	struct buf out = {0};
	struct err err;

	if (settings->json)
		judge_json(history, judgement, &out);
	else
		judge_words(history, judgement, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	if (facts != NULL && !settings->json)
		print_conventions(facts, options, judgement);
	draw(settings, history, judgement);
	/* What was decided holds also where it cannot be kept: a full disk, a run of others. */
	if (store != NULL && !judge_store(store, history, judgement, &err))
		log_warn("the verdict is not kept: %s", err.text);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return judge_exit_code(judgement->verdict);
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
judge_and_tell(const struct settings *settings, struct history *history,
	       struct judge_options *options, struct store *store,
	       const struct reader_facts *facts)
{
	const char *const named[] = {settings->checker, NULL};
	struct judgement judgement;
	struct err err;
	size_t level;

	if (settings->checker != NULL)
		options->checkers = named;
	options->check.model = settings->model;
	options->check.level = settings->level;
	if (settings->level == NULL && facts != NULL && !facts->has_order)
		options->check.level = "strong-session-serializable";
	options->check.threads = (int)settings->threads;
	options->check.failed_cas_observes = settings->failed_cas;
	if ((settings->level != NULL && !level_find(settings->level, &level, &err)) ||
	    !parse_init(settings->init, history, &options->check.init, &err) ||
	    !judge_history(history, options, &judgement, &err))
		return command_usage(&command_check, &err);
	int code = judge_logs(settings, store, &judgement, &err)
			   ? tell_and_keep(settings, history, options, &judgement, store,
					   facts)
			   : command_broke(&err);
	judge_release(&judgement);
	return code;
}

static int
check_file(const struct settings *settings, struct judge_options *options,
	   const char *path)
{
	const struct reader_options reader = {.format = settings->format,
					      .key = settings->key,
					      .bytes_max = options->bytes_max};
	struct reader_facts facts;
	struct history history;
	struct err err;
	int code;

	history_init(&history);
	if (!reader_read_file(path, &reader, &history, &facts, &err))
		code = command_broke(&err);
	else if (!parse_nil(settings->nil, facts.nil_is_unknown,
			    &options->check.nil_is_unknown, &err))
		code = command_usage(&command_check, &err);
	else
		code = judge_and_tell(settings, &history, options, NULL, &facts);
	history_release(&history);
	return code;
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

static int
check_opened(const struct settings *settings, struct judge_options *options,
	     struct store *store)
{
	struct history history;
	struct err err;
	int code;

	history_init(&history);
	if (!parse_nil(settings->nil, false, &options->check.nil_is_unknown, &err))
		code = command_usage(&command_check, &err);
	else if (!read_run_checkers(store, &options->checkers, &err) ||
		 !store_read_history(store, &history, &err))
		code = command_broke(&err);
	else
		code = judge_and_tell(settings, &history, options, store, NULL);
	history_release(&history);
	return code;
}

static int
check_run(const struct settings *settings, struct judge_options *options,
	  const char *which)
{
	struct err err;
	struct store *store = store_open(settings->runs, which, &err);

	if (store == NULL && access(which, F_OK) != 0 && strcmp(which, "latest") != 0)
		err_set(&err, "no file '%s', and no run of that name in '%s'", which,
			settings->runs);
	if (store == NULL)
		return command_broke(&err);
	int code = check_opened(settings, options, store);
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
check_while_reading(const struct settings *settings, struct judge_options *options,
		    const char *path)
{
	struct check_online check = {
		.path = path,
		.checker = settings->checker,
		.nil = settings->nil,
		.json = settings->json,
		.reader = {.format = settings->format,
			   .key = settings->key,
			   .bytes_max = options->bytes_max},
		.judge = options,
		.options = {.is_monotone = is_model(settings, "monotone"),
			    .least_first = is_model(settings, "priority-queue-least")}};
	struct history init;
	struct err err;
	int code;

	history_init(&init);
	bool ok = parse_init(settings->init, &init, &options->check.init, &err);
	if (ok)
		check.options.init = online_value_of(&init.values, options->check.init);
	check.init_values = &init.values;
	options->check.model = settings->model;
	ok = ok && check_online(&check, &code, &err);
	history_release(&init);
	return ok ? code : command_broke(&err);
}

static int
check_any(const struct settings *settings, struct judge_options *options,
	  const char *which)
{
	if (settings->online)
		return check_while_reading(settings, options, which);
	struct err err;

	if (!is_history_file(which))
		return check_run(settings, options, which);
	if (settings->log_patterns.of.count == 0)
		return check_file(settings, options, which);
	err_set(&err, "the history '%s' has no logs to look into", which);
	err_hint(&err, "for logs alone name --checker log-pattern");
	return command_usage(&command_check, &err);
}

/* `--checker log-pattern`: files of logs, or those of a run, and no history. */
static int
check_logs(const struct settings *settings, const struct judge_options *options,
	   const char *which)
{
	struct judgement judgement;
	struct history none;
	struct err err;
	int code;

	history_init(&none);
	if (check_logs_only(settings->runs, which, &settings->log_patterns, &judgement,
			    &err))
		code = tell_and_keep(settings, &none, options, &judgement, NULL, NULL);
	else
		code = settings->log_patterns.of.count == 0
			       ? command_usage(&command_check, &err)
			       : command_broke(&err);
	judge_release(&judgement);
	history_release(&none);
	return code;
}

/* What checkers call their variants (their headers tell), and names of Knossos' models. */
static const char *const variants[] = {"exactly-once", "monotone", "mutex",
				       "overdraft",    "owner",	   "priority-queue-least",
				       "reentrant",    "rows",	   "volatile",
				       "ww-deps",      NULL};
static const char *const knossos[][2] = {{"cas-register", "register"},
					 {"fifo-queue", "queue"},
					 {"unordered-queue", "bag"}};

static bool
unknown_model(const char *model, struct err *err)
{
	const char *names[256];
	size_t count, known = 0;
	const struct checker *const *all = checkers_all(&count);

	for (size_t i = 0; i < count && known < 200; i++)
		names[known++] = all[i]->name;
	for (size_t i = 0; variants[i] != NULL; i++)
		names[known++] = variants[i];
	const char *nearest = text_nearest(model, names, known);
	err_set(err, "unknown model '%s'", model);
	if (nearest != NULL)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(
		err,
		"'faultline list checkers' shows them; a file is ./my.lua or ./my.so");
}

/* A model by name is a checker, or a variant of one. */
static bool
choose_model(struct settings *settings, struct err *err)
{
	const char *model = settings->model;
	struct err ignored;

	if (model == NULL ||
	    strchr(model, '/') != NULL) /* SEMANTICS/OPERATOR of streams */
		return true;
	for (size_t i = 0; variants[i] != NULL; i++)
		if (strcmp(model, variants[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(knossos) / sizeof(knossos[0]); i++)
		if (strcmp(model, knossos[i][0]) == 0)
			model = knossos[i][1];
	if (checker_find(model, &ignored) == NULL)
		return unknown_model(model, err);
	if (settings->checker == NULL)
		settings->checker = model;
	return true;
}

/* --model with a path is a model of the user's own, and needs its checker. */
static int
check_with_model(struct settings *settings, struct judge_options *options,
		 const char *which)
{
	struct model_library library;
	struct err err;

	if (!model_library_is_file(settings->model))
		return choose_model(settings, &err) ? check_any(settings, options, which)
						    : command_usage(&command_check, &err);
	if (!model_library_open(&library, settings->model, &err))
		return command_broke(&err);
	options->check.user_model = library.model;
	if (settings->checker == NULL)
		settings->checker = "user-model";
	if (settings->key == NULL)
		settings->key = model_library_key(&library);
	int code = check_any(settings, options, which);
	model_library_close(&library);
	return code;
}

static bool
is_for_logs(const struct settings *settings)
{
	return settings->checker != NULL && strcmp(settings->checker, "log-pattern") == 0;
}

static int
check_parsed(struct settings *settings, int argc, char **argv)
{
	struct judge_options options = {0};
	struct err err;

	if (argc > 2) {
		err_set(&err, "one history at a time, not %d", argc - 1);
		return command_usage(&command_check, &err);
	}
	if (settings->threads > 1024)
		settings->threads = 1024;
	if (!parse_budget(settings->budget, &options, &err) ||
	    (settings->format != NULL && format_find(settings->format, &err) == NULL) ||
	    !log_patterns_check(&settings->log_patterns, &err))
		return command_usage(&command_check, &err);
	const char *which = argc == 2 ? argv[1] : "latest";
	return is_for_logs(settings) ? check_logs(settings, &options, which)
				     : check_with_model(settings, &options, which);
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
		 "initial value of registers [nil]"},
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
