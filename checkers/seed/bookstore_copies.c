/* bookstore_copies.c - the specification of the copies of a title: a counter that must not
 * fall below zero and must be zero where a buy was refused; and the history that it is asked
 * of, with one buy for each request. */
#include "base/mem.h"
#include "checkers/seed/bookstore.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATES_KNOWN_MAX = 1 << 16
};

/* ---- the specification ---------------------------------------------------------------- */

enum stock_call {
	STOCK_BUY = 1,
	STOCK_RESTOCK, /* a: copies */
	STOCK_SEEN,    /* a: the stock; also 0 of a refusal */
};

struct self {
	const struct history *history;
	int64_t initial, most;
};

static void *
stock_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->initial =
		book_initial_stock(&key->history->values, options->init, key->key);
	self->most = self->initial;
	for (size_t i = 0; i < key->count; i++)
		if (book_act_of(key->history, key_op(key, i)) == BOOK_RESTOCK)
			self->most += book_copies(key->history, key_op(key, i));
	return self;
}

static void
stock_close(void *self)
{
	free(self);
}

static bool
decode_seen(const struct self *self, const struct op *op, struct call *call)
{
	struct book_look look = book_look(self->history, op, 0);

	call->kind = STOCK_SEEN;
	call->a = look.stock < 0 || look.stock >= UINT32_MAX ? UINT32_MAX
							     : (uint32_t)look.stock;
	return op->type == OP_OK && look.has_stock;
}

static bool
stock_decode(void *context, const struct op *op, struct call *call)
{
	const struct self *self = context;
	enum book_act act = book_act_of(self->history, op);

	call->a = call->b = 0;
	if (act == BOOK_FINAL)
		return decode_seen(self, op, call);
	if (act == BOOK_RESTOCK) {
		call->kind = STOCK_RESTOCK;
		call->a = (uint32_t)book_copies(self->history, op);
		return op->type != OP_FAIL;
	}
	call->kind = book_is_refusal(self->history, op) ? STOCK_SEEN : STOCK_BUY;
	return act == BOOK_BUY && (op->type != OP_FAIL || call->kind == STOCK_SEEN);
}

static uint32_t
stock_init(void *context)
{
	const struct self *self = context;

	return (uint32_t)self->initial;
}

static bool
stock_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	const struct self *self = context;

	*next = state;
	if (call->kind == STOCK_SEEN)
		return state == call->a;
	if (call->kind == STOCK_BUY) {
		*next = state - 1;
		return state > 0;
	}
	*next = state + call->a; /* beyond all copies only from states that cannot be */
	return (int64_t)state + call->a <= self->most;
}

static bool
stock_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == STOCK_SEEN;
}

static bool
stock_is_overwrite(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
stock_state_count(void *context)
{
	const struct self *self = context;

	return self->most < STATES_KNOWN_MAX ? (uint32_t)self->most + 1 : 0;
}

const struct model model_stock = {.name = "stock",
				  .open = stock_open,
				  .close = stock_close,
				  .decode = stock_decode,
				  .init = stock_init,
				  .step = stock_step,
				  .is_read = stock_is_read,
				  .is_overwrite = stock_is_overwrite,
				  .state_count = stock_state_count};

/* ---- buys that were asked again ------------------------------------------------------- */

/* The first attempt that did not fail stands for all of them: it may take effect from its
 * beginning until the first of them was acknowledged. */
static void
merge_attempt(struct op *first, struct op *again)
{
	if (again->type == OP_OK &&
	    (first->type != OP_OK || again->complete_at < first->complete_at)) {
		first->type = OP_OK;
		first->complete_at = again->complete_at;
		first->complete_ns = again->complete_ns;
		first->output = again->output;
	}
	again->type = OP_FAIL;
	again->error = 0;
}

void
book_copies_init(struct history *copies, const struct history *history)
{
	struct value_ids requests, titles;
	struct map first = {0}; /* title << 32 | request -> op + 1 */

	*copies = *history;
	copies->ops.items = mem_new(history->ops.count + 1, sizeof(struct op));
	if (history->ops.count > 0)
		memcpy(copies->ops.items, history->ops.items,
		       history->ops.count * sizeof(struct op));
	value_ids_init(&requests, &history->values);
	value_ids_init(&titles, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		struct op *op = &copies->ops.items[i];
		if (book_act_of(history, op) != BOOK_BUY || op->type == OP_FAIL ||
		    op->input == VAL_OF_NIL)
			continue;
		uint64_t *seen = map_at(&first,
					(uint64_t)value_ids_add(&titles, op->key) << 32 |
						value_ids_add(&requests, op->input),
					NULL);
		if (*seen == 0)
			*seen = (uint64_t)i + 1;
		else
			merge_attempt(&copies->ops.items[*seen - 1], op);
	}
	value_ids_release(&requests);
	value_ids_release(&titles);
	map_release(&first);
}

void
book_copies_release(struct history *copies)
{
	free(copies->ops.items);
}
