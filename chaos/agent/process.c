#include "chaos/agent/process.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	POLL_MS = 2
};

/* Reads a `stat` file of a process or of one of its threads. */
static bool
read_stat(const char *path, struct process_view *view)
{
	struct buf text = {0};
	struct err err;
	unsigned long long user, system, start;

	if (!file_read(path, 4096, &text, &err)) {
		buf_release(&text);
		return false;
	}
	/* The name, field 2, may hold anything; the last ')' ends it. */
	const char *rest = strrchr(buf_text(&text), ')');
	int got = rest == NULL
			  ? 0
			  : sscanf(rest + 1,
				   " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu "
				   "%*d %*d %*d %*d %*d %*d %llu",
				   &view->state, &view->parent, &view->session, &user,
				   &system, &start);
	buf_release(&text);
	if (got != 6)
		return false;
	view->start = start;
	view->cpu_ticks = user + system;
	return true;
}

bool
process_view(pid_t pid, struct process_view *view)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_stat(path, view);
}

static bool
view_same(const struct process *process, struct process_view *view)
{
	return process_view(process->pid, view) && view->start == process->start &&
	       view->state != 'Z' && view->state != 'X';
}

bool
process_is_alive(const struct process *process)
{
	struct process_view view;

	return view_same(process, &view);
}

bool
process_signal(const struct process *process, int signal, struct err *err)
{
	int pidfd = pidfd_open(process->pid, 0);

	if (pidfd < 0)
		return errno == ESRCH ? true
				      : err_errno(err, "open process %d", process->pid);
	/* Checked behind the pidfd: from here on it cannot become another process. */
	bool sent = !process_is_alive(process) ||
		    pidfd_send_signal(pidfd, signal, NULL, 0) == 0 || errno == ESRCH;
	if (!sent)
		err_errno(err, "send signal %d to process %d", signal, process->pid);
	close(pidfd);
	return sent;
}

bool
process_of_daemon(const char *folder, const char *name, struct process *process,
		  struct err *err)
{
	char path[PATH_MAX];
	struct buf text = {0};
	int pid = 0;
	unsigned long long start = 0;

	snprintf(path, sizeof(path), "%s/%s/pid", folder, name);
	bool ok = file_read(path, 256, &text, err);
	if (ok && (sscanf(buf_text(&text), "%d %llu", &pid, &start) != 2 || pid <= 1))
		ok = err_set(err, "pidfile '%s' does not hold a pid and a start time",
			     path);
	buf_release(&text);
	if (!ok)
		return err_context(err, "find daemon '%s'", name);
	*process = (struct process){.pid = pid, .start = start};
	if (!process_is_alive(process))
		return err_set(err, "daemon '%s' does not run (pid %d of '%s' is gone)",
			       name, pid, path);
	return true;
}

static bool
contains(const struct processes *list, pid_t pid)
{
	vec_each (struct process, process, &list->of) {
		if (process->pid == pid)
			return true;
	}
	return false;
}

/* This program and those above it. */
static bool
is_protected(pid_t pid)
{
	struct process_view view;

	if (pid <= 1)
		return true;
	for (pid_t own = getpid(); own > 1 && process_view(own, &view); own = view.parent)
		if (own == pid)
			return true;
	return false;
}

/* One pass over /proc; returns how many were added, -1 on failure. */
static int
add_relatives(const struct process *root, struct processes *tree, struct err *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct process_view view;
	int added = 0;

	if (proc == NULL) {
		err_errno(err, "open '/proc'");
		return -1;
	}
	while (added >= 0 && (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)atoi(entry->d_name);
		if (contains(tree, pid) || !process_view(pid, &view) ||
		    view.state == 'Z' ||
		    (!contains(tree, view.parent) && view.session != root->pid))
			continue;
		if (is_protected(pid) || tree->of.count == PROCESS_TREE_MAX) {
			err_set(err, "process %d below process %d must not be touched",
				pid, root->pid);
			added = -1;
			break;
		}
		vec_push(&tree->of, (struct process){.pid = pid, .start = view.start});
		added++;
	}
	closedir(proc);
	return added;
}

bool
process_tree(const struct process *root, struct processes *tree, struct err *err)
{
	int added;

	if (is_protected(root->pid))
		return err_set(err,
			       "process %d must not be touched: it carries the agent",
			       root->pid);
	if (!contains(tree, root->pid))
		vec_push(&tree->of, *root);
	while ((added = add_relatives(root, tree, err)) > 0)
		;
	return added == 0;
}

