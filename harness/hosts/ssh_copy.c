#include "harness/hosts/ssh_private.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* OpenSSH's sftp-server takes packets up to 256 KiB, headers included, and hangs up on
 * larger ones. */
enum {
	CHUNK_BYTES = 128 << 10
};

static const char *
reason(struct ssh *ssh)
{
	static const struct {
		int code;
		const char *text;
	} reasons[] = {
		{SSH_FX_NO_SUCH_FILE, "no such file or directory"},
		{SSH_FX_PERMISSION_DENIED, "permission denied"},
		{SSH_FX_FAILURE, "the host says 'failure' (disk full, or a folder?)"},
		{SSH_FX_CONNECTION_LOST, "the SSH connection is lost"},
		{SSH_FX_NO_CONNECTION, "the SSH connection is lost"},
	};
	int code = sftp_get_error(ssh->sftp);

	if (!ssh_is_connected(ssh->session))
		return "the SSH connection is lost";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return ssh_get_error(ssh->session);
}

static bool
begin_sftp(struct ssh *ssh, struct err *err)
{
	if (ssh->sftp != NULL)
		return true;
	ssh->sftp = sftp_new(ssh->session);
	if (ssh->sftp != NULL && sftp_init(ssh->sftp) == SSH_OK)
		return true;
	err_set(err, "start SFTP: %s", ssh_get_error(ssh->session));
	err_hint(err, "check 'Subsystem sftp' in the sshd_config of the host");
	if (ssh->sftp != NULL)
		sftp_free(ssh->sftp);
	ssh->sftp = NULL;
	return false;
}

/* A copy: `move` does it by blocking calls, under watch. */
struct copy {
	struct ssh *ssh;
	bool (*move)(struct copy *copy, struct err *err);
	struct bytes data; /* upload */
	const char *remote, *local;
	int mode;
	uint64_t bytes_max;
};

static bool
run_copy(struct copy *copy, int timeout_ms, struct err *err)
{
	struct ssh *ssh = copy->ssh;
	struct watch watch;

	if (ssh_is_broken(ssh))
		return err_set(err, "the SSH connection is lost");
	ssh_set_blocking(ssh->session, 1);
	watch_start(&watch, ssh_get_fd(ssh->session),
		    clock_ns() + timeout_ms * NS_PER_MS);
	bool ok = begin_sftp(ssh, err) && copy->move(copy, err);
	bool late = watch_stop(&watch);
	ssh_set_blocking(ssh->session, 0);
	ssh->broken = ssh->broken || late;
	if (!ok && late)
		err_set(err, "it did not end within %d ms", timeout_ms);
	return ok;
}

static bool
write_chunks(struct ssh *ssh, sftp_file file, struct bytes data)
{
	while (data.len > 0) {
		size_t count = data.len < CHUNK_BYTES ? data.len : CHUNK_BYTES;
		ssize_t written = sftp_write(file, data.data, count);
		if (written <= 0 || !ssh_is_connected(ssh->session))
			return false;
		data.data += written;
		data.len -= (size_t)written;
	}
	return true;
}

/* Version 3 of SFTP does not rename onto a file that exists: then that one goes first. */
static bool
rename_over(struct ssh *ssh, const char *from, const char *to)
{
	if (sftp_rename(ssh->sftp, from, to) == SSH_OK)
		return true;
	return sftp_unlink(ssh->sftp, to) == SSH_OK &&
	       sftp_rename(ssh->sftp, from, to) == SSH_OK;
}

