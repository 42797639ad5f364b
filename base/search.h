/* search.h - halving a row in order. */
#ifndef BASE_SEARCH_H
#define BASE_SEARCH_H

#include <stddef.h>

/* Sets `at`, a variable of the caller, to the first index of [from, to) for which the
 * expression `is_before`, which says `at`, does not hold, or to `to`. It holds of all
 * that stand before one of which it holds:
 *
 *	size_t at;
 *
 *	search_first(at, 0, moments->count, moments->items[at] < moment);
 */
#define search_first(at, from, to, is_before)                                            \
	do {                                                                             \
		size_t search_low = (from), search_high = (to);                          \
		while (search_low < search_high) {                                       \
			(at) = (search_low + search_high) / 2;                           \
			if (is_before)                                                   \
				search_low = (at) + 1;                                   \
			else                                                             \
				search_high = (at);                                      \
		}                                                                        \
		(at) = search_low;                                                       \
	} while (0)

#endif
