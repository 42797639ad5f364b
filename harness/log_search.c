#include "harness/log_search.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 256 << 10,
	DEPTH_MAX = 16, /* folders below each other */
};

/* ---- one file ------------------------------------------------------------------------- */

struct reading {
	struct log_patterns *patterns;
	const char *name;
	uint64_t number;    /* of the line that is being read */
	struct buf partial; /* its bytes from chunks before, up to LOG_LINE_BYTES_MAX */
};

static void
keep_partial(struct reading *reading, const char *from, size_t bytes)
{
	size_t room = LOG_LINE_BYTES_MAX - reading->partial.len;

	buf_append(&reading->partial, from, bytes < room ? bytes : room);
}

static void
end_line(struct reading *reading, const char *from, size_t bytes)
{
	struct bytes line = {.data = from, .len = bytes};

	if (reading->partial.len > 0) {
		keep_partial(reading, from, bytes);
		line = (struct bytes){.data = reading->partial.data,
				      .len = reading->partial.len};
	}
	log_patterns_line(reading->patterns, reading->name, ++reading->number, line);
	buf_clear(&reading->partial);
}

static void
take_chunk(struct reading *reading, const char *at, const char *end)
{
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL) {
			keep_partial(reading, at, (size_t)(end - at));
			return;
		}
		end_line(reading, at, (size_t)(newline - at));
		at = newline + 1;
	}
}

static bool
read_lines(struct reading *reading, int fd, struct err *err)
{
	char *chunk = mem_new(CHUNK_BYTES, 1);
	ssize_t bytes;

	while ((bytes = read(fd, chunk, CHUNK_BYTES)) > 0 ||
	       (bytes < 0 && errno == EINTR))
		if (bytes > 0)
			take_chunk(reading, chunk, chunk + bytes);
	if (reading->partial.len > 0)
		end_line(reading, "", 0);
	free(chunk);
	return bytes == 0 || err_errno(err, "read the log '%s'", reading->name);
}

static bool
search_file(struct log_patterns *patterns, const char *path, const char *name,
	    struct err *err)
{
	struct reading reading = {.patterns = patterns, .name = name};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_errno(err, "open the log '%s'", path);
	bool ok = read_lines(&reading, fd, err);
	close(fd);
	buf_release(&reading.partial);
	return ok;
}

/* ---- a folder ------------------------------------------------------------------------- */

static int
is_named(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool search_below(struct log_patterns *patterns, const char *path,
			 const char *name, int depth, struct err *err);

static bool
search_folder(struct log_patterns *patterns, const char *path, const char *name,
	      int depth, struct err *err)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_named, alphasort);
	bool ok = count >= 0 || err_errno(err, "list the folder '%s'", path);

	for (int i = 0; i < count; i++) {
		char *below = mem_format("%s/%s", path, entries[i]->d_name);
		char *called = name[0] == '\0'
				       ? mem_string(entries[i]->d_name)
				       : mem_format("%s/%s", name, entries[i]->d_name);
		ok = ok && search_below(patterns, below, called, depth + 1, err);
		free(below);
		free(called);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return ok;
}

/* Neither file nor folder (links, sockets): nothing to read. */
static bool
search_below(struct log_patterns *patterns, const char *path, const char *name, int depth,
	     struct err *err)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return err_errno(err, "look at '%s'", path);
	if (S_ISREG(status.st_mode))
		return search_file(patterns, path, name, err);
	if (!S_ISDIR(status.st_mode))
		return true;
	return depth < DEPTH_MAX
		       ? search_folder(patterns, path, name, depth, err)
		       : err_set(err, "the folder '%s' is too deep to be searched", path);
}

bool
log_search(struct log_patterns *patterns, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat status;

	if (stat(path, &status) != 0)
		return err_errno(err, "look for logs in '%s'", path);
	if (S_ISDIR(status.st_mode))
		return search_folder(patterns, path, "", 0, err);
	return search_file(patterns, path, slash != NULL ? slash + 1 : path, err);
}

/* ---- the verdict ---------------------------------------------------------------------- */

static bool
add_patterns(struct log_patterns *patterns, const struct strings *asked,
	     const char *const *own, struct err *err)
{
	vec_each (char *, text, &asked->of)
		if (!log_patterns_add(patterns, *text, err))
			return false;
	for (; own != NULL && *own != NULL; own++)
		if (!log_patterns_add(patterns, *own, err))
			return false;
	return true;
}

bool
log_patterns_check(const struct strings *asked, struct err *err)
{
	struct log_patterns patterns = {0};
	bool ok = add_patterns(&patterns, asked, NULL, err);

	log_patterns_release(&patterns);
	return ok;
}

static void
add_verdict(struct judgement *judgement, const struct log_patterns *patterns,
	    int64_t start_ns)
{
	struct judged judged = {.seconds = (double)(clock_ns() - start_ns) / 1e9};

	log_patterns_result(patterns, &judged.result);
	judgement->verdict = verdict_worse(judgement->verdict, judged.result.verdict);
	vec_push(&judgement->of, judged);
}

bool
log_search_judge(struct judgement *judgement, const char *path,
		 const struct strings *asked, const char *const *own, struct err *err)
{
	struct log_patterns patterns = {0};
	int64_t start_ns = clock_ns();
	bool is_there = access(path, F_OK) == 0;

	bool ok =
		add_patterns(&patterns, asked, own, err) &&
		(!is_there || patterns.of.count == 0 || log_search(&patterns, path, err));
	if (ok && patterns.of.count > 0 && (patterns.lines > 0 || asked->of.count > 0))
		add_verdict(judgement, &patterns, start_ns);
	log_patterns_release(&patterns);
	return ok;
}
