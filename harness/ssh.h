/* ssh.h - one SSH session to one host, by libssh. Every call has a deadline.
 *
 * A session is used by one thread at a time (host.h puts a lock around it). Strict host
 * keys unless the inventory says otherwise. Errors name host, step and remedy. */
#ifndef HARNESS_SSH_H
#define HARNESS_SSH_H

#include "base/buf.h"
#include "harness/inventory.h"

struct ssh;
struct ssh_stream; /* a program on the host that stays, talked to over its stdin/stdout */

/* Connects and authenticates: identity, agent, default keys, password. */
struct ssh *ssh_open(const struct inventory *inventory, const struct inventory_host *host,
		     int timeout_ms, struct err *err);
void ssh_close(struct ssh *ssh);

/* Runs a shell command. Output and error output are appended (either may be NULL). True
 * when it ran to its end within the deadline; its exit code is in *exit_code. */
bool ssh_exec(struct ssh *ssh, const char *command, struct bytes input, int timeout_ms,
	      struct buf *output, struct buf *error_output, int *exit_code, struct err *err);

/* Copies files by SFTP. Uploads go to a temporary name and are renamed; mode as in chmod.
 * A download of a missing file fails and says so. `bytes_max` 0: no bound. */
bool ssh_upload(struct ssh *ssh, const char *local, const char *remote, int mode,
		int timeout_ms, struct err *err);
bool ssh_upload_bytes(struct ssh *ssh, struct bytes data, const char *remote, int mode,
		      int timeout_ms, struct err *err);
bool ssh_download(struct ssh *ssh, const char *remote, const char *local,
		  uint64_t bytes_max, int timeout_ms, struct err *err);

/* Starts a program and keeps its standard input and output. Lines end in '\n'. */
struct ssh_stream *ssh_stream_open(struct ssh *ssh, const char *command, int timeout_ms,
				   struct err *err);
bool ssh_stream_write(struct ssh_stream *stream, struct bytes data, int timeout_ms,
		      struct err *err);
/* Appends one line without its '\n'. False at the deadline or when the program ended. */
bool ssh_stream_line(struct ssh_stream *stream, struct buf *line, int timeout_ms,
		     struct err *err);
void ssh_stream_close(struct ssh_stream *stream);

#endif
