#include "harness/check_logs.h"

#include "base/file.h"
#include "base/mem.h"
#include "systems/system.h"

#include <stdlib.h>

bool
check_logs_of_run(struct store *store, const struct strings *asked,
		  struct judgement *judgement, struct err *err)
{
	const struct system *system;
	struct store_run run;
	struct err ignored;

	if (!store_read_run(store, &run, err))
		return false;
	system = system_find(run.system, &ignored); /* NULL: imported from elsewhere */
	char *folder = mem_format("%s/hosts", store_folder(store));
	bool ok = log_search_judge(judgement, folder, asked,
				   system != NULL ? system->log_patterns : NULL, err);
	free(folder);
	return ok;
}

static bool
is_run_folder(const char *path)
{
	char *database = mem_format("%s/run.db", path);
	bool is_run = file_exists(database);

	free(database);
	return is_run;
}

static bool
search_run(const char *runs_folder, const char *which, const struct strings *asked,
	   struct judgement *judgement, struct err *err)
{
	struct err ignored;
	struct store *store = store_open(runs_folder, which, err);

	if (store == NULL)
		return false;
	bool ok = check_logs_of_run(store, asked, judgement, err);
	return store_close(store, ok ? err : &ignored) && ok;
}

bool
check_logs_only(const char *runs_folder, const char *which, const struct strings *asked,
		struct judgement *judgement, struct err *err)
{
	*judgement = (struct judgement){0};
	if (asked->of.count == 0) {
		err_set(err, "log-pattern needs a pattern");
		return err_hint(err, "give it with --log-pattern REGEX");
	}
	if (!file_exists(which) || is_run_folder(which))
		return search_run(runs_folder, which, asked, judgement, err);
	return log_search_judge(judgement, which, asked, NULL, err);
}
