/* frontier_search.h - configurations of the frontier engine, what is remembered of them,
 * and the three drivers. Private to the engine. */
#ifndef CHECKERS_FRONTIER_SEARCH_H
#define CHECKERS_FRONTIER_SEARCH_H

#include "checkers/engine/frontier.h"
#include "checkers/engine/frontier_plan.h"

/* A configuration and how it was reached. */
struct node {
	uint64_t mask;	/* slots of open calls that have taken effect */
	uint32_t layer; /* the next completion to pass */
	uint32_t state;
	uint32_t usage;	 /* id: how many crashed calls of each class were used */
	uint32_t parent; /* node; FRONTIER_NONE at the root */
	uint32_t call;	 /* the call that led here from the parent */
	uint32_t unused;
};

/* Which crashed calls were used: interned vectors of counts. Usage 0 is none. */
struct usages {
	size_t width;	      /* classes of crashed calls */
	VEC(uint16_t) counts; /* usage * width */
	VEC(uint32_t) nexts;  /* usage * width: the usage after one more of that class */
	uint32_t *slots;      /* owned; usage + 1; open addressing */
	size_t slot_count, count;
};

void usages_init(struct usages *usages, size_t width);
void usages_release(struct usages *usages);
uint32_t usages_next(struct usages *usages, uint32_t usage, uint32_t info);
bool usages_leq(const struct usages *usages, uint32_t a, uint32_t b);

static inline uint16_t
usages_used(const struct usages *usages, uint32_t usage, uint32_t info)
{
	return usages->counts.items[(size_t)usage * usages->width + info];
}

/* Configurations that need no second look. */
struct memo_entry {
	uint64_t mask;
	uint32_t layer, state, usage, tag;
};
struct memo {
	struct memo_entry *entries; /* owned; tag 0 is empty; at most half full */
	size_t slot_count, count;
	uint32_t tag; /* entries with another tag count as empty */
};

void memo_release(struct memo *memo);

/* Some remembered configuration differs only in having used no more crashed calls. */
bool memo_dominates(const struct memo *memo, const struct usages *usages,
		    const struct node *node);
void memo_add(struct memo *memo, const struct node *node);
void memo_forget(struct memo *memo); /* O(1) */

/* What the drivers share. */
struct engine {
	struct plan plan;
	struct usages usages;
	const struct check_options *options;
	uint32_t best_layer; /* the furthest that an order was found for */
	uint64_t work;
	size_t bytes_max, bytes_peak;
	struct { /* reads that fit a state at a layer, remembered */
		uint32_t layer, state;
		uint64_t mask;
	} fitting[256];
};

enum progress {
	PROGRESS_MORE = 0, /* the share of work is used up */
	PROGRESS_FOUND,	   /* an order: the last node */
	PROGRESS_EMPTY,	   /* nothing is left to try */
	PROGRESS_STOPPED,  /* time or memory is over */
};

/* Takes all open reads that fit the state. */
void engine_absorb(struct engine *engine, struct node *node);

/* The completion of the node's layer has taken effect. */
static inline bool
engine_may_pass(const struct engine *engine, const struct node *node)
{
	return node->mask >> engine->plan.layer_slot[node->layer] & 1;
}

/* Passes one completion. */
void engine_pass(struct engine *engine, struct node *node);

/* The node after one more call; false when the call is not allowed. */
bool engine_apply(struct engine *engine, const struct node *node,
		  const struct open_call *open, struct node *next);
/* The same with the next unused crashed call of a class. */
bool engine_apply_info(struct engine *engine, const struct node *node, uint32_t info,
		       struct node *next);

struct nodes {
	struct node *items; /* a vec */
	size_t count, capacity;
};

/* Depth-first search. */
struct depth {
	struct nodes nodes;
	VEC(uint32_t) stack; /* node * 2 + 1 when it is to be expanded */
	struct memo memo;
	uint32_t found; /* node */
	bool is_started;
};
enum progress depth_run(struct engine *engine, struct depth *depth, uint64_t work);
void depth_release(struct depth *depth);

/* Breadth-first search from a set of nodes of one layer. */
struct breadth {
	struct nodes nodes;
	VEC(uint32_t) now;  /* nodes at `layer`, those before `at` are done */
	VEC(uint32_t) next; /* nodes at `layer` + 1 */
	size_t at;
	uint32_t layer;
	uint32_t until; /* stop with PROGRESS_FOUND here */
	bool keeps_parents;
	struct memo memo, memo_next;
	uint32_t found;
	bool is_started;
};
enum progress breadth_run(struct engine *engine, struct breadth *breadth, uint64_t work);
void breadth_release(struct breadth *breadth);

/* Refutation of ever wider windows before the furthest layer. */
struct windows {
	struct breadth breadth;
	uint32_t width, first, best;
	bool is_open;
};
enum progress windows_run(struct engine *engine, struct windows *windows, uint64_t work);
void windows_release(struct windows *windows);

#endif
