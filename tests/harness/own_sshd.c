#include "tests/harness/own_sshd.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

const char *
own_sshd_missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (!file_exists("/usr/sbin/sshd"))
		return "needs /usr/sbin/sshd (package openssh-server)";
	return NULL;
}

static bool
shell(const char *command)
{
	const char *argv[] = {"sh", "-c", command, NULL};
	struct child child = {.argv = argv};
	struct err err;

	if (child_run(&child, NULL, &err))
		return true;
	err_print(&err);
	return false;
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
make_files(struct own_sshd *sshd)
{
	char command[2048];

	snprintf(sshd->folder, sizeof(sshd->folder), "/tmp/faultline-sshd-XXXXXX");
	if (mkdtemp(sshd->folder) == NULL)
		return false;
	snprintf(sshd->key, sizeof(sshd->key), "%s/key", sshd->folder);
	snprintf(sshd->stranger, sizeof(sshd->stranger), "%s/stranger", sshd->folder);
	snprintf(sshd->known, sizeof(sshd->known), "%s/known", sshd->folder);
	snprintf(sshd->home, sizeof(sshd->home), "%s/home", sshd->folder);
	snprintf(command, sizeof(command),
		 "cd '%s' && mkdir home && for k in host key stranger; do "
		 "ssh-keygen -q -t ed25519 -N '' -f $k; done && "
		 "ssh-keygen -q -t ed25519 -N locked -f locked && "
		 "cat key.pub locked.pub >authorized && "
		 "perl -pe '$h = crypt(q(secret), q($6$faultline)); "
		 "s/^root:[^:]*/root:$h/' "
		 "/etc/shadow >shadow && chmod 600 shadow && "
		 "printf '[127.0.0.1]:%d %%s\\n' \"$(cat host.pub)\" >known && "
		 "printf 'ListenAddress 127.0.0.1:%d\\nHostKey %s/host\\nPidFile none\\n"
		 "AuthorizedKeysFile %s/authorized\\nStrictModes no\\nUsePAM no\\n"
		 "PasswordAuthentication yes\\nPermitRootLogin yes\\nMaxStartups 100\\n"
		 "LoginGraceTime 20\\nUseDNS no\\n"
		 "Subsystem sftp internal-sftp\\n' >config",
		 sshd->folder, sshd->port, sshd->port, sshd->folder, sshd->folder);
	return shell(command);
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
	snprintf(script, sizeof(script),
		 "mount -t tmpfs none /run && mkdir -p /run/sshd && "
		 "mount --bind '%s' /root && mount --bind '%s/shadow' /etc/shadow && "
		 "exec /usr/sbin/sshd -D -e -f '%s/config'",
		 sshd->home, sshd->folder, sshd->folder);
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
