/* etcd itself: five members on addresses of loopback, each a host behind the test's sshd.
 */
#include "base/clock.h"
#include "base/file.h"
#include "harness/hosts/host.h"
#include "systems/system.h"
#include "tests/harness/own_sshd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum {
	NODES = 5,
	CALL_MS = 3000
};

extern const struct system system_etcd;
static const struct system *const etcd = &system_etcd;

static struct own_sshd sshd;
static struct inventory inventory;
static struct cluster cluster = {.system = &system_etcd, .run_name = "test"};
static struct values values;

static void
must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->text, err->hint);
}

static struct call
ask_within(int timeout_ms, int node, enum op_f f, val key, val input)
{
	struct call call = {.values = &values,
			    .f = f,
			    .key = key,
			    .input = input,
			    .timeout_ms = timeout_ms};
	struct err err = {0};
	struct client *client = etcd->client_open(&cluster, node, CALL_MS, &err);

	assert_non_null(client);
	etcd->client_invoke(client, &call);
	etcd->client_close(client);
	return call;
}

static struct call
ask(int node, enum op_f f, val key, val input)
{
	return ask_within(CALL_MS, node, f, key, input);
}

static void
expect_read(int node, int64_t expected)
{
	struct call call = ask(node, F_READ, val_small(1), VAL_OF_NIL);

	if (call.type != OP_OK)
		fail_msg("%s", call.error);
	assert_int_equal(val_number(&values, call.output), expected);
}

/* ---- the tests follow each other: one cluster lives through them all ---- */

static bool
install_and_start(void *context, int node, struct err *err)
{
	(void)context;
	return etcd->install(&cluster, node, err) && etcd->start(&cluster, node, err);
}

static void
five_nodes_become_ready(void **state)
{
	struct err err = {0};
	int64_t start = clock_ns();

	(void)state;
	must(hosts_each(NODES, install_and_start, NULL, &err), &err);
	must(cluster_await_ready(&cluster, 20000, &err), &err);
	print_message("ready after %d ms\n", (int)((clock_ns() - start) / NS_PER_MS));
}

static void
every_node_reads_what_one_wrote(void **state)
{
	(void)state;
	struct call none = ask(0, F_READ, val_small(1), VAL_OF_NIL);
	assert_int_equal(none.type, OP_OK);
	assert_int_equal(val_kind(none.output), VAL_NIL);
	assert_int_equal(ask(0, F_WRITE, val_small(1), val_small(7)).type, OP_OK);
	for (int i = 0; i < NODES; i++)
		expect_read(i, 7);
}

static void
cas_takes_only_the_expected_value(void **state)
{
	val key = val_small(1);
	val seven = val_pair(&values, val_small(7), val_small(8));
	val nothing = val_pair(&values, VAL_OF_NIL, val_small(9));

	(void)state;
	assert_int_equal(ask(1, F_CAS, key, seven).type, OP_OK);
	assert_int_equal(ask(2, F_CAS, key, seven).type, OP_FAIL);
	assert_int_equal(ask(3, F_CAS, key, nothing).type, OP_FAIL);
	expect_read(4, 8);
	assert_int_equal(ask(1, F_CAS, val_small(2), nothing).type, OP_OK);
	assert_int_equal(ask(1, F_CAS, val_small(2), nothing).type, OP_FAIL);
}

