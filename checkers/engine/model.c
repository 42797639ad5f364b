#include "checkers/engine/model.h"

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
