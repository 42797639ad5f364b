#include "checkers/transaction/weak_past.h"

#include "checkers/sort.h"

#include <stdlib.h>

/* ---- cycles with one anti-dependency --------------------------------------------------
 */

/* Rows of edges of writes and reads of writes, by transaction. */
struct rows {
	const struct weak_order *w;
	VEC(uint64_t) edges;   /* from << 32 | to, ascending; then rows */
	size_t *starts;	       /* owned */
	VEC(uint64_t) against; /* anti-dependencies against the order */
	uint32_t *met;	       /* owned, by transaction: in which search */
	VEC(uint32_t) open;
	uint32_t search;
};

static void
add_edge(struct rows *r, uint32_t from, uint32_t to)
{
	if (from != to)
		vec_push(&r->edges, (uint64_t)from << 32 | to);
}

static void
add_overwriter(struct rows *r, uint32_t reader, uint32_t writer)
{
	if (writer != reader && r->w->place[writer] != 0 &&
	    r->w->place[writer] < r->w->place[reader])
		vec_push(&r->against, (uint64_t)reader << 32 | writer);
}

/* Who overwrote what the micro-operation read: the next that appended, else all whose
 * appends nobody read. */
static void
add_overwriters(struct rows *r, uint32_t m, const uint64_t *unread, size_t unread_count)
{
	const struct txn_facts *f = r->w->facts;
	uint32_t reader = f->txn_of[m], key = f->txns.mops.items[m].key;
	const struct key_facts *facts = &f->keys[key];

	for (size_t i = f->length[m]; i < facts->length; i++) {
		uint32_t append = f->appends[facts->first + i];
		if (append == 0 || f->txn_of[append - 1] == reader)
			continue;
		add_overwriter(r, reader, f->txn_of[append - 1]);
		return;
	}
	size_t low = 0, high = unread_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (unread[middle] >> 32 < key)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < unread_count && unread[low] >> 32 == key; low++)
		add_overwriter(r, reader, (uint32_t)unread[low]);
}

static void
add_appends(struct rows *r, uint64_t *unread, size_t unread_count)
{
	const struct txn_facts *f = r->w->facts;

	for (uint32_t key = 0, u = 0; key < f->txns.keys.count; key++) {
		uint32_t last = UINT32_MAX;
		for (size_t i = 0; i < f->keys[key].length; i++) {
			uint32_t append = f->appends[f->keys[key].first + i];
			if (append != 0 && last != UINT32_MAX)
				add_edge(r, last, f->txn_of[append - 1]);
			last = append != 0 ? f->txn_of[append - 1] : last;
		}
		for (; u < unread_count && unread[u] >> 32 == key; u++)
			if (last != UINT32_MAX)
				add_edge(r, last, (uint32_t)unread[u]);
	}
}

static void
make_rows(struct rows *r)
{
	const struct txn_facts *f = r->w->facts;
	VEC(uint64_t) unread = {0};

	for (uint32_t m = 0; m < f->txns.mops.count; m++)
		if (f->txns.mops.items[m].kind == MOP_APPEND && !f->was_read[m] &&
		    r->w->place[f->txn_of[m]] != 0)
			vec_push(&unread, (uint64_t)f->txns.mops.items[m].key << 32 |
						  f->txn_of[m]);
	sort_words(unread.items, unread.count);
	add_appends(r, unread.items, unread.count);
	for (uint32_t m = 0; m < f->txns.mops.count; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source < FACT_NONE)
			add_edge(r, source, f->txn_of[m]);
		if (source != FACT_NONE)
			add_overwriters(r, m, unread.items, unread.count);
	}
	vec_release(&unread);
	sort_words(r->edges.items, r->edges.count);
	r->starts = mem_new(f->txns.of.count + 2, sizeof(*r->starts));
	for (size_t t = 0, e = 0; t <= f->txns.of.count; t++) {
		while (e < r->edges.count && r->edges.items[e] >> 32 < t)
			e++;
		r->starts[t] = e;
	}
}

/* Whether there is a way from the one to the other, which stands behind it. */
static bool
leads_to(struct rows *r, uint32_t from, uint32_t to)
{
	r->search++;
	vec_clear(&r->open);
	vec_push(&r->open, from);
	while (r->open.count > 0) {
		uint32_t at = vec_pop(&r->open);
		for (size_t e = r->starts[at]; e < r->starts[at + 1]; e++) {
			uint32_t next = (uint32_t)r->edges.items[e];
			if (next == to)
				return true;
			if (r->met[next] == r->search ||
			    r->w->place[next] > r->w->place[to])
				continue;
			r->met[next] = r->search;
			vec_push(&r->open, next);
		}
	}
	return false;
}

bool
weak_past_has_no_g_single(const struct weak_order *w, const struct budget *budget,
			  struct err *err)
{
	struct rows r = {.w = w};
	bool ok = true;

	make_rows(&r);
	r.met = mem_new(w->facts->txns.of.count + 1, sizeof(*r.met));
	for (size_t i = 0; i < r.against.count && ok; i++) {
		uint32_t reader = (uint32_t)(r.against.items[i] >> 32);
		if (budget_is_over(budget))
			ok = err_set(err, "the search for G-single was not finished");
		else if (leads_to(&r, (uint32_t)r.against.items[i], reader))
			ok = err_set(err,
				     "transaction %u depends on who overwrote what "
				     "it read",
				     reader);
	}
	vec_release(&r.edges);
	vec_release(&r.against);
	vec_release(&r.open);
	free(r.starts);
	free(r.met);
	return ok;
}
