#include "harness/hosts/ssh_private.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- options: what the inventory says goes before what ssh_config says ---- */

static bool
set_option(ssh_session session, enum ssh_options_e option, const void *value,
	   struct err *err)
{
	if (value == NULL || ssh_options_set(session, option, value) == SSH_OK)
		return true;
	return err_set(err, "configure SSH: %s", ssh_get_error(session));
}

static bool
read_config(ssh_session session, const char *path, struct err *err)
{
	if (ssh_options_parse_config(session, path) == SSH_OK)
		return true;
	return err_set(err, "read SSH configuration '%s': %s",
		       path ? path : "~/.ssh/config", ssh_get_error(session));
}

/* libssh 0.10 makes of ProxyJump a command `ssh ... -W '[%h]:%p' JUMP`, which reads the
 * configuration of the user: it must read the one that named the jump host. */
static bool
lead_jump(ssh_session session, const char *config, struct err *err)
{
	char *proxy = NULL;
	bool ok = true;

	if (config != NULL &&
	    ssh_options_get(session, SSH_OPTIONS_PROXYCOMMAND, &proxy) == SSH_OK &&
	    proxy != NULL && strncmp(proxy, "ssh ", 4) == 0 &&
	    strstr(proxy, "[%h]:%p") != NULL && strstr(proxy, " -F ") == NULL) {
		char *led = mem_format("ssh -F '%s' %s", config, proxy + 4);
		ok = set_option(session, SSH_OPTIONS_PROXYCOMMAND, led, err);
		free(led);
	}
	ssh_string_free_char(proxy);
	return ok;
}

static bool
configure(ssh_session session, const struct inventory *inventory,
	  const struct inventory_host *host, struct err *err)
{
	const int yes = 1;
	const bool no = false;
	unsigned port = (unsigned)host->port;

	/* The configuration is read here, so that what follows can replace its words. */
	return set_option(session, SSH_OPTIONS_PROCESS_CONFIG, &no, err) &&
	       set_option(session, SSH_OPTIONS_HOST, host->name, err) &&
	       read_config(session, inventory->ssh_config, err) &&
	       lead_jump(session, inventory->ssh_config, err) &&
	       set_option(session, SSH_OPTIONS_HOST, host->ssh_address, err) &&
	       set_option(session, SSH_OPTIONS_PORT, port ? &port : NULL, err) &&
	       set_option(session, SSH_OPTIONS_USER, host->user, err) &&
	       set_option(session, SSH_OPTIONS_KNOWNHOSTS, host->known_hosts, err) &&
	       set_option(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, host->known_hosts,
			  err) &&
	       set_option(session, SSH_OPTIONS_PROXYCOMMAND, host->proxy_command, err) &&
	       set_option(session, SSH_OPTIONS_NODELAY, &yes, err);
}

static bool
set_timeout(ssh_session session, int64_t deadline, struct err *err)
{
	int left_ms = clock_left_ms(deadline);
	/* Zero of both would mean libssh's default of ten seconds. */
	long seconds = left_ms / 1000, us = left_ms % 1000 * 1000L + 1;

	return set_option(session, SSH_OPTIONS_TIMEOUT, &seconds, err) &&
	       set_option(session, SSH_OPTIONS_TIMEOUT_USEC, &us, err);
}

/* ---- TCP: by ourselves, because libssh's errors do not say which step failed ---- */

static int
dial_one(const struct addrinfo *to, int64_t deadline)
{
	int error = 0, yes = 1;
	socklen_t bytes = sizeof(error);
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, to->ai_addr, to->ai_addrlen) != 0)
		error = errno;
	if (error == EINPROGRESS) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};
		if (poll(&wait, 1, clock_left_ms(deadline)) == 1)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
		else
			error = ETIMEDOUT;
	}
	if (error != 0) {
		close(fd);
		errno = error;
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	return fd;
}

