/* cmd_doctor.c - `faultline doctor`: what works on this machine, and a remedy a line. */
#include "base/child.h"
#include "base/file.h"
#include "harness/command.h"
#include "harness/lab/lab_host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool help;
static const struct option_row rows[] = {
	{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
	{0},
};

/* The remedy, which is another one for users that are not root. */
static bool
remedy(struct err *err, const char *text)
{
	return err_hint(err, "%s", geteuid() == 0 ? text : "use sudo");
}

/* Tries something in namespaces of a child, where nothing reaches the machine. */
static bool
try_apart(int namespaces, bool (*attempt)(struct err *err), struct err *err)
{
	int answer[2], status;

	if (pipe2(answer, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	pid_t pid = lab_clone(namespaces);
	int refusal = pid < 0 ? errno : EPIPE;
	if (pid == 0) {
		struct err said = {0};
		attempt(&said);
		_exit(!file_write_all(answer[1], &said, sizeof(said)));
	}
	close(answer[1]);
	bool ok = pid > 0 && read(answer[0], err, sizeof(*err)) == sizeof(*err);
	if (!ok) {
		errno = refusal;
		err_errno(err, "make namespaces");
	}
	close(answer[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return ok && err->text[0] == '\0';
}

static bool
probe_root(struct err *err)
{
	if (geteuid() == 0)
		return true;
	err_set(err, "user id %d", (int)geteuid());
	return err_hint(err,
			"use sudo; 'check', 'plot', 'report' and 'sim' need no root");
}

static bool
do_nothing(struct err *err)
{
	err_clear(err);
	return true;
}

static bool
probe_namespaces(struct err *err)
{
	if (try_apart(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS |
			      CLONE_NEWIPC,
		      do_nothing, err))
		return true;
	return err_hint(err,
			"in a container: run it privileged (docker run --privileged)");
}

static bool
mount_overlay(struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return err_errno(err, "make mounts private");
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) != 0)
		return err_errno(err, "mount a tmpfs");
	if (mkdir("/tmp/upper", 0755) != 0 || mkdir("/tmp/work", 0755) != 0 ||
	    mkdir("/tmp/root", 0755) != 0)
		return err_errno(err, "make folders");
	return mount("overlay", "/tmp/root", "overlay", 0,
		     "lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work") == 0 ||
	       err_errno(err, "mount an overlay of /");
}

static bool
probe_overlay(struct err *err)
{
	if (try_apart(CLONE_NEWNS, mount_overlay, err))
		return true;
	return remedy(err, "modprobe overlay");
}

static bool
make_table(struct err *err)
{
	const char *const argv[] = {"nft",
				    "add table inet faultline_doctor; "
				    "add chain inet faultline_doctor in "
				    "{ type filter hook input priority 0; }",
				    NULL};

	return child_run(&(struct child){.argv = argv}, NULL, err);
}

static bool
probe_nft(struct err *err)
{
	if (try_apart(CLONE_NEWNET, make_table, err))
		return true;
	return remedy(err, "apt-get install nftables; modprobe nf_tables");
}

static bool
probe_fuse(struct err *err)
{
	if (file_exists("/dev/fuse"))
		return true;
	err_set(err, "there is no /dev/fuse");
	return err_hint(err, "modprobe fuse");
}

static bool
probe_tun(struct err *err)
{
	if (file_exists("/dev/net/tun"))
		return true;
	err_set(err, "there is no /dev/net/tun");
	return err_hint(err, "modprobe tun");
}

static const struct check {
	const char *name, *purpose;
	bool needed; /* without it no run on local hosts */
	bool (*probe)(struct err *err);
	const char *package; /* where probe is NULL: the program `name` comes from it */
} checks[] = {
	{"root", "labs and faults", true, probe_root, NULL},
	{"namespaces", "local hosts", true, probe_namespaces, NULL},
	{"overlay", "root file systems of local hosts", true, probe_overlay, NULL},
	{"nft rules", "partitions", true, probe_nft, NULL},
	{"/dev/fuse", "faults of disks", false, probe_fuse, NULL},
	{"/dev/net/tun", "faults of networks", false, probe_tun, NULL},
	{"sshd", "local hosts", true, NULL, "openssh-server"},
	{"ssh-keygen", "keys of local hosts", true, NULL, "openssh-client"},
	{"ip", "the network of local hosts", true, NULL, "iproute2"},
	{"ssh", "'lab ssh', proxies in ~/.ssh/config", false, NULL, "openssh-client"},
	{"gnuplot", "plots", false, NULL, "gnuplot-nox"},
	{"dot", "drawings of cycles", false, NULL, "graphviz"},
	{"etcd", "--system etcd", false, NULL, "etcd-server"},
	{"redis-cli", "talking to the reference store", false, NULL, "redis-tools"},
};

static bool
find_program(const char *name, const char *package, struct err *err)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin",
					      "/usr/sbin",	 "/usr/bin",
					      "/sbin",		 "/bin"};
	char path[128];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	err_set(err, "no program '%s'", name);
	return err_hint(err, "apt-get install %s", package);
}

/* Prints the line; false when something is missing that is needed. */
static bool
examine(const struct check *check)
{
	struct err err = {0};
	bool ok = check->probe != NULL ? check->probe(&err)
				       : find_program(check->name, check->package, &err);

	printf("%-13s %-8s %s", check->name,
	       ok	       ? "yes"
	       : check->needed ? "MISSING"
			       : "no",
	       check->purpose);
	if (!ok)
		printf(": %s\n%-22s hint: %s", err.text, "", err.hint);
	printf("\n");
	return ok || !check->needed;
}

extern const struct command command_doctor;

static int
doctor_main(int argc, char **argv)
{
	struct err err = {0};
	bool well = true;

	help = false;
	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_doctor, &err);
	if (help)
		return command_help(&command_doctor, rows);
	if (argc > 1) {
		err_set(&err, "'doctor' takes no '%s'", argv[1]);
		return command_usage(&command_doctor, &err);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		well = examine(&checks[i]) && well;
	printf("%s\n", well ? "runs on local hosts work here"
			    : "runs on local hosts do not work here yet");
	return well ? EXIT_VALID : EXIT_INVALID;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "what works on this machine, and what to do about the rest",
	.main = doctor_main,
};
