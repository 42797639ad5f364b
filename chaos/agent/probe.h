/* probe.h - packets sent to an address to find out whether it hears us. */
#ifndef CHAOS_AGENT_PROBE_H
#define CHAOS_AGENT_PROBE_H

#include "chaos/agent/cut.h"

enum {
	PROBE_PACKETS = 3
};

/* Sends PROBE_PACKETS empty UDP datagrams to the discard port (9) of the address, from
 * whatever address the host's routes choose, as the daemon's packets would have. Returns
 * how many left. Nobody needs to listen: the receiver's counters tell. */
int probe_send(const struct cut_address *address);

#endif
