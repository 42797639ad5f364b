#include "harness/hosts/ssh_private.h"

#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static void
ignore_pipe_signal(void)
{
	struct sigaction action;

	/* libssh writes to its socket without MSG_NOSIGNAL. A handler that the program
	 * set is left alone. */
	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static bool
open_session(struct ssh *ssh, const struct inventory *inventory,
	     const struct inventory_host *host, int64_t deadline, struct err *err)
{
	if (!ssh_dial(ssh, inventory, host, deadline, err) ||
	    !ssh_login(ssh, host, deadline, err))
		return false;
	ssh->event = ssh_event_new();
	if (ssh->event == NULL ||
	    ssh_event_add_session(ssh->event, ssh->session) != SSH_OK)
		return err_set(err, "make an SSH session: out of memory");
	ssh_set_blocking(ssh->session, 0);
	return true;
}

struct ssh *
ssh_open(const struct inventory *inventory, const struct inventory_host *host,
	 int timeout_ms, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ssh *ssh = mem_new(1, sizeof(*ssh));

	pthread_once(&once, ignore_pipe_signal);
	ssh->name = mem_string(host->name);
	if (open_session(ssh, inventory, host, clock_ns() + timeout_ms * NS_PER_MS, err))
		return ssh;
	err_context(err, "host %s", host->name);
	ssh_close(ssh);
	return NULL;
}

void
ssh_close(struct ssh *ssh)
{
	if (ssh == NULL)
		return;
	if (ssh->sftp != NULL)
		sftp_free(ssh->sftp);
	if (ssh->event != NULL) {
		ssh_event_remove_session(ssh->event, ssh->session);
		ssh_event_free(ssh->event);
	}
	if (ssh->session != NULL) {
		ssh_disconnect(ssh->session);
		ssh_free(ssh->session);
	}
	free(ssh->name);
	free(ssh);
}

bool
ssh_is_broken(const struct ssh *ssh)
{
	return ssh->broken || !ssh_is_connected(ssh->session);
}

/* ---- channels ---- */

static bool
lost(struct ssh *ssh, struct err *err)
{
	const char *reason = ssh_get_error(ssh->session);

	ssh->broken = true;
	err_set(err, "the SSH connection is lost%s%s", reason[0] ? ": " : "", reason);
	return err_hint(err, "check that the host is up and reachable");
}

bool
ssh_step(struct ssh *ssh, int64_t deadline, struct err *err)
{
	int left_ms = clock_left_ms(deadline);

	if (left_ms == 0)
		return err_set(err, "no answer in time");
	if (ssh_event_dopoll(ssh->event, left_ms) == SSH_ERROR ||
	    !ssh_is_connected(ssh->session))
		return lost(ssh, err);
	return true;
}

static bool
start_channel(struct ssh *ssh, ssh_channel channel, const char *command, int64_t deadline,
	      struct err *err)
{
	int rc;

	while ((rc = ssh_channel_open_session(channel)) == SSH_AGAIN)
		if (!ssh_step(ssh, deadline, err))
			return false;
	while (rc == SSH_OK &&
	       (rc = ssh_channel_request_exec(channel, command)) == SSH_AGAIN) {
		if (!ssh_step(ssh, deadline, err))
			return false;
		rc = SSH_OK;
	}
	if (rc == SSH_OK)
		return true;
	if (!ssh_is_connected(ssh->session))
		return lost(ssh, err);
	err_set(err, "open an SSH channel: %s", ssh_get_error(ssh->session));
	return err_hint(err, "look at MaxSessions in the sshd_config of the host");
}

ssh_channel
ssh_channel_begin(struct ssh *ssh, const char *command,
		  struct ssh_channel_callbacks_struct *callbacks, int64_t deadline,
		  struct err *err)
{
	ssh_channel channel = ssh->broken ? NULL : ssh_channel_new(ssh->session);

	if (channel == NULL) {
		lost(ssh, err);
		return NULL;
	}
	ssh_callbacks_init(callbacks);
	ssh_set_channel_callbacks(channel, callbacks);
	if (start_channel(ssh, channel, command, deadline, err))
		return channel;
	ssh_channel_end(ssh, channel, callbacks);
	return NULL;
}

void
ssh_channel_end(struct ssh *ssh, ssh_channel channel,
		struct ssh_channel_callbacks_struct *callbacks)
{
	ssh_remove_channel_callbacks(channel, callbacks);
	if (ssh_is_connected(ssh->session))
		ssh_channel_close(channel);
	ssh_channel_free(channel);
}

/* ---- one command ---- */

enum {
	OUTPUT_BYTES_MAX = 64 << 20,
	WRITE_BYTES_MAX = 32 << 10,
	/* A program that the command left behind may hold its output open for ever. */
	LINGER_MS = 1000,
};

struct execution {
	struct buf *output, *error_output; /* borrowed, may be NULL */
	size_t bytes;
	bool exited, ended; /* exit status came; the channel is closed */
	int exit_code;
};

static int
on_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr,
	void *userdata)
{
	struct execution *execution = userdata;
	struct buf *to = is_stderr ? execution->error_output : execution->output;

	(void)session, (void)channel;
	execution->bytes += len;
	if (to != NULL && execution->bytes <= OUTPUT_BYTES_MAX)
		buf_append(to, data, len);
	return (int)len;
}

