/* ssh_private.h - what the files ssh*.c share; nobody else includes it. */
#ifndef HARNESS_SSH_PRIVATE_H
#define HARNESS_SSH_PRIVATE_H

#include "base/clock.h"
#include "harness/hosts/ssh.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <pthread.h>

struct ssh {
	char *name;	     /* owned: what people call the host */
	ssh_session session; /* owned; non-blocking, but for SFTP and authentication */
	ssh_event event;     /* owned; the session is in it once it is connected */
	sftp_session sftp;   /* owned; NULL until the first copy */
	bool broken;	     /* nothing more can be had from this session */
};

/* Ends what blocks. libssh's own deadlines do not cover SFTP and each covers one packet,
 * so a thread shuts the socket at the deadline: whatever waits for it then returns. The
 * session is lost by that. `fd` must stay open between start and stop. */
struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* guards `done` and `fired` */
	pthread_cond_t changed;
	int fd;
	int64_t deadline;
	bool done, fired;
};
void watch_start(struct watch *watch, int fd, int64_t deadline);
/* True when the deadline passed first. */
bool watch_stop(struct watch *watch);

/* Makes and connects the session, and checks the host's key (ssh_connect.c). */
bool ssh_dial(struct ssh *ssh, const struct inventory *inventory,
	      const struct inventory_host *host, int64_t deadline, struct err *err);

/* Proves who we are (ssh_login.c). */
bool ssh_login(struct ssh *ssh, const struct inventory_host *host, int64_t deadline,
	       struct err *err);

/* Lets the session work until something happened; false when it broke or at the deadline.
 */
bool ssh_step(struct ssh *ssh, int64_t deadline, struct err *err);

/* A channel on which `command` has been started; NULL with the error. The callbacks are
 * set before the first byte can come. ssh_channel_end takes it down. */
ssh_channel ssh_channel_begin(struct ssh *ssh, const char *command,
			      struct ssh_channel_callbacks_struct *callbacks,
			      int64_t deadline, struct err *err);
void ssh_channel_end(struct ssh *ssh, ssh_channel channel,
		     struct ssh_channel_callbacks_struct *callbacks);

#endif
