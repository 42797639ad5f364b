/* private_lab.h - a lab that lives as long as one run.
 *
 * A guardian process waits for the end of this program, however it comes (kill -9
 * included), and then takes the lab down. */
#ifndef HARNESS_PRIVATE_LAB_H
#define HARNESS_PRIVATE_LAB_H

#include "base/err.h"

#include <sys/types.h>

struct private_lab {
	char name[64]; /* "" when there is none */
	pid_t guardian;
};

/* Brings up a lab under a name of its own. To be called by the main thread, before others
 * are started. On failure nothing is left. */
bool private_lab_open(struct private_lab *lab, int host_count, struct err *err);

/* Takes it down and ends the guardian. One of zeros is fine. */
bool private_lab_close(struct private_lab *lab, struct err *err);

#endif