static void
on_exit_status(ssh_session session, ssh_channel channel, int status, void *userdata)
{
	struct execution *execution = userdata;

	(void)session, (void)channel;
	execution->exited = true;
	execution->exit_code = status;
}

static void
on_exit_signal(ssh_session session, ssh_channel channel, const char *signal, int core,
	       const char *message, const char *language, void *userdata)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"KILL", SIGKILL}, {"TERM", SIGTERM}, {"INT", SIGINT},
		       {"HUP", SIGHUP},	  {"ABRT", SIGABRT}, {"SEGV", SIGSEGV},
		       {"PIPE", SIGPIPE}};
	struct execution *execution = userdata;

	(void)session, (void)channel, (void)core, (void)message, (void)language;
	execution->exited = true;
	execution->exit_code = 128;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, signal) == 0)
			execution->exit_code +=
				signals[i].number; /* as a shell says it */
}

static void
on_close(ssh_session session, ssh_channel channel, void *userdata)
{
	struct execution *execution = userdata;

	(void)session, (void)channel;
	execution->ended = true;
}

/* Gives what the host has room for now; after the last byte the end of input. */
static bool
feed(struct ssh *ssh, ssh_channel channel, struct bytes *input, bool *fed,
     struct err *err)
{
	uint32_t room = ssh_channel_window_size(channel);
	size_t count = input->len;

	count = count > room ? room : count;
	count = count > WRITE_BYTES_MAX ? WRITE_BYTES_MAX : count;
	if (count > 0) {
		int written = ssh_channel_write(channel, input->data, (uint32_t)count);
		if (written < 0)
			return lost(ssh, err);
		input->data += written;
		input->len -= (size_t)written;
	}
	if (input->len == 0 && !*fed) {
		ssh_channel_send_eof(channel);
		*fed = true;
	}
	return true;
}

/* Works until the channel closed, or the deadline. */
static bool
converse(struct ssh *ssh, ssh_channel channel, struct execution *execution,
	 struct bytes input, int64_t deadline, struct err *err)
{
	bool fed = false, lingers = false;

	while (!execution->ended) {
		if (execution->exited && !lingers) {
			int64_t linger = clock_ns() + LINGER_MS * NS_PER_MS;
			deadline = linger < deadline ? linger : deadline;
			lingers = true;
		}
		if (!execution->exited && !fed && !feed(ssh, channel, &input, &fed, err))
			return false;
		if (!ssh_step(ssh, deadline, err))
			return execution->exited && !ssh->broken;
	}
	return execution->exited ||
	       err_set(err, "the host ended the channel without an exit code");
}

static bool
check_end(struct ssh *ssh, const struct execution *execution, bool ended, int timeout_ms,
	  struct err *err)
{
	if (!ended && !ssh->broken && !execution->ended) {
		err_set(err, "the command did not end within %d ms", timeout_ms);
		return false;
	}
	if (ended && execution->bytes > OUTPUT_BYTES_MAX)
		return err_set(err, "the command printed more than %d MiB",
			       OUTPUT_BYTES_MAX >> 20);
	return ended;
}

bool
ssh_exec(struct ssh *ssh, const char *command, struct bytes input, int timeout_ms,
	 struct buf *output, struct buf *error_output, int *exit_code, struct err *err)
{
	struct execution execution = {.output = output, .error_output = error_output};
	struct ssh_channel_callbacks_struct callbacks = {
		.userdata = &execution,
		.channel_data_function = on_data,
		.channel_exit_status_function = on_exit_status,
		.channel_exit_signal_function = on_exit_signal,
		.channel_close_function = on_close,
	};
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;
	ssh_channel channel = ssh_channel_begin(ssh, command, &callbacks, deadline, err);
	bool ok = channel != NULL &&
		  converse(ssh, channel, &execution, input, deadline, err);

	if (channel != NULL) {
		ok = check_end(ssh, &execution, ok, timeout_ms, err);
		if (!execution.exited && !ssh->broken)
			ssh_channel_request_send_signal(channel, "KILL");
		ssh_channel_end(ssh, channel, &callbacks);
	}
	*exit_code = execution.exit_code;
	return ok;
}
