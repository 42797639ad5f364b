/* frontier_memo.h - configurations that need no second look.
 *
 * Of configurations that differ only in the crashed calls they used, those are kept of
 * which none used nowhere more than another (an antichain). Exact configurations are
 * compared, never fingerprints. Private to the engine. One thread. */
#ifndef CHECKERS_FRONTIER_MEMO_H
#define CHECKERS_FRONTIER_MEMO_H

#include "checkers/engine/frontier_usages.h"

/* A configuration and how it was reached. */
struct node {
	uint64_t mask; /* slots of open calls that have taken effect (frontier_slots.h) */
	uint32_t layer; /* the next completion to pass */
	uint32_t state;
	uint32_t usage;	 /* how many crashed calls were used */
	uint32_t parent; /* node; FRONTIER_NONE at the root */
	uint32_t call;	 /* led here from the parent; of crashed calls any of the class */
	uint32_t unnoticed; /* class + 1 of `call` when it crashed and nothing has noticed
			       it yet; else 0 */
	uint32_t before;    /* then: the state before. (Where states are one value neither
			       matters: 1, and the state.) */
	uint16_t crashed;   /* how many crashed calls led here */
};

/* A configuration and the usages it was met with; tag 0 is empty. */
struct memo_entry {
	uint64_t mask;
	uint32_t layer, tag;
	uint32_t state, unnoticed; /* the state before, when the call is unnoticed */
	uint32_t usage;		   /* one of them, */
	uint32_t list;		   /* the others: in lists, + 1; 0: none */
};

/* A vector of counts, and their sum: one that is nowhere more has a smaller sum. */
struct memo_usage {
	uint32_t usage, total;
};

/* Usages that lie side by side. */
struct memo_list {
	uint32_t first, count, room; /* in memo->usages */
};

struct memo {
	struct memo_entry *entries; /* owned; at most half full */
	size_t slot_count, count;
	VEC(struct memo_list) lists;
	VEC(struct memo_usage) usages;
	uint32_t tag; /* entries with another tag count as empty */
};

void memo_release(struct memo *memo);
void memo_forget(struct memo *memo); /* O(1) */
size_t memo_bytes(const struct memo *memo);

/* Some remembered configuration differs only in having used no more crashed calls. */
bool memo_dominates(const struct memo *memo, const struct usages *usages,
		    const struct node *node);

/* Remembers the configuration instead of those that it dominates. False, and nothing was
 * done, when it is dominated itself. */
bool memo_offer(struct memo *memo, const struct usages *usages, const struct node *node);

/* It was remembered, and no better one was since. */
bool memo_holds(const struct memo *memo, const struct node *node);

#endif
