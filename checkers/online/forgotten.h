/* forgotten.h - keys that were let go because nobody asked for them any more: one bit each,
 * so that a key which comes back is not judged by half. */
#ifndef CHECKERS_ONLINE_FORGOTTEN_H
#define CHECKERS_ONLINE_FORGOTTEN_H

#include "base/vec.h"
#include "checkers/online/online.h"

struct forgotten {
	VEC(uint64_t) bits; /* by key */
};

/* Only keys that are numbers from 0 to 2^32 can be: others stay. */
bool forgotten_can_be(online_value key);
void forgotten_add(struct forgotten *forgotten, online_value key);
bool forgotten_has(const struct forgotten *forgotten, online_value key);

#endif
