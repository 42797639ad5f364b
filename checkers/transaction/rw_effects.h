/* rw_effects.h - what transactions on registers did, seen from outside, read from the history
 * anew: for the certificates, which share nothing with the deciders. PURE. */
#ifndef CHECKERS_RW_EFFECTS_H
#define CHECKERS_RW_EFFECTS_H

#include "base/history.h"

/* What one transaction asks of the state before it (reads) and leaves behind (writes). */
struct effect {
	val key, read, written;
	bool reads, writes;
};

struct effects {
	const struct op *op;
	VEC(struct effect) of;
};

/* Of the operation of this index; predicate reads are passed over. False when it contradicts
 * itself. The caller releases effects->of in both cases. */
bool rw_effects_collect(const struct history *history, uint32_t index,
			bool nil_is_unknown, struct effects *effects);

#endif
