#include "checkers/word_heap.h"

void
word_heap_push(struct word_heap *heap, uint64_t word)
{
	size_t at = heap->words.count;

	vec_push(&heap->words, word);
	uint64_t *words = heap->words.items;
	for (; at > 0 && words[(at - 1) / 2] > word; at = (at - 1) / 2)
		words[at] = words[(at - 1) / 2];
	words[at] = word;
}

uint64_t
word_heap_pop(struct word_heap *heap)
{
	uint64_t *words = heap->words.items, first = words[0];
	uint64_t last = vec_pop(&heap->words);
	size_t at = 0, count = heap->words.count;

	for (size_t child = 1; child < count; child = at * 2 + 1) {
		child += child + 1 < count && words[child + 1] < words[child];
		if (words[child] >= last)
			break;
		words[at] = words[child];
		at = child;
	}
	words[at] = last;
	return first;
}