static bool
dial_tcp(const char *address, unsigned port, int64_t deadline, int *fd, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char service[16];

	snprintf(service, sizeof(service), "%u", port);
	int rc = getaddrinfo(address, service, &hints, &list);
	if (rc != 0) {
		err_set(err, "look up '%s': %s", address,
			rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return err_hint(err,
				"check the name, or give its address in the inventory "
				"or as HostName in ~/.ssh/config");
	}
	*fd = -1;
	for (struct addrinfo *to = list; to != NULL && *fd < 0; to = to->ai_next)
		*fd = dial_one(to, deadline);
	int error = errno;
	freeaddrinfo(list);
	if (*fd >= 0)
		return true;
	err_set(err, "connect to '%s' port %u: %s", address, port, strerror(error));
	return err_hint(err,
			"check that the host is up, that sshd runs there, and that this "
			"is its address and port");
}

/* The address and port after inventory and ssh_config had their say. */
static char *
target(ssh_session session, unsigned *port)
{
	char *address = NULL;

	*port = 22;
	ssh_options_get_port(session, port);
	if (ssh_options_get(session, SSH_OPTIONS_HOST, &address) != SSH_OK)
		return mem_string("?");
	char *copy = mem_string(address);
	ssh_string_free_char(address);
	return copy;
}

static bool
has_proxy(ssh_session session)
{
	char *proxy = NULL;
	bool has = ssh_options_get(session, SSH_OPTIONS_PROXYCOMMAND, &proxy) == SSH_OK &&
		   proxy != NULL && proxy[0] != '\0';

	ssh_string_free_char(proxy);
	return has;
}

static bool
handshake_failed(ssh_session session, bool proxied, int64_t deadline, struct err *err)
{
	if (clock_left_ms(deadline) == 0) {
		err_set(err, "SSH handshake: no answer in time");
		return err_hint(err,
				"check that it is an sshd that listens on this port, and "
				"that the host is not overloaded or frozen");
	}
	err_set(err, "SSH handshake: %s", ssh_get_error(session));
	if (proxied)
		return err_hint(err,
				"run the host's ProxyCommand by hand; ProxyJump needs "
				"the program 'ssh' here");
	return err_hint(err, "look into the log of sshd on the host");
}

static bool
dial(ssh_session session, const char *address, unsigned port, int64_t deadline,
     struct err *err)
{
	bool proxied = has_proxy(session);
	int fd = -1;

	if (!proxied) {
		if (!dial_tcp(address, port, deadline, &fd, err))
			return false;
		if (!set_option(session, SSH_OPTIONS_FD, &fd, err)) {
			close(fd);
			return false;
		}
	}
	if (!set_timeout(session, deadline, err))
		return false;
	if (ssh_connect(session) != SSH_OK)
		return handshake_failed(session, proxied, deadline, err);
	return true;
}

/* ---- the host's key ---- */

static void
fingerprint(ssh_session session, char *text, size_t bytes)
{
	ssh_key key = NULL;
	unsigned char *hash = NULL;
	size_t hash_bytes = 0;

	snprintf(text, bytes, "unknown");
	if (ssh_get_server_publickey(session, &key) != SSH_OK)
		return;
	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &hash_bytes) ==
	    SSH_OK) {
		char *print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash,
						       hash_bytes);
		if (print != NULL)
			snprintf(text, bytes, "%s", print);
		ssh_string_free_char(print);
		ssh_clean_pubkey_hash(&hash);
	}
	ssh_key_free(key);
}

static bool
check_key(ssh_session session, const struct inventory_host *host, const char *address,
	  unsigned port, struct err *err)
{
	enum ssh_known_hosts_e known = ssh_session_is_known_server(session);
	const char *file = host->known_hosts ? host->known_hosts : "~/.ssh/known_hosts";
	char print[128];

	fingerprint(session, print, sizeof(print));
	switch (known) {
	case SSH_KNOWN_HOSTS_OK:
		return true;
	case SSH_KNOWN_HOSTS_UNKNOWN:
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		if (host->any_host_key)
			return true;
		err_set(err, "check host key: '%s' does not know the key %s of '%s'",
			file, print, address);
		return err_hint(err,
				"if the fingerprint is right: ssh-keyscan -p %u %s >>%s",
				port, address, file);
	case SSH_KNOWN_HOSTS_CHANGED:
	case SSH_KNOWN_HOSTS_OTHER:
		err_set(err, "check host key: the key %s of '%s' is not the one in '%s'",
			print, address, file);
		return err_hint(err,
				"somebody may be in between; if the host was installed "
				"anew: ssh-keygen -f %s -R '[%s]:%u'",
				file, address, port);
	default:
		return err_set(err, "check host key: %s", ssh_get_error(session));
	}
}

bool
ssh_dial(struct ssh *ssh, const struct inventory *inventory,
	 const struct inventory_host *host, int64_t deadline, struct err *err)
{
	unsigned port;

	ssh->session = ssh_new();
	if (ssh->session == NULL)
		return err_set(err, "make an SSH session: out of memory");
	if (!configure(ssh->session, inventory, host, err))
		return false;
	char *address = target(ssh->session, &port);
	bool ok = dial(ssh->session, address, port, deadline, err) &&
		  check_key(ssh->session, host, address, port, err);
	free(address);
	return ok;
}
