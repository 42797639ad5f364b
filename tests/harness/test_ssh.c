#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/parallel.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_sshd.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static struct own_sshd sshd;
static struct inventory nothing;
static const struct bytes no_input;

static struct inventory_host
loopback(void)
{
	return (struct inventory_host){.name = "n1",
				       .ssh_address = "127.0.0.1",
				       .user = "root",
				       .port = sshd.port,
				       .identity = sshd.key,
				       .known_hosts = sshd.known};
}

static struct ssh *
open_loopback(void)
{
	struct err err = {0};
	struct inventory_host host = loopback();
	struct ssh *ssh = ssh_open(&nothing, &host, 10000, &err);

	if (ssh == NULL)
		fail_msg("%s", err.text);
	return ssh;
}

static void
expect_refusal(const struct inventory_host *host, int timeout_ms, const char *sentence,
	       const char *hint)
{
	struct err err = {0};
	struct ssh *ssh = ssh_open(&nothing, host, timeout_ms, &err);

	assert_null(ssh);
	if (strstr(err.text, sentence) == NULL ||
	    strstr(err.text, "host n1: ") != err.text || strstr(err.hint, hint) == NULL ||
	    strchr(err.text, '\n') != NULL)
		fail_msg("expected '%s' and '%s', got '%s' and '%s'", sentence, hint,
			 err.text, err.hint);
}

/* ---- commands ---- */

static void
command_gives_output_error_output_and_exit_code(void **state)
{
	struct ssh *ssh = open_loopback();
	struct buf output = {0}, errors = {0};
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_true(ssh_exec(ssh, "echo out; echo bad >&2; exit 7", no_input, 5000,
			     &output, &errors, &code, &err));
	assert_string_equal(buf_text(&output), "out\n");
	assert_string_equal(buf_text(&errors), "bad\n");
	assert_int_equal(code, 7);
	buf_release(&output);
	buf_release(&errors);
	ssh_close(ssh);
}

static void
command_reads_large_input_and_gives_it_back(void **state)
{
	enum {
		BYTES = 3 << 20
	};
	struct ssh *ssh = open_loopback();
	struct buf input = {0}, output = {0};
	struct err err = {0};
	int code = -1;

	(void)state;
	for (uint32_t i = 0; input.len < BYTES; i++)
		buf_u32(&input, i * 2654435761u);
	assert_true(ssh_exec(ssh, "cat", buf_bytes(&input), 20000, &output, NULL, &code,
			     &err));
	assert_int_equal(code, 0);
	assert_int_equal(output.len, input.len);
	assert_memory_equal(output.data, input.data, input.len);
	buf_release(&input);
	buf_release(&output);
	ssh_close(ssh);
}

static void
command_may_leave_its_input_unread(void **state)
{
	struct ssh *ssh = open_loopback();
	char *input = calloc(1, 4 << 20);
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_true(ssh_exec(ssh, "exit 3", (struct bytes){input, 4 << 20}, 5000, NULL,
			     NULL, &code, &err));
	assert_int_equal(code, 3);
	free(input);
	ssh_close(ssh);
}

static void
command_ended_by_a_signal_says_so_as_a_shell_does(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_true(
		ssh_exec(ssh, "kill -KILL $$", no_input, 5000, NULL, NULL, &code, &err));
	assert_int_equal(code, 128 + 9);
	ssh_close(ssh);
}

static void
command_is_left_at_its_deadline_and_the_session_goes_on(void **state)
{
	struct ssh *ssh = open_loopback();
	struct buf output = {0};
	struct err err = {0};
	int code = -1;
	int64_t start = clock_ns();

	(void)state;
	assert_false(ssh_exec(ssh, "echo $$; exec sleep 60", no_input, 400, &output, NULL,
			      &code, &err));
	assert_non_null(strstr(err.text, "did not end within 400 ms"));
	assert_true(clock_ns() - start < 2 * NS_PER_S);
	assert_false(ssh_is_broken(ssh));

	char command[64];
	snprintf(command, sizeof(command), "kill -KILL %d", atoi(buf_text(&output)));
	assert_true(ssh_exec(ssh, command, no_input, 5000, NULL, NULL, &code, &err));
	assert_int_equal(code, 0);
	buf_release(&output);
	ssh_close(ssh);
}

