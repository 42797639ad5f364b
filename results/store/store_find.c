/* Making the folder of a run, and finding runs by what people type. */
#include "results/store/store_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
store_is_run_name(const char *name)
{
	return name != NULL && name[0] != '\0' && name[0] != '.' &&
	       strchr(name, '/') == NULL && strcmp(name, "latest") != 0 &&
	       strlen(name) <= 100;
}

/* FOLDER/latest -> TARGET, replaced in one step. That it fails is no reason to stop. */
static void
link_latest(const char *folder, const char *target)
{
	char *link = mem_format("%s/latest", folder);
	char *temporary = mem_format("%s/.latest.%d", folder, (int)getpid());

	unlink(temporary);
	if (symlink(target, temporary) == 0 && rename(temporary, link) != 0)
		unlink(temporary);
	free(temporary);
	free(link);
}

/* Makes runs/NAME/TIME; two runs of the same millisecond get different folders. */
static char *
make_run_folder(const char *runs_folder, const char *name, struct err *err)
{
	char *parent = mem_format("%s/%s", runs_folder, name);
	char label[64], *folder = NULL;
	bool ok = file_make_folder(parent, err);

	for (int tries = 0; ok && folder == NULL; tries++) {
		clock_label(label, sizeof(label));
		folder = mem_format("%s/%s", parent, label);
		if (mkdir(folder, 0755) == 0)
			break;
		ok = errno == EEXIST && tries < 1000;
		if (!ok)
			err_errno(err, "make folder '%s'", folder);
		free(folder);
		folder = NULL;
		clock_sleep_ms(1);
	}
	if (folder != NULL) {
		char *target = mem_format("%s/%s", name, label);
		link_latest(parent, label);
		link_latest(runs_folder, target);
		free(target);
	}
	free(parent);
	return folder;
}

struct store *
store_create(const char *runs_folder, const struct store_run *run, struct err *err)
{
	struct err ignored;

	if (!store_is_run_name(run->name)) {
		err_set(err, "a run cannot be named '%s'", run->name ? run->name : "");
		err_hint(err, "use letters, digits, '-' and '_', at most 100");
		return NULL;
	}
	char *folder = make_run_folder(runs_folder, run->name, err);
	if (folder == NULL)
		return NULL;
	char *path = mem_format("%s/" STORE_DATABASE, folder);
	struct store *store = store_file_open(folder, path, true, err);
	if (store != NULL && !store_put_run(store, run, err)) {
		store_close(store, &ignored);
		return NULL;
	}
	return store;
}

static bool
is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The newest run below FOLDER: by its `latest` link, else by the folders' names, which
 * are times. NULL when there is none. The caller frees. */
static char *
newest_below(const char *folder)
{
	struct dirent **entries;
	char *path = mem_format("%s/latest/" STORE_DATABASE, folder);

	if (is_file(path))
		return path;
	free(path);
	path = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	for (int i = count - 1; i >= 0; i--) {
		if (path == NULL && entries[i]->d_name[0] != '.') {
			path = mem_format("%s/%s/" STORE_DATABASE, folder,
					  entries[i]->d_name);
			if (!is_file(path)) {
				free(path);
				path = NULL;
			}
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return path;
}

/* The database at a path: the file itself, that of a run's folder, or of the newest run.
 */
static char *
database_at(const char *path)
{
	if (is_file(path))
		return mem_string(path);
	char *inside = mem_format("%s/" STORE_DATABASE, path);
	if (is_file(inside))
		return inside;
	free(inside);
	return newest_below(path);
}

/* The database of the run that began at a TIME, as 'faultline ls' writes it: RUNS/ANY/TIME. */
static char *
database_of_time(const char *runs_folder, const char *time)
{
	char *pattern = mem_format("%s/*/%s/" STORE_DATABASE, runs_folder, time);
	glob_t found;
	char *path = NULL;

	if (strpbrk(time, "*?[/") == NULL && glob(pattern, 0, NULL, &found) == 0) {
		path = mem_string(found.gl_pathv[0]);
		globfree(&found);
	}
	free(pattern);
	return path;
}

static char *
find_database(const char *runs_folder, const char *which, struct err *err)
{
	char *below = mem_format("%s/%s", runs_folder, which);
	char *found = database_at(below);

	if (found == NULL)
		found = database_of_time(runs_folder, which);
	if (found == NULL)
		found = database_at(which);
	free(below);
	if (found == NULL) {
		err_set(err, "no run '%s' in '%s'", which, runs_folder);
		err_hint(err,
			 "'faultline ls' lists the runs, --runs names another folder");
	}
	return found;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash == NULL ? mem_string(".") : mem_bytes(path, (size_t)(slash - path));
	char *real = realpath(folder, NULL);

	/* `latest` may point elsewhere before we are done; other names stay as typed. */
	if (real != NULL && strstr(folder, "latest") != NULL) {
		free(folder);
		return real;
	}
	free(real);
	return folder;
}

bool
store_is_database(const char *path)
{
	char head[16] = "";
	FILE *file = fopen(path, "rb");
	bool is = file != NULL && fread(head, 1, sizeof(head), file) == sizeof(head) &&
		  memcmp(head, "SQLite format 3", sizeof(head)) == 0;

	if (file != NULL)
		fclose(file);
	return is;
}

struct store *
store_open(const char *runs_folder, const char *which, struct err *err)
{
	char *path = find_database(runs_folder, which != NULL ? which : "latest", err);

	if (path == NULL)
		return NULL;
	if (!store_is_database(path)) {
		err_set(err, "'%s' is no run: it is not a SQLite file", path);
		free(path);
		return NULL;
	}
	char *folder = folder_of(path);
	const char *slash = strrchr(path, '/');
	char *inside = mem_format("%s/%s", folder, slash != NULL ? slash + 1 : path);
	free(path);
	return store_file_open(folder, inside, false, err);
}
