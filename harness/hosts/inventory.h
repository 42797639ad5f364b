/* inventory.h - which hosts there are and how SSH reaches them.
 *
 * From `--hosts a,b,user@c:2222`, from a file (a host a line: name, then name=value
 * pairs: ssh-address, address, address6, port, user, password, identity, known-hosts,
 * proxy, folder; proxy takes the rest of the line; '#' starts a comment), from
 * ~/.ssh/config for what is left open, or from the lab. */
#ifndef HARNESS_INVENTORY_H
#define HARNESS_INVENTORY_H

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>

/* All strings owned; NULL: not said (SSH configuration or a default decides). */
struct inventory_host {
	char *name; /* what people call it; also the alias looked up in ssh_config */
	char *ssh_address; /* where SSH connects; NULL: ssh_config, else the name */
	char *address;	/* numeric IPv4 by which the other hosts reach it; NULL: ask it */
	char *address6; /* numeric IPv6, or NULL */
	char *user, *password, *identity, *known_hosts, *proxy_command;
	char *folder; /* where daemons live there; NULL: HOST_FOLDER of harness/hosts/host.h */
	int port;	   /* 0: not said */
	bool any_host_key; /* accept unknown keys (never the default) */
};

struct inventory {
	VEC(struct inventory_host) hosts;
	char *ssh_config; /* owned: a ssh_config to read; NULL: ~/.ssh/config */
};

enum {
	INVENTORY_HOSTS_MAX = 250
};

/* Each adds to what is there. A name may be there once. An error in a file names file and
 * line; what was added before the error stays. */
bool inventory_add_list(struct inventory *inventory, const char *hosts, struct err *err);
bool inventory_read(struct inventory *inventory, const char *path, struct err *err);

/* Adds one host of this name and returns it, all else open; NULL when the name is taken
 * or there are too many. Valid until the next one is added. */
struct inventory_host *inventory_add(struct inventory *inventory, const char *name,
				     struct err *err);
void inventory_release(struct inventory *inventory);

#endif
