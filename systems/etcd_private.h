/* etcd_private.h - what the files etcd*.c share; nobody else includes it. */
#ifndef SYSTEMS_ETCD_PRIVATE_H
#define SYSTEMS_ETCD_PRIVATE_H

#include "systems/system.h"

/* The state of a cluster: its options as numbers. */
struct etcd {
	int64_t port, peer_port, heartbeat_ms, election_ms, snapshot_count;
	const char *program; /* borrowed from the options */
};

struct client *etcd_client_open(struct cluster *cluster, int node, int timeout_ms,
				struct err *err);
void etcd_client_invoke(struct client *client, struct call *call);
void etcd_client_close(struct client *client);

/* A client of any node by address, for tests. */
struct client *etcd_client_new(const char *address, int port);

#endif
