/* The reference store as the harness deploys it, on three hosts of the test's own. */
#include "base/clock.h"
#include "base/file.h"
#include "tests/systems/own_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum {
	NODES = 3
};

extern const struct system system_reference;
static char program_option[600]; /* "program=PATH" */

static void
killed_leader_is_followed_by_another_and_comes_back(void **state)
{
	struct err err = {0};
	val key = val_small(1);
	int leader = own_cluster_await_leader(-1);

	(void)state;
	assert_in_range(leader, 0, NODES - 1);
	own_cluster_kill(leader);
	int next = own_cluster_await_leader(leader);
	assert_in_range(next, 0, NODES - 1);
	assert_int_not_equal(next, leader);
	assert_null(
		system_reference.client_open(&own.cluster, leader, OWN_CALL_MS, &err));
	assert_non_null(strstr(err.text, "connect to '127.0.0."));
	assert_int_equal(own_cluster_ask(next, F_WRITE, key, val_small(10)).type, OP_OK);
	must(system_reference.start(&own.cluster, leader, &err), &err);
	must(cluster_await_ready(&own.cluster, 15000, &err), &err);
	own_cluster_expect_read(leader, 10);
}

static void
minority_cannot_say_what_became_of_a_write(void **state)
{
	struct err err = {0};
	val key = val_small(1);

	(void)state;
	/* A follower, which forwards in vain; and it soon knows that nobody leads. */
	int alone = (own_cluster_await_leader(-1) + 1) % NODES;
	for (int i = 0; i < NODES; i++)
		if (i != alone)
			must(system_reference.stop(&own.cluster, i, &err), &err);
	assert_int_equal(
		own_cluster_ask_within(200, alone, F_WRITE, key, val_small(11)).type,
		OP_INFO);
	assert_int_equal(own_cluster_ask_within(200, alone, F_READ, key, VAL_OF_NIL).type,
			 OP_FAIL);
	int64_t deadline = clock_ns() + 5 * NS_PER_S;
	while (system_reference.ready(&own.cluster, alone, &err))
		assert_true(clock_left_ms(deadline) > 0);
}

/* It ends so soon that the start itself may see it, or else the wait does. */
static void
unknown_bug_is_said_in_the_words_of_the_node(void **state)
{
	struct err err = {0};
	struct buf words = {0};

	(void)state;
	strings_push(&own.cluster.bugs, "stale-reed");
	assert_false(hosts_each(NODES, own_cluster_start_one, NULL, &err) &&
		     cluster_await_ready(&own.cluster, 5000, &err));
	assert_non_null(strstr(err.text, "it ended"));
	host_daemon_log_tail(own.cluster.hosts[0], "reference", 3, &words);
	if (strstr(buf_text(&words), "unknown planted bug 'stale-reed'") == NULL)
		fail_msg("%s", buf_text(&words));
	buf_release(&words);
	strings_release(&own.cluster.bugs);
}

static void
bad_options_are_refused_before_anything_is_touched(void **state)
{
	static const struct {
		const char *option, *reason;
	} rows[] = {
		{"program=/nowhere/at/all", "the program 'faultline-node' is not"},
		{"electon-ms=100", "system 'reference' has no option 'electon-ms'"},
		{"election-ms=soon", "option 'election-ms' of system 'reference'"},
		{"port=0", "option 'port' of system 'reference'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = {0};
		struct cluster other = own.cluster;
		other.options = (struct strings){0};
		strings_push(&other.options, program_option);
		strings_push(&other.options, rows[i].option);
		assert_false(system_reference.open(&other, &err));
		if (strstr(err.text, rows[i].reason) == NULL)
			fail_msg("%s: %s", rows[i].option, err.text);
		strings_release(&other.options);
	}
}

static int
open_cluster(void **state)
{
	(void)state;
	return own_cluster_open(&system_reference, NODES, program_option) ? 0 : -1;
}

static int
close_cluster(void **state)
{
	(void)state;
	own_cluster_close();
	return 0;
}

/* BUILD/tests/systems/test_reference -> BUILD/faultline-node */
static bool
find_program(void)
{
	char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	snprintf(program_option, sizeof(program_option), "program=%s/faultline-node",
		 path);
	return file_exists(program_option + strlen("program="));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_become_ready),
		cmocka_unit_test(every_node_reads_what_one_wrote),
		cmocka_unit_test(cas_takes_only_the_expected_value),
		cmocka_unit_test(set_holds_what_was_added),
		cmocka_unit_test(killed_leader_is_followed_by_another_and_comes_back),
		cmocka_unit_test(minority_cannot_say_what_became_of_a_write),
		cmocka_unit_test(unknown_bug_is_said_in_the_words_of_the_node),
		cmocka_unit_test(wiping_leaves_no_process_and_no_file),
		cmocka_unit_test(bad_options_are_refused_before_anything_is_touched),
	};
	const char *missing = own_sshd_missing();

	if (missing == NULL && !find_program())
		missing = "needs faultline-node in the build folder";
	if (missing != NULL) {
		printf("test_reference: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("reference", tests, open_cluster,
					   close_cluster);
}
