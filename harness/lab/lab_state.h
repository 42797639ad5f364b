/* lab_state.h - what the machine knows about a lab: one folder, and in it one small file.
 *
 * The folder LAB_FOLDER/NAME holds `lab` (below), `log`, `identity`, `identity.pub`,
 * `host_key`, `known_hosts`, `ssh_config`, and a folder for each host: `upper` and `work`
 * of its overlay, `data` (its /var/lib/faultline), `home` (its /root), and `root`, the
 * mount point that is mounted only inside the lab.
 *
 * `lab` has a line a fact, pids as the machine counts them:
 *
 *	pid 4711		the lab's first process; its death ends the lab
 *	start 123456		when it started, so that a reused pid is not taken for it
 *	host 1 4720		the init of each host, from n1 on; written when all are up
 */
#ifndef HARNESS_LAB_STATE_H
#define HARNESS_LAB_STATE_H

#include "harness/lab/lab.h"

#include "base/text.h"

#include <stdint.h>
#include <sys/types.h>

#define LAB_FOLDER "/var/lib/faultline/labs"
enum {
	LAB_NAME_BYTES_MAX = 32,
	LAB_PATH_BYTES = 128
};

struct lab_state {
	pid_t pid;
	uint64_t start; /* clock ticks since the machine booted */
	int count;
	pid_t hosts[LAB_HOSTS_MAX]; /* [0] is n1 */
};

/* Lower-case letters, digits and dashes, at most LAB_NAME_BYTES_MAX. */
bool lab_name_check(const char *name, struct err *err);

/* LAB_FOLDER/NAME/FILE, or the folder itself when file is "". */
struct lab_path {
	char text[LAB_PATH_BYTES];
};
struct lab_path lab_path(const char *name, const char *file);

bool lab_state_write(const char *name, const struct lab_state *state, struct err *err);

/* False when there is no such lab, or when its first process is dead. */
bool lab_state_read(const char *name, struct lab_state *state, struct err *err);

/* Names of all folders of labs, dead ones too. */
void lab_names(struct strings *names);

/* When the process started, in clock ticks since boot; 0 when it is dead or a zombie. */
uint64_t process_start(pid_t pid);

/* An exclusive lock against other `up` and `down`; makes LAB_FOLDER. -1 with the error.
 * Unlocking removes the folder again when it is empty. */
int labs_lock(struct err *err);
void labs_unlock(int lock);

#endif
