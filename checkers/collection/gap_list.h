/* gap_list.h - operations in an order that grows by insertion, each in a gap between events.
 *
 * A linked list, and a tree of bits over the gaps that have something: the last operation
 * at or before a gap is found in O(log n) with base 64. Gaps never decrease along the list. */
#ifndef CHECKERS_GAP_LIST_H
#define CHECKERS_GAP_LIST_H

#include "checkers/jepsen/elements.h"

struct gap_list {
	uint32_t *next;	   /* owned; by operation */
	uint32_t *last_at; /* owned; by gap: the last operation there; NO_OP */
	uint64_t *
		levels[6]; /* owned; bit i of a level: word i of the one below is not 0 */
	uint32_t head, count;
};

void gap_list_init(struct gap_list *list, size_t ops, size_t gaps);
void gap_list_release(struct gap_list *list);

/* The last gap at or before this one that has something, and the last operation in it;
 * NO_OP: none. */
uint32_t gap_list_before(const struct gap_list *list, uint32_t gap);
uint32_t gap_list_last_before(const struct gap_list *list, uint32_t gap);

/* Places the operation behind `after` (NO_OP: in front of all). */
void gap_list_insert(struct gap_list *list, uint32_t after, uint32_t op, uint32_t gap);

#endif
