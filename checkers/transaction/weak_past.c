#include "checkers/transaction/weak_past.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>

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

/* ---- lists ----------------------------------------------------------------------------
 */

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
	size_t at;
	search_first(at, 0, unread_count, unread[at] >> 32 < key);
	for (; at < unread_count && unread[at] >> 32 == key; at++)
		add_overwriter(r, reader, (uint32_t)unread[at]);
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
add_lists(struct rows *r)
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
}

/* ---- registers ------------------------------------------------------------------------
 */

/* Where the writers of a key begin that stand behind `place`. */
static size_t
writers_behind(const uint64_t *writers, size_t count, uint32_t key, uint32_t place)
{
	uint64_t wanted = (uint64_t)key << 32 | place;
	size_t at;

	search_first(at, 0, count, writers[at] <= wanted);
	return at;
}

/* `writers`: key << 32 | place, ascending. */
static void
add_next_writer(struct rows *r, uint32_t m, const uint64_t *writers, size_t count)
{
	const struct txn_facts *f = r->w->facts;
	uint32_t source = txn_facts_source(f, m), key = f->txns.mops.items[m].key;

	if (source == FACT_NONE)
		return;
	if (source != FACT_INITIAL)
		add_edge(r, source, f->txn_of[m]);
	size_t next = writers_behind(writers, count, key,
				     source == FACT_INITIAL ? 0 : r->w->place[source]);
	if (next < count && writers[next] >> 32 == key)
		add_overwriter(r, f->txn_of[m], r->w->at[(uint32_t)writers[next] - 1]);
}

static void
add_registers(struct rows *r)
{
	const struct txn_facts *f = r->w->facts;
	VEC(uint64_t) writers = {0};

	for (uint32_t m = 0; m < f->txns.mops.count; m++)
		if (f->txns.mops.items[m].kind == MOP_WRITE &&
		    r->w->place[f->txn_of[m]] != 0)
			vec_push(&writers, (uint64_t)f->txns.mops.items[m].key << 32 |
						   r->w->place[f->txn_of[m]]);
	sort_words(writers.items, writers.count);
	for (size_t i = 1; i < writers.count; i++)
		if (writers.items[i] >> 32 == writers.items[i - 1] >> 32)
			add_edge(r, r->w->at[(uint32_t)writers.items[i - 1] - 1],
				 r->w->at[(uint32_t)writers.items[i] - 1]);
	for (uint32_t m = 0; m < f->txns.mops.count; m++)
		add_next_writer(r, m, writers.items, writers.count);
	vec_release(&writers);
}

/* ---- the search -----------------------------------------------------------------------
 */

static void
make_rows(struct rows *r)
{
	const struct txn_facts *f = r->w->facts;

	(f->are_lists ? add_lists : add_registers)(r);
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
