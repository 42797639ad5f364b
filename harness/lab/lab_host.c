#include "harness/lab/lab_host.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/lab/lab_network.h"
#include "harness/lab/lab_state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the keys and the configuration of sshd lie on a host. */
#define SSHD_FOLDER "/etc/faultline-lab"

/* What differs from Debian's defaults, and why: no question to a name server, no PAM (its
 * session modules know nothing of namespaces), many logins at once, and one fast key
 * exchange, since hosts of a lab have nobody to hide from. */
static const char sshd_config[] = "HostKey " SSHD_FOLDER "/host_key\n"
				  "AuthorizedKeysFile " SSHD_FOLDER "/authorized_keys\n"
				  "PermitRootLogin prohibit-password\n"
				  "PasswordAuthentication no\n"
				  "KbdInteractiveAuthentication no\n"
				  "UsePAM no\n"
				  "UseDNS no\n"
				  "MaxStartups 1000:30:2000\n"
				  "MaxSessions 1000\n"
				  "PrintMotd no\n"
				  "PrintLastLog no\n"
				  "PidFile none\n"
				  "KexAlgorithms curve25519-sha256\n"
				  "SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
				  "/usr/bin:/sbin:/bin\n"
				  "Subsystem sftp internal-sftp\n";

pid_t
lab_clone(int namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
}

bool
lab_drop_capabilities(struct err *err)
{
	static const int dropped[] = {CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_BOOT,
				      CAP_SYS_RAWIO, CAP_WAKE_ALARM};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) != 0)
		return err_errno(err, "read capabilities");
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		uint32_t bit = 1u << (dropped[i] % 32);
		struct __user_cap_data_struct *set = &sets[dropped[i] / 32];
		set->effective &= ~bit;
		set->permitted &= ~bit;
		set->inheritable &= ~bit;
		if (prctl(PR_CAPBSET_DROP, dropped[i], 0, 0, 0) != 0)
			return err_errno(err, "drop capability %d", dropped[i]);
	}
	return syscall(SYS_capset, &header, sets) == 0 ||
	       err_errno(err, "drop capabilities");
}

/* ---- mounts, before the root is changed; paths are relative to the host's folder ----
 */

static bool
make_folder(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_errno(err, "make folder '%s'", path);
	return chmod(path, mode) == 0 || err_errno(err, "chmod '%s'", path);
}

static bool
mount_at(const char *what, const char *where, const char *type, unsigned long flags,
	 const char *options, struct err *err)
{
	return mount(what, where, type, flags, options) == 0 ||
	       err_errno(err, "mount %s at '%s'", type ? type : what, where);
}

/* An overlay of one file system of the machine, changes going to upper/BRANCH. */
static bool
mount_overlay(const struct lab_host *host, const char *branch, const char *lower,
	      const char *where, struct err *err)
{
	char file[64], upper[96], work[96];

	snprintf(upper, sizeof(upper), "upper/%s", branch);
	snprintf(work, sizeof(work), "work/%s", branch);
	if (!file_make_folder(upper, err) || !file_make_folder(work, err))
		return false;
	snprintf(file, sizeof(file), "n%d", host->index + 1);
	struct lab_path folder = lab_path(host->lab, file);
	char *options = mem_format("lowerdir=%s,upperdir=%s/%s,workdir=%s/%s", lower,
				   folder.text, upper, folder.text, work);
	bool ok = mount_at("overlay", where, "overlay", 0, options, err);
	free(options);
	return ok;
}

/* An overlay cannot be the upper layer of another (the machine is a container then): the
 * host's folder is in memory instead, and its syncs are none. */
static bool
make_folder_fit(const char *folder, struct err *err)
{
	struct statfs status;

	if (statfs(folder, &status) != 0)
		return err_errno(err, "look at '%s'", folder);
	if (status.f_type != OVERLAYFS_SUPER_MAGIC)
		return true;
	dprintf(STDERR_FILENO, "'%s' is on an overlay: in memory instead\n", folder);
	return mount_at("tmpfs", folder, "tmpfs", MS_NODEV, "mode=755", err);
}

static bool
is_mounted_apart(const char *path)
{
	struct stat root, status;

	return stat("/", &root) == 0 && lstat(path, &status) == 0 &&
	       S_ISDIR(status.st_mode) && status.st_dev != root.st_dev;
}

/* The lower layer shows the root file system without what is mounted below it, so folders
 * of the system that are mounts of their own get an overlay of their own. */
