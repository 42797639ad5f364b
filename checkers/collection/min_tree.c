#include "checkers/collection/min_tree.h"

#include "base/mem.h"

#include <stdlib.h>

static int32_t
smaller(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

void
min_tree_init(struct min_tree *tree, const int32_t *numbers, size_t count)
{
	tree->leaves = 1;
	while (tree->leaves < count)
		tree->leaves *= 2;
	tree->lowest = mem_new(tree->leaves * 2, sizeof(*tree->lowest));
	tree->added = mem_new(tree->leaves, sizeof(*tree->added));
	for (size_t i = 0; i < tree->leaves; i++)
		tree->lowest[tree->leaves + i] = i < count ? numbers[i] : INT32_MAX / 2;
	for (size_t node = tree->leaves - 1; node > 0; node--)
		tree->lowest[node] =
			smaller(tree->lowest[2 * node], tree->lowest[2 * node + 1]);
}

void
min_tree_release(struct min_tree *tree)
{
	free(tree->lowest);
	free(tree->added);
}

static void
apply(struct min_tree *tree, size_t node, int32_t amount)
{
	tree->lowest[node] += amount;
	if (node < tree->leaves)
		tree->added[node] += amount;
}

static void
repair(struct min_tree *tree, size_t node)
{
	for (node /= 2; node > 0; node /= 2)
		tree->lowest[node] =
			smaller(tree->lowest[2 * node], tree->lowest[2 * node + 1]) +
			tree->added[node];
}

void
min_tree_add(struct min_tree *tree, size_t from, size_t to, int32_t amount)
{
	size_t left = from + tree->leaves, right = to + tree->leaves;

	if (from >= to)
		return;
	for (size_t l = left, r = right; l < r; l /= 2, r /= 2) {
		if (l & 1)
			apply(tree, l++, amount);
		if (r & 1)
			apply(tree, --r, amount);
	}
	repair(tree, left);
	repair(tree, right - 1);
}

size_t
min_tree_place(const struct min_tree *tree)
{
	size_t node = 1;

	while (node < tree->leaves) {
		size_t left = 2 * node;
		node = tree->lowest[left] <= tree->lowest[left + 1] ? left : left + 1;
	}
	return node - tree->leaves;
}
