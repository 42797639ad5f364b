/* min_tree.h - numbers under range addition, with the place of the smallest.
 *
 * A segment tree without pushing: each node holds the minimum of its half plus what was
 * added to the whole of it. O(log n) each; 8 bytes a number. One thread. */
#ifndef CHECKERS_MIN_TREE_H
#define CHECKERS_MIN_TREE_H

#include <stddef.h>
#include <stdint.h>

struct min_tree {
	int32_t *lowest; /* owned; by node, 1 is the root */
	int32_t *added;	 /* owned */
	size_t leaves;	 /* a power of two */
};

/* Takes `count` numbers; what is beyond them is never the smallest. */
void min_tree_init(struct min_tree *tree, const int32_t *numbers, size_t count);
void min_tree_release(struct min_tree *tree);

/* Adds to the numbers from..to - 1. */
void min_tree_add(struct min_tree *tree, size_t from, size_t to, int32_t amount);

static inline int32_t
min_tree_lowest(const struct min_tree *tree)
{
	return tree->lowest[1];
}

/* The place of a smallest number (the first one). */
size_t min_tree_place(const struct min_tree *tree);

#endif
