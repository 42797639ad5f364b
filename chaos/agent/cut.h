/* cut.h - packets from certain addresses are dropped here, by an nft table of our own.
 *
 * Each address is an element of a set, with a timeout and a counter: the kernel forgets
 * it by itself when nobody renews it. The chain is hooked at prerouting, priority -310:
 * before connection tracking and before any firewall of the host, which is never touched.
 * What keeps the controller's own SSH connection alive is accepted first; so is neighbour
 * discovery, so that IPv6 is cut as IPv4 is (whose ARP is no IP packet). */
#ifndef CHAOS_AGENT_CUT_H
#define CHAOS_AGENT_CUT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	CUT_TABLE_BYTES = 64,
	CUT_ADDRESSES_MAX = 512
};

#define CUT_TABLE_PREFIX "faultline_"

struct cut_address {
	int family;		     /* AF_INET or AF_INET6 */
	char text[INET6_ADDRSTRLEN]; /* as inet_ntop prints it */
	uint64_t packets, bytes;     /* dropped; as of the last cut_count */
};

struct cut_addresses {
	VEC(struct cut_address) of;
};

struct cut_table {
	char name[CUT_TABLE_BYTES];
	char controller[INET6_ADDRSTRLEN]; /* "" when the controller came not by SSH */
	int controller_port;		   /* the port here that it came to */
	int timeout_ms;			   /* of each element */
	bool stands;
	bool ever_stood;
	struct cut_addresses elements; /* owned: what is cut */
};

/* `connection` as in SSH_CONNECTION ("CLIENT PORT SERVER PORT") or "". */
bool cut_table_init(struct cut_table *table, const char *name, const char *connection,
		    int timeout_ms, struct err *err);
void cut_table_release(struct cut_table *table);

/* Reads a numeric address. */
bool cut_address_read(struct cut_address *address, const char *text, struct err *err);

/* Adds elements in one transaction; makes the table when it does not stand. Refuses an
 * address that is cut already. */
bool cut_add(struct cut_table *table, const struct cut_addresses *addresses,
	     struct err *err);

/* Brings the counters of table->elements up to date. Fails when an element is no longer
 * there, naming it. */
bool cut_count(struct cut_table *table, struct err *err);

/* Gives every element its whole timeout again, keeping the counters. */
bool cut_renew(struct cut_table *table, struct err *err);

/* Takes elements out; the last one takes the table with it. Proves that they are gone. */
bool cut_remove(struct cut_table *table, const struct cut_addresses *addresses,
		struct err *err);

/* The element of that address, or NULL. */
const struct cut_address *cut_find(const struct cut_table *table, const char *address);

/* Deletes a table by name, whoever made it; a missing one is no error. */
bool cut_table_delete(const char *name, struct err *err);

/* Appends the names of all tables whose name starts with CUT_TABLE_PREFIX, one a line. */
bool cut_tables_list(struct buf *names, struct err *err);

/* Tries it all in a scratch table: nft is there, knows what we need, and its output is
 * understood. */
bool cut_check(struct err *err);

#endif
