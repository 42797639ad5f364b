/* whole_history.h - a whole history as one key, and as words when a test fails. */
#ifndef TESTS_CHECKERS_WHOLE_HISTORY_H
#define TESTS_CHECKERS_WHOLE_HISTORY_H

#include "checkers/partition.h"

/* All operations as one key; `indexes` has room for them and lives as long as the key. */
struct key_ops whole_history(const struct history *history, uint32_t *indexes);

/* A line for each operation with its positions, to the test's errors. */
void whole_history_print(const struct history *history);

#endif
