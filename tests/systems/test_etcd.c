/* etcd itself, on five hosts of the test's own. */
#include "base/clock.h"
#include "base/file.h"
#include "tests/systems/own_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum {
	NODES = 5
};

extern const struct system system_etcd;

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
	assert_int_equal(own_cluster_ask(leader, F_WRITE, key, val_small(9)).type,
			 OP_FAIL);
	assert_int_equal(own_cluster_ask(next, F_WRITE, key, val_small(10)).type, OP_OK);
	must(system_etcd.start(&own.cluster, leader, &err), &err);
	must(cluster_await_ready(&own.cluster, 15000, &err), &err);
	own_cluster_expect_read(leader, 10);
}

static bool
stop_one(void *context, int node, struct err *err)
{
	(void)context;
	return system_etcd.stop(&own.cluster, node, err);
}

static void
minority_cannot_say_what_became_of_a_write(void **state)
{
	struct err err = {0};
	val key = val_small(1);

	(void)state;
	must(hosts_each(3, stop_one, NULL, &err), &err);
	assert_int_equal(own_cluster_ask_within(500, 3, F_WRITE, key, val_small(11)).type,
			 OP_INFO);
	assert_int_equal(own_cluster_ask_within(500, 4, F_READ, key, VAL_OF_NIL).type,
			 OP_FAIL);
	assert_false(system_etcd.ready(&own.cluster, 3, &err));
}

static void
node_whose_daemon_ended_is_named_with_its_last_words(void **state)
{
	struct err err = {0};
	int64_t start = clock_ns();

	(void)state;
	assert_false(cluster_await_ready(&own.cluster, 3000, &err));
	assert_non_null(strstr(err.text, "host n1: wait for 'etcd': it ended: "));
	assert_non_null(strstr(err.hint, "/etcd/log on n1"));
	assert_true(clock_ns() - start < 8 * NS_PER_S);
}

static void
missing_program_is_said_before_anything_is_touched(void **state)
{
	struct err err = {0};
	struct cluster other = own.cluster;

	(void)state;
	other.options = (struct strings){0};
	strings_push(&other.options, "program=etcd-of-nowhere");
	must(system_etcd.open(&other, &err), &err);
	assert_false(system_etcd.install(&other, 0, &err));
	assert_non_null(
		strstr(err.text, "host n1: look for the program 'etcd-of-nowhere'"));
	assert_non_null(strstr(err.hint, "etcd-server"));
	system_etcd.close(&other);
	strings_release(&other.options);
}

static int
open_cluster(void **state)
{
	(void)state;
	return own_cluster_open(&system_etcd, NODES, NULL) ? 0 : -1;
}

static int
close_cluster(void **state)
{
	(void)state;
	own_cluster_close();
	return 0;
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
		cmocka_unit_test(node_whose_daemon_ended_is_named_with_its_last_words),
		cmocka_unit_test(wiping_leaves_no_process_and_no_file),
		cmocka_unit_test(missing_program_is_said_before_anything_is_touched),
	};
	const char *missing = own_sshd_missing();

	if (missing == NULL && !file_exists("/usr/bin/etcd"))
		missing = "needs /usr/bin/etcd (package etcd-server)";
	if (missing != NULL) {
		printf("test_etcd: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("etcd", tests, open_cluster, close_cluster);
}
