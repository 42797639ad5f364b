/* host.h - a host of a run: what systems and the harness do there.
 *
 * Calls may come from any thread; those to one host wait for each other. All commands run
 * as root there (directly, or by sudo without a password). */
#ifndef HARNESS_HOST_H
#define HARNESS_HOST_H

#include "base/buf.h"
#include "base/text.h"
#include "harness/inventory.h"

struct host {
	char *name;	/* owned */
	char *address;	/* owned: numeric IPv4, by which clients and the other hosts reach it */
	char *address6; /* owned, or NULL */
	int index;	/* 0.. in the run */
	struct ssh *ssh;	      /* owned, guarded by the host's lock */
	struct host_private *private; /* owned */
};

/* Opens all hosts in parallel; on failure none stays open and the error names the host.
 * The inventory must outlive them. */
bool hosts_open(const struct inventory *inventory, struct host ***hosts, int *count,
		struct err *err);
void hosts_close(struct host **hosts, int count);

/* Calls body(context, i) for each host on a thread of its own; false with the first error. */
bool hosts_each(int count, bool (*body)(void *context, int i, struct err *err), void *context,
		struct err *err);

/* Runs a shell command (printf format); a non-zero exit code is an error that shows the
 * last line it printed. `output` may be NULL. */
bool host_exec(struct host *host, struct buf *output, int timeout_ms, struct err *err,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

bool host_upload(struct host *host, const char *local, const char *remote, int mode,
		 struct err *err);
bool host_upload_text(struct host *host, const char *text, const char *remote, int mode,
		      struct err *err);
bool host_download(struct host *host, const char *remote, const char *local, struct err *err);

/* True when the program is in the host's PATH; else an error that names the package. */
bool host_needs(struct host *host, const char *program, const char *package,
		struct err *err);

/* A daemon on a host: a program with a pidfile and a log. Its folder is
 * /var/lib/faultline/DAEMON: `start` (the script that starts it), `pid`, `log`, `data/`. */
struct daemon {
	const char *name;
	const char *const *argv; /* NULL-terminated; argv[0] absolute or in PATH */
	const char *user;	 /* NULL: root */
};
#define HOST_FOLDER "/var/lib/faultline"

/* Writes the start script; starts by it (nothing happens when it runs already); stops by
 * TERM, then KILL after grace_ms; asks. Pids are found by pidfile and checked against the
 * start time of the process. */
bool host_daemon_install(struct host *host, const struct daemon *daemon, struct err *err);
bool host_daemon_start(struct host *host, const char *name, struct err *err);
bool host_daemon_stop(struct host *host, const char *name, int grace_ms, struct err *err);
bool host_daemon_is_running(struct host *host, const char *name, bool *running,
			    struct err *err);

#endif
