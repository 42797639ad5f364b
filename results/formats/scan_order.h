/* scan_order.h - sets and maps are equal whatever order they are written in: their items
 * are put in one order when they are read, so that equal ones are equal as lists. */
#ifndef RESULTS_SCAN_ORDER_H
#define RESULTS_SCAN_ORDER_H

#include "base/value.h"

/* An order of all values of one pool: numbers in theirs, strings as they were met first. */
void scan_order_set(const struct values *values, val *items, size_t count);

/* By keys; of one key that stands there twice the values keep their order. */
void scan_order_map(const struct values *values, val *keys_and_values, size_t count);

#endif