static bool
put(struct copy *copy, const char *temporary, struct err *err)
{
	struct ssh *ssh = copy->ssh;
	sftp_file file =
		sftp_open(ssh->sftp, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file == NULL)
		return err_set(err, "create '%s': %s", temporary, reason(ssh));
	bool ok = write_chunks(ssh, file, copy->data) ||
		  err_set(err, "write '%s': %s", temporary, reason(ssh));
	if (sftp_close(file) != SSH_OK && ok)
		ok = err_set(err, "write '%s': %s", temporary, reason(ssh));
	if (ok && sftp_chmod(ssh->sftp, temporary, (mode_t)copy->mode) != SSH_OK)
		ok = err_set(err, "change mode of '%s': %s", temporary, reason(ssh));
	if (ok && !rename_over(ssh, temporary, copy->remote))
		ok = err_set(err, "rename '%s' to '%s': %s", temporary, copy->remote,
			     reason(ssh));
	if (!ok && ssh_is_connected(ssh->session))
		sftp_unlink(ssh->sftp, temporary);
	return ok;
}

static bool
move_up(struct copy *copy, struct err *err)
{
	static atomic_uint serial;
	char *temporary = mem_format("%s.%d-%u.part", copy->remote, (int)getpid(),
				     atomic_fetch_add(&serial, 1));
	bool ok = put(copy, temporary, err);

	free(temporary);
	return ok;
}

bool
ssh_upload_bytes(struct ssh *ssh, struct bytes data, const char *remote, int mode,
		 int timeout_ms, struct err *err)
{
	struct copy copy = {.ssh = ssh,
			    .move = move_up,
			    .data = data,
			    .remote = remote,
			    .mode = mode};

	return run_copy(&copy, timeout_ms, err) ||
	       err_context(err, "upload '%s'", remote);
}

bool
ssh_upload(struct ssh *ssh, const char *local, const char *remote, int mode,
	   int timeout_ms, struct err *err)
{
	struct buf data = {0};
	bool ok =
		file_read(local, 0, &data, err) || err_context(err, "upload '%s'", local);

	ok = ok && ssh_upload_bytes(ssh, buf_bytes(&data), remote, mode, timeout_ms, err);
	buf_release(&data);
	return ok;
}

/* Copies until the end of the file, which may grow meanwhile, or the bound. */
static bool
read_chunks(struct copy *copy, sftp_file file, int fd, struct err *err)
{
	char *chunk = mem_new(1, CHUNK_BYTES);
	uint64_t total = 0;
	ssize_t got = 0;
	bool ok = true;

	while (ok && (got = sftp_read(file, chunk, CHUNK_BYTES)) > 0) {
		total += (uint64_t)got;
		if (copy->bytes_max != 0 && total > copy->bytes_max)
			ok = err_set(err, "it has more than %llu bytes",
				     (unsigned long long)copy->bytes_max);
		else if (!file_write_all(fd, chunk, (size_t)got))
			ok = err_errno(err, "write '%s'", copy->local);
	}
	free(chunk);
	if (ok && got < 0)
		ok = err_set(err, "read: %s", reason(copy->ssh));
	return ok;
}

static bool
move_down(struct copy *copy, struct err *err)
{
	char *temporary = mem_format("%s.%d.part", copy->local, (int)getpid());
	sftp_file file = sftp_open(copy->ssh->sftp, copy->remote, O_RDONLY, 0);
	int fd = -1;
	bool ok = file != NULL || err_set(err, "open: %s", reason(copy->ssh));

	if (ok) {
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		ok = fd >= 0 || err_errno(err, "create '%s'", temporary);
	}
	ok = ok && read_chunks(copy, file, fd, err);
	if (fd >= 0 && close(fd) != 0 && ok)
		ok = err_errno(err, "write '%s'", temporary);
	if (ok && rename(temporary, copy->local) != 0)
		ok = err_errno(err, "rename '%s' to '%s'", temporary, copy->local);
	if (!ok && fd >= 0)
		unlink(temporary);
	if (file != NULL)
		sftp_close(file);
	free(temporary);
	return ok;
}

bool
ssh_download(struct ssh *ssh, const char *remote, const char *local, uint64_t bytes_max,
	     int timeout_ms, struct err *err)
{
	struct copy copy = {.ssh = ssh,
			    .move = move_down,
			    .remote = remote,
			    .local = local,
			    .bytes_max = bytes_max};

	return run_copy(&copy, timeout_ms, err) ||
	       err_context(err, "download '%s'", remote);
}