static void
command_returns_though_a_program_it_left_holds_its_output(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	struct buf output = {0};
	int code = -1;
	int64_t start = clock_ns();

	(void)state;
	assert_true(ssh_exec(ssh, "sleep 8 & echo started", no_input, 20000, &output,
			     NULL, &code, &err));
	assert_string_equal(buf_text(&output), "started\n");
	assert_true(clock_ns() - start < 4 * NS_PER_S);
	buf_release(&output);
	ssh_close(ssh);
}

static void
lost_connection_is_said_and_breaks_the_session(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_false(ssh_exec(ssh, "kill -KILL $PPID; sleep 5", no_input, 5000, NULL,
			      NULL, &code, &err));
	assert_non_null(strstr(err.text, "connection is lost"));
	assert_true(ssh_is_broken(ssh));
	assert_false(ssh_exec(ssh, "true", no_input, 5000, NULL, NULL, &code, &err));
	assert_false(ssh_upload_bytes(ssh, no_input, "/tmp/x", 0600, 1000, &err));
	ssh_close(ssh);
}

/* ---- refusals ---- */

static void
wrong_key_is_refused_by_name(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.identity = sshd.stranger;
	expect_refusal(&host, 5000, "log in as 'root': the host refuses the key",
		       "ssh-copy-id");
}

static void
missing_key_file_is_named(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.identity = "/nowhere/key";
	expect_refusal(&host, 5000, "cannot use the key '/nowhere/key'", "readable");
}

static void
unknown_host_key_is_refused_with_its_fingerprint(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.known_hosts = "/nowhere/known_hosts";
	expect_refusal(&host, 5000, "does not know the key SHA256:", "ssh-keyscan -p");
}

static void
unknown_host_key_is_taken_when_the_inventory_says_so(void **state)
{
	struct inventory_host host = loopback();
	struct err err = {0};

	(void)state;
	host.known_hosts = "/nowhere/known_hosts";
	host.any_host_key = true;
	struct ssh *ssh = ssh_open(&nothing, &host, 5000, &err);
	assert_non_null(ssh);
	ssh_close(ssh);
}

/* A known_hosts in which the key of this host is the one of somebody else. */
static void
write_changed(char *path, size_t bytes)
{
	struct buf key = {0}, line = {0};
	struct err err;
	char public[128];

	snprintf(public, sizeof(public), "%s.pub", sshd.stranger);
	snprintf(path, bytes, "%s/changed", sshd.folder);
	assert_true(file_read(public, 0, &key, &err));
	buf_printf(&line, "[127.0.0.1]:%d %s", sshd.port, buf_text(&key));
	assert_true(file_write(path, line.data, line.len, &err));
	buf_release(&key);
	buf_release(&line);
}

static void
changed_host_key_is_refused_even_when_any_is_taken(void **state)
{
	struct inventory_host host = loopback();
	char changed[128];

	(void)state;
	write_changed(changed, sizeof(changed));
	host.known_hosts = changed;
	host.any_host_key = true;
	expect_refusal(&host, 5000, "is not the one in", "ssh-keygen -f");
}

static void
closed_port_is_a_refused_connection(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.port = own_sshd_free_port();
	expect_refusal(&host, 5000, "Connection refused", "sshd runs there");
}

static void
unknown_name_is_said(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.ssh_address = "no-such-host.invalid";
	expect_refusal(&host, 5000, "look up 'no-such-host.invalid'", "HostName");
}

static void
host_that_accepts_but_never_speaks_is_left_at_the_deadline(void **state)
{
	struct inventory_host host = loopback();
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t start = clock_ns();

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	host.port = ntohs(address.sin_port);
	expect_refusal(&host, 500, "SSH handshake: no answer in time", "frozen");
	assert_true(clock_ns() - start < 2 * NS_PER_S);
	close(fd);
}

/* ---- other ways in ---- */

