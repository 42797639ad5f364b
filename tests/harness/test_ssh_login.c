#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_sshd.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
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

/* ---- refusals ---- */

static void
wrong_key_is_refused_by_name(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.identity = sshd.stranger;
	expect_refusal(&host, 5000, "log in as 'root': the host refuses the key",
		       "ssh-copy-id");
}

static void
missing_key_file_is_named(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.identity = "/nowhere/key";
	expect_refusal(&host, 5000, "cannot use the key '/nowhere/key'", "readable");
}

static void
unknown_host_key_is_refused_with_its_fingerprint(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.known_hosts = "/nowhere/known_hosts";
	expect_refusal(&host, 5000, "does not know the key SHA256:", "ssh-keyscan -p");
}

static void
unknown_host_key_is_taken_when_the_inventory_says_so(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);
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
	struct inventory_host host = own_sshd_host(&sshd);
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
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.port = own_sshd_free_port();
	expect_refusal(&host, 5000, "Connection refused", "sshd runs there");
}

static void
unknown_name_is_said(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.ssh_address = "no-such-host.invalid";
	expect_refusal(&host, 5000, "look up 'no-such-host.invalid'", "HostName");
}

static void
host_that_accepts_but_never_speaks_is_left_at_the_deadline(void **state)
{
	struct inventory_host host = own_sshd_host(&sshd);
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
	struct inventory_host host = own_sshd_host(&sshd);

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
	struct inventory_host host = own_sshd_host(&sshd);
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
	struct inventory_host host = own_sshd_host(&sshd);

	(void)state;
	host.proxy_command = "exit 1";
	expect_refusal(&host, 3000, "SSH handshake: ", "ProxyCommand by hand");
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
		cmocka_unit_test(alias_of_ssh_config_gives_address_port_user_and_key),
		cmocka_unit_test(alias_of_ssh_config_may_need_a_proxy_command),
		cmocka_unit_test(alias_of_ssh_config_may_need_a_jump_host),
		cmocka_unit_test(proxy_command_that_ends_is_an_error_with_a_remedy),
	};
	const char *missing = own_sshd_missing();

	if (missing != NULL) {
		printf("test_ssh_login: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("ssh login", tests, start, stop);
}
