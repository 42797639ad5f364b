/* random_count.h - how many random histories a test tries: FAULTLINE_RANDOM_HISTORIES
 * where it is set, the same number whatever test it is. */
#ifndef TESTS_RANDOM_COUNT_H
#define TESTS_RANDOM_COUNT_H

#include <stdbool.h>
#include <stddef.h>

size_t random_count(size_t usual);

/* For what takes its time: a tenth of the usual number with the address sanitizer. */
size_t random_count_slow(size_t usual);

/* For what takes much more of it than its neighbours in a test: `usual` where those try
 * `usual_of_all`, and as much less than the number that was set. */
size_t random_share(size_t usual, size_t usual_of_all);

/* Somebody has set the number, and has the time. */
bool random_count_is_set(void);

#endif
