/* thin.h - leaves out operations as long as the rest still shows what all showed.
 *
 * Runs of a half, a quarter, ... are tried, then single operations until none of them can
 * be spared (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
 * 2002, section 3). */
#ifndef CHECKERS_THIN_H
#define CHECKERS_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thinning {
	/* The operations alone show it. */
	bool (*shows)(void *of, const uint32_t *ops, size_t count);
	/* Asked before each try; false ends the thinning. */
	bool (*may_try)(void *of);
	void *of;
};

/* Works on `ops` in place, the earliest first; returns how many are left, 0 when not even
 * all of them show it. */
size_t thin_ops(const struct thinning *thinning, uint32_t *ops, size_t count);

#endif
