/* parallel.h - the same function over many items, on several threads.
 *
 * Items are taken in order from one counter. The function may touch only its own item and
 * what nobody writes, so that results do not depend on the number of threads. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

/* Calls body(context, i) for every i below count and returns when all are done.
 * `threads` 0: as many as the machine has processors. */
void parallel_for(size_t count, int threads, void (*body)(void *context, size_t i),
		  void *context);

int parallel_processors(void);

#endif
