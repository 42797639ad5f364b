/* rw_windows.h - what was derived without a choice, window by window, and from what:
 * shared by rw_order_saturate.c, which derives, and rw_order_reasons.c, which says
 * why. */
#ifndef CHECKERS_RW_WINDOWS_H
#define CHECKERS_RW_WINDOWS_H

#include "checkers/transaction/rw_order_parts.h"

#define DERIVED_READER_FIRST (UINT32_C(1) << 31)

/* One of an earlier window's derived edges. */
struct derived_edge {
	uint32_t window, edge;
};

/* r read from w, and o wrote the same key: o before w or r before o. */
struct read_rule {
	uint32_t writer, reader, other;
};

/* Nodes are the transactions of the window; the last one stands for all initial values. */
struct window {
	const struct build *b;
	uint32_t first, count; /* places in ->txns of the build */
	/* Those that reads and processes show, those of other windows, those derived here. */
	VEC(struct arc) edges;
	uint32_t given, imported_end; /* where the first and the second kind end */
	VEC(struct derived_edge) imported;
	/* Of each edge derived here the third transaction of its rule: the reader, where it leads
	 * from the other to the writer, or DERIVED_READER_FIRST and the writer, where it leads
	 * from the reader to the other. Those of a round follow from what was there when it
	 * began. */
	VEC(uint32_t) thirds;
	VEC(uint32_t) rounds; /* how many edges there were at the beginning of each */
	/* What there is no order of: no side of this rule can be, or else, when all three are
	 * the same, the edges have a cycle. */
	struct read_rule refuted;
	bool is_refuted;

	/* Of the derivation; let go behind it. */
	size_t words;	       /* of a row */
	uint64_t *rows;	       /* owned: who comes after each */
	uint32_t *first_words; /* owned, by node: its row is zero before this word */
	bool *has_new;	       /* owned, by node: edges that its row does not show */
	bool *has_changed;     /* owned, by node: its row did in this round */
	VEC(struct read_rule) rules;
	VEC(uint64_t) writes; /* key, place in the window; sorted */

	/* Of the reasons: the numbers of the edges that leave each node. */
	uint32_t *out_starts, *out; /* owned; NULL until asked for */
	bool *needed;		    /* owned, by edge */
};

struct windows {
	VEC(struct window) of;
};

static inline bool
window_has(const struct window *w, uint32_t place)
{
	return place >= w->first && place - w->first < w->count;
}

#endif
