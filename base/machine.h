/* machine.h - what this process may have of the machine. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

/* Bytes of memory: those of the machine, or fewer where a control group (a container, a
 * service) has a limit. Both versions of control groups; what cannot be read limits nothing. */
uint64_t machine_memory(void);

/* The same from the text of /proc/self/cgroup, below the folder where control groups are
 * mounted; UINT64_MAX: no limit. Public for its test. */
uint64_t machine_group_limit(const char *groups, const char *folder);

#endif