static bool
mount_root(const struct lab_host *host, struct err *err)
{
	static const char *const apart[] = {"usr", "etc", "var", "opt", "srv", "home"};
	char lower[16], where[32];

	if (!make_folder("root", 0755, err) ||
	    !mount_overlay(host, "machine", "/", "root", err))
		return false;
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		snprintf(lower, sizeof(lower), "/%s", apart[i]);
		snprintf(where, sizeof(where), "root/%s", apart[i]);
		if (is_mounted_apart(lower) &&
		    !mount_overlay(host, apart[i], lower, where, err))
			return false;
	}
	return true;
}

/* Folders that must not show the machine's: other labs and root's own files. They lie on
 * the machine's disk, so that a sync is a sync. */
static bool
mount_own_folders(struct err *err)
{
	return make_folder("data", 0755, err) && make_folder("home", 0700, err) &&
	       make_folder("root/root", 0700, err) &&
	       file_make_folder("root/var/lib/faultline", err) &&
	       mount_at("data", "root/var/lib/faultline", NULL, MS_BIND, NULL, err) &&
	       mount_at("home", "root/root", NULL, MS_BIND, NULL, err);
}

static bool
bind_device(const char *name, struct err *err)
{
	char from[64], to[64];

	snprintf(from, sizeof(from), "/dev/%s", name);
	snprintf(to, sizeof(to), "root/dev/%s", name);
	if (!file_exists(from)) /* fuse and tun are not everywhere */
		return true;
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(err, "make '%s'", to);
	close(fd);
	return mount_at(from, to, NULL, MS_BIND, NULL, err);
}

static bool
mount_devices(struct err *err)
{
	static const char *const devices[] = {"null",	 "zero", "full", "random",
					      "urandom", "tty",	 "fuse", "net/tun"};
	static const char *const links[][2] = {{"pts/ptmx", "root/dev/ptmx"},
					       {"/proc/self/fd", "root/dev/fd"},
					       {"/proc/self/fd/0", "root/dev/stdin"},
					       {"/proc/self/fd/1", "root/dev/stdout"},
					       {"/proc/self/fd/2", "root/dev/stderr"}};

	if (!mount_at("tmpfs", "root/dev", "tmpfs", MS_NOSUID, "mode=755,size=64k",
		      err) ||
	    !make_folder("root/dev/pts", 0755, err) ||
	    !make_folder("root/dev/shm", 01777, err) ||
	    !make_folder("root/dev/net", 0755, err))
		return false;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (!bind_device(devices[i], err))
			return false;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) != 0)
			return err_errno(err, "make link '%s'", links[i][1]);
	return mount_at("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
			"newinstance,ptmxmode=0666,mode=0620,gid=5", err) &&
	       mount_at("tmpfs", "root/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL,
			err);
}

/* The settings of the kernel are the machine's, except those of the network. */
static bool
protect_kernel_settings(struct err *err)
{
	static const char *const shut[] = {"root/proc/sys", "root/proc/sysrq-trigger"};
	const char *net = "root/proc/sys/net";

	for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++) {
		if (!file_exists(shut[i]))
			continue;
		if (!mount_at(shut[i], shut[i], NULL, MS_BIND, NULL, err) ||
		    !mount_at("read-only", shut[i], NULL,
			      MS_BIND | MS_REMOUNT | MS_RDONLY, NULL, err))
			return false;
	}
	return mount_at(net, net, NULL, MS_BIND, NULL, err) &&
	       mount_at("writable", net, NULL, MS_BIND | MS_REMOUNT, NULL, err);
}

static bool
mount_kernel(struct err *err)
{
	const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	return mount_at("proc", "root/proc", "proc", plain, NULL, err) &&
	       protect_kernel_settings(err) &&
	       mount_at("sysfs", "root/sys", "sysfs", plain | MS_RDONLY, NULL, err) &&
	       mount_at("tmpfs", "root/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777",
			err) &&
	       mount_at("tmpfs", "root/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755",
			err) &&
	       make_folder("root/run/sshd", 0755, err) &&
	       make_folder("root/run/lock", 01777, err);
}

/* ---- files ---- */

static bool
put(const char *path, const char *text, mode_t mode, struct err *err)
{
	/* A link (resolv.conf, hostname) would lead out of the host's root. */
	unlink(path);
	return file_write(path, text, strlen(text), err) &&
	       (chmod(path, mode) == 0 || err_errno(err, "chmod '%s'", path));
}

static bool
put_copy(const char *from, const char *path, mode_t mode, struct err *err)
{
	struct buf text = {0};
	bool ok = file_read(from, 1 << 16, &text, err) &&
		  put(path, buf_text(&text), mode, err);

	buf_release(&text);
	return ok;
}

