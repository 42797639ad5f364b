/* lab_host.h - the inside of one host of a lab: its files, its mounts, its init.
 *
 * A host is a process cloned with network, mount, pid, uts and ipc namespaces of its own.
 * It makes the overlay its root, waits until its network cable is plugged in, tells the
 * lab that it is ready, and stays as the init that keeps sshd running and reaps orphans.
 */
#ifndef HARNESS_LAB_HOST_H
#define HARNESS_LAB_HOST_H

#include "base/err.h"

#include <sys/types.h>

/* One message on the report pipe; below PIPE_BUF, so that messages do not mix. */
struct lab_report {
	int index;
	pid_t pid;	/* of the host's init, as the machine counts */
	struct err err; /* empty text: the host is set up */
};

struct lab_host {
	const char *lab; /* name of the lab */
	int index, count;
	int report;  /* a lab_report is written here */
	int plugged; /* end of file says that the network is there */
};

/* Lives as the host; called in the cloned process. */
_Noreturn void lab_host_main(const struct lab_host *host);

/* Gives up, for this process and all that it starts, what reaches beyond namespaces: the
 * clock, modules, rebooting, raw hardware, wake-ups. */
bool lab_drop_capabilities(struct err *err);

/* As fork, with new namespaces for the child. */
pid_t lab_clone(int namespaces);

#endif
