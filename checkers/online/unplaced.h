/* unplaced.h - values that were written by somebody whose place (version, offset) nobody
 * knows yet: writes that are open or of unknown outcome.
 *
 * Who meets a value at a place that no known write has must have met one of these, and that
 * one is used up. One value may be written several times. */
#ifndef CHECKERS_ONLINE_UNPLACED_H
#define CHECKERS_ONLINE_UNPLACED_H

#include "base/vec.h"
#include "checkers/online/online.h"
#include "checkers/online/table.h"

struct unplaced_value {
	online_value value;
	uint32_t writes, used;
};

struct unplaced {
	struct table of; /* value -> index */
	VEC(struct unplaced_value) values;
};

/* A write of the value begins. */
void unplaced_add(struct unplaced *unplaced, online_value value);

/* A write of the value was met at a place; false: there is none left that it can be. */
bool unplaced_use(struct unplaced *unplaced, online_value value);

/* There is a write of the value that may still turn up anywhere. */
bool unplaced_may_be(const struct unplaced *unplaced, online_value value);

/* A write of the value has a place now, which `was_met` there before, or has failed. False:
 * it had been used up elsewhere, and no other is left for that. */
bool unplaced_remove(struct unplaced *unplaced, online_value value, bool was_met);

size_t unplaced_bytes(const struct unplaced *unplaced);
void unplaced_release(struct unplaced *unplaced);

#endif
