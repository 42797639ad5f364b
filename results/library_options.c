/* library_options.c - the options of libfaultline-check. */
#include "results/library.h"

#include "base/mem.h"
#include "base/text.h"
#include "checkers/model_names.h"
#include "checkers/transaction/isolation.h"

#include <stdlib.h>
#include <string.h>

enum {
	THREADS_MAX = 1024
};

/* ---- setting ---- */

static bool
set_text(char **option, const char *value)
{
	free(*option);
	*option = value != NULL ? mem_string(value) : NULL;
	return true;
}

static bool
set_model(struct faultline_check *check, const char *value)
{
	const char *checker = NULL;

	if (value != NULL && !model_name_find(value, &checker, &check->err))
		return false;
	set_text(&check->model, value);
	check->model_checker = checker;
	return true;
}

static bool
set_threads(struct faultline_check *check, const char *value)
{
	int64_t threads;

	if (!text_int(value, 0, THREADS_MAX, &threads, &check->err))
		return err_context(&check->err, "threads '%s'", value);
	check->options.check.threads = (int)threads;
	return true;
}

static bool
set_nil(struct faultline_check *check, const char *value)
{
	if (strcmp(value, "unknown") != 0 && strcmp(value, "value") != 0)
		return err_set(&check->err, "nil must be 'unknown' or 'value', not '%s'",
			       value);
	return set_text(&check->nil, value);
}

static bool
set_failed_cas(struct faultline_check *check, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return err_set(&check->err,
			       "failed-cas-observes must be 'yes' or 'no', not '%s'",
			       value);
	check->options.check.failed_cas_observes = strcmp(value, "yes") == 0;
	return true;
}

static bool
set_option(struct faultline_check *check, const char *option, const char *value)
{
	const struct {
		const char *name;
		char **target;
	} texts[] = {{"checker", &check->checker},
		     {"level", &check->level},
		     {"key", &check->key},
		     {"init", &check->init}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, option) == 0)
			return set_text(texts[i].target, value);
	if (strcmp(option, "model") == 0)
		return set_model(check, value);
	if (value == NULL)
		return err_set(&check->err, "option '%s' needs a value", option);
	if (strcmp(option, "nil") == 0)
		return set_nil(check, value);
	if (strcmp(option, "failed-cas-observes") == 0)
		return set_failed_cas(check, value);
	if (strcmp(option, "threads") == 0)
		return set_threads(check, value);
	if (strcmp(option, "time") == 0)
		return text_duration(value, &check->options.time_ns, &check->err);
	if (strcmp(option, "memory") == 0)
		return text_size(value, &check->options.bytes_max, &check->err);
	return err_set(&check->err, "unknown option '%s'", option);
}

/* What readers of histories ask comes before the history. */
static bool
comes_in_time(struct faultline_check *check, const char *option)
{
	if (strcmp(option, "key") != 0 || check->history.ops.count == 0)
		return true;
	return err_set(&check->err,
		       "there is a history already: the option 'key' comes before it");
}

bool
faultline_check_set(struct faultline_check *check, const char *option, const char *value)
{
	bool ok = option != NULL || err_set(&check->err, "an option has no name");

	return library_answer(check, ok && comes_in_time(check, option) &&
					     set_option(check, option, value));
}

void
faultline_check_use_model(struct faultline_check *check,
			  const struct faultline_model *model)
{
	check->options.check.user_model = model;
}

/* ---- as a run wants them ---- */

/* EDN keeps as text what it cannot calculate with (1/2, 0x7f, 7x); of numbers only those that
 * are too long are meant so. */
static bool
is_misspelt_number(const char *text)
{
	text += strspn(text, " \t\r\n");
	text += strspn(text, "+-");
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && strchr(" \t\r\n,N", text[digits]) == NULL;
}

/* As JSON or, failing that, EDN: 0, "x", nil, [1 2], {"a": 1}, {:a 1}. */
static bool
parse_init(struct faultline_check *check, val *init)
{
	if (library_scan(check, SCAN_JSON, "init", check->init, init))
		return true;
	if (!library_scan(check, SCAN_EDN, "init", check->init, init))
		return false;
	if (val_kind(*init) != VAL_STRING || !is_misspelt_number(check->init))
		return true;
	err_set(&check->err, "init '%s' is no number", check->init);
	return err_hint(&check->err, "a text stands in quotes: '\"%s\"'", check->init);
}

/* The level of staleness is a bound, which that checker reads itself. */
static bool
level_is_known(struct faultline_check *check, const char *checker)
{
	size_t level;

	return check->level == NULL ||
	       (checker != NULL && strcmp(checker, "staleness") == 0) ||
	       level_find(check->level, &level, &check->err);
}

static const char *
checker_asked_for(const struct faultline_check *check)
{
	if (check->checker != NULL)
		return check->checker;
	return check->options.check.user_model != NULL ? "user-model"
						       : check->model_checker;
}

bool
library_options(struct faultline_check *check, struct judge_options *options,
		const char *named[2])
{
	bool is_read = check->facts.format != NULL;

	*options = check->options;
	options->stop = &check->stop;
	named[0] = checker_asked_for(check);
	named[1] = NULL;
	if (named[0] != NULL)
		options->checkers = named;
	options->check.model = check->model;
	options->check.level = check->level;
	if (check->level == NULL && is_read && !check->facts.has_order)
		options->check.level = "strong-session-serializable";
	options->check.nil_is_unknown = check->nil != NULL
						? strcmp(check->nil, "unknown") == 0
						: is_read && check->facts.nil_is_unknown;
	return level_is_known(check, named[0]) && parse_init(check, &options->check.init);
}
