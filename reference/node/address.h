/* address.h - from a configured address to one of the kernel. */
#ifndef REFERENCE_NODE_ADDRESS_H
#define REFERENCE_NODE_ADDRESS_H

#include "reference/node/config.h"

#include <sys/socket.h>
#include <uv.h>

/* Resolves a host by name or number (may block; for start-up). */
bool address_resolve(const struct config_address *address, struct sockaddr_storage *to,
		     struct err *err);

/* Binds and listens. */
bool address_listen(uv_tcp_t *tcp, const struct config_address *address,
		    uv_connection_cb on_connection, struct err *err);

/* NODELAY, and an end for connections whose other side is silent this long. */
void address_tune(uv_tcp_t *tcp, unsigned silent_ms);

#endif
