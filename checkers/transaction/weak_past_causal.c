#include "checkers/transaction/weak_past.h"

#include <stdlib.h>
#include <string.h>

enum {
	STEPS_MIN = 1 << 20, /* of the search, and so many more for each transaction */
	STEPS_EACH = 256,
	STOP_INTERVAL = 4096
};

/* By place - 1 in the order, except where said. */
struct pasts {
	const struct weak_order *w;
	const struct budget *budget;
	uint32_t *index;    /* owned: its number in its process, from 1 */
	uint32_t *previous; /* owned: place of the one before in the process; 0 */

	/* Writes of each key in front of the transaction that is asked, from the last. */
	uint32_t *latest; /* owned, by key: mop + 1; 0: none */
	uint32_t *before; /* owned, by mop: the write before it, mop + 1; 0: none */

	/* The search: who was met by which reader (its place - 1). */
	uint32_t *met;
	VEC(uint32_t) open;
	uint64_t steps;

	/* Clocks of the processes from `first` on, `width` of them: how many of each are in
	 * the past. */
	uint32_t *clocks;
	uint32_t first, width;
};

static uint32_t
process_of(const struct pasts *p, size_t i)
{
	return p->w->process[p->w->at[i]];
}

static void
index_processes(struct pasts *p)
{
	uint32_t *latest = mem_new((size_t)p->w->processes + 1, sizeof(*latest));

	for (size_t i = 0; i < p->w->count; i++) {
		uint32_t *before = &latest[process_of(p, i)];
		p->previous[i] = *before;
		p->index[i] = *before == 0 ? 1 : p->index[*before - 1] + 1;
		*before = (uint32_t)i + 1;
	}
	free(latest);
}

/* ---- who could be missed --------------------------------------------------------------
 */

static void
add_writes(struct pasts *p, size_t i)
{
	const struct txns *txns = &p->w->facts->txns;
	const struct txn *txn = &txns->of.items[p->w->at[i]];

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t *latest = &p->latest[txns->mops.items[m].key];
		if (txns->mops.items[m].kind == MOP_READ)
			continue;
		p->before[m] = *latest;
		*latest = m + 1;
	}
}

static uint32_t
place_of(const struct pasts *p, uint32_t m)
{
	return p->w->place[p->w->facts->txn_of[m]];
}

/* The last write, mop + 1, of the key that was read, and the place of the source: writes
 * behind that could be missed. 0: none could. */
static uint32_t
last_write(const struct pasts *p, size_t reader, uint32_t m, uint32_t *source_place)
{
	uint32_t source = txn_facts_source(p->w->facts, m);

	if (source == FACT_NONE || source == p->w->at[reader])
		return 0;
	*source_place = source == FACT_INITIAL ? 0 : p->w->place[source];
	return p->latest[p->w->facts->txns.mops.items[m].key];
}

/* Each place - 1 of a write of the key that stands behind the source and in front of the
 * reader, from late to early. */
#define each_between(at, p, reader, m)                                                   \
	for (uint32_t source_ = 0, write_ = last_write(p, reader, m, &source_), at;      \
	     write_ != 0 && place_of(p, write_ - 1) > source_ &&                         \
	     (at = place_of(p, write_ - 1) - 1, true);                                   \
	     write_ = (p)->before[write_ - 1])

/* ---- the search -----------------------------------------------------------------------
 */

static void
meet(struct pasts *p, uint32_t place, size_t reader, size_t low)
{
	if (place <= low || p->met[place - 1] == reader)
		return;
	p->met[place - 1] = (uint32_t)reader;
	vec_push(&p->open, place - 1);
	p->steps++;
}

/* Meets all in the reader's past that stand at `low` or behind it. */
static void
search_past(struct pasts *p, size_t reader, size_t low)
{
	const struct txn_facts *f = p->w->facts;

	vec_push(&p->open, (uint32_t)reader);
	while (p->open.count > 0) {
		uint32_t i = vec_pop(&p->open);
		const struct txn *txn = &f->txns.of.items[p->w->at[i]];
		meet(p, p->previous[i], reader, low);
		for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
			uint32_t source = txn_facts_source(f, m);
			if (source < FACT_NONE && source != p->w->at[i])
				meet(p, p->w->place[source], reader, low);
		}
	}
}

static bool
searched_misses_nothing(struct pasts *p, size_t reader)
{
	const struct txn *txn = &p->w->facts->txns.of.items[p->w->at[reader]];
	size_t low = reader;

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
		each_between(at, p, reader, m)
		{
			low = at < low ? at : low;
			p->steps++;
		}
	if (low == reader)
		return true;
	search_past(p, reader, low);
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
		each_between(at, p, reader, m) if (p->met[at] == reader) return false;
	return true;
}

/* ---- clocks ---------------------------------------------------------------------------
 */

