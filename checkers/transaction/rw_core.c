#include "checkers/transaction/rw_core.h"

#include <string.h>

static bool
has_no_order(const struct dependencies *d, const struct rw_question *question,
	     const struct budget *budget, const uint32_t *txns, uint32_t count)
{
	struct rw_answer answer;

	rw_order_try(d, txns, count, question, budget, &answer);
	bool none = answer.verdict == VERDICT_INVALID;
	rw_answer_release(&answer);
	return none;
}

void
rw_core_shrink(const struct dependencies *d, const struct rw_question *question,
	       const struct budget *budget, int tries_max, uint32_t *core,
	       uint32_t *count)
{
	uint32_t *rest = mem_new(*count, sizeof(*rest));

	for (uint32_t chunk = (*count + 1) / 2; chunk > 0; chunk /= 2)
		for (uint32_t start = 0; start<*count && * count> 1;) {
			uint32_t cut = *count - start < chunk ? *count - start : chunk;
			uint32_t left = *count - cut;
			if (tries_max-- <= 0)
				break;
			memcpy(rest, core, start * sizeof(*core));
			memcpy(rest + start, core + start + cut,
			       (left - start) * sizeof(*core));
			if (!has_no_order(d, question, budget, rest, left)) {
				start += cut;
				continue;
			}
			memcpy(core, rest, left * sizeof(*core));
			*count = left;
		}
	free(rest);
}
