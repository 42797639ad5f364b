/* sort.h - what checkers put in order.
 *
 * 64-bit words in ascending order, fast where they are nearly in order already: what
 * checkers sort is keyed by positions of events, and operations come nearly in order:
 * insertion with a bounded number of moves, then radix sort (11 bits a pass, only of bits
 * in which words differ) for what is not. Fewer than 2 to the 32. O(n). */
#ifndef CHECKERS_SORT_H
#define CHECKERS_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void sort_words(uint64_t *words, size_t count);

/* A few numbers, ascending: operations, ids of values. */
void sort_numbers(uint32_t *numbers, size_t count);

/* The number is one of these ascending ones. */
bool sort_has(const uint32_t *numbers, size_t count, uint32_t number);

#endif
