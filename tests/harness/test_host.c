#include "base/file.h"
#include "base/parallel.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct own_hosts own;

static void
hosts_know_their_address_and_size(void **state)
{
	(void)state;
	assert_int_equal(own.count, 3);
	for (int i = 0; i < own.count; i++) {
		assert_int_equal(own.hosts[i]->index, i);
		assert_string_equal(own.hosts[i]->address, "127.0.0.1");
		assert_int_equal(strncmp(own.hosts[i]->kernel, "Linux ", 6), 0);
		assert_true(own.hosts[i]->processors >= 1);
	}
	assert_string_equal(own.hosts[1]->name, "n2");
}

static void
one_unreachable_host_fails_all_and_is_named(void **state)
{
	struct inventory broken = {0};
	struct host **opened;
	int count;
	struct err err = {0};

	(void)state;
	own_hosts_add(&own, &broken, "good");
	own_hosts_add(&own, &broken, "down");
	broken.hosts.items[1].port = own_sshd_free_port();
	assert_false(hosts_open(&broken, &opened, &count, &err));
	assert_int_equal(strncmp(err.text, "host down: connect to ", 22), 0);
	assert_true(err.hint[0] != '\0');
	assert_null(opened);
	inventory_release(&broken);
	assert_false(hosts_open(&broken, &opened, &count, &err));
	assert_string_equal(err.text, "there are no hosts");
}

static void
address_of_the_inventory_must_be_numeric(void **state)
{
	struct inventory odd = {0};
	struct host **opened;
	int count;
	struct err err = {0};

	(void)state;
	own_hosts_add(&own, &odd, "odd");
	odd.hosts.items[0].address = strdup("localhost");
	assert_false(hosts_open(&odd, &opened, &count, &err));
	assert_non_null(strstr(err.text, "'localhost' is not a numeric IPv4"));
	inventory_release(&odd);
}

static void
failing_command_is_one_sentence_with_its_last_words(void **state)
{
	struct err err = {0};

	(void)state;
	assert_false(host_exec(own.hosts[0], NULL, 5000, &err,
			       "echo one; echo 'disk is %s' >&2; exit 5", "full"));
	assert_string_equal(err.text, "host n1: run 'echo one; echo 'disk is full' >&2; "
				      "exit 5': exit code 5: disk is full");
	assert_false(host_exec(own.hosts[0], NULL, 5000, &err, "exit 1"));
	assert_non_null(strstr(err.text, "exit code 1: it says nothing"));
}

static void
command_dies_at_its_deadline_with_what_it_started(void **state)
{
	struct err err = {0};
	char *command = mem_format("echo $$ >%s/pids; sleep 60 & echo $! >>%s/pids; wait",
				   own.sshd.folder, own.sshd.folder);
	char *check =
		mem_format("for i in $(seq 200); do left=0; for p in $(cat %s/pids); do "
			   "kill -0 $p 2>/dev/null && left=1; done; "
			   "[ $left = 0 ] && exit 0; sleep 0.02; done; exit 1",
			   own.sshd.folder);

	(void)state;
	assert_false(host_exec(own.hosts[0], NULL, 300, &err, "%s", command));
	assert_non_null(strstr(err.text, "did not end within 300 ms"));
	assert_true(host_exec(own.hosts[0], NULL, 8000, &err, "%s", check));
	free(command);
	free(check);
}

static void
lost_session_is_opened_anew_by_the_next_call(void **state)
{
	struct err err = {0};

	(void)state;
	/* The parent of timeout(1) is the sshd of this session. */
	assert_false(
		host_exec(own.hosts[2], NULL, 5000, &err,
			  "read -r _ _ _ p _ </proc/$PPID/stat; kill -KILL $p; sleep 3"));
	assert_non_null(strstr(err.text, "host n3: "));
	assert_non_null(strstr(err.text, "connection is lost"));
	own_hosts_expect(own.hosts[2], "echo again", "again\n");
}

static void
missing_program_names_its_package(void **state)
{
	struct err err = {0};

	(void)state;
	assert_true(host_needs(own.hosts[0], "sh", "dash", &err));
	assert_false(
		host_needs(own.hosts[0], "no-such-program", "no-such-package", &err));
	assert_non_null(
		strstr(err.text, "host n1: look for the program 'no-such-program'"));
	assert_non_null(strstr(err.hint, "apt-get install no-such-package"));
}

static void
input_reaches_the_command_and_any_exit_code_is_fine(void **state)
{
	struct buf output = {0};
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_true(host_exec_input(own.hosts[0], "cat; exit 9",
				    (struct bytes){"a'b\n", 4}, 5000, &output, &code,
				    &err));
	assert_string_equal(buf_text(&output), "a'b\n");
	assert_int_equal(code, 9);
	buf_release(&output);
}

