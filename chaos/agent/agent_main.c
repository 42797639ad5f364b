/* agent_main.c - faultline-agent: the program on every host that owns the faults there.
 *
 * Speaks chaos/agent/protocol.h on standard input and output. At the end of its input, or
 * when told to end, it heals everything first. With --heal it takes off whatever any
 * agent, living or dead, has put on this host, and ends. */
#include "base/file.h"
#include "base/options.h"
#include "chaos/agent/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STATE_FOLDER   "/run/faultline"
#define DAEMONS_FOLDER "/var/lib/faultline"

enum {
	EXIT_USAGE = 254,
	EXIT_BROKEN = 255,
	LEASE_MS = 8000
};

static struct settings {
	const char *session, *state, *daemons, *connection;
	int64_t lease_ms;
	bool heal, help;
} settings = {
	.session = "default",
	.state = STATE_FOLDER,
	.daemons = DAEMONS_FOLDER,
	.connection = "",
	.lease_ms = LEASE_MS,
};

static const struct option_row rows[] = {
	{"session", 's', OPTION_TEXT, &settings.session, "NAME",
	 "names the undo record and the nft table"},
	{"state", 0, OPTION_TEXT, &settings.state, "FOLDER", "where undo records are"},
	{"daemons", 0, OPTION_TEXT, &settings.daemons, "FOLDER",
	 "where NAME/pid and NAME/start of daemons are"},
	{"connection", 0, OPTION_TEXT, &settings.connection, "TEXT",
	 "SSH_CONNECTION of the controller, which is never cut"},
	{"lease-ms", 0, OPTION_INT, &settings.lease_ms, "N",
	 "heal when the controller is silent for so long"},
	{"heal", 0, OPTION_FLAG, &settings.heal, NULL, "take every fault off and end"},
	{"help", 'h', OPTION_FLAG, &settings.help, NULL, "show this"},
	{0},
};

/* Appends SSH_CONNECTION of that process, if it has one. */
static bool
find_connection(pid_t pid, struct buf *connection)
{
	static const char name[] = "SSH_CONNECTION=";
	char path[64];
	struct buf text = {0};
	struct err err;
	const char *found = NULL;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	bool ok = file_read(path, 1 << 20, &text, &err);
	const char *at = buf_text(&text), *end = at + text.len;
	for (; ok && at < end && found == NULL; at += strlen(at) + 1)
		if (strncmp(at, name, sizeof(name) - 1) == 0)
			found = at + sizeof(name) - 1;
	buf_string(connection, found != NULL ? found : "");
	buf_release(&text);
	return found != NULL;
}

/* How the controller reached us: as told, or from the environment of this process or of
 * those above it (sudo takes it out of ours). */
static void
learn_connection(struct buf *connection)
{
	struct process_view view;

	buf_string(connection, settings.connection);
	for (pid_t pid = getpid(); connection->len == 0 && pid > 1; pid = view.parent)
		if (find_connection(pid, connection) || !process_view(pid, &view))
			break;
}

/* Blocks the signals that end us and makes a descriptor that tells of them. */
static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Answers all whole lines in `input`; false when the controller cannot be answered. */
static bool
answer_lines(struct session *session, struct buf *input)
{
	struct buf out = {0};
	char *end;
	bool ok = true;

	while (ok && !session->ended && input->len > 0 &&
	       (end = memchr(input->data, '\n', input->len)) != NULL) {
		size_t bytes = (size_t)(end - input->data);
		session_answer(session, input->data, bytes, &out);
		buf_consume(input, bytes + 1);
		ok = file_write_all(STDOUT_FILENO, out.data, out.len);
		buf_clear(&out);
	}
	buf_release(&out);
	return ok;
}

/* Reads what is there; false at the end of the input. A line over the bound ends it too:
 * whoever sends that is no controller. */
static bool
read_input(struct buf *input)
{
	ssize_t got = read(STDIN_FILENO, buf_room(input, 4096), 4096);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	input->len += (size_t)got;
	return got > 0 && input->len <= PROTOCOL_LINE_BYTES_MAX + 4096;
}

static void
serve(struct session *session, int signals)
{
	struct buf input = {0};
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = signals, .events = POLLIN}};

	while (!session->ended) {
		int ready = poll(fds, 2, session_wait_ms(session));
		if (ready < 0 && errno != EINTR)
			break;
		if (ready > 0 && fds[1].revents != 0)
			break;
		if (ready > 0 && fds[0].revents != 0 &&
		    (!read_input(&input) || !answer_lines(session, &input)))
			break;
		session_tick(session);
	}
	buf_release(&input);
}

static int
run_session(void)
{
	struct session session;
	struct buf connection = {0};
	struct err err;

	learn_connection(&connection);
	const struct session_options options = {
		.name = settings.session,
		.state = settings.state,
		.daemons = settings.daemons,
		.connection = buf_text(&connection),
		.lease_ms = (int)settings.lease_ms,
	};

	int signals = open_signals();
	bool ok = signals >= 0 ? session_open(&session, &options, &err)
			       : err_errno(&err, "make a descriptor for signals");
	buf_release(&connection);
	if (!ok) {
		err_print(&err);
		return EXIT_BROKEN;
	}
	serve(&session, signals);
	if (session_close(&session, &err))
		return 0;
	err_print(&err);
	return EXIT_BROKEN;
}

/* Tables that no record knows of: an agent and its guardian died, and the record with
 * them. */
static bool
delete_tables(int *deleted, struct err *err)
{
	struct buf names = {0};
	bool ok = cut_tables_list(&names, err);

	buf_char(&names, '\0');
	char *rest = names.data, *name;
	while (ok && (name = strsep(&rest, "\n")) != NULL) {
		if (*name == '\0')
			continue;
		ok = cut_table_delete(name, err);
		++*deleted;
	}
	buf_release(&names);
	return ok;
}

static int
heal_host(void)
{
	struct err err;
	int undone, deleted = 0;

	if (!undo_replay_leftovers(settings.state, settings.daemons, true, &undone,
				   &err) ||
	    !delete_tables(&deleted, &err)) {
		err_print(&err);
		return EXIT_BROKEN;
	}
	printf("ok undone=%d tables=%d\n", undone, deleted);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err)) {
		err_print(&err);
		return EXIT_USAGE;
	}
	if (settings.help) {
		printf("usage: faultline-agent [OPTIONS]\n");
		options_help(rows, stdout);
		return 0;
	}
	if (!protocol_is_name(settings.session) || settings.lease_ms < 100 ||
	    settings.lease_ms > 60000) {
		err_set(&err, "bad session name or lease");
		err_print(&err);
		return EXIT_USAGE;
	}
	/* nft is not in the PATH that SSH gives to everybody. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	return settings.heal ? heal_host() : run_session();
}
