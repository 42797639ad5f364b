#include "tests/systems/own_cluster.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct own_cluster own;

void
must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->text, err->hint);
}

/* ---- opening and closing ---- */

static void
add_host(int i)
{
	struct err err;
	char name[16];

	snprintf(name, sizeof(name), "n%d", i + 1);
	struct inventory_host *host = inventory_add(&own.inventory, name, &err);
	assert_non_null(host);
	host->ssh_address = mem_string("127.0.0.1");
	host->address = mem_format("127.0.0.%d", i + 2);
	host->user = mem_string("root");
	host->port = own.sshd.port;
	host->identity = mem_string(own.sshd.key);
	host->known_hosts = mem_string(own.sshd.known);
	host->folder = mem_format("%s/%s", own.sshd.folder, name);
}

static void
add_port(const char *name)
{
	char *option = mem_format("%s=%d", name, own_sshd_free_port());

	strings_push(&own.cluster.options, option);
	free(option);
}

static void
add_options(const char *option)
{
	if (option != NULL)
		strings_push(&own.cluster.options, option);
	add_port("port");
	add_port("peer-port");
}

bool
own_cluster_open(const struct system *system, int nodes, const char *option)
{
	struct err err = {0};

	own = (struct own_cluster){.system = system, .nodes = nodes};
	own.cluster = (struct cluster){.system = system, .run_name = "test"};
	values_init(&own.values);
	if (!own_sshd_start(&own.sshd))
		return false;
	for (int i = 0; i < nodes; i++)
		add_host(i);
	add_options(option);
	if (hosts_open(&own.inventory, &own.cluster.hosts, &own.cluster.node_count,
		       &err) &&
	    system->open(&own.cluster, &err))
		return true;
	err_print(&err);
	return false;
}

void
own_cluster_close(void)
{
	struct err err = {0};

	for (int i = 0; i < own.cluster.node_count; i++)
		if (!host_daemon_stop(own.cluster.hosts[i], own.system->daemon, 0, &err))
			err_print(&err);
	own.system->close(&own.cluster);
	hosts_close(own.cluster.hosts, own.cluster.node_count);
	inventory_release(&own.inventory);
	strings_release(&own.cluster.options);
	values_release(&own.values);
	own_sshd_stop(&own.sshd);
}

/* ---- what a test does with it ---- */

bool
own_cluster_start_one(void *context, int node, struct err *err)
{
	(void)context;
	return own.system->install(&own.cluster, node, err) &&
	       own.system->start(&own.cluster, node, err);
}

struct call
own_cluster_ask_within(int timeout_ms, int node, enum op_f f, val key, val input)
{
	struct call call = {.values = &own.values,
			    .f = f,
			    .key = key,
			    .input = input,
			    .timeout_ms = timeout_ms};
	struct err err = {0};
	struct client *client =
		own.system->client_open(&own.cluster, node, OWN_CALL_MS, &err);

	assert_non_null(client);
	own.system->client_invoke(client, &call);
	own.system->client_close(client);
	return call;
}

struct call
own_cluster_ask(int node, enum op_f f, val key, val input)
{
	return own_cluster_ask_within(OWN_CALL_MS, node, f, key, input);
}

void
own_cluster_expect_read(int node, int64_t expected)
{
	struct call call = own_cluster_ask(node, F_READ, val_small(1), VAL_OF_NIL);

	if (call.type != OP_OK)
		fail_msg("%s", call.error);
	assert_int_equal(val_number(&own.values, call.output), expected);
}

int
own_cluster_await_leader(int other_than)
{
	int64_t deadline = clock_ns() + 15 * NS_PER_S;
	int leader;

	do {
		leader = own.system->leader(&own.cluster);
	} while ((leader < 0 || leader == other_than) && clock_left_ms(deadline) > 0);
	return leader;
}

void
own_cluster_kill(int node)
{
	struct err err = {0};
	struct host *host = own.cluster.hosts[node];

	must(host_exec(host, NULL, 5000, &err, "read -r p s <%s/%s/pid; kill -KILL $p",
		       host->folder, own.system->daemon),
	     &err);
}

/* ---- what every system must pass ---- */

void
nodes_become_ready(void **state)
{
	struct err err = {0};
	int64_t start = clock_ns();

	(void)state;
	must(hosts_each(own.nodes, own_cluster_start_one, NULL, &err), &err);
	must(cluster_await_ready(&own.cluster, 20000, &err), &err);
	print_message("ready after %d ms\n", (int)((clock_ns() - start) / NS_PER_MS));
}

void
every_node_reads_what_one_wrote(void **state)
{
	val key = val_small(1);

	(void)state;
	struct call none = own_cluster_ask(0, F_READ, key, VAL_OF_NIL);
	assert_int_equal(none.type, OP_OK);
	assert_int_equal(val_kind(none.output), VAL_NIL);
	assert_int_equal(own_cluster_ask(0, F_WRITE, key, val_small(7)).type, OP_OK);
	for (int i = 0; i < own.nodes; i++)
		own_cluster_expect_read(i, 7);
}

static enum op_type
cas(int node, val key, val from, int to)
{
	val both = val_pair(&own.values, from, val_small(to));

	return own_cluster_ask(node % own.nodes, F_CAS, key, both).type;
}

void
cas_takes_only_the_expected_value(void **state)
{
	val key = val_small(1), other = val_small(2);

	(void)state;
	assert_int_equal(cas(1, key, val_small(7), 8), OP_OK);
	assert_int_equal(cas(2, key, val_small(7), 8), OP_FAIL);
	assert_int_equal(cas(3, key, VAL_OF_NIL, 9), OP_FAIL);
	own_cluster_expect_read(own.nodes - 1, 8);
	assert_int_equal(cas(1, other, VAL_OF_NIL, 9), OP_OK);
	assert_int_equal(cas(1, other, VAL_OF_NIL, 9), OP_FAIL);
}

void
set_holds_what_was_added(void **state)
{
	(void)state;
	struct call empty = own_cluster_ask(0, F_READ, VAL_OF_NIL, VAL_OF_NIL);
	assert_int_equal(val_count(&own.values, empty.output), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(
			own_cluster_ask(i % own.nodes, F_ADD, VAL_OF_NIL, val_small(i))
				.type,
			OP_OK);
	struct call all = own_cluster_ask(2, F_READ, VAL_OF_NIL, VAL_OF_NIL);
	assert_int_equal(all.type, OP_OK);
	assert_int_equal(val_count(&own.values, all.output), 12);
}

static void
expect_log(int node)
{
	struct err err = {0};
	struct strings logs = {0};

	own.system->logs(&own.cluster, node, &logs);
	assert_int_equal(logs.of.count, 1);
	must(host_exec(own.cluster.hosts[node], NULL, 5000, &err, "test -s %s",
		       logs.of.items[0]),
	     &err);
	strings_release(&logs);
}

void
wiping_leaves_no_process_and_no_file(void **state)
{
	struct err err = {0};

	(void)state;
	expect_log(own.nodes - 1);
	for (int i = 0; i < own.nodes; i++) {
		struct host *host = own.cluster.hosts[i];
		bool running = true;
		must(own.system->wipe(&own.cluster, i, &err), &err);
		must(host_daemon_is_running(host, own.system->daemon, &running, &err),
		     &err);
		assert_false(running);
		must(host_exec(host, NULL, 5000, &err, "test ! -e %s/%s", host->folder,
			       own.system->daemon),
		     &err);
	}
}