static void
expect_entry(const struct inventory_host *host)
{
	struct err err = {0};
	struct ssh *ssh = ssh_open(&nothing, host, 10000, &err);

	if (ssh == NULL)
		fail_msg("%s", err.text);
	ssh_close(ssh);
}

static void
password_opens_and_a_wrong_one_is_refused(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.identity = sshd.stranger;
	host.password = "secret";
	expect_entry(&host);
	host.identity = NULL;
	expect_entry(&host);
	host.password = "guess";
	expect_refusal(&host, 8000,
		       "refuses every key of the agent and of ~/.ssh, and the password",
		       "in the inventory");
}

static void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
run_shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	const char *argv[] = {"sh", "-c", command, NULL};
	const struct child child = {.argv = argv};
	struct err err = {0};
	if (!child_run(&child, NULL, &err))
		fail_msg("%s", err.text);
}

static void
key_of_the_agent_opens_and_may_have_a_passphrase(void **state)
{
	struct inventory_host host = loopback();
	char agent[128], locked[128];
	const char *folder = sshd.folder;

	(void)state;
	snprintf(agent, sizeof(agent), "%s/agent", folder);
	snprintf(locked, sizeof(locked), "%s/locked", folder);
	host.identity = locked;
	expect_refusal(&host, 5000, "cannot use the key", "ssh-add");
	run_shell("ssh-agent -a %s | sed -n 's/^SSH_AGENT_PID=\\([0-9]*\\).*/\\1/p' "
		  ">%s/agent.pid",
		  agent, folder);
	setenv("SSH_AUTH_SOCK", agent, 1);
	run_shell("printf '#!/bin/sh\\necho locked\\n' >%s/ask && chmod 700 %s/ask && "
		  "SSH_ASKPASS=%s/ask SSH_ASKPASS_REQUIRE=force ssh-add -q %s",
		  folder, folder, folder, locked);
	struct err err = {0};
	struct ssh *named = ssh_open(&nothing, &host, 5000, &err);
	host.identity = NULL;
	struct ssh *found = ssh_open(&nothing, &host, 5000, &err);
	run_shell("kill $(cat %s/agent.pid)", folder);
	unsetenv("SSH_AUTH_SOCK");
	assert_non_null(named);
	assert_non_null(found);
	ssh_close(named);
	ssh_close(found);
}

/* ---- hosts that freeze ---- */

