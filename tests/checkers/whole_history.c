#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct key_ops
whole_history(const struct history *history, uint32_t *indexes)
{
	for (uint32_t i = 0; i < history->ops.count; i++)
		indexes[i] = i;
	return (struct key_ops){history, VAL_OF_NIL, indexes, history->ops.count};
}

void
whole_history_print(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " [%u..%u]\n", op->invoke_at, op->complete_at);
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}
