/* node_cluster.h - real faultline-node processes on loopback, for tests.
 *
 * The program is faultline-node in the build folder of the running test. Every process is
 * a child that dies with the test, is known by its pid and reaped. */
#ifndef TESTS_REFERENCE_NODE_CLUSTER_H
#define TESTS_REFERENCE_NODE_CLUSTER_H

#include "reference/client/kv_client.h"

#include <sys/types.h>

enum {
	NODE_CLUSTER_MAX = 5
};

struct node_cluster {
	char folder[64];
	char program[512];
	int count;
	int ports[NODE_CLUSTER_MAX]; /* of clients */
	int peer_ports[NODE_CLUSTER_MAX];
	pid_t pids[NODE_CLUSTER_MAX]; /* 0: does not run */
	struct kv_client *clients[NODE_CLUSTER_MAX];
	const char *flags[8]; /* more flags of every node, NULL-terminated */
};

/* False when there is no program: the test is skipped. */
bool node_cluster_open(struct node_cluster *cluster, int count);
/* Kills and reaps what still runs, removes the folder. */
void node_cluster_close(struct node_cluster *cluster);

void node_cluster_start(struct node_cluster *cluster, int node);
/* Sends a signal and, unless it is SIGSTOP or SIGCONT, reaps; returns the wait status. */
int node_cluster_signal(struct node_cluster *cluster, int node, int signal);

/* Waits until some node leads and all running nodes follow it; its index, -1: in vain. */
int node_cluster_await_leader(struct node_cluster *cluster, int timeout_ms);

/* Runs a command of words between blanks; the outcome, and the reply as text: a string, a
 * number, "nil", members with blanks between, or the error. */
enum kv_outcome node_cluster_run(struct node_cluster *cluster, int node,
				 const char *words, struct buf *reply);

/* Appends the log of a node. */
void node_cluster_log(struct node_cluster *cluster, int node, struct buf *text);

#endif
