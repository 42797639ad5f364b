#include "chaos/agent/undo.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "chaos/agent/cut.h"
#include "chaos/agent/process.h"
#include "chaos/agent/protocol.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_PREFIX "undo-"

enum {
	RECORD_BYTES_MAX = 1 << 20,
	LOCK_WAIT_MS = 15000,
	START_TIMEOUT_MS = 10000
};

bool
undo_note(struct undo *undo, struct err *err, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (length < 0 || length >= (int)sizeof(line) - 1)
		return err_set(err, "note of %d bytes is too long for '%s'", length,
			       undo->path);
	line[length++] = '\n';
	if (!file_write_all(undo->fd, line, (size_t)length) || fdatasync(undo->fd) != 0)
		return err_errno(err, "write undo record '%s'", undo->path);
	return true;
}

bool
undo_open(struct undo *undo, const char *folder, const char *session, struct err *err)
{
	struct process_view own;

	if (!file_make_folder(folder, err))
		return false;
	if (snprintf(undo->path, sizeof(undo->path), "%s/" RECORD_PREFIX "%s", folder,
		     session) >= (int)sizeof(undo->path))
		return err_set(err, "path '%s' is too long", folder);
	undo->fd =
		open(undo->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (undo->fd < 0)
		return err_errno(err, "make undo record '%s'", undo->path);
	if (flock(undo->fd, LOCK_EX | LOCK_NB) != 0 || !process_view(getpid(), &own)) {
		undo_close(undo);
		return err_errno(err, "lock undo record '%s'", undo->path);
	}
	if (!undo_note(undo, err, "agent %d %" PRIu64, getpid(), own.start)) {
		undo_close(undo);
		return false;
	}
	undo->header_bytes = lseek(undo->fd, 0, SEEK_END);
	return true;
}

bool
undo_clear(struct undo *undo, struct err *err)
{
	if (ftruncate(undo->fd, undo->header_bytes) != 0)
		return err_errno(err, "empty undo record '%s'", undo->path);
	return true;
}

void
undo_close(struct undo *undo)
{
	unlink(undo->path);
	close(undo->fd);
	undo->fd = -1;
}

static bool
read_record(int fd, struct buf *text)
{
	char chunk[4096];
	ssize_t got;
	off_t at = 0;

	while ((got = pread(fd, chunk, sizeof(chunk), at)) > 0 && at < RECORD_BYTES_MAX) {
		buf_append(text, chunk, (size_t)got);
		at += got;
	}
	return got >= 0;
}

/* Was the lease healed? Looked for behind the line itself. */
static bool
is_done(const char *rest, const char *lease)
{
	char done[160];

	snprintf(done, sizeof(done), "\ndone %s\n", lease);
	return strstr(rest, done) != NULL;
}

static bool
resume(const char *pid_text, const char *start_text, struct err *err)
{
	int pid = 0;
	uint64_t start = 0;

	if (sscanf(pid_text, "%d", &pid) != 1 ||
	    sscanf(start_text, "%" SCNu64, &start) != 1 || pid <= 1)
		return err_set(err, "undo record names process '%s'", pid_text);
	struct process process = {.pid = pid, .start = start};
	return process_signal(&process, SIGCONT, err);
}

static bool
restart(const char *daemons, const char *name, struct err *err)
{
	struct process process;

	if (!protocol_is_name(name))
		return err_set(err, "undo record names daemon '%s'", name);
	return process_of_daemon(daemons, name, &process, err) ||
	       process_start_daemon(daemons, name, START_TIMEOUT_MS, &process, err);
}

/* Acts on one line; a torn last line has too few words and is passed over: what it
 * announced was not begun. */
static bool
replay_line(const char *line, const char *rest, const char *daemons, int *count,
	    struct err *err)
{
	char verb[16] = "", a[128] = "", b[128] = "", c[64] = "";
	int words = sscanf(line, "%15s %127s %127s %63s", verb, a, b, c);

	if (strcmp(verb, "cut") == 0 && words == 2 &&
	    strncmp(a, CUT_TABLE_PREFIX, strlen(CUT_TABLE_PREFIX)) == 0) {
		++*count;
		return cut_table_delete(a, err);
	}
	bool pause = strcmp(verb, "pause") == 0 && words == 4;
	bool kill = strcmp(verb, "kill") == 0 && words == 3;
	if ((!pause && !kill) || is_done(rest, a))
		return true;
	++*count;
	return pause ? resume(b, c, err) : restart(daemons, b, err);
}

bool
undo_replay(struct undo *undo, const char *daemons, int *count, struct err *err)
{
	struct buf text = {0};
	struct err first = {0}, failed;

	*count = 0;
	if (!read_record(undo->fd, &text)) {
		buf_release(&text);
		return err_errno(err, "read undo record '%s'", undo->path);
	}
	for (const char *line = buf_text(&text); *line != '\0';) {
		const char *end = strchr(line, '\n');
		if (end == NULL)
			break;
		char copy[512];
		snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
		if (!replay_line(copy, end, daemons, count, &failed) &&
		    first.text[0] == '\0')
			first = failed;
		line = end + 1;
	}
	buf_release(&text);
	if (first.text[0] == '\0')
		return true;
	*err = first;
	return false;
}

/* The agent that wrote the record, if it lives. */
static bool
find_agent(int fd, struct process *agent)
{
	struct buf text = {0};
	int pid = 0;
	uint64_t start = 0;

	bool ok = read_record(fd, &text) &&
		  sscanf(buf_text(&text), "agent %d %" SCNu64, &pid, &start) == 2;
	buf_release(&text);
	*agent = (struct process){.pid = pid, .start = start};
	return ok && pid > 1 && process_is_alive(agent);
}

static bool
await_lock(int fd, int timeout_ms)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (clock_left_ms(deadline) == 0)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

/* Takes the lock when the record is ours to replay; *skip when another agent lives. */
static bool
claim(struct undo *undo, bool take_over, bool *skip, struct err *err)
{
	struct process agent;

	*skip = false;
	if (flock(undo->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (find_agent(undo->fd, &agent)) {
		*skip = !take_over;
		if (*skip)
			return true;
		if (!process_signal(&agent, SIGTERM, err))
			return false;
	}
	if (await_lock(undo->fd, LOCK_WAIT_MS))
		return true;
	return err_set(err, "undo record '%s' stays locked", undo->path);
}

static bool
replay_leftover(const char *path, const char *daemons, bool take_over, int *count,
		struct err *err)
{
	struct undo undo = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	struct stat status;
	bool skip;
	int acted = 0;

	if (undo.fd < 0)
		return errno == ENOENT ? true
				       : err_errno(err, "open undo record '%s'", path);
	snprintf(undo.path, sizeof(undo.path), "%s", path);
	bool ok = claim(&undo, take_over, &skip, err);
	if (ok && !skip && fstat(undo.fd, &status) == 0 && status.st_nlink > 0) {
		ok = undo_replay(&undo, daemons, &acted, err);
		if (ok)
			unlink(path);
	}
	close(undo.fd);
	*count += acted;
	return ok;
}

bool
undo_replay_leftovers(const char *folder, const char *daemons, bool take_over, int *count,
		      struct err *err)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	struct err first = {0}, failed;
	char path[PATH_MAX];

	*count = 0;
	if (listing == NULL)
		return errno == ENOENT ? true
				       : err_errno(err, "open folder '%s'", folder);
	while ((entry = readdir(listing)) != NULL) {
		if (strncmp(entry->d_name, RECORD_PREFIX, strlen(RECORD_PREFIX)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!replay_leftover(path, daemons, take_over, count, &failed) &&
		    first.text[0] == '\0')
			first = failed;
	}
	closedir(listing);
	if (first.text[0] == '\0')
		return true;
	*err = first;
	return false;
}
