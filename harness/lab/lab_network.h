/* lab_network.h - the network of a lab: a bridge in the lab's own network namespace, a
 * cable from it to each host, and who has which address. */
#ifndef HARNESS_LAB_NETWORK_H
#define HARNESS_LAB_NETWORK_H

#include "base/err.h"

#include <sys/types.h>

/* Where the controller sits, once it has joined the lab. */
#define LAB_CONTROLLER_ADDRESS	"10.77.255.254"
#define LAB_CONTROLLER_ADDRESS6 "fd77::ffff"

struct lab_address {
	char name[16];
	char v4[24], v6[24];
};

/* Of the host with this index, counted from 0: n1, 10.77.0.1, fd77::1. */
struct lab_address lab_address(int index);

/* False when the kernel was started without IPv6: the lab then goes without. */
bool lab_has_ipv6(void);

/* In the lab's namespace: the bridge, and cables to the hosts with these pids. */
bool lab_network_hub(const pid_t *hosts, int count, struct err *err);

/* In the host's namespace, when its cable is there: addresses. */
bool lab_network_host(int index, struct err *err);

/* In the lab's namespace: returns when every host has sent its SSH banner, or fails at
 * the deadline, naming the hosts that did not. */
bool lab_network_wait_for_ssh(int count, int timeout_ms, struct err *err);

#endif
