/* core_tell.h - the layers of a large core (core_layers.h) in words, and as steps that can be
 * drawn. PURE. */
#ifndef CHECKERS_CORE_TELL_H
#define CHECKERS_CORE_TELL_H

#include "checkers/transaction/rw_certify.h"

/* Appends the transactions of the first layer, why they have no order that is `level`, and
 * the lemmas; core->steps become those of the first layer. */
void core_tell(const struct history *history, const struct rw_claim *claim,
	       const char *level, struct anomaly *core, struct buf *text);

#endif
