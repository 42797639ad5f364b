#include "harness/hosts/host_private.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the session and its lock ---- */

bool
host_lock(struct host *host, struct err *err)
{
	struct host_private *private = host->private;

	pthread_mutex_lock(&private->lock);
	if (host->ssh != NULL && ssh_is_broken(host->ssh)) {
		ssh_close(host->ssh);
		host->ssh = NULL;
	}
	if (host->ssh == NULL)
		host->ssh = ssh_open(private->inventory, private->planned,
				     HOST_CONNECT_MS, err);
	if (host->ssh != NULL)
		return true;
	pthread_mutex_unlock(&private->lock);
	return false;
}

void
host_unlock(struct host *host)
{
	pthread_mutex_unlock(&host->private->lock);
}

/* ---- commands ---- */

void
host_quote(struct buf *out, const char *word)
{
	buf_char(out, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_string(out, "'\\''");
		else
			buf_char(out, *word);
	buf_char(out, '\'');
}

/* The command as it is sent: as root, by a POSIX shell whatever shell the user has. It is
 * killed a second after its deadline there too, whether or not SSH still reaches the
 * host: sshd signals nothing that runs as root. */
static void
as_root(struct host *host, const char *command, int timeout_ms, struct buf *out)
{
	buf_string(out, host->private->sudo ? "sudo -n " : "exec ");
	if (timeout_ms > 0)
		buf_printf(out, "timeout -s KILL %d.%03d ", timeout_ms / 1000 + 1,
			   timeout_ms % 1000);
	buf_string(out, "sh -c ");
	host_quote(out, command);
}

static bool
run(struct host *host, const char *step, const char *command, struct bytes input,
    int timeout_ms, struct buf *output, int *exit_code, struct err *err)
{
	struct buf sent = {0};

	if (!host_lock(host, err))
		return false;
	as_root(host, command, timeout_ms, &sent);
	bool ok = ssh_exec(host->ssh, buf_text(&sent), input, timeout_ms, output, output,
			   exit_code, err);
	host_unlock(host);
	buf_release(&sent);
	return ok || err_context(err, "host %s: %s", host->name, step);
}

/* The last line with a word on it. */
static const char *
last_words(struct buf *output, size_t from)
{
	while (output->len > from &&
	       strchr(" \r\n", output->data[output->len - 1]) != NULL)
		output->data[--output->len] = '\0';
	if (output->len <= from)
		return "it says nothing";
	const char *line = memrchr(output->data + from, '\n', output->len - from);
	return line ? line + 1 : output->data + from;
}

bool
host_script(struct host *host, const char *step, const char *script, int timeout_ms,
	    struct buf *output, struct err *err)
{
	struct buf own = {0};
	struct buf *to = output ? output : &own;
	size_t from = to->len;
	int code = 0;
	bool ok = run(host, step, script, (struct bytes){0}, timeout_ms, to, &code, err);

	if (ok && code != 0)
		ok = err_set(err, "host %s: %s: exit code %d: %.400s", host->name, step,
			     code, last_words(to, from));
	buf_release(&own);
	return ok;
}

/* A command as the step of an error: its first line, cut. */
static char *
step_of(const char *command)
{
	size_t length = strcspn(command, "\n");

	return mem_format("run '%.*s'", length < 120 ? (int)length : 120, command);
}

bool
host_exec_input(struct host *host, const char *command, struct bytes input,
		int timeout_ms, struct buf *output, int *exit_code, struct err *err)
{
	char *step = step_of(command);
	bool ok = run(host, step, command, input, timeout_ms, output, exit_code, err);

	free(step);
	return ok;
}

bool
host_exec(struct host *host, struct buf *output, int timeout_ms, struct err *err,
	  const char *format, ...)
{
	char *command = NULL;
	va_list args;

	va_start(args, format);
	int length = vasprintf(&command, format, args);
	va_end(args);
	ASSERT(length >= 0);
	char *step = step_of(command);
	bool ok = host_script(host, step, command, timeout_ms, output, err);
	free(step);
	free(command);
	return ok;
}

bool
host_needs(struct host *host, const char *program, const char *package, struct err *err)
{
	char *step = mem_format("look for the program '%s'", program);
	char *script = mem_format("command -v '%s' >/dev/null", program);
	int code = 0;
	bool ok = run(host, step, script, (struct bytes){0}, HOST_COMMAND_MS, NULL, &code,
		      err);

	free(script);
	free(step);
	if (!ok || code == 0)
		return ok;
	err_set(err, "host %s: look for the program '%s': it is not there", host->name,
		program);
	return err_hint(err, "install it on %s: apt-get install %s", host->name, package);
}

struct ssh_stream *
host_stream_open(struct host *host, const char *command, int timeout_ms, struct err *err)
{
	struct host_private *private = host->private;
	struct buf sent = {0};
	struct ssh *ssh = ssh_open(private->inventory, private->planned, timeout_ms, err);

	if (ssh == NULL)
		return NULL;
	as_root(host, command, 0, &sent);
	struct ssh_stream *stream =
		ssh_stream_open(ssh, buf_text(&sent), timeout_ms, err);
	buf_release(&sent);
	if (stream == NULL)
		ssh_close(ssh);
	else
		ssh_stream_own_session(stream);
	return stream;
}

/* ---- copies: SFTP runs as the user, so that root's files go by way of /tmp ---- */

static char *
staging_path(void)
{
	static atomic_uint serial;

	return mem_format("/tmp/faultline-%d-%u.part", (int)getpid(),
			  atomic_fetch_add(&serial, 1));
}

static bool
upload_as_user(struct host *host, struct bytes data, const char *remote, int mode,
	       struct err *err)
{
	if (!host_lock(host, err))
		return false;
	bool ok = ssh_upload_bytes(host->ssh, data, remote, mode, HOST_COPY_MS, err) ||
		  err_context(err, "host %s", host->name);
	host_unlock(host);
	return ok;
}

static bool
upload_staged(struct host *host, struct bytes data, const char *remote, int mode,
	      struct err *err)
{
	char *staged = staging_path();
	bool ok = upload_as_user(host, data, staged, 0600, err);

	if (ok)
		ok = host_exec(host, NULL, HOST_COMMAND_MS, err,
			       "install -m %o '%s' '%s.part' && mv -f '%s.part' '%s'; "
			       "code=$?; rm -f '%s'; exit $code",
			       (unsigned)mode, staged, remote, remote, remote, staged);
	free(staged);
	return ok;
}

static bool
upload_bytes(struct host *host, struct bytes data, const char *remote, int mode,
	     struct err *err)
{
	return host->private->sudo ? upload_staged(host, data, remote, mode, err)
				   : upload_as_user(host, data, remote, mode, err);
}

bool
host_upload(struct host *host, const char *local, const char *remote, int mode,
	    struct err *err)
{
	struct buf data = {0};
	bool ok = file_read(local, 0, &data, err) ||
		  err_context(err, "host %s: upload", host->name);

	ok = ok && upload_bytes(host, buf_bytes(&data), remote, mode, err);
	buf_release(&data);
	return ok;
}

bool
host_upload_text(struct host *host, const char *text, const char *remote, int mode,
		 struct err *err)
{
	return upload_bytes(host, (struct bytes){text, strlen(text)}, remote, mode, err);
}

static bool
download_as_user(struct host *host, const char *remote, const char *local,
		 struct err *err)
{
	if (!host_lock(host, err))
		return false;
	bool ok = ssh_download(host->ssh, remote, local, 0, HOST_COPY_MS, err) ||
		  err_context(err, "host %s", host->name);
	host_unlock(host);
	return ok;
}

static bool
download_staged(struct host *host, const char *remote, const char *local, struct err *err)
{
	char *staged = staging_path();
	struct err ignored;
	bool ok =
		host_exec(host, NULL, HOST_COPY_MS, err,
			  "install -m 600 -o \"$SUDO_USER\" '%s' '%s'", remote, staged) &&
		download_as_user(host, staged, local, err);

	host_exec(host, NULL, HOST_COMMAND_MS, &ignored, "rm -f '%s'", staged);
	free(staged);
	return ok;
}

bool
host_download(struct host *host, const char *remote, const char *local, struct err *err)
{
	return host->private->sudo ? download_staged(host, remote, local, err)
				   : download_as_user(host, remote, local, err);
}
