/* asks.h - takes and looks of a collection that are open, and takes of unknown outcome, by
 * when they began. Moments are events. Adding and removing is linear in those that began
 * later, which is few. */
#ifndef CHECKERS_ONLINE_ASKS_H
#define CHECKERS_ONLINE_ASKS_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct asks {
	struct moments {
		int64_t *items; /* a vec, ascending */
		size_t count, capacity;
	} takes, looks, lost;
};

/* The first that is later than the moment. */
size_t moments_after(const struct moments *moments, int64_t moment);

void asks_begin(struct asks *asks, int64_t began, bool is_look);

/* It ended; is_lost: with unknown outcome. */
void asks_end(struct asks *asks, int64_t began, bool is_look, bool is_lost);

/* How many takes had begun by then, open or of unknown outcome. */
uint32_t asks_takes_until(const struct asks *asks, int64_t moment);

/* So many takes of unknown outcome that had begun by then have taken what they took. For
 * all that begins from now on it does not matter which of them. */
void asks_drop_lost(struct asks *asks, int64_t until, size_t count);

void asks_release(struct asks *asks);
size_t asks_bytes(const struct asks *asks);

#endif
