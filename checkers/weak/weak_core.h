/* weak_core.h - a few operations that break a model by themselves.
 *
 * A part of a history (weak_part) that a model forbids proves the whole forbidden. So the
 * core is found by leaving out: what came later, what came long before, then ever smaller
 * pieces (delta debugging; Zeller and Hildebrandt 2002), each time decided again. */
#ifndef CHECKERS_WEAK_CORE_H
#define CHECKERS_WEAK_CORE_H

#include "checkers/weak/weak_models.h"

/* Replaces `core` by a part of `whole` that the model forbids and from which no operation
 * can be left out; larger when the effort (a multiple of the size) is used up. `at`: where
 * the decider met the violation, or WEAK_INITIAL. The caller calls weak_release. */
void weak_core_find(enum weak_model model, const struct weak *whole, uint32_t at,
		    const struct budget *budget, struct weak *core);

#endif
