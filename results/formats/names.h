/* names.h - from the name of a function, as met in the input, to its number: fast,
 * bounded, and with the names that other tools use (get, put, inc, dec, broadcast).
 *
 * History_f answers much the same, but a file repeats few names millions of times. One
 * thread.
 */
#ifndef RESULTS_NAMES_H
#define RESULTS_NAMES_H

#include "base/history.h"

enum {
	NAMES_MAX = 4096,
	NAMES_RECENT = 8
};

struct names {
	struct {
		char text[24];
		size_t bytes;
		uint16_t f;
	} recent[NAMES_RECENT];
	size_t count; /* of recent ones */
};

void names_init(struct names *names);
void names_release(struct names *names);

/* The number of a name; false when there are more than NAMES_MAX of them. */
bool names_f(struct names *names, struct history *history, const char *name, size_t bytes,
	     uint16_t *f);

#endif
