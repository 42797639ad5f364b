/* departed.h - why a value is not known any more, as far as there is room to remember:
 * neighbouring numbers that left for the same reason are kept as one range. */
#ifndef CHECKERS_ONLINE_DEPARTED_H
#define CHECKERS_ONLINE_DEPARTED_H

#include "base/vec.h"
#include "checkers/online/online.h"

enum departure {
	DEPARTED_NOT,
	DEPARTED_FAILED, /* it was not added */
	DEPARTED_TAKEN,
	DEPARTED_PASSED, /* one that goes after it was met: it must have been taken */
	DEPARTED_MISSED, /* nothing was found: it must have been taken */
	DEPARTED_PERHAPS,
};

enum {
	DEPARTED_RANGES = 1024 /* beyond these nothing more is remembered */
};

struct departed_range {
	online_value first, last;
	enum departure why;
};

struct departed {
	VEC(struct departed_range) ranges; /* ascending; of a value the last departure */
	bool is_full;
};

void departed_add(struct departed *departed, online_value value, enum departure why);

/* DEPARTED_PERHAPS: nobody knows whether it was ever here. */
enum departure departed_find(const struct departed *departed, online_value value);

void departed_release(struct departed *departed);

#endif
