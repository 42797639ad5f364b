/* host_private.h - what the files host*.c share; nobody else includes it. */
#ifndef HARNESS_HOST_PRIVATE_H
#define HARNESS_HOST_PRIVATE_H

#include "harness/hosts/host.h"
#include "harness/hosts/ssh.h"

#include <pthread.h>

enum {
	HOST_CONNECT_MS = 10000,
	HOST_COMMAND_MS = 20000,
	HOST_COPY_MS = 120000
};

struct host_private {
	pthread_mutex_t lock;		   /* guards host->ssh, held during each call */
	const struct inventory *inventory; /* borrowed */
	const struct inventory_host *planned; /* borrowed from the inventory */
	bool sudo;			      /* the user there is not root */
};

/* Takes the lock with a session that works; false (without the lock) when there is none.
 */
bool host_lock(struct host *host, struct err *err);
void host_unlock(struct host *host);

/* Runs a script as host_exec does a command; errors name the step, not the script. */
bool host_script(struct host *host, const char *step, const char *script, int timeout_ms,
		 struct buf *output, struct err *err);

#endif
