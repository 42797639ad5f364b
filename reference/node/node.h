/* node.h - one replica as a process: protocol, service, disk, peers and clients on one loop.
 *
 * One thread. An iteration collects what the sockets and the clock brought, steps the
 * protocol, writes and syncs once, sends, applies, replies; see protocol.h. */
#ifndef REFERENCE_NODE_NODE_H
#define REFERENCE_NODE_NODE_H

#include "reference/node/config.h"

/* Runs until SIGTERM or SIGINT (true), or until the node cannot start or its disk fails
 * (false, with the reason). */
bool node_run(const struct config *config, struct err *err);

#endif
