/* core_layering.h - makes the layers of a large core (core_layers.h) from its proof.
 *
 * A step of the proof ends in a cycle. Its transactions are the first dozen, each step of the
 * cycle is given; of a longer one, stretches are given. What a given order hangs on takes its
 * place where there is room: the cycle that leaves no other choice, or who else touched the
 * key. Then what is not needed is left out, orders first (only ever relaxing), as long as
 * rw_proof.h finds that the rest has no order. PURE. */
#ifndef CHECKERS_CORE_LAYERING_H
#define CHECKERS_CORE_LAYERING_H

#include "checkers/transaction/rw_certify.h"

/* Fills core->layers, from core->proof; they stay empty when that cannot be told so. */
void core_layering_find(const struct history *history, const struct rw_claim *claim,
			struct anomaly *core);

#endif
