#include "checkers/engine/model.h"

#include "base/mem.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

void
model_calls(const struct model *model, void *self, const struct key_ops *key,
	    struct calls *calls)
{
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		struct call call = {.invoke_at = op->invoke_at,
				    .complete_at = op->type == OP_INFO ? OP_NEVER
								       : op->complete_at,
				    .op = key->ops[i],
				    .optional = op->type == OP_INFO};
		if (model->decode(self, op, &call))
			vec_push(calls, call);
	}
}

void
calls_mark(const struct calls *calls, const uint32_t *ops, size_t count, bool *is_marked)
{
	uint32_t *sorted = mem_new(count + 1, sizeof(*sorted));
	size_t next = 0;

	if (count > 0)
		memcpy(sorted, ops, count * sizeof(*sorted));
	sort_numbers(sorted, count);
	for (size_t i = 0; i < calls->count; i++) {
		while (next < count && sorted[next] < calls->items[i].op)
			next++;
		is_marked[i] = next < count && sorted[next] == calls->items[i].op;
	}
	free(sorted);
}
