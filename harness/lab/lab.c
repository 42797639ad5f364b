#include "harness/lab/lab.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/lab/lab_host.h"
#include "harness/lab/lab_network.h"
#include "harness/lab/lab_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SSH_READY_MS = 15000,
	UP_MS = 60000,
	DEATH_MS = 20000
};

/* ---- the lab's own process: pid 1 of the lab, in whose namespaces everything happens
 * ---- */

struct lab {
	const char *name;
	struct lab_state state;	    /* pids as the machine counts */
	pid_t hosts[LAB_HOSTS_MAX]; /* pids as this process counts */
	int reports[2];		    /* pipe of struct lab_report, from the hosts */
	int plugged[2];		    /* pipe that is closed when the network is there */
};

static bool
start_host(struct lab *lab, int index, struct err *err)
{
	pid_t pid = lab_clone(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS |
			      CLONE_NEWIPC);

	if (pid < 0)
		return err_errno(err, "make the namespaces of host 'n%d'", index + 1);
	if (pid == 0) {
		struct lab_host host = {.lab = lab->name,
					.index = index,
					.count = lab->state.count,
					.report = lab->reports[1],
					.plugged = lab->plugged[0]};
		close(lab->plugged[1]);
		lab_host_main(&host);
	}
	lab->hosts[index] = pid;
	return true;
}

static bool
collect_reports(struct lab *lab, struct err *err)
{
	struct lab_report report;

	for (int i = 0; i < lab->state.count; i++) {
		if (read(lab->reports[0], &report, sizeof(report)) != sizeof(report))
			return err_set(err,
				       "a host of the lab ended while it was set up");
		if (report.err.text[0] != '\0') {
			*err = report.err;
			return false;
		}
		lab->state.hosts[report.index] = report.pid;
	}
	return true;
}

/* Before the network is there, only a host that gave up reports; and one that gave up has
 * no end for its cable, so that what it says is the cause. */
static bool
plug_in(struct lab *lab, struct err *err)
{
	struct pollfd reports = {.fd = lab->reports[0], .events = POLLIN};

	if (lab_network_hub(lab->hosts, lab->state.count, err))
		return true;
	if (poll(&reports, 1, 0) == 1)
		collect_reports(lab, err);
	return false;
}

