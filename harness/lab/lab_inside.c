#include "harness/lab/lab_inside.h"

#include "base/text.h"
#include "harness/lab/lab_host.h"
#include "harness/lab/lab_network.h"
#include "harness/lab/lab_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
find_host(const char *lab, const char *name, pid_t *pid, struct err *err)
{
	struct lab_state state;

	if (!lab_name_check(lab, err) || !lab_state_read(lab, &state, err))
		return false;
	for (int i = 0; i < state.count; i++) {
		*pid = state.hosts[i];
		if (strcmp(lab_address(i).name, name) == 0)
			return true;
	}
	err_set(err, "lab '%s' has no host '%s'", lab, name);
	return err_hint(err, "its hosts are n1 to n%d", state.count);
}

/* The root is taken from the host's init, since the root of its mount namespace is another
 * one where this program runs under a chroot. */
static bool
enter(pid_t pid, struct err *err)
{
	const int namespaces =
		CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ok = root >= 0 && pidfd >= 0 && setns(pidfd, namespaces) == 0 &&
		  fchdir(root) == 0 && chroot(".") == 0;
	if (!ok)
		err_errno(err, "enter the namespaces of process %d", (int)pid);
	if (pidfd >= 0)
		close(pidfd);
	if (root >= 0)
		close(root);
	return ok;
}

/* As a login would: root's home, and nothing of the machine's environment. */
static _Noreturn void
become(char *const *argv)
{
	const char *terminal = getenv("TERM");
	struct err err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("TERM", terminal != NULL ? terminal : "dumb", 1);
	signal(SIGPIPE, SIG_DFL);
	if (chdir("/root") == 0 && lab_drop_capabilities(&err))
		execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "faultline: run '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

bool
lab_run_inside(const char *lab, const char *host, char *const *argv, int *exit_code,
	       struct err *err)
{
	pid_t init;
	int status;

	if (!find_host(lab, host, &init, err))
		return false;
	if (!enter(init, err))
		return err_context(err, "host '%s'", host);
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0)
		become(argv);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

static bool
read_namespace(const char *pid, char *namespace, size_t bytes)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	ssize_t got = readlink(path, namespace, bytes - 1);
	if (got < 0)
		return false;
	namespace[got] = '\0';
	return true;
}

static uint64_t
memory_bytes(const char *pid)
{
	char path[300], line[128];
	unsigned long long kib = 0;

	snprintf(path, sizeof(path), "/proc/%s/smaps_rollup", pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Pss: %llu", &kib) == 1)
			break;
	fclose(file);
	return (uint64_t)kib << 10;
}

struct lab_usage
lab_usage(pid_t init)
{
	struct lab_usage usage = {0};
	char name[16], wanted[64], found[64];
	DIR *processes = opendir("/proc");

	snprintf(name, sizeof(name), "%d", (int)init);
	if (processes == NULL)
		return usage;
	bool known = read_namespace(name, wanted, sizeof(wanted));
	for (struct dirent *entry; known && (entry = readdir(processes)) != NULL;) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !read_namespace(entry->d_name, found, sizeof(found)) ||
		    strcmp(found, wanted) != 0)
			continue;
		usage.processes++;
		usage.memory_bytes += memory_bytes(entry->d_name);
	}
	closedir(processes);
	return usage;
}
