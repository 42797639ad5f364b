/* ssh.h - one SSH session to one host, by libssh. Every call has a deadline.
 *
 * A session is used by one thread at a time (host.h puts a lock around it). Strict host
 * keys unless the inventory says otherwise. Errors name step and remedy; the host is
 * named by those of ssh_open and of streams, and added by harness/hosts/host.h to the others.
 */
#ifndef HARNESS_SSH_H
#define HARNESS_SSH_H

#include "base/buf.h"
#include "harness/hosts/inventory.h"

struct ssh;
struct ssh_stream; /* a program on the host that stays, talked to over its stdin/stdout */

/* Connects and authenticates: identity, agent, default keys, password. */
struct ssh *ssh_open(const struct inventory *inventory, const struct inventory_host *host,
		     int timeout_ms, struct err *err);
void ssh_close(struct ssh *ssh);

/* True when the connection is lost: every further call fails, the session is to be closed
 * and opened anew. A command or copy that passes its deadline may end that way. */
bool ssh_is_broken(const struct ssh *ssh);

/* Runs a shell command. Output and error output are appended (either may be NULL; they
 * may be the same). True when it ran to its end within the deadline; its exit code is in
 * *exit_code, 128 + N when signal N ended it. At the deadline it is killed. Programs that
 * it leaves behind may keep its output open: a second after its exit nobody listens. */
bool ssh_exec(struct ssh *ssh, const char *command, struct bytes input, int timeout_ms,
	      struct buf *output, struct buf *error_output, int *exit_code,
	      struct err *err);

/* Copies files by SFTP. Uploads go to a temporary name and are renamed; mode as in chmod.
 * A download of a missing file fails and says so. `bytes_max` 0: no bound. */
bool ssh_upload(struct ssh *ssh, const char *local, const char *remote, int mode,
		int timeout_ms, struct err *err);
bool ssh_upload_bytes(struct ssh *ssh, struct bytes data, const char *remote, int mode,
		      int timeout_ms, struct err *err);
bool ssh_download(struct ssh *ssh, const char *remote, const char *local,
		  uint64_t bytes_max, int timeout_ms, struct err *err);

/* Starts a program and keeps its standard input and output. Lines end in '\n'. A stream
 * uses its session: while a thread is in a call of the one, no other may be in the other.
 */
struct ssh_stream *ssh_stream_open(struct ssh *ssh, const char *command, int timeout_ms,
				   struct err *err);
bool ssh_stream_write(struct ssh_stream *stream, struct bytes data, int timeout_ms,
		      struct err *err);
/* Appends one line without its '\n'. False at the deadline (then nothing is lost: call
 * again) or when the program ended (then the error shows its last words). */
bool ssh_stream_line(struct ssh_stream *stream, struct buf *line, int timeout_ms,
		     struct err *err);
/* True when the program ended or the connection is lost. */
bool ssh_stream_is_over(const struct ssh_stream *stream);
/* Closes its input, waits up to a second for it to end; closes the session too when
 * ssh_stream_own_session was called. */
void ssh_stream_close(struct ssh_stream *stream);
void ssh_stream_own_session(struct ssh_stream *stream);

#endif