/* Without PAM, sshd turns away users whose password begins with '!'. */
static bool
put_shadow(struct err *err)
{
	struct buf text = {0}, shadow = {0};
	bool ok = file_read("/etc/shadow", 1 << 20, &text, err);

	buf_string(&shadow, "root:*:19000:0:99999:7:::\n");
	for (const char *line = buf_text(&text); ok && *line != '\0';) {
		size_t bytes = strcspn(line, "\n");
		if (strncmp(line, "root:", 5) != 0)
			buf_printf(&shadow, "%.*s\n", (int)bytes, line);
		line += bytes + (line[bytes] == '\n');
	}
	ok = ok && put("root/etc/shadow", buf_text(&shadow), 0600, err);
	buf_release(&text);
	buf_release(&shadow);
	return ok;
}

static bool
put_names(const struct lab_host *host, struct err *err)
{
	struct buf hosts = {0};
	char name[32];

	buf_string(&hosts, "127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
	for (int i = 0; i < host->count; i++) {
		struct lab_address address = lab_address(i);
		buf_printf(&hosts, "%s %s\n", address.v4, address.name);
		if (lab_has_ipv6())
			buf_printf(&hosts, "%s %s\n", address.v6, address.name);
	}
	snprintf(name, sizeof(name), "%s\n", lab_address(host->index).name);
	bool ok = put("root/etc/hosts", buf_text(&hosts), 0644, err) &&
		  put("root/etc/hostname", name, 0644, err);
	buf_release(&hosts);
	return ok;
}

static bool
put_files(const struct lab_host *host, struct err *err)
{
	return put_names(host, err) && put_shadow(err) &&
	       put("home/.bashrc", "", 0644, err) &&
	       put("home/.profile", "", 0644, err) &&
	       put("home/.hushlogin", "", 0644, err) &&
	       make_folder("root" SSHD_FOLDER, 0755, err) &&
	       put("root" SSHD_FOLDER "/sshd_config", sshd_config, 0644, err) &&
	       put_copy("../host_key", "root" SSHD_FOLDER "/host_key", 0600, err) &&
	       put_copy("../identity.pub", "root" SSHD_FOLDER "/authorized_keys", 0644,
			err);
}

/* ---- life ---- */

static bool
enter_root(struct err *err)
{
	if (chdir("root") != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
		return err_errno(err, "change the root");
	/* Both roots are at "." now, the old one on top. */
	return (umount2(".", MNT_DETACH) == 0 && chdir("/") == 0) ||
	       err_errno(err, "let go of the machine's root");
}

static void
wait_until_plugged(const struct lab_host *host)
{
	char nothing;

	while (read(host->plugged, &nothing, 1) < 0 && errno == EINTR)
		;
}

static void
raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static bool
set_up(const struct lab_host *host, struct err *err)
{
	struct lab_address address = lab_address(host->index);
	struct lab_path folder = lab_path(host->lab, address.name);

	return file_make_folder(folder.text, err) && make_folder_fit(folder.text, err) &&
	       (chdir(folder.text) == 0 || err_errno(err, "enter '%s'", folder.text)) &&
	       mount_root(host, err) && mount_own_folders(err) && mount_devices(err) &&
	       mount_kernel(err) && put_files(host, err) && enter_root(err) &&
	       (sethostname(address.name, strlen(address.name)) == 0 ||
		err_errno(err, "set the host name")) &&
	       (wait_until_plugged(host), lab_network_host(host->index, err)) &&
	       lab_drop_capabilities(err);
}

static pid_t
start_sshd(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-E", "/run/sshd.log",
		      "-f", SSHD_FOLDER "/sshd_config", NULL);
		_exit(127);
	}
	return pid;
}

/* Reaps whatever ends on this host; sshd is started again when it ends. */
static _Noreturn void
serve_as_init(void)
{
	pid_t sshd = start_sshd();

	for (;;) {
		pid_t ended = waitpid(-1, NULL, 0);
		if (ended != sshd && ended > 0)
			continue;
		clock_sleep_ms(200);
		if (ended == sshd)
			sshd = start_sshd();
	}
}

_Noreturn void
lab_host_main(const struct lab_host *host)
{
	struct lab_report report = {.index = host->index};
	char machine_pid[16] = "";

	prctl(PR_SET_NAME, "faultline-host");
	umask(022);
	raise_limits();
	/* /proc is the machine's still, so it says what the machine calls this process.
	 */
	if (readlink("/proc/self", machine_pid, sizeof(machine_pid) - 1) > 0)
		report.pid = atoi(machine_pid);
	bool ok = set_up(host, &report.err);
	if (!ok)
		err_context(&report.err, "host 'n%d'", host->index + 1);
	if (!file_write_all(host->report, &report, sizeof(report)) || !ok)
		_exit(1);
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
	serve_as_init();
}