/* The past of the one at `from`, itself included, belongs to that of the one at `to`. */
static void
include(struct pasts *p, size_t from, size_t to)
{
	const uint32_t *past = &p->clocks[from * p->width];
	uint32_t *clock = &p->clocks[to * p->width];
	uint32_t process = process_of(p, from), column = process - p->first;

	for (uint32_t i = 0; i < p->width; i++)
		clock[i] = past[i] > clock[i] ? past[i] : clock[i];
	if (process >= p->first && column < p->width && clock[column] < p->index[from])
		clock[column] = p->index[from];
}

static void
make_clock(struct pasts *p, size_t i)
{
	const struct txn_facts *f = p->w->facts;
	const struct txn *txn = &f->txns.of.items[p->w->at[i]];

	for (uint32_t column = 0; column < p->width; column++)
		p->clocks[i * p->width + column] = 0;
	if (p->previous[i] != 0)
		include(p, p->previous[i] - 1, i);
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source < FACT_NONE && source != p->w->at[i])
			include(p, p->w->place[source] - 1, i);
	}
}

/* No write of these processes that is in the reader's past stands behind its source. */
static bool
clock_misses_nothing(struct pasts *p, size_t reader)
{
	const struct txn *txn = &p->w->facts->txns.of.items[p->w->at[reader]];
	const uint32_t *clock = &p->clocks[reader * p->width];

	make_clock(p, reader);
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
		each_between(at, p, reader, m)
		{
			uint32_t column = process_of(p, at) - p->first;
			if (process_of(p, at) >= p->first && column < p->width &&
			    p->index[at] <= clock[column])
				return false;
		}
	return true;
}

/* ---- all ------------------------------------------------------------------------------
 */

enum outcome {
	NOTHING_MISSED,
	SOMETHING_MISSED,
	TOO_LONG,
	OUT_OF_TIME
};

static enum outcome
ask_all(struct pasts *p, bool (*misses_nothing)(struct pasts *p, size_t reader),
	bool is_bounded, uint32_t *culprit)
{
	memset(p->latest, 0, p->w->facts->txns.keys.count * sizeof(*p->latest));
	for (size_t i = 0; i < p->w->count; i++) {
		*culprit = p->w->at[i];
		if (i % STOP_INTERVAL == 0 && budget_is_over(p->budget))
			return OUT_OF_TIME;
		if (!misses_nothing(p, i))
			return SOMETHING_MISSED;
		if (is_bounded && p->steps > STEPS_MIN + STEPS_EACH * (uint64_t)i)
			return TOO_LONG;
		add_writes(p, i);
	}
	return NOTHING_MISSED;
}

static enum outcome
search(struct pasts *p, uint32_t *culprit)
{
	p->met = mem_new(p->w->count + 1, sizeof(*p->met));
	enum outcome outcome = ask_all(p, searched_misses_nothing, true, culprit);
	vec_release(&p->open);
	free(p->met);
	return outcome;
}

static enum outcome
ask_clocks(struct pasts *p, uint32_t *culprit)
{
	size_t bytes =
		p->budget->bytes_max != 0 ? p->budget->bytes_max : BUDGET_BYTES_DEFAULT;
	size_t width = bytes / sizeof(*p->clocks) / (p->w->count + 1);
	enum outcome outcome = NOTHING_MISSED;

	p->width = width > p->w->processes ? p->w->processes
		   : width > 0		   ? (uint32_t)width
					   : 1;
	p->clocks = mem_new(p->w->count * p->width + 1, sizeof(*p->clocks));
	for (; outcome == NOTHING_MISSED && p->first < p->w->processes;
	     p->first += p->width)
		outcome = ask_all(p, clock_misses_nothing, false, culprit);
	free(p->clocks);
	return outcome;
}

bool
weak_past_is_causal(const struct weak_order *w, const struct budget *budget,
		    struct err *err)
{
	struct pasts p = {.w = w, .budget = budget};
	uint32_t culprit = 0;

	p.index = mem_new(w->count + 1, sizeof(*p.index));
	p.previous = mem_new(w->count + 1, sizeof(*p.previous));
	p.latest = mem_new(w->facts->txns.keys.count + 1, sizeof(*p.latest));
	p.before = mem_new(w->facts->txns.mops.count + 1, sizeof(*p.before));
	index_processes(&p);
	enum outcome outcome = search(&p, &culprit);
	if (outcome == TOO_LONG)
		outcome = ask_clocks(&p, &culprit);
	free(p.index);
	free(p.previous);
	free(p.latest);
	free(p.before);
	if (outcome == OUT_OF_TIME)
		return err_set(err, "the causal past was not searched to the end");
	return outcome == NOTHING_MISSED ||
	       err_set(err, "transaction %u misses what it depends on", culprit);
}
