#include "tests/checkers/plain_writes.h"

void
plain_writes(struct history *history)
{
	vec_each (struct op, op, &history->ops) {
		if (op->f != F_CAS)
			continue;
		op->f = F_WRITE;
		op->input = val_at(&history->values, op->input, 1);
		op->output = op->type == OP_OK ? op->input : VAL_OF_NIL;
	}
}
