/* own_hosts.h - three hosts, n1 to n3, behind one sshd of the test's own. */
#ifndef TESTS_HARNESS_OWN_HOSTS_H
#define TESTS_HARNESS_OWN_HOSTS_H

#include "harness/hosts/host.h"
#include "tests/harness/own_sshd.h"

struct own_hosts {
	struct own_sshd sshd;
	struct inventory inventory;
	struct host **hosts;
	int count;
};

/* False when it cannot be; the error is printed. */
bool own_hosts_open(struct own_hosts *own);
void own_hosts_close(struct own_hosts *own);

/* One more host of the same sshd, for the user root. */
void own_hosts_add(const struct own_hosts *own, struct inventory *to, const char *name);

/* What the command prints; a command that fails, fails the test. */
void own_hosts_expect(struct host *host, const char *command, const char *expected);

#endif
