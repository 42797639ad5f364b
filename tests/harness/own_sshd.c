#include "tests/harness/own_sshd.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	WORKER = 23450
};

const char *
own_sshd_missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (!file_exists("/usr/sbin/sshd"))
		return "needs /usr/sbin/sshd (package openssh-server)";
	return NULL;
}

/* Runs a script in the scratch folder. */
static bool shell(const struct own_sshd *sshd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool
shell(const struct own_sshd *sshd, const char *format, ...)
{
	char script[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(script, sizeof(script), format, args);
	va_end(args);
	const char *argv[] = {"sh", "-ec", script, NULL};
	const struct child child = {.argv = argv, .folder = sshd->folder};
	struct err err;
	if (child_run(&child, NULL, &err))
		return true;
	err_print(&err);
	return false;
}

struct inventory_host
own_sshd_host(const struct own_sshd *sshd)
{
	return (struct inventory_host){.name = "n1",
				       .ssh_address = "127.0.0.1",
				       .user = "root",
				       .port = sshd->port,
				       .identity = (char *)sshd->key,
				       .known_hosts = (char *)sshd->known};
}

int
own_sshd_free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
		abort();
	close(fd);
	return ntohs(address.sin_port);
}

static bool
make_keys(const struct own_sshd *sshd)
{
	return shell(sshd,
		     "for k in host key stranger; do\n"
		     "	ssh-keygen -q -t ed25519 -N '' -f $k\n"
		     "done\n"
		     "ssh-keygen -q -t ed25519 -N locked -f locked\n"
		     "cat key.pub locked.pub >authorized\n"
		     "echo \"[127.0.0.1]:%d $(cat host.pub)\" >known\n",
		     sshd->port);
}

/* passwd and shadow go over those of the machine in the mount namespace of sshd. */
static bool
make_accounts(const struct own_sshd *sshd)
{
	return shell(sshd,
		     "perl -pe '$h = crypt(q(secret), q($6$faultline));\n"
		     "	s/^root:[^:]*/root:$h/' /etc/shadow >shadow\n"
		     "chmod 600 shadow\n"
		     "cp /etc/passwd passwd\n"
		     "echo 'worker:x:%d:%d::/tmp:/bin/sh' >>passwd\n"
		     "echo 'worker:*:20000::::::' >>shadow\n"
		     "mkdir home bin work\n"
		     "chown %d work\n"
		     "chmod 711 .\n"
		     "cat >bin/sudo <<'end'\n"
		     "#!/bin/sh\n"
		     "[ \"$1\" = -n ] && shift && SUDO_USER=worker exec \"$@\"\n"
		     "end\n"
		     "chmod 755 bin/sudo\n",
		     WORKER, WORKER, WORKER);
}

static bool
make_config(const struct own_sshd *sshd)
{
	const char *folder = sshd->folder;

	return shell(sshd,
		     "cat >config <<'end'\n"
		     "ListenAddress 127.0.0.1:%d\n"
		     "HostKey %s/host\n"
		     "AuthorizedKeysFile %s/authorized\n"
		     "SetEnv PATH=%s/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		     "PermitRootLogin yes\n"
		     "PasswordAuthentication yes\n"
		     "StrictModes no\n"
		     "UsePAM no\n"
		     "UseDNS no\n"
		     "PidFile none\n"
		     "MaxStartups 100\n"
		     "Subsystem sftp internal-sftp\n"
		     "end\n",
		     sshd->port, folder, folder, folder);
}

static bool
make_files(struct own_sshd *sshd)
{
	snprintf(sshd->folder, sizeof(sshd->folder), "/tmp/faultline-sshd-XXXXXX");
	if (mkdtemp(sshd->folder) == NULL)
		return false;
	snprintf(sshd->key, sizeof(sshd->key), "%s/key", sshd->folder);
	snprintf(sshd->stranger, sizeof(sshd->stranger), "%s/stranger", sshd->folder);
	snprintf(sshd->known, sizeof(sshd->known), "%s/known", sshd->folder);
	return make_keys(sshd) && make_accounts(sshd) && make_config(sshd);
}

static _Noreturn void
become_sshd(const struct own_sshd *sshd)
{
	char script[512], log[96];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/log", sshd->folder);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (chdir(sshd->folder) != 0)
		_exit(127);
	snprintf(script, sizeof(script),
		 "mount -t tmpfs none /run && mkdir /run/sshd && mount --bind home /root "
		 "&& "
		 "mount --bind shadow /etc/shadow && mount --bind passwd /etc/passwd && "
		 "exec /usr/sbin/sshd -D -e -f '%s/config'",
		 sshd->folder);
	execlp("unshare", "unshare", "-m", "--propagation", "private", "sh", "-c", script,
	       (char *)NULL);
	_exit(127);
}

static bool
listens(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return ok;
}

bool
own_sshd_start(struct own_sshd *sshd)
{
	int64_t deadline = clock_ns() + 10 * NS_PER_S;

	*sshd = (struct own_sshd){.port = own_sshd_free_port()};
	if (!make_files(sshd))
		return false;
	sshd->pid = fork();
	if (sshd->pid == 0)
		become_sshd(sshd);
	while (!listens(sshd->port)) {
		if (clock_left_ms(deadline) == 0 ||
		    waitpid(sshd->pid, NULL, WNOHANG) != 0)
			return false;
		clock_sleep_ms(10);
	}
	return true;
}

void
own_sshd_stop(struct own_sshd *sshd)
{
	struct err err;

	if (sshd->pid > 0) {
		kill(sshd->pid, SIGTERM);
		waitpid(sshd->pid, NULL, 0);
	}
	if (sshd->folder[0] != '\0' && !file_remove_tree(sshd->folder, &err))
		err_print(&err);
}