/* Stops the server process of this session; KILL ends also what is stopped. */
static int
freeze(struct ssh *ssh)
{
	struct buf output = {0};
	struct err err = {0};
	int code;

	assert_true(
		ssh_exec(ssh, "echo $PPID", no_input, 5000, &output, NULL, &code, &err));
	int pid = atoi(buf_text(&output));
	buf_release(&output);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

static void
frozen_host_ends_a_copy_at_its_deadline(void **state)
{
	enum {
		BYTES = 16 << 20
	};
	struct ssh *ssh = open_loopback();
	int pid = freeze(ssh);
	char *data = calloc(1, BYTES);
	struct err err = {0};
	int64_t start = clock_ns();
	bool ok = ssh_upload_bytes(ssh, (struct bytes){data, BYTES}, "/tmp/frozen", 0600,
				   400, &err);
	int64_t took = clock_ns() - start;

	(void)state;
	assert_true(ssh_is_broken(ssh));
	ssh_close(ssh);
	int64_t closed = clock_ns() - start;
	kill(pid, SIGKILL);
	free(data);
	assert_false(ok);
	assert_non_null(strstr(err.text, "did not end within 400 ms"));
	assert_true(took < 2 * NS_PER_S && closed < 3 * NS_PER_S);
}

static void
frozen_host_ends_a_command_at_its_deadline(void **state)
{
	struct ssh *ssh = open_loopback();
	int pid = freeze(ssh), code;
	struct err err = {0};
	int64_t start = clock_ns();
	bool ok = ssh_exec(ssh, "true", no_input, 300, NULL, NULL, &code, &err);

	(void)state;
	ssh_close(ssh);
	int64_t closed = clock_ns() - start;
	kill(pid, SIGKILL);
	assert_false(ok);
	assert_non_null(strstr(err.text, "no answer in time"));
	assert_true(closed < 3 * NS_PER_S);
}

/* ---- copies ---- */

static void
upload_and_download_keep_eight_megabytes(void **state)
{
	struct ssh *ssh = open_loopback();
	struct buf data = {0}, back = {0};
	struct err err = {0};
	char remote[128], local[128];

	(void)state;
	snprintf(remote, sizeof(remote), "%s/remote", sshd.folder);
	snprintf(local, sizeof(local), "%s/local", sshd.folder);
	for (uint32_t i = 0; data.len < 8 << 20; i++)
		buf_u32(&data, i * 2654435761u);
	int64_t start = clock_ns();
	assert_true(ssh_upload_bytes(ssh, buf_bytes(&data), remote, 0751, 20000, &err));
	int64_t middle = clock_ns();
	assert_true(ssh_download(ssh, remote, local, 0, 20000, &err));
	print_message("8 MB up in %d ms, down in %d ms\n",
		      (int)((middle - start) / NS_PER_MS),
		      (int)((clock_ns() - middle) / NS_PER_MS));
	assert_true(file_read(local, 0, &back, &err));
	assert_int_equal(back.len, data.len);
	assert_memory_equal(back.data, data.data, data.len);
	assert_false(ssh_download(ssh, remote, local, 1 << 20, 20000, &err));
	assert_non_null(strstr(err.text, "more than 1048576 bytes"));
	buf_release(&data);
	buf_release(&back);
	ssh_close(ssh);
}

static void
upload_replaces_a_file_and_sets_its_mode(void **state)
{
	struct ssh *ssh = open_loopback();
	struct buf output = {0};
	struct err err = {0};
	char remote[128], command[512];
	int code;

	(void)state;
	snprintf(remote, sizeof(remote), "%s/twice", sshd.folder);
	assert_true(ssh_upload_bytes(ssh, (struct bytes){"one", 3}, remote, 0600, 5000,
				     &err));
	assert_true(ssh_upload_bytes(ssh, (struct bytes){"two", 3}, remote, 0755, 5000,
				     &err));
	snprintf(command, sizeof(command),
		 "cat %s; stat -c ' %%a' %s; ls %s | grep -c part", remote, remote,
		 sshd.folder);
	assert_true(ssh_exec(ssh, command, no_input, 5000, &output, NULL, &code, &err));
	assert_string_equal(buf_text(&output), "two 755\n0\n");
	buf_release(&output);
	ssh_close(ssh);
}

static void
download_of_a_missing_file_says_so_and_leaves_nothing(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	char local[128];

	(void)state;
	snprintf(local, sizeof(local), "%s/not-there", sshd.folder);
	assert_false(ssh_download(ssh, "/nowhere/file", local, 0, 5000, &err));
	assert_non_null(strstr(err.text, "download '/nowhere/file'"));
	assert_non_null(strstr(err.text, "no such file"));
	assert_false(file_exists(local));
	assert_false(ssh_upload_bytes(ssh, no_input, "/nowhere/file", 0600, 5000, &err));
	assert_false(ssh_upload(ssh, "/nowhere/file", "/tmp/x", 0600, 5000, &err));
	ssh_close(ssh);
}

/* ---- streams ---- */

static void
stream_answers_line_by_line(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	struct ssh_stream *stream = ssh_stream_open(
		ssh, "while read -r l; do echo \"<$l>\"; done", 5000, &err);

	(void)state;
	assert_non_null(stream);
	for (int i = 0; i < 20; i++) {
		struct buf line = {0};
		char text[16], expected[16];
		snprintf(text, sizeof(text), "%d\n", i);
		snprintf(expected, sizeof(expected), "<%d>", i);
		assert_true(ssh_stream_write(stream, (struct bytes){text, strlen(text)},
					     2000, &err));
		assert_true(ssh_stream_line(stream, &line, 2000, &err));
		assert_string_equal(buf_text(&line), expected);
		buf_release(&line);
	}
	ssh_stream_close(stream);
	ssh_close(ssh);
}

static void
stream_line_ends_at_its_deadline_and_loses_nothing(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	struct buf line = {0};
	struct ssh_stream *stream =
		ssh_stream_open(ssh, "printf half; read -r x; echo way; cat", 5000, &err);

	(void)state;
	assert_non_null(stream);
	assert_false(ssh_stream_line(stream, &line, 200, &err));
	assert_false(ssh_stream_is_over(stream));
	assert_true(ssh_stream_write(stream, (struct bytes){"\n", 1}, 2000, &err));
	assert_true(ssh_stream_line(stream, &line, 2000, &err));
	assert_string_equal(buf_text(&line), "halfway");
	buf_release(&line);
	ssh_stream_close(stream);
	ssh_close(ssh);
}

static void
stream_that_ended_shows_its_last_words(void **state)
{
	struct ssh *ssh = open_loopback();
	struct err err = {0};
	struct buf line = {0};
	struct ssh_stream *stream = ssh_stream_open(
		ssh, "echo first >&2; echo 'no permission' >&2; exit 1", 5000, &err);

	(void)state;
	assert_non_null(stream);
	assert_false(ssh_stream_line(stream, &line, 2000, &err));
	assert_string_equal(err.text, "host n1: the program ended: no permission");
	assert_true(ssh_stream_is_over(stream));
	buf_release(&line);
	ssh_stream_close(stream);
	ssh_close(ssh);
}

/* ---- configuration ---- */

static void write_config(struct inventory *inventory, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
write_config(struct inventory *inventory, const char *format, ...)
{
	char path[128], text[2048];
	struct err err;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/ssh_config", sshd.folder);
	assert_true(file_write(path, text, strlen(text), &err));
	inventory->ssh_config = strdup(path);
}

static void
expect_alias_works(struct inventory *inventory)
{
	struct inventory_host host = {.name = "store-one"};
	struct err err = {0};
	struct buf output = {0};
	int code;
	struct ssh *ssh = ssh_open(inventory, &host, 10000, &err);

	if (ssh == NULL)
		fail_msg("%s", err.text);
	assert_true(
		ssh_exec(ssh, "echo here", no_input, 5000, &output, NULL, &code, &err));
	assert_string_equal(buf_text(&output), "here\n");
	buf_release(&output);
	ssh_close(ssh);
	inventory_release(inventory);
}

static void
alias_of_ssh_config_gives_address_port_user_and_key(void **state)
{
	struct inventory inventory = {0};

	(void)state;
	write_config(
		&inventory,
		"Host other\n  HostName 127.0.0.9\nHost store-*\n  HostName 127.0.0.1\n"
		"  Port %d\n  User root\n  IdentityFile %s\n  UserKnownHostsFile %s\n",
		sshd.port, sshd.key, sshd.known);
	expect_alias_works(&inventory);
}

static void
alias_of_ssh_config_may_need_a_proxy_command(void **state)
{
	struct inventory inventory = {0};

	(void)state;
	write_config(&inventory,
		     "Host hop\n  HostName 127.0.0.1\n  Port %d\n  User root\n"
		     "  IdentityFile %s\n  UserKnownHostsFile %s\n"
		     "Host store-one\n  HostName 127.0.0.1\n  Port %d\n  User root\n"
		     "  IdentityFile %s\n  UserKnownHostsFile %s\n"
		     "  ProxyCommand ssh -F %s/ssh_config -W %%h:%%p hop\n",
		     sshd.port, sshd.key, sshd.known, sshd.port, sshd.key, sshd.known,
		     sshd.folder);
	expect_alias_works(&inventory);
}

static void
alias_of_ssh_config_may_need_a_jump_host(void **state)
{
	struct inventory inventory = {0};

	(void)state;
	write_config(&inventory,
		     "Host hop\n  HostName 127.0.0.1\n  Port %d\n  User root\n"
		     "  IdentityFile %s\n  UserKnownHostsFile %s\n"
		     "Host store-one\n  HostName 127.0.0.1\n  Port %d\n  User root\n"
		     "  IdentityFile %s\n  UserKnownHostsFile %s\n  ProxyJump hop\n",
		     sshd.port, sshd.key, sshd.known, sshd.port, sshd.key, sshd.known);
	expect_alias_works(&inventory);
}

static void
proxy_command_that_ends_is_an_error_with_a_remedy(void **state)
{
	struct inventory_host host = loopback();

	(void)state;
	host.proxy_command = "exit 1";
	expect_refusal(&host, 3000, "SSH handshake: ", "ProxyCommand by hand");
}

/* ---- many ---- */

static void
open_and_ask(void *context, size_t i)
{
	atomic_int *done = context;
	struct inventory_host host = loopback();
	struct err err = {0};
	struct buf output = {0};
	char command[32], expected[32];
	int code;
	struct ssh *ssh = ssh_open(&nothing, &host, 20000, &err);

	snprintf(command, sizeof(command), "echo %zu", i);
	snprintf(expected, sizeof(expected), "%zu\n", i);
	if (ssh != NULL &&
	    ssh_exec(ssh, command, no_input, 10000, &output, NULL, &code, &err) &&
	    strcmp(buf_text(&output), expected) == 0)
		atomic_fetch_add(done, 1);
	else
		print_message("session %zu: %s\n", i, err.text);
	buf_release(&output);
	ssh_close(ssh);
}

static void
twenty_sessions_work_side_by_side(void **state)
{
	atomic_int done = 0;

	(void)state;
	parallel_for(20, 20, open_and_ask, &done);
	assert_int_equal(atomic_load(&done), 20);
}

static int
start(void **state)
{
	(void)state;
	return own_sshd_start(&sshd) ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	own_sshd_stop(&sshd);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_gives_output_error_output_and_exit_code),
		cmocka_unit_test(command_reads_large_input_and_gives_it_back),
		cmocka_unit_test(command_may_leave_its_input_unread),
		cmocka_unit_test(command_ended_by_a_signal_says_so_as_a_shell_does),
		cmocka_unit_test(command_is_left_at_its_deadline_and_the_session_goes_on),
		cmocka_unit_test(
			command_returns_though_a_program_it_left_holds_its_output),
		cmocka_unit_test(lost_connection_is_said_and_breaks_the_session),
		cmocka_unit_test(wrong_key_is_refused_by_name),
		cmocka_unit_test(missing_key_file_is_named),
		cmocka_unit_test(unknown_host_key_is_refused_with_its_fingerprint),
		cmocka_unit_test(unknown_host_key_is_taken_when_the_inventory_says_so),
		cmocka_unit_test(changed_host_key_is_refused_even_when_any_is_taken),
		cmocka_unit_test(closed_port_is_a_refused_connection),
		cmocka_unit_test(unknown_name_is_said),
		cmocka_unit_test(
			host_that_accepts_but_never_speaks_is_left_at_the_deadline),
		cmocka_unit_test(password_opens_and_a_wrong_one_is_refused),
		cmocka_unit_test(key_of_the_agent_opens_and_may_have_a_passphrase),
		cmocka_unit_test(frozen_host_ends_a_copy_at_its_deadline),
		cmocka_unit_test(frozen_host_ends_a_command_at_its_deadline),
		cmocka_unit_test(upload_and_download_keep_eight_megabytes),
		cmocka_unit_test(upload_replaces_a_file_and_sets_its_mode),
		cmocka_unit_test(download_of_a_missing_file_says_so_and_leaves_nothing),
		cmocka_unit_test(stream_answers_line_by_line),
		cmocka_unit_test(stream_line_ends_at_its_deadline_and_loses_nothing),
		cmocka_unit_test(stream_that_ended_shows_its_last_words),
		cmocka_unit_test(alias_of_ssh_config_gives_address_port_user_and_key),
		cmocka_unit_test(alias_of_ssh_config_may_need_a_proxy_command),
		cmocka_unit_test(alias_of_ssh_config_may_need_a_jump_host),
		cmocka_unit_test(proxy_command_that_ends_is_an_error_with_a_remedy),
		cmocka_unit_test(twenty_sessions_work_side_by_side),
	};
	const char *missing = own_sshd_missing();

	if (missing != NULL) {
		printf("test_ssh: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("ssh", tests, start, stop);
}