static bool
all_gone(const struct processes *tree)
{
	vec_each (struct process, process, &tree->of) {
		if (process_is_alive(process))
			return false;
	}
	return true;
}

/* The state of a process is that of its first thread; the others stop when they next leave
 * the kernel. */
static bool
all_threads_stopped(pid_t pid)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct process_view view;
	bool stopped = true;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *threads = opendir(path);
	while (threads != NULL && stopped && (entry = readdir(threads)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid,
			 entry->d_name);
		stopped = !read_stat(path, &view) || strchr("TZX", view.state) != NULL;
	}
	if (threads != NULL)
		closedir(threads);
	return stopped;
}

bool
processes_are_stopped(const struct processes *tree)
{
	struct process_view view;

	vec_each (struct process, process, &tree->of) {
		if (view_same(process, &view) &&
		    (view.state != 'T' || !all_threads_stopped(process->pid)))
			return false;
	}
	return true;
}

static bool
none_stopped(const struct processes *tree)
{
	struct process_view view;

	vec_each (struct process, process, &tree->of) {
		if (view_same(process, &view) && view.state == 'T')
			return false;
	}
	return true;
}

static bool
await(const struct processes *tree, bool (*condition)(const struct processes *),
      int timeout_ms)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (!condition(tree)) {
		if (clock_left_ms(deadline) == 0)
			return false;
		clock_sleep_ms(POLL_MS);
	}
	return true;
}

bool
processes_await_gone(const struct processes *tree, int timeout_ms)
{
	return await(tree, all_gone, timeout_ms);
}

bool
processes_await_stopped(const struct processes *tree, int timeout_ms)
{
	return await(tree, processes_are_stopped, timeout_ms);
}

bool
processes_await_running(const struct processes *tree, int timeout_ms)
{
	return await(tree, none_stopped, timeout_ms);
}

int64_t
processes_cpu_ms(const struct processes *tree)
{
	struct process_view view;
	uint64_t ticks = 0;

	vec_each (struct process, process, &tree->of) {
		if (view_same(process, &view))
			ticks += view.cpu_ticks;
	}
	return (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* In the new process: a session of its own, no descriptor and no signal mask of ours, so
 * that the daemon neither holds the controller's channel open nor ignores TERM. */
static _Noreturn void
become_script(const char *path, int output)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close_range(3, ~0U, 0);
	if (chdir("/") == 0)
		execl(path, path, (char *)NULL);
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(127);
}

/* Waits for the script; at the deadline only it is killed, not what it started. */
static bool
await_script(pid_t pid, int64_t deadline, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_left_ms(deadline) == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
		clock_sleep_ms(POLL_MS);
	}
	return true;
}

static bool
judge_script(const char *path, int output, int status, bool in_time, struct err *err)
{
	char said[200] = "";
	ssize_t got = pread(output, said, sizeof(said) - 1, 0);

	if (got > 0)
		said[strcspn(said, "\n")] = '\0';
	if (!in_time)
		return err_set(err,
			       "start script '%s' did not end in time and was killed",
			       path);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, "start script '%s' failed with status %d: %s", path,
			       WIFEXITED(status) ? WEXITSTATUS(status)
						 : -WTERMSIG(status),
			       said);
	return true;
}

/* The script writes to memory, not to a pipe: a daemon that keeps the descriptor holds
 * nobody up. */
static bool
run_script(const char *path, int64_t deadline, struct err *err)
{
	int output = memfd_create("start-output", MFD_CLOEXEC), status = 0;

	if (output < 0)
		return err_errno(err, "make memory for the output of '%s'", path);
	pid_t pid = fork();
	if (pid == 0)
		become_script(path, output);
	bool ok = pid > 0;
	if (ok) {
		bool in_time = await_script(pid, deadline, &status);
		ok = judge_script(path, output, status, in_time, err);
	} else {
		err_errno(err, "fork for '%s'", path);
	}
	close(output);
	return ok;
}

bool
process_can_start(const char *folder, const char *name, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/start", folder, name);
	return access(path, X_OK) == 0 ? true : err_errno(err, "run script '%s'", path);
}

bool
process_start_daemon(const char *folder, const char *name, int timeout_ms,
		     struct process *started, struct err *err)
{
	char path[PATH_MAX];
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	snprintf(path, sizeof(path), "%s/%s/start", folder, name);
	if (!run_script(path, deadline, err))
		return err_context(err, "restart daemon '%s'", name);
	while (!process_of_daemon(folder, name, started, err)) {
		if (clock_left_ms(deadline) == 0)
			return err_context(err, "restart daemon '%s'", name);
		clock_sleep_ms(POLL_MS);
	}
	return true;
}
