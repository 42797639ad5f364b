#include "checkers/transaction/weak_past.h"

#include "checkers/sort.h"

#include <stdlib.h>

/* ---- clocks ---------------------------------------------------------------------------
 */

struct clocks {
	const struct weak_order *w;
	struct map ids;	   /* process -> number + 1 */
	uint32_t *process; /* owned, by place - 1 */
	uint32_t *index;  /* owned, by place - 1: its number within the process, from 1 */
	uint32_t *clocks; /* owned, by place - 1 and process: how many are in its past */
	uint32_t processes;
	uint64_t *writes; /* owned: key << 32 | place, ascending */
	size_t write_count;
};

static void
number_processes(struct clocks *c)
{
	VEC(uint32_t) sizes = {0};

	for (size_t i = 0; i < c->w->count; i++) {
		const struct op *op = txn_op(&c->w->facts->txns, c->w->at[i]);
		uint64_t *id = map_at(&c->ids, op->process, NULL);
		if (*id == 0) {
			vec_push(&sizes, 0);
			*id = sizes.count;
		}
		c->process[i] = (uint32_t)*id - 1;
		c->index[i] = ++sizes.items[*id - 1];
	}
	c->processes = (uint32_t)sizes.count;
	vec_release(&sizes);
}

static void
index_writes(struct clocks *c)
{
	const struct txn_facts *f = c->w->facts;

	for (size_t i = 0; i < c->w->count; i++) {
		const struct txn *txn = &f->txns.of.items[c->w->at[i]];
		for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
			if (f->txns.mops.items[m].kind != MOP_READ)
				c->writes[c->write_count++] =
					(uint64_t)f->txns.mops.items[m].key << 32 | i;
	}
	sort_words(c->writes, c->write_count);
}

/* The past of the one at `from`, itself included, belongs to that of the one at `to`. */
static void
include(struct clocks *c, size_t from, size_t to)
{
	const uint32_t *past = &c->clocks[from * c->processes];
	uint32_t *clock = &c->clocks[to * c->processes];

	for (uint32_t p = 0; p < c->processes; p++)
		clock[p] = past[p] > clock[p] ? past[p] : clock[p];
	if (clock[c->process[from]] < c->index[from])
		clock[c->process[from]] = c->index[from];
}

static void
make_clock(struct clocks *c, size_t i, size_t *latest)
{
	const struct txn_facts *f = c->w->facts;
	const struct txn *txn = &f->txns.of.items[c->w->at[i]];

	if (latest[c->process[i]] != 0)
		include(c, latest[c->process[i]] - 1, i);
	latest[c->process[i]] = i + 1;
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source < FACT_NONE && source != c->w->at[i])
			include(c, c->w->place[source] - 1, i);
	}
}

/* The first write to the key at a place not below `place`. */
static size_t
first_write(const struct clocks *c, uint32_t key, size_t place)
{
	uint64_t wanted = (uint64_t)key << 32 | place;
	size_t low = 0, high = c->write_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->writes[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* No write to the key that is in the reader's past stands behind its source. */
static bool
misses_nothing(const struct clocks *c, size_t reader, uint32_t key, uint32_t source)
{
	const uint32_t *clock = &c->clocks[reader * c->processes];
	size_t place = source == FACT_INITIAL ? 0 : c->w->place[source];

	for (size_t i = first_write(c, key, place);
	     i < c->write_count && c->writes[i] >> 32 == key; i++) {
		size_t at = (uint32_t)c->writes[i];
		if (at >= reader)
			break;
		if (c->index[at] <= clock[c->process[at]])
			return false;
	}
	return true;
}

static bool
reads_are_causal(const struct clocks *c, size_t i)
{
	const struct txn_facts *f = c->w->facts;
	const struct txn *txn = &f->txns.of.items[c->w->at[i]];

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source != FACT_NONE && source != c->w->at[i] &&
		    !misses_nothing(c, i, f->txns.mops.items[m].key, source))
			return false;
	}
	return true;
}

uint64_t
weak_past_bytes(const struct history *history)
{
	struct map processes = {0};

	vec_each (const struct op, op, &history->ops)
		map_at(&processes, op->process, NULL);
	uint64_t bytes =
		(uint64_t)processes.count * history->ops.count * sizeof(uint32_t);
	map_release(&processes);
	return bytes;
}

bool
weak_past_is_causal(const struct weak_order *w, const struct budget *budget,
		    struct err *err)
{
	struct clocks c = {.w = w};
	size_t i = 0;
	bool ok = true;

	c.process = mem_new(w->count + 1, sizeof(*c.process));
	c.index = mem_new(w->count + 1, sizeof(*c.index));
	c.writes = mem_new(w->facts->txns.mops.count + 1, sizeof(*c.writes));
	number_processes(&c);
	index_writes(&c);
	c.clocks = mem_new(w->count * c.processes + 1, sizeof(*c.clocks));
	size_t *latest = mem_new((size_t)c.processes + 1, sizeof(*latest));
	bool in_time = true;
	for (; i < w->count && ok && in_time; i++) {
		make_clock(&c, i, latest);
		ok = reads_are_causal(&c, i);
		in_time = !budget_is_over(budget);
	}
	free(latest);
	free(c.clocks);
	free(c.writes);
	free(c.index);
	free(c.process);
	map_release(&c.ids);
	return ok ||
	       err_set(err, "transaction %u misses what it depends on", w->at[i - 1]);
}

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
