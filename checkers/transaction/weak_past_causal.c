#include "checkers/transaction/weak_past.h"

#include "checkers/sort.h"

#include <stdlib.h>

enum {
	STEPS_MIN = 1 << 20, /* of the search, and so many more for each transaction */
	STEPS_EACH = 256,
	STOP_INTERVAL = 4096
};

/* All by place - 1 in the order, except where said. */
struct pasts {
	const struct weak_order *w;
	const struct budget *budget;
	uint32_t *process, *index; /* owned: its process, its number there from 1 */
	uint32_t *previous;	   /* owned: place of the one before in the process; 0 */
	uint32_t processes;
	uint64_t *writes;   /* owned: key << 32 | place - 1, ascending */
	size_t *key_starts; /* owned, by key: the first of its writes */

	/* The search: who was met by which reader (its place). */
	uint32_t *met;
	VEC(uint32_t) open;
	uint64_t steps;

	/* Clocks of the processes from `first` on, `width` of them: how many of each are in
	 * the past. */
	uint32_t *clocks;
	uint32_t first, width;
};

static void
number_processes(struct pasts *p)
{
	struct map ids = {0};
	VEC(uint32_t) latest = {0};

	for (size_t i = 0; i < p->w->count; i++) {
		const struct op *op = txn_op(&p->w->facts->txns, p->w->at[i]);
		uint64_t *id = map_at(&ids, op->process, NULL);
		if (*id == 0) {
			vec_push(&latest, 0);
			*id = latest.count;
		}
		uint32_t *before = &latest.items[*id - 1];
		p->process[i] = (uint32_t)*id - 1;
		p->previous[i] = *before;
		p->index[i] = *before == 0 ? 1 : p->index[*before - 1] + 1;
		*before = (uint32_t)i + 1;
	}
	p->processes = (uint32_t)latest.count;
	vec_release(&latest);
	map_release(&ids);
}

static void
index_writes(struct pasts *p)
{
	const struct txn_facts *f = p->w->facts;
	size_t count = 0;

	for (size_t i = 0; i < p->w->count; i++) {
		const struct txn *txn = &f->txns.of.items[p->w->at[i]];
		for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
			if (f->txns.mops.items[m].kind != MOP_READ)
				p->writes[count++] =
					(uint64_t)f->txns.mops.items[m].key << 32 | i;
	}
	sort_words(p->writes, count);
	for (size_t key = 0, i = 0; key <= f->txns.keys.count; key++) {
		while (i < count && p->writes[i] >> 32 < key)
			i++;
		p->key_starts[key] = i;
	}
}

/* ---- who could be missed --------------------------------------------------------------
 */

/* Writes of the key that stand behind the source and in front of the reader. */
struct between {
	size_t first, end; /* in ->writes */
};

/* The first write to the key at a place - 1 not below `at`. */
static size_t
first_write(const struct pasts *p, uint32_t key, size_t at)
{
	uint64_t wanted = (uint64_t)key << 32 | at;
	size_t low = p->key_starts[key], high = p->key_starts[key + 1];

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (p->writes[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Empty for what is no read. */
static struct between
find_between(const struct pasts *p, size_t reader, uint32_t m)
{
	const struct txn_facts *f = p->w->facts;
	uint32_t source = txn_facts_source(f, m), key = f->txns.mops.items[m].key;
	struct between between = {0};

	if (source == FACT_NONE || source == p->w->at[reader])
		return between;
	size_t behind = source == FACT_INITIAL ? 0 : p->w->place[source];
	between.first = between.end = first_write(p, key, behind);
	while (between.end < p->key_starts[key + 1] &&
	       (uint32_t)p->writes[between.end] < reader)
		between.end++;
	return between;
}

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

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		struct between between = find_between(p, reader, m);
		if (between.first < between.end &&
		    (uint32_t)p->writes[between.first] < low)
			low = (uint32_t)p->writes[between.first];
		p->steps += between.end - between.first;
	}
	if (low == reader)
		return true;
	search_past(p, reader, low);
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		struct between between = find_between(p, reader, m);
		for (size_t i = between.first; i < between.end; i++)
			if (p->met[(uint32_t)p->writes[i]] == reader)
				return false;
	}
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
	uint32_t column = p->process[from] - p->first;

	for (uint32_t i = 0; i < p->width; i++)
		clock[i] = past[i] > clock[i] ? past[i] : clock[i];
	if (p->process[from] >= p->first && column < p->width &&
	    clock[column] < p->index[from])
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
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		struct between between = find_between(p, reader, m);
		for (size_t i = between.first; i < between.end; i++) {
			uint32_t at = (uint32_t)p->writes[i];
			uint32_t column = p->process[at] - p->first;
			if (p->process[at] >= p->first && column < p->width &&
			    p->index[at] <= clock[column])
				return false;
		}
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
	for (size_t i = 0; i < p->w->count; i++) {
		*culprit = p->w->at[i];
		if (i % STOP_INTERVAL == 0 && budget_is_over(p->budget))
			return OUT_OF_TIME;
		if (!misses_nothing(p, i))
			return SOMETHING_MISSED;
		if (is_bounded && p->steps > STEPS_MIN + STEPS_EACH * (uint64_t)i)
			return TOO_LONG;
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

	p->width = width > p->processes ? p->processes : width > 0 ? (uint32_t)width : 1;
	p->clocks = mem_new(p->w->count * p->width + 1, sizeof(*p->clocks));
	for (; outcome == NOTHING_MISSED && p->first < p->processes; p->first += p->width)
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

	p.process = mem_new(w->count + 1, sizeof(*p.process));
	p.index = mem_new(w->count + 1, sizeof(*p.index));
	p.previous = mem_new(w->count + 1, sizeof(*p.previous));
	p.writes = mem_new(w->facts->txns.mops.count + 1, sizeof(*p.writes));
	p.key_starts = mem_new(w->facts->txns.keys.count + 1, sizeof(*p.key_starts));
	number_processes(&p);
	index_writes(&p);
	enum outcome outcome = search(&p, &culprit);
	if (outcome == TOO_LONG)
		outcome = ask_clocks(&p, &culprit);
	free(p.process);
	free(p.index);
	free(p.previous);
	free(p.writes);
	free(p.key_starts);
	if (outcome == OUT_OF_TIME)
		return err_set(err, "the causal past was not searched to the end");
	return outcome == NOTHING_MISSED ||
	       err_set(err, "transaction %u misses what it depends on", culprit);
}
