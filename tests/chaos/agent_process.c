#include "tests/chaos/agent_process.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	OPTIONS_MAX = 24,
	REPLY_MS = 15000
};

const char *
agent_process_path(void)
{
	static char path[PATH_MAX + 64];
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

	assert_true(length > 0);
	own[length] = '\0';
	*strrchr(own, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../../faultline-agent", own);
	return path;
}

static _Noreturn void
become_agent(const char *const *options, int input, int output)
{
	const char *argv[OPTIONS_MAX + 2] = {agent_process_path()};

	for (int i = 0; options[i] != NULL && i < OPTIONS_MAX; i++)
		argv[i + 1] = options[i];
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execv(argv[0], (char *const *)argv);
	fprintf(stderr, "run '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

void
agent_process_start(struct agent_process *agent, const char *const *options)
{
	int to[2], from[2];

	*agent = (struct agent_process){0};
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	agent->pid = fork();
	assert_true(agent->pid >= 0);
	if (agent->pid == 0)
		become_agent(options, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	agent->input = to[1];
	agent->output = from[0];
	assert_true(agent_process_ask(agent, "hello"));
}

void
agent_process_write(struct agent_process *agent, const char *data, size_t bytes)
{
	assert_true(file_write_all(agent->input, data, bytes));
}

/* Replies are short and come one at a time: byte by byte is fast enough. */
static void
read_line(struct agent_process *agent, int64_t deadline_ns)
{
	struct pollfd fd = {.fd = agent->output, .events = POLLIN};
	char c;

	buf_clear(&agent->reply);
	for (;;) {
		assert_true(poll(&fd, 1, clock_left_ms(deadline_ns)) == 1);
		assert_true(read(agent->output, &c, 1) == 1);
		if (c == '\n')
			return;
		buf_char(&agent->reply, c);
	}
}

bool
agent_process_ask(struct agent_process *agent, const char *request)
{
	struct buf line = {0};
	int64_t deadline_ns = clock_ns() + REPLY_MS * NS_PER_MS;
	char *end;

	buf_printf(&line, "%" PRIu64 " %s\n", ++agent->number, request);
	agent_process_write(agent, line.data, line.len);
	buf_release(&line);
	do {
		read_line(agent, deadline_ns);
	} while (strtoull(buf_text(&agent->reply), &end, 10) != agent->number);
	buf_consume(&agent->reply, (size_t)(end + 1 - agent->reply.data));
	return strncmp(buf_text(&agent->reply), "ok", 2) == 0;
}

bool
agent_process_await_eof(struct agent_process *agent, int timeout_ms)
{
	struct pollfd fd = {.fd = agent->output, .events = POLLIN};
	int64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
	char c;

	while (poll(&fd, 1, clock_left_ms(deadline_ns)) == 1)
		if (read(agent->output, &c, 1) == 0)
			return true;
	return false;
}

void
agent_process_end(struct agent_process *agent)
{
	if (agent->pid > 0) {
		kill(agent->pid, SIGKILL);
		waitpid(agent->pid, NULL, 0);
	}
	if (agent->input > 0)
		close(agent->input);
	if (agent->output > 0)
		close(agent->output);
	buf_release(&agent->reply);
	*agent = (struct agent_process){0};
}

pid_t
agent_process_guardian(const struct agent_process *agent)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	assert_non_null(proc);
	while (found == 0 && (entry = readdir(proc)) != NULL) {
		char path[PATH_MAX];
		int parent = 0;
		struct buf text = {0};
		struct err err;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if (atoi(entry->d_name) > 0 && file_read(path, 4096, &text, &err) &&
		    sscanf(buf_text(&text), "%*d (fl-guardian) %*c %d", &parent) == 1 &&
		    parent == agent->pid)
			found = atoi(entry->d_name);
		buf_release(&text);
	}
	closedir(proc);
	return found;
}
