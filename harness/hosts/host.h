/* host.h - a host of a run: what systems and the harness do there.
 *
 * Calls may come from any thread; those to one host wait for each other (streams do not).
 * All commands run as root there (directly, or by sudo without a password). A session
 * that was lost is opened anew by the next call. Errors begin with the name of the host.
 */
#ifndef HARNESS_HOST_H
#define HARNESS_HOST_H

#include "base/buf.h"
#include "base/text.h"
#include "harness/hosts/inventory.h"

#define HOST_FOLDER "/var/lib/faultline"

struct host {
	char *name;	/* owned */
	char *address;	/* owned: numeric IPv4, by which clients and the other hosts reach
			   it */
	char *address6; /* owned, or NULL */
	int index;	/* 0.. in the run */
	char *folder;	/* owned: HOST_FOLDER, unless the inventory says otherwise */
	char *kernel;	/* owned: "Linux 6.1.0-18-amd64 x86_64" */
	int processors;
	struct ssh *ssh; /* owned, guarded by the host's lock; NULL when lost */
	struct host_private *private; /* owned */
};

/* Opens all hosts in parallel; on failure none stays open and the error names the host.
 * The inventory must outlive them. */
bool hosts_open(const struct inventory *inventory, struct host ***hosts, int *count,
		struct err *err);
void hosts_close(struct host **hosts, int count);

/* Calls body(context, i) for each host on a thread of its own; false with the first error
 * (that of the lowest i). All have returned afterwards. */
bool hosts_each(int count, bool (*body)(void *context, int i, struct err *err),
		void *context, struct err *err);

/* Runs a shell command (printf format); a non-zero exit code is an error that shows the
 * last line it printed. `output` may be NULL. At the deadline it is killed, with what
 * runs in its process group. */
bool host_exec(struct host *host, struct buf *output, int timeout_ms, struct err *err,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* As host_exec, with input; any exit code is fine and is given back. */
bool host_exec_input(struct host *host, const char *command, struct bytes input,
		     int timeout_ms, struct buf *output, int *exit_code, struct err *err);

/* Copies. Remote paths are absolute; the file appears there complete or not at all. */
bool host_upload(struct host *host, const char *local, const char *remote, int mode,
		 struct err *err);
bool host_upload_text(struct host *host, const char *text, const char *remote, int mode,
		      struct err *err);
bool host_download(struct host *host, const char *remote, const char *local,
		   struct err *err);

/* True when the program is in the host's PATH; else an error that names the package. */
bool host_needs(struct host *host, const char *program, const char *package,
		struct err *err);

/* Starts a program there, as root, over an SSH session of its own, and keeps its standard
 * input and output: for an agent that is talked to (harness/hosts/ssh.h, ssh_stream_*) while
 * other threads run commands on the host. ssh_stream_close ends program and session. */
struct ssh_stream *host_stream_open(struct host *host, const char *command,
				    int timeout_ms, struct err *err);

/* Appends `word` in single quotes, for a shell. */
void host_quote(struct buf *out, const char *word);

/* A daemon on a host: a program with a pidfile and a log. Its folder is FOLDER/DAEMON
 * (FOLDER is host->folder): `start` (the script that starts it), `pid`, `log`, `data/`.
 * It runs in that folder, in a session and process group of its own, with nothing on
 * standard input, its output appended to `log` and as many open files as the host allows.
 * Anybody who is root on the host may run `start`: it does nothing when the daemon runs
 * already. `pid` holds two numbers, the process and its start time (field 22 of
 * /proc/PID/stat). */
struct daemon {
	const char *name;	 /* a file name */
	const char *const *argv; /* NULL-terminated; argv[0] absolute or in PATH */
	const char *user;	 /* NULL: root */
};

/* Writes the start script and makes the folders; starts by it (nothing happens when it
 * runs already); stops by TERM, then KILL of its process group after grace_ms (no error
 * when it does not run); asks. Pids are found by pidfile and checked against the start
 * time. */
bool host_daemon_install(struct host *host, const struct daemon *daemon, struct err *err);
bool host_daemon_start(struct host *host, const char *name, struct err *err);
bool host_daemon_stop(struct host *host, const char *name, int grace_ms, struct err *err);
bool host_daemon_is_running(struct host *host, const char *name, bool *running,
			    struct err *err);

/* Appends the last `lines` lines of its log, for error messages; nothing when there are
 * none. */
void host_daemon_log_tail(struct host *host, const char *name, int lines,
			  struct buf *out);

/* Removes its folder. It must not run. */
bool host_daemon_remove(struct host *host, const char *name, struct err *err);

#endif
