/* own_cluster.h - a system on hosts of the test's own: nodes on addresses of loopback, each a
 * host behind the test's sshd; and what every key-value system must do there. One cluster
 * lives through all tests of a program. */
#ifndef TESTS_SYSTEMS_OWN_CLUSTER_H
#define TESTS_SYSTEMS_OWN_CLUSTER_H

#include "harness/hosts/host.h"
#include "systems/system.h"
#include "tests/harness/own_sshd.h"

struct own_cluster {
	struct own_sshd sshd;
	struct inventory inventory;
	struct cluster cluster;
	struct values values;
	const struct system *system;
	int nodes;
};

/* The cluster of this program. */
extern struct own_cluster own;

enum {
	OWN_CALL_MS = 3000
};

/* Opens `nodes` hosts n1, n2, ... and the system on them; `option` ("name=value", NULL: none)
 * is one more for it, beside free ports. False: printed why. Nothing is installed yet. */
bool own_cluster_open(const struct system *system, int nodes, const char *option);
void own_cluster_close(void);

/* Fails the test with the sentence of `err`. */
void must(bool ok, const struct err *err);

/* Installs and starts on one node: for hosts_each. */
bool own_cluster_start_one(void *context, int node, struct err *err);

/* One operation by a client of its own at that node. */
struct call own_cluster_ask_within(int timeout_ms, int node, enum op_f f, val key,
				   val input);
struct call own_cluster_ask(int node, enum op_f f, val key, val input);

/* Register 1 must be read as `expected` at that node. */
void own_cluster_expect_read(int node, int64_t expected);

/* Which node leads, not `other_than`, within 15 s; -1: none. */
int own_cluster_await_leader(int other_than);

/* Kills the daemon of a node: nothing is told to it. */
void own_cluster_kill(int node);

/* The tests that every system must pass, in this order. */
void nodes_become_ready(void **state);
void every_node_reads_what_one_wrote(void **state);
void cas_takes_only_the_expected_value(void **state);
void set_holds_what_was_added(void **state);
void wiping_leaves_no_process_and_no_file(void **state);

#endif
