#include "harness/lab/lab_state.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool
lab_name_check(const char *name, struct err *err)
{
	size_t bytes = strlen(name);

	if (bytes > 0 && bytes <= LAB_NAME_BYTES_MAX && name[0] != '-' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == bytes)
		return true;
	err_set(err, "'%.40s' cannot be the name of a lab", name);
	return err_hint(err, "use lower-case letters, digits and dashes, at most %d",
			LAB_NAME_BYTES_MAX);
}

struct lab_path
lab_path(const char *name, const char *file)
{
	struct lab_path path;

	snprintf(path.text, sizeof(path.text), LAB_FOLDER "/%s%s%s", name,
		 file[0] != '\0' ? "/" : "", file);
	return path;
}

bool
lab_state_write(const char *name, const struct lab_state *state, struct err *err)
{
	struct buf text = {0};

	buf_printf(&text, "pid %d\nstart %llu\n", (int)state->pid,
		   (unsigned long long)state->start);
	for (int i = 0; i < state->count; i++)
		buf_printf(&text, "host %d %d\n", i + 1, (int)state->hosts[i]);
	bool ok = file_write(lab_path(name, "lab").text, buf_text(&text), text.len, err);
	buf_release(&text);
	return ok;
}

static void
parse_line(const char *line, struct lab_state *state)
{
	unsigned long long start;
	int index, pid;

	if (sscanf(line, "pid %d", &pid) == 1)
		state->pid = pid;
	else if (sscanf(line, "start %llu", &start) == 1)
		state->start = start;
	else if (sscanf(line, "host %d %d", &index, &pid) == 2 &&
		 index == state->count + 1 && index <= LAB_HOSTS_MAX)
		state->hosts[state->count++] = pid;
}

bool
lab_state_read(const char *name, struct lab_state *state, struct err *err)
{
	struct buf text = {0};
	struct strings lines = {0};
	struct err unread;

	*state = (struct lab_state){0};
	if (file_read(lab_path(name, "lab").text, 1 << 16, &text, &unread)) {
		strings_split(&lines, buf_text(&text), '\n');
		for (size_t i = 0; i < lines.of.count; i++)
			parse_line(lines.of.items[i], state);
	}
	strings_release(&lines);
	buf_release(&text);
	if (state->pid > 0 && process_start(state->pid) == state->start)
		return true;
	err_set(err, "lab '%s' is not up", name);
	return err_hint(err, "'faultline lab up -n 5 --name %s' brings it up", name);
}

void
lab_names(struct strings *names)
{
	DIR *folder = opendir(LAB_FOLDER);
	struct err err;

	if (folder == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		if (lab_name_check(entry->d_name, &err))
			strings_push(names, entry->d_name);
	closedir(folder);
}

uint64_t
process_start(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long start = 0;
	char state = 'Z';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	/* The second field, the name in parentheses, may itself hold spaces and ')'. */
	const char *after_name = strrchr(text, ')');
	if (after_name == NULL ||
	    sscanf(after_name,
		   ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
		   " %*s %*s %*s %llu",
		   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

/* True when the locked folder is still the one that the path names: the last user of the
 * folder removes it. */
static bool
is_current(int lock)
{
	struct stat locked, named;

	return fstat(lock, &locked) == 0 && stat(LAB_FOLDER, &named) == 0 &&
	       locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

int
labs_lock(struct err *err)
{
	for (;;) {
		if (!file_make_folder(LAB_FOLDER, err))
			return -1;
		int lock = open(LAB_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lock >= 0 && flock(lock, LOCK_EX) == 0 && is_current(lock))
			return lock;
		if (lock < 0) {
			err_errno(err, "open '%s'", LAB_FOLDER);
			return -1;
		}
		close(lock);
	}
}

void
labs_unlock(int lock)
{
	/* Neither is removed while it holds anything. */
	rmdir(LAB_FOLDER);
	rmdir("/var/lib/faultline");
	close(lock);
}
