#include "chaos/agent/guardian.h"

#include "chaos/agent/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEAT 'b'
#define QUIT 'q'

/* Without the standard descriptors the end of the agent ends the controller's channel. */
static void
detach(int pipe, int undo)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_NAME, "fl-guardian");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	for (int fd = 3; fd < 1024; fd++)
		if (fd != pipe && fd != undo)
			close(fd);
	/* Both may be refused in a container; the guardian works without. */
	mlockall(MCL_CURRENT);
	FILE *oom = fopen("/proc/self/oom_score_adj", "w");
	if (oom != NULL) {
		fputs("-1000", oom);
		fclose(oom);
	}
}

/* Returns true when the agent ended in order, false when its faults are ours to heal. */
static bool
watch(int pipe, const struct process *agent, int silence_ms)
{
	struct pollfd fd = {.fd = pipe, .events = POLLIN};
	struct err err;
	char c;

	for (;;) {
		int ready = poll(&fd, 1, silence_ms);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0) {
			process_signal(agent, SIGKILL, &err);
			return false;
		}
		if (read(pipe, &c, 1) != 1)
			return false;
		if (c == QUIT)
			return true;
	}
}

static _Noreturn void
guard(int pipe, struct undo undo, const char *daemons, const struct process *agent,
      int silence_ms)
{
	struct err err;
	int count;

	detach(pipe, undo.fd);
	/* What fails stays in the record for the next agent, or `faultline heal`. */
	if (!watch(pipe, agent, silence_ms) && undo_replay(&undo, daemons, &count, &err))
		unlink(undo.path);
	_exit(0);
}

bool
guardian_start(struct guardian *guardian, const struct undo *undo, const char *daemons,
	       int silence_ms, struct err *err)
{
	struct process_view view;
	int ends[2];

	if (!process_view(getpid(), &view))
		return err_errno(err, "read '/proc/%d/stat'", getpid());
	struct process agent = {.pid = getpid(), .start = view.start};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	guardian->pid = fork();
	if (guardian->pid == 0) {
		close(ends[1]);
		guard(ends[0], *undo, daemons, &agent, silence_ms);
	}
	close(ends[0]);
	guardian->pipe = ends[1];
	fcntl(guardian->pipe, F_SETFL, O_NONBLOCK);
	if (guardian->pid > 0)
		return true;
	close(guardian->pipe);
	return err_errno(err, "fork the guardian");
}

bool
guardian_beat(struct guardian *guardian)
{
	char c = BEAT;

	/* A full pipe means that it is slow, not that it is gone. */
	return write(guardian->pipe, &c, 1) == 1 || errno == EAGAIN;
}

void
guardian_stop(struct guardian *guardian)
{
	char c = QUIT;

	if (write(guardian->pipe, &c, 1) != 1)
		kill(guardian->pid, SIGKILL);
	close(guardian->pipe);
	waitpid(guardian->pid, NULL, 0);
}
