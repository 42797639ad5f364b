/* frontier_search.h - configurations of the frontier engine, what is remembered of them,
 * and the four drivers. Private to the engine. */
#ifndef CHECKERS_FRONTIER_SEARCH_H
#define CHECKERS_FRONTIER_SEARCH_H

#include "checkers/engine/frontier.h"
#include "checkers/engine/frontier_memo.h"

/* What the drivers share. */
struct engine {
	struct plan plan;
	struct usages usages;	/* exact */
	struct slot_sets slots; /* of nodes' masks */
	const struct check_options *options;
	uint32_t best_layer; /* the furthest that an order was found for */
	uint64_t work, stop_check_at;
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

struct nodes {
	struct node *items; /* a vec */
	size_t count, capacity;
};

/* Adds a node; its number. */
uint32_t nodes_add(struct nodes *nodes, const struct node *node);

/* Time or memory is over; `bytes`: what the driver holds. Looked at once in a while. */
bool engine_must_stop(struct engine *engine, size_t bytes);

/* An order was found for all completions before the layer. */
void engine_note_layer(struct engine *engine, uint32_t layer);

/* Takes all open reads that fit the state. */
void engine_absorb(struct engine *engine, struct node *node);

/* The completion of the node's layer has taken effect. */
static inline bool
engine_may_pass(const struct engine *engine, const struct node *node)
{
	return slot_sets_has(&engine->slots, node->mask,
			     engine->plan.layer_slot[node->layer]);
}

/* Passes one completion. */
void engine_pass(struct engine *engine, struct node *node);

/* The node after one more call that changes the state; false when it is not allowed. */
bool engine_apply(struct engine *engine, const struct node *node,
		  const struct open_call *open, struct node *next);
/* The same with one more crashed call of a class. It comes right before the call that
 * notices it: earlier it could wait, and unnoticed it could be left out. */
bool engine_apply_info(struct engine *engine, struct usages *usages,
		       const struct node *node, uint32_t info, struct node *next);

/* Depth-first search. */
struct depth {
	struct nodes nodes;
	VEC(uint32_t) stack; /* node * 2 + 1 when it is to be expanded */
	VEC(uint32_t) fresh; /* nodes that do not pass, while one is expanded */
	struct memo memo;
	uint32_t found; /* node */
	bool is_started;
};
enum progress depth_run(struct engine *engine, struct depth *depth, uint64_t work);
void depth_release(struct depth *depth);

/* Breadth-first search from a set of nodes of one layer, layer by layer. */
struct breadth {
	struct nodes nodes;
	VEC(uint32_t) now;  /* nodes at `layer`, those before `at` are done */
	VEC(uint32_t) next; /* nodes at `layer` + 1 */
	size_t at;
	uint32_t layer;
	uint32_t until; /* stop with PROGRESS_FOUND here */
	struct usages usages;
	struct memo memo, memo_next;
	uint32_t found; /* node */
	size_t beam;	/* nodes of a layer that are followed at most; 0: all */
	bool was_narrowed;
};
/* Forgets all nodes; the first ones of a layer are added then. */
void breadth_clear(struct breadth *breadth, uint32_t layer, uint32_t until);
void breadth_add(struct breadth *breadth, const struct node *node);
void breadth_add_root(struct engine *engine, struct breadth *breadth);

enum progress breadth_run(struct engine *engine, struct breadth *breadth, uint64_t work);

/* Where the way that was found uses more crashed calls of a class than there are, that
 * class is counted apart from now on. False: the way is possible. */
bool breadth_refine(struct breadth *breadth);
void breadth_release(struct breadth *breadth);

/* The whole history, breadth-first: at first in a narrow beam, which finds ways soon, and
 * with all crashed calls counted together. */
struct whole {
	struct breadth breadth;
	bool is_open;
};
enum progress whole_run(struct engine *engine, struct whole *whole, uint64_t work);
void whole_release(struct whole *whole);

/* A configuration that was met at a layer, and after how few crashed calls. */
struct beam_seen {
	uint64_t mask;
	uint32_t state, tag;
	uint16_t crashed;
};

struct beam_set {
	struct beam_seen *items; /* owned; at most half full */
	size_t slot_count, count;
	uint32_t tag; /* items with another tag + 1 count as empty */
};

/* Where the nodes of a layer begin. */
struct beam_layer {
	size_t kept, nodes;
};

/* What is tried at a layer, in this order, until enough passes. */
enum beam_effort {
	BEAM_CHANGES, /* calls that will have happened */
	BEAM_NOTICED, /* crashed calls, each together with what notices it */
	BEAM_ALONE,   /* crashed calls before anything */
	BEAM_EFFORTS
};

/* Layer by layer, only the most promising nodes of each: finds orders soon, refutes
 * nothing. Crashed calls are counted exactly, but of configurations that are alike
 * otherwise only one that used the fewest is followed. Where it gets stuck it turns back
 * a little and follows more. */
struct beam {
	struct nodes nodes;
	VEC(uint32_t) now;	 /* nodes at `layer` */
	VEC(uint32_t) next;	 /* nodes at `layer` + 1 */
	size_t at[BEAM_EFFORTS]; /* in now: those before are done */
	uint32_t layer;
	uint32_t stuck; /* the furthest layer that it turned back at */
	uint32_t back;	/* how far it turns back next time */
	size_t width;	/* nodes of a layer that are followed at most */
	size_t wanted;	/* so many nodes must pass, or crashed calls are asked */
	struct usages usages, usages_next; /* exact; of this layer and the next */
	struct beam_set seen, seen_next;
	VEC(uint32_t) kept;	       /* nodes by layer */
	VEC(struct beam_layer) layers; /* those before `layer`, and it */
	uint32_t found;
	bool is_open;
};
enum progress beam_run(struct engine *engine, struct beam *beam, uint64_t work);
void beam_release(struct beam *beam);

/* Refutation of ever wider windows before the furthest layer. */
struct windows {
	struct breadth breadth;
	uint32_t width, first, best;
	bool is_open;
};
enum progress windows_run(struct engine *engine, struct windows *windows, uint64_t work);
void windows_release(struct windows *windows);

#endif
