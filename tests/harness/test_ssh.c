#include "base/clock.h"
#include "base/file.h"
#include "base/parallel.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_sshd.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct own_sshd sshd;
static struct inventory nothing;
static const struct bytes no_input;

static struct ssh *
open_loopback(void)
{
	struct err err = {0};
	struct inventory_host host = own_sshd_host(&sshd);
	struct ssh *ssh = ssh_open(&nothing, &host, 10000, &err);

	if (ssh == NULL)
		fail_msg("%s", err.text);
	return ssh;
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

/* ---- many ---- */

static void
open_and_ask(void *context, size_t i)
{
	atomic_int *done = context;
	struct inventory_host host = own_sshd_host(&sshd);
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
		cmocka_unit_test(frozen_host_ends_a_copy_at_its_deadline),
		cmocka_unit_test(frozen_host_ends_a_command_at_its_deadline),
		cmocka_unit_test(upload_and_download_keep_eight_megabytes),
		cmocka_unit_test(upload_replaces_a_file_and_sets_its_mode),
		cmocka_unit_test(download_of_a_missing_file_says_so_and_leaves_nothing),
		cmocka_unit_test(stream_answers_line_by_line),
		cmocka_unit_test(stream_line_ends_at_its_deadline_and_loses_nothing),
		cmocka_unit_test(stream_that_ended_shows_its_last_words),
		cmocka_unit_test(twenty_sessions_work_side_by_side),
	};
	const char *missing = own_sshd_missing();

	if (missing != NULL) {
		printf("test_ssh: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("ssh", tests, start, stop);
}
