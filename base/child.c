#include "base/child.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct pipes {
	int input[2], output[2];
};

static _Noreturn void
become(const struct child *child, struct pipes *pipes)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(pipes->input[0], STDIN_FILENO);
	dup2(pipes->output[1], STDOUT_FILENO);
	dup2(pipes->output[1], STDERR_FILENO);
	if (child->folder == NULL || chdir(child->folder) == 0)
		execvp(child->argv[0], (char *const *)child->argv);
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(127);
}

/* Writes without SIGPIPE: a child that ends before it has read everything must not end a
 * program that never heard of that signal. One that was pending already stays pending. */
static ssize_t
write_to_child(int fd, struct bytes input)
{
	sigset_t broken_pipe, pending, before;
	static const struct timespec at_once = {0};

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	sigpending(&pending);
	ssize_t written = write(fd, input.data, input.len);
	int error = errno;
	if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&broken_pipe, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return written;
}

static void
feed(int fd, struct bytes *input)
{
	ssize_t written = write_to_child(fd, *input);

	if (written > 0) {
		input->data += written;
		input->len -= (size_t)written;
	} else if (written < 0 && errno != EAGAIN && errno != EINTR) {
		input->len = 0;
	}
}

/* Reads what is there; false at the end. What is over the bound is read and dropped. */
static bool
drain(int fd, struct buf *output, size_t bytes_max)
{
	char chunk[16384];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (output->len < bytes_max)
		buf_append(output, chunk, (size_t)got);
	return got > 0;
}

/* Moves bytes both ways until the child closes its output; false at the deadline. */
static bool
converse(struct pipes *pipes, struct bytes input, struct buf *output, size_t bytes_max,
	 int64_t deadline)
{
	for (;;) {
		if (input.len == 0 && pipes->input[1] >= 0) {
			close(pipes->input[1]);
			pipes->input[1] = -1;
		}
		struct pollfd fds[2] = {{.fd = pipes->output[0], .events = POLLIN},
					{.fd = pipes->input[1], .events = POLLOUT}};
		int ready = poll(fds, 2, clock_left_ms(deadline));
		if (ready == 0)
			return false;
		if (fds[1].revents)
			feed(pipes->input[1], &input);
		if (fds[0].revents && !drain(pipes->output[0], output, bytes_max))
			return true;
	}
}

static const char *
last_line(const struct buf *output, char *line, size_t bytes)
{
	const char *text = buf_text(output), *end = text + output->len;

	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	const char *start = end;
	while (start > text && start[-1] != '\n')
		start--;
	size_t length = (size_t)(end - start);
	if (length >= bytes)
		length = bytes - 1;
	memcpy(line, start, length);
	line[length] = '\0';
	return line;
}

static bool
judge(const struct child *child, int status, bool in_time, const struct buf *output,
      struct err *err)
{
	char line[400];

	last_line(output, line, sizeof(line));
	if (!in_time)
		return err_set(err, "'%s' did not end within %d ms and was killed",
			       child->argv[0],
			       child->timeout_ms ? child->timeout_ms : 60000);
	if (WIFSIGNALED(status))
		return err_set(err, "'%s' died of signal %d: %s", child->argv[0],
			       WTERMSIG(status), line);
	if (WEXITSTATUS(status) == 127)
		return err_set(err, "run '%s': %s", child->argv[0], line);
	if (WEXITSTATUS(status) != 0)
		return err_set(err, "'%s' failed with exit code %d: %s", child->argv[0],
			       WEXITSTATUS(status), line);
	return true;
}

bool
child_run(const struct child *child, struct buf *output, struct err *err)
{
	struct pipes pipes;
	struct buf kept = {0};

	if (pipe2(pipes.input, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	if (pipe2(pipes.output, O_CLOEXEC) != 0) {
		close(pipes.input[0]);
		close(pipes.input[1]);
		return err_errno(err, "pipe");
	}
	pid_t pid = fork();
	if (pid == 0)
		become(child, &pipes);
	close(pipes.input[0]);
	close(pipes.output[1]);
	fcntl(pipes.input[1], F_SETFL, O_NONBLOCK);
	int64_t timeout_ms = child->timeout_ms ? child->timeout_ms : 60000;
	bool in_time =
		pid > 0 &&
		converse(&pipes, child->input, &kept,
			 child->output_bytes_max ? child->output_bytes_max : 1 << 20,
			 clock_ns() + timeout_ms * NS_PER_MS);
	if (pid > 0 && !in_time)
		kill(-pid, SIGKILL);
	int status = 0;
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	close(pipes.output[0]);
	if (pipes.input[1] >= 0)
		close(pipes.input[1]);
	bool ok = pid > 0 ? judge(child, status, in_time, &kept, err)
			  : err_errno(err, "fork for '%s'", child->argv[0]);
	if (output != NULL)
		buf_append(output, buf_text(&kept), kept.len);
	buf_release(&kept);
	return ok;
}
