/* lab_inside.h - commands inside a host of a lab without SSH, and what a host uses. */
#ifndef HARNESS_LAB_INSIDE_H
#define HARNESS_LAB_INSIDE_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

/* Runs argv (NULL-terminated, argv[0] searched in the host's PATH) as root on the host,
 * with the input, output and terminal of this process, and waits for its end. This
 * process is in the host's namespaces afterwards: for commands that then end. */
bool lab_run_inside(const char *lab, const char *host, char *const *argv, int *exit_code,
		    struct err *err);

struct lab_usage {
	int processes;
	uint64_t memory_bytes; /* shared pages count by their share */
};

/* Of the host whose init has this pid. */
struct lab_usage lab_usage(pid_t init);

#endif
