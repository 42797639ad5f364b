#include "chaos/agent/probe.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DISCARD_PORT = 9
};

static socklen_t
fill(const struct cut_address *address, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	storage->ss_family = (sa_family_t)address->family;
	if (address->family == AF_INET6) {
		v6->sin6_port = htons(DISCARD_PORT);
		inet_pton(AF_INET6, address->text, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_port = htons(DISCARD_PORT);
	inet_pton(AF_INET, address->text, &v4->sin_addr);
	return sizeof(*v4);
}

int
probe_send(const struct cut_address *address)
{
	struct sockaddr_storage storage;
	socklen_t bytes = fill(address, &storage);
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int sent = 0;

	if (fd < 0)
		return 0;
	for (int i = 0; i < PROBE_PACKETS; i++)
		sent += sendto(fd, "", 0, 0, (struct sockaddr *)&storage, bytes) == 0;
	close(fd);
	return sent;
}
