#include "checkers/seed/bookstore_late.h"

#include "checkers/seed/bookstore.h"
#include "checkers/sort.h"
#include "checkers/word_heap.h"

#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPTS_MAX = 1000
};

#define NEVER SIZE_MAX

struct late {
	const struct key_ops *key;
	struct linearizable_key *found;
	uint64_t *events; /* owned; position << 32 | operation << 1 | is an end */
	size_t event_count, event;
	int64_t stock;
	struct word_heap buys, restocks; /* open: end << 32 | operation */
	VEC(uint32_t) asking;		 /* refusals and final stocks that are open */
	bool *is_done;			 /* owned; by operation of the key */
	bool *sells_out;		 /* owned; by event: before it nothing is left */
	size_t could_sell_out; /* the last event before which that was possible; NEVER */
};

static enum book_act
act_of(const struct late *l, uint32_t i)
{
	return book_act_of(l->key->history, key_op(l->key, i));
}

/* What it asks the stock to be. */
static int64_t
asked_stock(const struct late *l, uint32_t i)
{
	const struct op *op = key_op(l->key, i);

	if (book_is_refusal(l->key->history, op))
		return 0;
	return book_look(l->key->history, op, 0).stock;
}

static bool
asks(const struct late *l, uint32_t i)
{
	const struct op *op = key_op(l->key, i);

	return book_is_refusal(l->key->history, op) ||
	       (act_of(l, i) == BOOK_FINAL && op->type == OP_OK &&
		book_look(l->key->history, op, 0).has_stock);
}

/* ---- what happens --------------------------------------------------------------------- */

static void
place(struct late *l, uint32_t i)
{
	l->is_done[i] = true;
	l->found->order[l->found->order_count++] = l->key->ops[i];
}

static void
serve_asking(struct late *l)
{
	size_t kept = 0;

	for (size_t k = 0; k < l->asking.count; k++) {
		uint32_t i = l->asking.items[k];
		if (l->is_done[i])
			continue;
		if (asked_stock(l, i) == l->stock)
			place(l, i);
		else
			l->asking.items[kept++] = i;
	}
	l->asking.count = kept;
}

static bool
restock_one(struct late *l)
{
	if (l->restocks.words.count == 0)
		return false;
	uint32_t i = (uint32_t)word_heap_pop(&l->restocks);
	place(l, i);
	l->stock += book_copies(l->key->history, key_op(l->key, i));
	serve_asking(l);
	return true;
}

static bool
buy_one(struct late *l)
{
	if (l->buys.words.count == 0 || (l->stock == 0 && !restock_one(l)))
		return false;
	place(l, (uint32_t)word_heap_pop(&l->buys));
	l->stock--;
	serve_asking(l);
	return true;
}

static bool
come_to(struct late *l, int64_t stock)
{
	while (l->stock < stock)
		if (!restock_one(l))
			return false;
	while (l->stock > stock)
		if (!buy_one(l))
			return false;
	return true;
}

/* ---- events --------------------------------------------------------------------------- */

static void
begin(struct late *l, uint32_t i)
{
	const struct op *op = key_op(l->key, i);
	uint64_t word =
		(uint64_t)(op->type == OP_OK ? op->complete_at : OP_NEVER) << 32 | i;

	if (asks(l, i)) {
		vec_push(&l->asking, i);
		serve_asking(l);
	} else if (op->type != OP_FAIL && act_of(l, i) == BOOK_BUY) {
		word_heap_push(&l->buys, word);
	} else if (op->type != OP_FAIL && act_of(l, i) == BOOK_RESTOCK) {
		word_heap_push(&l->restocks, word);
	}
}

/* A restock must come now: who asks for an empty shelf may have to be served before. */
static bool
end_restock(struct late *l, uint32_t i)
{
	if (l->sells_out[l->event] && !come_to(l, 0))
		return false;
	if (!l->sells_out[l->event] && l->asking.count > 0 &&
	    l->stock <= (int64_t)l->buys.words.count)
		l->could_sell_out = l->event;
	while (!l->is_done[i])
		if (!restock_one(l))
			return false;
	return true;
}

static bool
end(struct late *l, uint32_t i)
{
	if (l->is_done[i])
		return true;
	if (asks(l, i))
		return come_to(l, asked_stock(l, i)) && l->is_done[i];
	if (act_of(l, i) == BOOK_RESTOCK)
		return end_restock(l, i);
	while (act_of(l, i) == BOOK_BUY && !l->is_done[i])
		if (!buy_one(l))
			return false;
	return true;
}

/* False: stopped at l->event. */
static bool
attempt(struct late *l, int64_t initial)
{
	l->stock = initial;
	l->found->order_count = 0;
	l->could_sell_out = NEVER;
	vec_clear(&l->buys.words);
	vec_clear(&l->restocks.words);
	vec_clear(&l->asking);
	memset(l->is_done, 0, l->key->count * sizeof(*l->is_done));
	for (l->event = 0; l->event < l->event_count; l->event++) {
		uint32_t i = (uint32_t)l->events[l->event] >> 1;
		if ((l->events[l->event] & 1) == 0)
			begin(l, i);
		else if (!end(l, i))
			return false;
	}
	return true;
}

static void
list_events(struct late *l)
{
	l->events = mem_new(2 * l->key->count + 1, sizeof(*l->events));
	for (uint32_t i = 0; i < l->key->count; i++) {
		const struct op *op = key_op(l->key, i);
		if (op->type == OP_FAIL && !asks(l, i))
			continue;
		l->events[l->event_count++] = (uint64_t)op->invoke_at << 32 | i << 1;
		if (op->type != OP_INFO)
			l->events[l->event_count++] =
				(uint64_t)op->complete_at << 32 | i << 1 | 1;
	}
	sort_words(l->events, l->event_count);
}

bool
book_order_late(const struct key_ops *key, const struct check_options *options,
		int64_t initial, struct linearizable_key *found)
{
	struct late l = {.key = key, .found = found};
	bool is_found = false;

	list_events(&l);
	l.is_done = mem_new(key->count + 1, sizeof(*l.is_done));
	l.sells_out = mem_new(l.event_count + 1, sizeof(*l.sells_out));
	for (int n = 0; n < ATTEMPTS_MAX && !budget_is_over(&options->budget); n++) {
		is_found = attempt(&l, initial);
		if (is_found || l.could_sell_out == NEVER)
			break;
		l.sells_out[l.could_sell_out] = true;
	}
	free(l.events);
	free(l.is_done);
	free(l.sells_out);
	vec_release(&l.buys.words);
	vec_release(&l.restocks.words);
	vec_release(&l.asking);
	return is_found;
}
