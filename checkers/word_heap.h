/* word_heap.h - 64-bit words, the smallest first. */
#ifndef CHECKERS_WORD_HEAP_H
#define CHECKERS_WORD_HEAP_H

#include "base/vec.h"

#include <stdint.h>

/* Zeros are an empty one; vec_release(&heap->words) frees it. */
struct word_heap {
	VEC(uint64_t) words;
};

void word_heap_push(struct word_heap *heap, uint64_t word);

/* There must be one. */
uint64_t word_heap_pop(struct word_heap *heap);

#endif
