/* own_sshd.h - an sshd of the test's own on loopback, with keys and files in a scratch
 * folder. It is a child of the test, in a mount namespace where /run and the home of root
 * are its own and the password of root is "secret"; it dies with the test. Needs root and
 * the package openssh-server. In its folder `locked` is one more key that it takes, with
 * the passphrase "locked"; `work` belongs to the user "worker", who may log in too and for
 * whom `sudo -n` runs a command, as himself. */
#ifndef TESTS_HARNESS_OWN_SSHD_H
#define TESTS_HARNESS_OWN_SSHD_H

#include "harness/hosts/inventory.h"

#include <stdbool.h>
#include <sys/types.h>

struct own_sshd {
	char folder[64];   /* scratch: key, key.pub, stranger (a key that is refused), ...
			    */
	char key[96];	   /* the identity that it takes */
	char stranger[96]; /* one that it refuses */
	char known[96];	   /* known_hosts with its host key */
	int port;
	pid_t pid;
};

/* NULL when it can run here, else the reason why not. */
const char *own_sshd_missing(void);

/* Starts it and waits until it listens. */
bool own_sshd_start(struct own_sshd *sshd);
void own_sshd_stop(struct own_sshd *sshd);

/* How it is reached: as host n1, by the user root with the key that it takes. The texts
 * belong to the sshd. */
struct inventory_host own_sshd_host(const struct own_sshd *sshd);

/* A loopback port on which nobody listens just now. */
int own_sshd_free_port(void);

#endif
