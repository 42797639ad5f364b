/* stages.h - operations whose order is known up to stages: versions, offsets, tokens.
 *
 * Lemma: when what was observed forces stage(a) < stage(b) => a before b, and operations
 * of one stage may stand in any order, then the history is linearizable iff no b with a
 * later stage completed before an a with an earlier one began. O(n) after sorting. */
#ifndef CHECKERS_STAGES_H
#define CHECKERS_STAGES_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct staged {
	uint32_t stage, op;
	uint32_t invoke_at, complete_at;
};

struct stages {
	struct staged *items; /* a vec, in the order of invocations */
	size_t count, capacity;
};

/* Calls `conflict` for each operation that completed before one of an earlier stage began:
 * the earlier-staged one first. */
void stages_judge(const struct stages *stages,
		  void (*conflict)(void *context, uint32_t earlier, uint32_t later),
		  void *context);

/* The operations by stage, then invocation: an order that proves a history without
 * conflicts valid. The caller frees. */
uint32_t *stages_order(const struct stages *stages);

#endif
