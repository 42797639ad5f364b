#include "harness/lab/lab_network.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "harness/lab/lab.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TRY_AGAIN_MS = 10,
	SSH_PORT = 22
};

struct lab_address
lab_address(int index)
{
	struct lab_address address;

	snprintf(address.name, sizeof(address.name), "n%d", index + 1);
	snprintf(address.v4, sizeof(address.v4), "10.77.0.%d", index + 1);
	snprintf(address.v6, sizeof(address.v6), "fd77::%d", index + 1);
	return address;
}

bool
lab_has_ipv6(void)
{
	return file_exists("/proc/sys/net/ipv6");
}

static bool
run_ip(struct buf *lines, struct err *err)
{
	const char *const argv[] = {"ip", "-batch", "-", NULL};
	struct child child = {
		.argv = argv, .input = buf_bytes(lines), .timeout_ms = 20000};
	bool ok = child_run(&child, NULL, err);

	buf_release(lines);
	return ok;
}

bool
lab_network_hub(const pid_t *hosts, int count, struct err *err)
{
	struct buf lines = {0};

	buf_string(&lines, "link set lo up\n"
			   "link add hub type bridge forward_delay 0 mcast_snooping 0\n"
			   "addr add " LAB_CONTROLLER_ADDRESS "/16 dev hub\n");
	if (lab_has_ipv6())
		buf_string(&lines,
			   "addr add " LAB_CONTROLLER_ADDRESS6 "/64 dev hub nodad\n");
	/* A question for a host whose link is not up yet is repeated after 50 ms, not 1 s. */
	buf_string(&lines, "ntable change name arp_cache dev hub retrans 50\n"
			   "link set hub up\n");
	for (int i = 0; i < count; i++) {
		const char *name = lab_address(i).name;
		buf_printf(&lines,
			   "link add %s type veth peer name eth0 netns %d\n"
			   "link set %s master hub up\n",
			   name, (int)hosts[i], name);
	}
	return run_ip(&lines, err) || err_context(err, "make the network of the lab");
}

bool
lab_network_host(int index, struct err *err)
{
	struct buf lines = {0};
	struct lab_address address = lab_address(index);

	buf_printf(&lines,
		   "link set lo up\n"
		   "addr add %s/16 dev eth0\n",
		   address.v4);
	if (lab_has_ipv6())
		buf_printf(&lines, "addr add %s/64 dev eth0 nodad\n", address.v6);
	buf_string(&lines, "link set eth0 up\n");
	return run_ip(&lines, err) || err_context(err, "give the host its addresses");
}

/* A connection to one host that waits for "SSH-"; fd -1 between two tries. */
struct banner {
	int fd;
	bool seen;
};

static void
banner_connect(struct banner *banner, int index)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(SSH_PORT)};

	inet_pton(AF_INET, lab_address(index).v4, &to.sin_addr);
	banner->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	connect(banner->fd, (struct sockaddr *)&to, sizeof(to));
}

static void
banner_read(struct banner *banner)
{
	char text[4] = "";

	banner->seen = read(banner->fd, text, sizeof(text)) == sizeof(text) &&
		       memcmp(text, "SSH-", sizeof(text)) == 0;
	close(banner->fd);
	banner->fd = -1;
}

/* Tries once on all hosts that have not answered; returns how many have. */
static int
try_all(struct banner *banners, int count)
{
	struct pollfd fds[LAB_HOSTS_MAX];
	int seen = 0;

	for (int i = 0; i < count; i++) {
		if (banners[i].fd < 0 && !banners[i].seen)
			banner_connect(&banners[i], i);
		fds[i] = (struct pollfd){.fd = banners[i].fd, .events = POLLIN};
	}
	poll(fds, (nfds_t)count, TRY_AGAIN_MS);
	for (int i = 0; i < count; i++) {
		if (banners[i].fd >= 0 && fds[i].revents)
			banner_read(&banners[i]);
		seen += banners[i].seen;
	}
	return seen;
}

static bool
name_silent(const struct banner *banners, int count, int timeout_ms, struct err *err)
{
	struct buf names = {0};

	for (int i = 0; i < count; i++)
		if (!banners[i].seen)
			buf_printf(&names, " %s", lab_address(i).name);
	err_set(err, "no SSH answer within %d ms from%s", timeout_ms, buf_text(&names));
	buf_release(&names);
	return false;
}

bool
lab_network_wait_for_ssh(int count, int timeout_ms, struct err *err)
{
	struct banner banners[LAB_HOSTS_MAX];
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;
	bool ok;

	for (int i = 0; i < count; i++)
		banners[i] = (struct banner){.fd = -1};
	while (!(ok = try_all(banners, count) == count) && clock_left_ms(deadline) > 0)
		clock_sleep_ms(TRY_AGAIN_MS);
	for (int i = 0; i < count; i++)
		if (banners[i].fd >= 0)
			close(banners[i].fd);
	return ok || name_silent(banners, count, timeout_ms, err);
}