static void
text_and_files_go_there_and_back(void **state)
{
	struct err err = {0};
	struct buf text = {0};
	char *remote = mem_format("%s/hello", own.sshd.folder);
	char *local = mem_format("%s/hello-back", own.sshd.folder);

	(void)state;
	assert_true(host_upload_text(own.hosts[0], "hello\n", remote, 0644, &err));
	assert_true(host_download(own.hosts[0], remote, local, &err));
	assert_true(file_read(local, 0, &text, &err));
	assert_string_equal(buf_text(&text), "hello\n");
	assert_true(host_upload(own.hosts[1], local, remote, 0600, &err));
	assert_false(host_download(own.hosts[0], "/nowhere/x", local, &err));
	assert_string_equal(err.text,
			    "host n1: download '/nowhere/x': open: no such file or "
			    "directory");
	assert_false(host_upload(own.hosts[0], "/nowhere/x", remote, 0600, &err));
	buf_release(&text);
	free(remote);
	free(local);
}

static void
stream_lives_beside_commands(void **state)
{
	struct err err = {0};
	struct buf line = {0};
	struct ssh_stream *stream =
		host_stream_open(own.hosts[0], "id -u; cat", 5000, &err);

	(void)state;
	assert_non_null(stream);
	assert_true(ssh_stream_line(stream, &line, 5000, &err));
	assert_string_equal(buf_text(&line), "0");
	own_hosts_expect(own.hosts[0], "echo beside", "beside\n");
	buf_clear(&line);
	assert_true(ssh_stream_write(stream, (struct bytes){"beat\n", 5}, 2000, &err));
	assert_true(ssh_stream_line(stream, &line, 2000, &err));
	assert_string_equal(buf_text(&line), "beat");
	buf_release(&line);
	ssh_stream_close(stream);
}

static void
user_who_is_not_root_works_by_sudo(void **state)
{
	struct inventory workers = {0};
	struct host **opened;
	int count;
	struct err err = {0};
	struct buf text = {0};
	char *remote = mem_format("%s/work/file", own.sshd.folder);
	char *local = mem_format("%s/from-worker", own.sshd.folder);

	(void)state;
	own_hosts_add(&own, &workers, "w1");
	free(workers.hosts.items[0].user);
	workers.hosts.items[0].user = strdup("worker");
	if (!hosts_open(&workers, &opened, &count, &err))
		fail_msg("%s (%s)", err.text, err.hint);
	own_hosts_expect(opened[0], "echo \"it's $SUDO_USER\"", "it's worker\n");
	assert_true(host_upload_text(opened[0], "by worker\n", remote, 0640, &err));
	char *check =
		mem_format("stat -c %%a %s; ls /tmp | grep 'faultline-%d-.*part'; true",
			   remote, (int)getpid());
	own_hosts_expect(opened[0], check, "640\n");
	assert_true(host_download(opened[0], remote, local, &err));
	assert_true(file_read(local, 0, &text, &err));
	assert_string_equal(buf_text(&text), "by worker\n");
	assert_false(host_upload_text(opened[0], "x", "/nowhere/file", 0640, &err));
	hosts_close(opened, count);
	inventory_release(&workers);
	buf_release(&text);
	free(check);
	free(remote);
	free(local);
}

static void
ask_own_number(void *context, size_t i)
{
	atomic_int *right = context;
	struct buf output = {0};
	struct err err;

	if (host_exec(own.hosts[i % 2], &output, 10000, &err, "echo %zu", i) &&
	    (size_t)atoi(buf_text(&output)) == i)
		atomic_fetch_add(right, 1);
	buf_release(&output);
}

static void
threads_may_use_one_host_at_once(void **state)
{
	atomic_int right = 0;

	(void)state;
	parallel_for(64, 8, ask_own_number, &right);
	assert_int_equal(atomic_load(&right), 64);
}

static bool
fail_on_two(void *context, int i, struct err *err)
{
	((int *)context)[i] = 1;
	return i < 2 || err_set(err, "error %d", i);
}

static void
each_calls_all_and_gives_the_error_of_the_lowest(void **state)
{
	int called[5] = {0};
	struct err err = {0};

	(void)state;
	assert_false(hosts_each(5, fail_on_two, called, &err));
	assert_string_equal(err.text, "error 2");
	for (int i = 0; i < 5; i++)
		assert_int_equal(called[i], 1);
	assert_true(hosts_each(2, fail_on_two, called, &err));
}

/* ---- the group ---- */

static int
start(void **state)
{
	(void)state;
	return own_hosts_open(&own) ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	own_hosts_close(&own);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_know_their_address_and_size),
		cmocka_unit_test(one_unreachable_host_fails_all_and_is_named),
		cmocka_unit_test(address_of_the_inventory_must_be_numeric),
		cmocka_unit_test(failing_command_is_one_sentence_with_its_last_words),
		cmocka_unit_test(command_dies_at_its_deadline_with_what_it_started),
		cmocka_unit_test(lost_session_is_opened_anew_by_the_next_call),
		cmocka_unit_test(missing_program_names_its_package),
		cmocka_unit_test(input_reaches_the_command_and_any_exit_code_is_fine),
		cmocka_unit_test(text_and_files_go_there_and_back),
		cmocka_unit_test(stream_lives_beside_commands),
		cmocka_unit_test(user_who_is_not_root_works_by_sudo),
		cmocka_unit_test(threads_may_use_one_host_at_once),
		cmocka_unit_test(each_calls_all_and_gives_the_error_of_the_lowest),
	};
	const char *missing = own_sshd_missing();

	if (missing != NULL) {
		printf("test_host: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("host", tests, start, stop);
}
