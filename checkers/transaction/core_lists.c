#include "checkers/transaction/core_lists.h"

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/txn_facts.h"

#include <stdlib.h>

#define B(id) anomaly_bit(ANOMALY_##id)
#define CONTRADICTIONS                                                                   \
	(B(GARBAGE_READ) | B(DUPLICATE) | B(INCOMPATIBLE_ORDER) | B(INTERNAL) | B(G1A) | \
	 B(G1B) | B(LOST_UPDATE))

struct reader {
	struct core_edges *edges;
	struct txn_facts facts;
	uint32_t *place; /* owned, by transaction: its place in the core + 1 */
	uint32_t *
		position; /* owned, by micro-operation: of an append in its list, from 1 */
	struct err *err;
};

/* ---- where things stand --------------------------------------------------------------- */

static void
find_positions(struct reader *r)
{
	const struct txn_facts *f = &r->facts;

	r->position = mem_new(f->txns.mops.count + 1, sizeof(*r->position));
	for (uint32_t key = 0; key < f->txns.keys.count; key++)
		for (size_t i = 0; i < f->keys[key].length; i++) {
			uint32_t append = f->appends[f->keys[key].first + i];
			if (append != 0)
				r->position[append - 1] = (uint32_t)i + 1;
		}
}

static bool
took_place(const struct reader *r, uint32_t txn)
{
	const struct txn *of = &r->facts.txns.of.items[txn];
	bool was_read = false;

	for (uint32_t m = of->first; m < of->first + of->count; m++)
		was_read |= r->facts.was_read[m];
	return of->type == OP_OK || (of->type == OP_INFO && was_read);
}

/* The transactions of the core, by place. The caller frees. */
static uint32_t *
find_places(struct reader *r)
{
	const struct txns *txns = &r->facts.txns;
	uint32_t *listed = mem_new((size_t)r->edges->count + 1, sizeof(*listed));
	uint32_t *txn_of = mem_new(txns->history->ops.count + 1, sizeof(*txn_of));

	r->place = mem_new(txns->of.count + 1, sizeof(*r->place));
	for (uint32_t t = 0; t < txns->of.count; t++)
		txn_of[txns->of.items[t].op] = t + 1;
	for (uint32_t i = 0; i < r->edges->count; i++) {
		uint32_t op = r->edges->ops[i];
		uint32_t t = op < txns->history->ops.count ? txn_of[op] : 0;
		if (t == 0 || r->place[t - 1] != 0 || !took_place(r, t - 1)) {
			err_set(r->err, "operation %u did not take place, or twice", op);
			free(listed);
			listed = NULL;
			break;
		}
		listed[i] = t - 1;
		r->place[t - 1] = i + 1;
	}
	free(txn_of);
	return listed;
}

/* Who made the first `length` elements of a list. */
static uint32_t
maker_of(const struct reader *r, uint32_t key, uint32_t length)
{
	const struct txn_facts *f = &r->facts;

	if (length == 0)
		return CORE_INITIAL;
	uint32_t append = f->appends[f->keys[key].first + length - 1];
	uint32_t place = append == 0 ? 0 : r->place[f->txn_of[append - 1]];
	return place == 0 ? CORE_NOBODY : place - 1;
}

/* ---- touches -------------------------------------------------------------------------- */

/* What the transaction saw of the list, and where it first appended. */
struct look {
	bool reads, writes;
	uint32_t length; /* of what it read of others */
	uint32_t first;	 /* position of its first append that was read; 0: of none */
};

static struct look
look_at(const struct reader *r, const struct txn *txn, uint32_t key)
{
	const struct txn_facts *f = &r->facts;
	struct look look = {0};

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		const struct mop *mop = &f->txns.mops.items[m];
		uint32_t at = r->position[m];
		if (mop->key != key)
			continue;
		if (mop->kind == MOP_APPEND) {
			look.writes = true;
			look.first = at != 0 && (look.first == 0 || at < look.first)
					     ? at
					     : look.first;
		} else if (txn->type == OP_OK && !look.reads) {
			look.reads = true;
			look.length = f->length[m];
		}
	}
	return look;
}

static bool
add_touch(struct reader *r, const struct txn *txn, uint32_t key)
{
	struct look look = look_at(r, txn, key);
	struct core_touch touch = {.key = key,
				   .writes = look.writes,
				   .chain = CORE_OPEN,
				   .source = CORE_NOBODY,
				   .below = CORE_NOBODY};

	if (look.reads && look.first != 0 && look.length != look.first - 1)
		return err_set(r->err, "operation %u appended behind more than it read",
			       txn->op);
	if (look.reads || look.first != 0)
		touch.source =
			maker_of(r, key, look.reads ? look.length : look.first - 1);
	if (touch.source == CORE_INITIAL)
		touch.below = CORE_INITIAL;
	vec_push(&r->edges->touches, touch);
	return true;
}

static bool
was_touched(const struct reader *r, size_t first, uint32_t key)
{
	for (size_t i = first; i < r->edges->touches.count; i++)
		if (r->edges->touches.items[i].key == key)
			return true;
	return false;
}

static bool
add_txn(struct reader *r, uint32_t place, uint32_t t)
{
	const struct txn *txn = &r->facts.txns.of.items[t];
	size_t first = r->edges->touches.count;

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t key = r->facts.txns.mops.items[m].key;
		if (!was_touched(r, first, key) && !add_touch(r, txn, key))
			return false;
	}
	core_edges_close_txn(r->edges, place, first);
	return true;
}

static bool
add_all(struct reader *r)
{
	find_positions(r);
	uint32_t *listed = find_places(r);
	bool ok = listed != NULL;

	for (uint32_t i = 0; i < r->edges->count && ok; i++)
		ok = add_txn(r, i, listed[i]);
	free(listed);
	return ok;
}

bool
core_lists_add(struct core_edges *edges, struct err *err)
{
	struct reader r = {.edges = edges, .err = err};
	bool ok = txn_facts_init(&r.facts, edges->history, false, err);

	if (ok && (!r.facts.are_lists || (r.facts.found & CONTRADICTIONS) != 0))
		ok = err_set(err, "reads contradict each other, or are not of lists");
	ok = ok && add_all(&r);
	txn_facts_release(&r.facts);
	free(r.place);
	free(r.position);
	return ok;
}