static bool
bring_up(struct lab *lab, struct err *err)
{
	/* Before any other mount: nothing that happens here may reach the machine. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return err_errno(err, "make mounts private");
	if (pipe2(lab->reports, O_CLOEXEC) != 0 || pipe2(lab->plugged, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	for (int i = 0; i < lab->state.count; i++)
		if (!start_host(lab, i, err))
			return false;
	close(lab->reports[1]);
	close(lab->plugged[0]);
	bool ok = plug_in(lab, err);
	close(lab->plugged[1]);
	ok = ok && collect_reports(lab, err) &&
	     lab_network_wait_for_ssh(lab->state.count, SSH_READY_MS, err);
	close(lab->reports[0]);
	return ok && lab_state_write(lab->name, &lab->state, err);
}

/* No terminal, no descriptor of the one who asked, but the pipe for the answer. */
static void
detach(const char *name, int *answer)
{
	int null = open("/dev/null", O_RDONLY);
	int log = open(lab_path(name, "log").text, O_WRONLY | O_CREAT | O_APPEND, 0644);

	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	*answer = dup2(*answer, STDERR_FILENO + 1);
	fcntl(*answer, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, *answer + 1, ~0u, 0);
	if (chdir("/") != 0)
		_exit(EXIT_FAILURE);
	umask(022);
}

static _Noreturn void
lab_main(const char *name, int count, int answer)
{
	struct lab lab = {.name = name, .state = {.count = count}};
	char machine_pid[16] = "";
	struct err err;

	prctl(PR_SET_NAME, "faultline-lab");
	detach(name, &answer);
	/* /proc is the machine's, so it says what the machine calls this process. */
	if (readlink("/proc/self", machine_pid, sizeof(machine_pid) - 1) > 0)
		lab.state.pid = atoi(machine_pid);
	lab.state.start = process_start(lab.state.pid);
	err_clear(&err);
	bool ok = bring_up(&lab, &err);
	/* Whoever asked may be gone; then nobody wants the lab. */
	if (!file_write_all(answer, &err, sizeof(err)) || !ok)
		_exit(EXIT_FAILURE);
	close(answer);
	for (;;) {
		pid_t ended = waitpid(-1, NULL, 0);
		if (ended < 0)
			pause();
		else
			dprintf(STDERR_FILENO, "process %d of the lab ended\n",
				(int)ended);
	}
}

/* ---- bringing up ---- */

static bool
check_tool(const char *path, const char *package, struct err *err)
{
	if (access(path, X_OK) == 0)
		return true;
	err_set(err, "a lab needs '%s', which is not there", path);
	return err_hint(err, "apt-get install %s", package);
}

static bool
check_root(struct err *err)
{
	if (geteuid() == 0)
		return true;
	err_set(err, "labs need root");
	return err_hint(err, "run it with sudo, or name hosts of your own with --hosts");
}

static bool
check_wish(const char *name, int count, struct err *err)
{
	if (!lab_name_check(name, err) || !check_root(err))
		return false;
	if (count < 1 || count > LAB_HOSTS_MAX)
		return err_set(err, "a lab has 1 to %d hosts, not %d", LAB_HOSTS_MAX,
			       count);
	return check_tool("/usr/sbin/sshd", "openssh-server", err) &&
	       check_tool("/usr/bin/ssh-keygen", "openssh-client", err) &&
	       check_tool("/sbin/ip", "iproute2", err);
}

static bool
make_key(const char *name, const char *file, struct err *err)
{
	struct lab_path path = lab_path(name, file);
	const char *const argv[] = {
		"/usr/bin/ssh-keygen", "-q", "-t",	"ed25519", "-N", "", "-C",
		"faultline lab",       "-f", path.text, NULL};

	return child_run(&(struct child){.argv = argv}, NULL, err);
}

static bool
write_known_hosts(const char *name, int count, struct err *err)
{
	struct buf key = {0}, lines = {0};
	bool ok = file_read(lab_path(name, "host_key.pub").text, 4096, &key, err);

	for (int i = 0; ok && i < count; i++) {
		struct lab_address address = lab_address(i);
		buf_printf(&lines, "%s,%s,%s %s", address.name, address.v4, address.v6,
			   buf_text(&key));
	}
	ok = ok && file_write(lab_path(name, "known_hosts").text, buf_text(&lines),
			      lines.len, err);
	buf_release(&key);
	buf_release(&lines);
	return ok;
}

/* For people and for other tools: `ssh -F ssh_config n1`, from inside the lab's network.
 */
static bool
write_ssh_config(const char *name, int count, struct err *err)
{
	struct buf lines = {0};

	for (int i = 0; i < count; i++) {
		struct lab_address address = lab_address(i);
		buf_printf(&lines, "Host %s\n\tHostName %s\n", address.name, address.v4);
	}
	buf_printf(&lines,
		   "Host *\n\tUser root\n\tIdentityFile %s\n\tIdentitiesOnly yes\n"
		   "\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile /dev/null\n"
		   "\tStrictHostKeyChecking yes\n\tUpdateHostKeys no\n",
		   lab_path(name, "identity").text, lab_path(name, "known_hosts").text);
	bool ok = file_write(lab_path(name, "ssh_config").text, buf_text(&lines),
			     lines.len, err);
	buf_release(&lines);
	return ok;
}

static bool
write_files(const char *name, int count, struct err *err)
{
	return file_make_folder(lab_path(name, "").text, err) &&
	       make_key(name, "identity", err) && make_key(name, "host_key", err) &&
	       write_known_hosts(name, count, err) && write_ssh_config(name, count, err);
}

/* Clones the lab's process and writes down its pid before that process does anything:
 * from then on `down` finds it. */
static _Noreturn void
launch_between(const char *name, int count, int answer)
{
	int gate[2];
	char go = 'g';
	struct err err;

	setsid();
	if (pipe2(gate, O_CLOEXEC) != 0)
		_exit(EXIT_FAILURE);
	pid_t lab = lab_clone(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID);
	if (lab == 0) {
		close(gate[1]);
		if (read(gate[0], &go, 1) == 1)
			lab_main(name, count, answer);
		_exit(EXIT_FAILURE);
	}
	struct lab_state state = {.pid = lab, .start = process_start(lab)};
	bool ok = lab > 0 && lab_state_write(name, &state, &err) &&
		  write(gate[1], &go, 1) == 1;
	_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* The lab's process is a grandchild, so that it is nobody's child here. */
static bool
launch(const char *name, int count, int answer, struct err *err)
{
	int status = 0;
	pid_t between = fork();

	if (between < 0)
		return err_errno(err, "fork");
	if (between == 0)
		launch_between(name, count, answer);
	while (waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return true;
	err_set(err, "make the namespaces of lab '%s'", name);
	return err_hint(err, "'faultline doctor' says what this machine allows");
}

static bool
read_answer(int answer, struct err *err)
{
	struct pollfd ready = {.fd = answer, .events = POLLIN};
	struct err told;

	if (poll(&ready, 1, UP_MS) == 0)
		return err_set(err, "the hosts were not up within %d s", UP_MS / 1000);
	if (read(answer, &told, sizeof(told)) != sizeof(told))
		return err_set(err, "the lab's process ended while the hosts came up");
	if (told.text[0] == '\0')
		return true;
	*err = told;
	return false;
}

/* The death of pid 1 ends every process in its pid namespace before it is reported. */
static bool
kill_lab(const struct lab_state *state, struct err *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, state->pid, 0);

	if (pidfd < 0)
		return errno == ESRCH ||
		       err_errno(err, "open process %d", (int)state->pid);
	struct pollfd death = {.fd = pidfd, .events = POLLIN};
	bool ok = true;
	if (process_start(state->pid) == state->start) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		ok = poll(&death, 1, DEATH_MS) == 1 ||
		     err_set(err, "process %d did not end within %d s", (int)state->pid,
			     DEATH_MS / 1000);
	}
	close(pidfd);
	return ok;
}

/* Called under the lock. */
static bool
remove_lab(const char *name, struct err *err)
{
	struct lab_state state;
	struct err dead;

	if (lab_state_read(name, &state, &dead) && !kill_lab(&state, err))
		return false;
	return file_remove_tree(lab_path(name, "").text, err);
}

static bool
refuse_if_up(const char *name, struct err *err)
{
	if (!lab_is_up(name))
		return true;
	err_set(err, "lab '%s' is up already", name);
	return err_hint(err, "'faultline lab down --name %s' ends it", name);
}

/* Under the lock: the name is free, the files are there, the process runs. */
static bool
claim(const char *name, int count, int answer, struct err *err)
{
	int lock = labs_lock(err);

	if (lock < 0)
		return false;
	bool free_name = refuse_if_up(name, err);
	bool ok = free_name && remove_lab(name, err) && write_files(name, count, err) &&
		  launch(name, count, answer, err);
	struct err ignored;
	if (free_name && !ok)
		remove_lab(name, &ignored);
	labs_unlock(lock);
	return ok;
}

bool
lab_up(const char *name, int count, struct err *err)
{
	int answer[2];
	struct err ignored;

	if (!check_wish(name, count, err))
		return false;
	if (pipe2(answer, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	bool claimed = claim(name, count, answer[1], err);
	close(answer[1]);
	bool ok = claimed && read_answer(answer[0], err);
	close(answer[0]);
	if (claimed && !ok)
		lab_down(name, &ignored);
	return ok || err_context(err, "lab up");
}

bool
lab_down(const char *name, struct err *err)
{
	if (!lab_name_check(name, err) || !check_root(err))
		return false;
	int lock = labs_lock(err);
	if (lock < 0)
		return false;
	bool ok = remove_lab(name, err);
	labs_unlock(lock);
	return ok || err_context(err, "lab down");
}

bool
lab_is_up(const char *name)
{
	struct lab_state state;
	struct err err;

	return lab_state_read(name, &state, &err);
}

bool
lab_join(const char *name, struct err *err)
{
	struct lab_state state;
	char path[64];

	if (!lab_name_check(name, err) || !lab_state_read(name, &state, err) ||
	    !check_root(err))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)state.pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
	if (!ok)
		err_errno(err, "join the network of lab '%s'", name);
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
lab_inventory(const char *name, struct inventory *inventory, struct err *err)
{
	struct lab_state state;

	if (!lab_name_check(name, err) || !lab_state_read(name, &state, err))
		return false;
	for (int i = 0; i < state.count; i++) {
		struct lab_address address = lab_address(i);
		struct inventory_host *host = inventory_add(inventory, address.name, err);
		if (host == NULL)
			return false;
		host->ssh_address = mem_string(address.v4);
		host->address = mem_string(address.v4);
		host->address6 = lab_has_ipv6() ? mem_string(address.v6) : NULL;
		host->user = mem_string("root");
		host->identity = mem_string(lab_path(name, "identity").text);
		host->known_hosts = mem_string(lab_path(name, "known_hosts").text);
		host->port = 22;
	}
	return true;
}
