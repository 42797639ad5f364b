/* cmd_ls.c - `faultline ls`: the runs, the newest first. */
#include "harness/command.h"
#include "results/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int ls_main(int argc, char **argv);

const struct command command_ls = {"ls", "[NAME]", "list the runs, the newest first",
				   ls_main};

/* The folder of a run, NAME/TIME below the runs. */
struct entry {
	char *path;	/* owned */
	size_t time_at; /* where TIME begins in it */
};

typedef VEC(struct entry) entries;

static int
newest_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(y->path + y->time_at, x->path + x->time_at);

	return order != 0 ? order : strcmp(x->path, y->path);
}

static bool
is_run_folder(const char *path)
{
	char *database = mem_format("%s/run.db", path);
	bool is = store_is_database(database);

	free(database);
	return is;
}

static void
add_runs_of(const char *runs, const char *name, entries *found)
{
	char *folder = mem_format("%s/%s", runs, name);
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "latest") == 0)
			continue;
		char *path = mem_format("%s/%s", folder, entry->d_name);
		if (is_run_folder(path))
			vec_push(found, (struct entry){.path = path,
						       .time_at = strlen(folder) + 1});
		else
			free(path);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
}

static bool
find_runs(const char *runs, const char *only, entries *found, struct err *err)
{
	DIR *dir = opendir(runs);
	struct dirent *entry;

	if (dir == NULL && errno == ENOENT)
		return true;
	if (dir == NULL)
		return err_errno(err, "open '%s'", runs);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "latest") != 0 &&
		    (only == NULL || strcmp(only, entry->d_name) == 0))
			add_runs_of(runs, entry->d_name, found);
	closedir(dir);
	if (found->count > 0)
		qsort(found->items, found->count, sizeof(struct entry), newest_first);
	return true;
}

static bool
print_row(void *context, int columns, const char *const *texts)
{
	const char *verdict = texts[6] != NULL ? texts[6] : texts[5];

	(void)columns;
	printf("%-19s  %-16s %-10s %-10s %-22s %9s  %s\n", (const char *)context,
	       texts[0], texts[1] != NULL ? texts[1] : "",
	       texts[2] != NULL ? texts[2] : "",
	       texts[3] != NULL && texts[3][0] != '\0' ? texts[3] : "-", texts[4],
	       verdict != NULL ? verdict : "");
	return false;
}

/* A run that cannot be read is a line too: it must not hide the others. */
static void
print_run(struct entry *entry)
{
	struct err err, ignored;
	struct store *store = store_open("", entry->path, &err);

	if (store == NULL ||
	    !store_query(store,
			 "SELECT name, system, workload, faults, coalesce(operations, "
			 "(SELECT count(*) FROM op)), status, verdict FROM run",
			 print_row, entry->path + entry->time_at, &err))
		printf("%-19s  %s\n", entry->path + entry->time_at, err.text);
	store_close(store, &ignored);
}

static int
print_runs(const char *runs, const char *only, int64_t limit)
{
	entries found = {0};
	struct err err;

	if (!find_runs(runs, only, &found, &err))
		return command_broke(&err);
	if (found.count == 0)
		printf("no runs in '%s'\n", runs);
	else
		printf("%-19s  %-16s %-10s %-10s %-22s %9s  %s\n", "TIME", "NAME",
		       "SYSTEM", "WORKLOAD", "FAULTS", "OPS", "VERDICT");
	for (size_t i = 0; i < found.count; i++) {
		if (limit == 0 || i < (size_t)limit)
			print_run(&found.items[i]);
		free(found.items[i].path);
	}
	vec_release(&found);
	return EXIT_VALID;
}

static int
ls_main(int argc, char **argv)
{
	const char *runs = "runs";
	int64_t limit = 0;
	bool help = false;
	const struct option_row rows[] = {
		{"limit", 'n', OPTION_INT, &limit, "N", "the newest N only [all]"},
		{"runs", 0, OPTION_TEXT, &runs, "FOLDER", "where runs are kept [runs]"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_ls, &err);
	if (help)
		return command_help(&command_ls, rows);
	if (argc > 2) {
		err_set(&err, "one name at a time, not %d", argc - 1);
		return command_usage(&command_ls, &err);
	}
	return print_runs(runs, argc == 2 ? argv[1] : NULL, limit);
}