static void
set_holds_what_was_added(void **state)
{
	(void)state;
	struct call empty = ask(0, F_READ, VAL_OF_NIL, VAL_OF_NIL);
	assert_int_equal(val_count(&values, empty.output), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(ask(i % NODES, F_ADD, VAL_OF_NIL, val_small(i)).type,
				 OP_OK);
	struct call all = ask(2, F_READ, VAL_OF_NIL, VAL_OF_NIL);
	assert_int_equal(all.type, OP_OK);
	assert_int_equal(val_count(&values, all.output), 12);
}

static int
await_leader(int other_than)
{
	int64_t deadline = clock_ns() + 15 * NS_PER_S;
	int leader;

	do {
		leader = etcd->leader(&cluster);
	} while ((leader < 0 || leader == other_than) && clock_left_ms(deadline) > 0);
	return leader;
}

static void
killed_leader_is_followed_by_another_and_comes_back(void **state)
{
	struct err err = {0};
	int leader = await_leader(-1);

	(void)state;
	assert_in_range(leader, 0, NODES - 1);
	struct host *host = cluster.hosts[leader];
	must(host_exec(host, NULL, 5000, &err, "read -r p s <%s/etcd/pid; kill -KILL $p",
		       host->folder),
	     &err);
	int next = await_leader(leader);
	assert_in_range(next, 0, NODES - 1);
	assert_int_not_equal(next, leader);
	assert_int_equal(ask(leader, F_WRITE, val_small(1), val_small(9)).type, OP_FAIL);
	assert_int_equal(ask(next, F_WRITE, val_small(1), val_small(10)).type, OP_OK);
	must(etcd->start(&cluster, leader, &err), &err);
	must(cluster_await_ready(&cluster, 15000, &err), &err);
	expect_read(leader, 10);
}

static bool
stop_one(void *context, int node, struct err *err)
{
	(void)context;
	return etcd->stop(&cluster, node, err);
}

static void
minority_cannot_say_what_became_of_a_write(void **state)
{
	struct err err = {0};
	val key = val_small(1);

	(void)state;
	must(hosts_each(3, stop_one, NULL, &err), &err);
	assert_int_equal(ask_within(500, 3, F_WRITE, key, val_small(11)).type, OP_INFO);
	assert_int_equal(ask_within(500, 4, F_READ, key, VAL_OF_NIL).type, OP_FAIL);
	assert_false(etcd->ready(&cluster, 3, &err));
}

static void
node_whose_daemon_ended_is_named_with_its_last_words(void **state)
{
	struct err err = {0};
	int64_t start = clock_ns();

	(void)state;
	assert_false(cluster_await_ready(&cluster, 3000, &err));
	assert_non_null(strstr(err.text, "host n1: wait for 'etcd': it ended: "));
	assert_non_null(strstr(err.hint, "/etcd/log on n1"));
	assert_true(clock_ns() - start < 8 * NS_PER_S);
}

static void
wiping_leaves_no_process_and_no_file(void **state)
{
	struct err err = {0};
	struct strings logs = {0};

	(void)state;
	etcd->logs(&cluster, 4, &logs);
	assert_int_equal(logs.of.count, 1);
	must(host_exec(cluster.hosts[4], NULL, 5000, &err, "test -s %s",
		       logs.of.items[0]),
	     &err);
	strings_release(&logs);
	for (int i = 0; i < NODES; i++) {
		bool running = true;
		must(etcd->wipe(&cluster, i, &err), &err);
		must(host_daemon_is_running(cluster.hosts[i], "etcd", &running, &err),
		     &err);
		assert_false(running);
		must(host_exec(cluster.hosts[i], NULL, 5000, &err, "test ! -e %s/etcd",
			       cluster.hosts[i]->folder),
		     &err);
	}
}

static void
missing_program_is_said_before_anything_is_touched(void **state)
{
	struct err err = {0};
	struct cluster other = cluster;

	(void)state;
	other.options = (struct strings){0};
	strings_push(&other.options, "program=etcd-of-nowhere");
	must(etcd->open(&other, &err), &err);
	assert_false(etcd->install(&other, 0, &err));
	assert_non_null(
		strstr(err.text, "host n1: look for the program 'etcd-of-nowhere'"));
	assert_non_null(strstr(err.hint, "etcd-server"));
	etcd->close(&other);
	strings_release(&other.options);
}

/* ---- the group ---- */

static void
add_host(int i)
{
	struct err err;
	char name[16];

	snprintf(name, sizeof(name), "n%d", i + 1);
	struct inventory_host *host = inventory_add(&inventory, name, &err);
	assert_non_null(host);
	host->ssh_address = mem_string("127.0.0.1");
	host->address = mem_format("127.0.0.%d", i + 2);
	host->user = mem_string("root");
	host->port = sshd.port;
	host->identity = mem_string(sshd.key);
	host->known_hosts = mem_string(sshd.known);
	host->folder = mem_format("%s/%s", sshd.folder, name);
}

static void
add_port(const char *name)
{
	char *option = mem_format("%s=%d", name, own_sshd_free_port());

	strings_push(&cluster.options, option);
	free(option);
}

static int
start(void **state)
{
	struct err err = {0};

	(void)state;
	values_init(&values);
	if (!own_sshd_start(&sshd))
		return -1;
	for (int i = 0; i < NODES; i++)
		add_host(i);
	add_port("port");
	add_port("peer-port");
	if (hosts_open(&inventory, &cluster.hosts, &cluster.node_count, &err) &&
	    etcd->open(&cluster, &err))
		return 0;
	err_print(&err);
	return -1;
}

static int
stop(void **state)
{
	struct err err = {0};

	(void)state;
	for (int i = 0; i < cluster.node_count; i++)
		if (!host_daemon_stop(cluster.hosts[i], "etcd", 0, &err))
			err_print(&err);
	etcd->close(&cluster);
	hosts_close(cluster.hosts, cluster.node_count);
	inventory_release(&inventory);
	strings_release(&cluster.options);
	values_release(&values);
	own_sshd_stop(&sshd);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_nodes_become_ready),
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
	return cmocka_run_group_tests_name("etcd", tests, start, stop);
}
