#include "reference/node/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

enum {
	BACKLOG = 511
};

bool
address_resolve(const struct config_address *address, struct sockaddr_storage *to,
		struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", address->port);
	int status = getaddrinfo(address->host, port, &hints, &found);
	if (status != 0)
		return err_set(err, "resolve host '%s': %s", address->host,
			       gai_strerror(status));
	memset(to, 0, sizeof(*to));
	memcpy(to, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

bool
address_listen(uv_tcp_t *tcp, const struct config_address *address,
	       uv_connection_cb on_connection, struct err *err)
{
	struct sockaddr_storage to;

	if (!address_resolve(address, &to, err))
		return false;
	int status = uv_tcp_bind(tcp, (const struct sockaddr *)&to, 0);
	if (status == 0)
		status = uv_listen((uv_stream_t *)tcp, BACKLOG, on_connection);
	return status == 0 || err_set(err, "listen on '%s:%u': %s", address->host,
				      address->port, uv_strerror(status));
}

void
address_tune(uv_tcp_t *tcp, unsigned silent_ms)
{
	uv_os_fd_t fd;

	uv_tcp_nodelay(tcp, 1);
	uv_tcp_keepalive(tcp, 1, 5);
	if (uv_fileno((uv_handle_t *)tcp, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms,
			   sizeof(silent_ms));
}
