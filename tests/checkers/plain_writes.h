/* plain_writes.h - a history of registers for those who know no compare-and-set. */
#ifndef TESTS_CHECKERS_PLAIN_WRITES_H
#define TESTS_CHECKERS_PLAIN_WRITES_H

#include "base/history.h"

/* Each compare-and-set becomes a write of its new value, with the same outcome: what was
 * linearizable stays so. */
void plain_writes(struct history *history);

#endif
