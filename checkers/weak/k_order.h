/* k_order.h - whether in an order of one key's operations every read returns one of the k
 * last writes (k-atomicity: Aiyer, Alvisi and Bazzi 2005). Shares nothing with the model
 * that the engine searches by. PURE. */
#ifndef CHECKERS_K_ORDER_H
#define CHECKERS_K_ORDER_H

#include "checkers/partition.h"
#include "checkers/weak/observed.h"

/* The order holds every acknowledged operation of the key, none twice, and respects real
 * time; crashed writes may be missing. False, with the reason, when it is none such.
 * O(n log n). */
bool k_order_holds(const struct observed *observed, const struct key_ops *key,
		   const uint32_t *order, size_t count, uint32_t k, struct err *err);

#endif
