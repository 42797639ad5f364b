/* inventory.h - which hosts there are and how SSH reaches them.
 *
 * From `--hosts a,b,user@c:2222`, from a file (a host a line: name, then name=value pairs:
 * address, address6, port, user, identity, known-hosts, proxy; '#' starts a comment), from
 * ~/.ssh/config for what is left open, or from the lab. */
#ifndef HARNESS_INVENTORY_H
#define HARNESS_INVENTORY_H

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>

/* All strings owned; NULL: not said (SSH configuration or a default decides). */
struct inventory_host {
	char *name;	   /* what people call it; also the alias looked up in ssh_config */
	char *ssh_address; /* where SSH connects; NULL: ssh_config, else the name */
	char *address;	   /* numeric IPv4 by which the other hosts reach it; NULL: ask it */
	char *address6;	   /* numeric IPv6, or NULL */
	char *user, *password, *identity, *known_hosts, *proxy_command;
	int port; /* 0: not said */
	bool any_host_key; /* accept unknown keys (never the default) */
};

struct inventory {
	VEC(struct inventory_host) hosts;
	char *ssh_config; /* owned: a ssh_config to read; NULL: ~/.ssh/config */
};

bool inventory_add_list(struct inventory *inventory, const char *hosts, struct err *err);
bool inventory_read(struct inventory *inventory, const char *path, struct err *err);
void inventory_release(struct inventory *inventory);

#endif
