/* peaks.h - the greatest stage that was certainly reached before a moment: the stage lemma
 * (checkers/engine/stages.h) while the history grows.
 *
 * Operations that end tell a stage: a version, an offset, a value that only grows. What
 * began at a moment must not meet a lesser stage than any that was told before. Only what
 * lies behind the watermark is kept, and the last before it. */
#ifndef CHECKERS_ONLINE_PEAKS_H
#define CHECKERS_ONLINE_PEAKS_H

#include "base/vec.h"

#include <stdint.h>

#define PEAK_NONE INT64_MIN /* nothing was told before */

struct peak {
	int64_t at, stage;
};

struct peaks {
	struct peak *items; /* a vec: both ascend */
	size_t count, capacity;
};

/* An operation that ended at `at`, not before any other, told a stage. */
void peaks_tell(struct peaks *peaks, int64_t at, int64_t stage, int64_t watermark);

/* The greatest stage told before the moment, which is not before the last watermark. */
int64_t peaks_before(const struct peaks *peaks, int64_t moment);

#endif
