/* bookstore_looks.c - what lookups and searches show: never older than what was
 * acknowledged or seen before, and one thing for each version. */
#include "base/map.h"
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/bookstore.h"
#include "checkers/sort.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

/* The newest version that somebody knows, and the operation that showed it, + 1. */
struct newest {
	uint64_t version;
	uint32_t op;
};

struct known {
	struct map places; /* -> index in `of` */
	VEC(struct newest) of;
};

struct looks {
	const struct history *history;
	struct check_result *result;
	struct value_ids titles, topics;
	struct known updates;  /* by title */
	struct known sessions; /* by process << 32 | title */
	struct known finals;   /* by title: only `op` */
	struct known searches; /* by topic: only `op` */
	VEC(struct book_look) seen;
	VEC(uint32_t) seen_op;
};

static struct newest *
newest_of(struct known *known, uint64_t place)
{
	bool is_new;
	uint64_t *id = map_at(&known->places, place, &is_new);

	if (is_new) {
		*id = known->of.count;
		vec_push(&known->of, (struct newest){0});
	}
	return &known->of.items[*id];
}

static void
known_release(struct known *known)
{
	map_release(&known->places);
	vec_release(&known->of);
}

static void
raise(struct newest *newest, uint64_t version, uint32_t op)
{
	if (version > newest->version)
		*newest = (struct newest){version, op + 1};
}

static void
report(struct looks *looks, const char *name, val title, const char *sentence, uint32_t a,
       uint32_t b)
{
	book_report(looks->history, looks->result, name, title, sentence, a, b);
}

/* ---- in the order of events ----------------------------------------------------------- */

static void
judge_look(struct looks *looks, uint32_t index, const struct book_look *look)
{
	uint32_t title = value_ids_add(&looks->titles, look->title);
	const struct op *op = &looks->history->ops.items[index];
	struct newest *update = newest_of(&looks->updates, title);
	struct newest *session =
		newest_of(&looks->sessions, (uint64_t)op->process << 32 | title);

	if (look->has_stock && look->stock < 0)
		report(looks, "negative-stock", look->title,
		       "there are fewer copies than none", index, OP_NEVER);
	if (look->version == 0)
		return;
	if (look->version < update->version)
		report(looks, "stale-lookup", look->title,
		       "the lookup is older than an acknowledged update", update->op - 1,
		       index);
	if (look->version < session->version && session->op != index + 1)
		report(looks, "session-regression", look->title,
		       "the process had seen a newer version", session->op - 1, index);
	raise(session, look->version, index);
	vec_push(&looks->seen, *look);
	vec_push(&looks->seen_op, index);
}

static void
end_update(struct looks *looks, uint32_t index)
{
	const struct op *op = &looks->history->ops.items[index];
	uint32_t title = value_ids_add(&looks->titles, op->key);

	raise(newest_of(&looks->updates, title),
	      book_version(&looks->history->values, op->output), index);
}

/* Invocations of what looks, and completions of what updates. A session does one thing at
 * a time, so what it saw may be noted with the invocation. */
static bool
sweep(struct looks *looks, const struct budget *budget)
{
	const struct history *history = looks->history;
	uint64_t *events = mem_new(history->ops.count + 1, sizeof(*events));
	size_t count = 0, e = 0;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_update = book_is_update(history, op);
		if (is_update || book_looks(history, op) > 0)
			events[count++] =
				(uint64_t)(is_update ? op->complete_at : op->invoke_at)
					<< 32 |
				i;
	}
	sort_words(events, count);
	for (; e < count && !budget_ends_at(budget, e); e++) {
		uint32_t i = (uint32_t)events[e];
		const struct op *op = &history->ops.items[i];
		if (book_is_update(history, op))
			end_update(looks, i);
		for (size_t k = 0, n = book_looks(history, op); k < n; k++) {
			struct book_look look = book_look(history, op, k);
			judge_look(looks, i, &look);
		}
	}
	free(events);
	return e == count;
}

/* ---- without time --------------------------------------------------------------------- */

struct shown {
	uint32_t title, look;
	uint64_t version;
};

static int
by_title_and_version(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->title != y->title)
		return x->title < y->title ? -1 : 1;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return x->look < y->look ? -1 : x->look > y->look;
}

static void
compare_looks(struct looks *looks, uint32_t a, uint32_t b)
{
	const struct book_look *x = &looks->seen.items[a], *y = &looks->seen.items[b];

	if (book_looks_conflict(&looks->history->values, x, y))
		report(looks, "version-conflict", x->title,
		       "one version has two stocks or prices", looks->seen_op.items[a],
		       looks->seen_op.items[b]);
}

/* Each look with the first of its version that tells a stock, and the first that tells a
 * price. */
static void
judge_versions(struct looks *looks)
{
	size_t count = looks->seen.count;
	struct shown *sorted = mem_new(count + 1, sizeof(*sorted));
	uint32_t stock = 0, price = 0;

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct shown){
			value_ids_find(&looks->titles, looks->seen.items[i].title), i,
			looks->seen.items[i].version};
	qsort(sorted, count, sizeof(*sorted), by_title_and_version);
	for (size_t i = 0; i < count; i++) {
		const struct book_look *look = &looks->seen.items[sorted[i].look];
		bool is_first = i == 0 || sorted[i - 1].title != sorted[i].title ||
				sorted[i - 1].version != sorted[i].version;
		if (is_first)
			stock = price = sorted[i].look;
		if (!looks->seen.items[stock].has_stock)
			stock = sorted[i].look;
		if (looks->seen.items[price].price == VAL_OF_NIL)
			price = sorted[i].look;
		compare_looks(looks, stock, sorted[i].look);
		if (price != stock && look->price != VAL_OF_NIL)
			compare_looks(looks, price, sorted[i].look);
	}
	free(sorted);
}

/* The titles of an answer as sorted numbers, each once. The caller frees. */
static uint32_t *
titles_of(struct looks *looks, uint32_t index, size_t *count)
{
	const struct op *op = &looks->history->ops.items[index];
	size_t n = book_looks(looks->history, op), kept = 0;
	uint32_t *titles = mem_new(n + 1, sizeof(*titles));

	for (size_t i = 0; i < n; i++)
		titles[i] = value_ids_add(&looks->titles,
					  book_look(looks->history, op, i).title);
	sort_numbers(titles, n);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || titles[i] != titles[i - 1])
			titles[kept++] = titles[i];
	*count = kept;
	return titles;
}

static void
judge_search(struct looks *looks, uint32_t index)
{
	const struct op *op = &looks->history->ops.items[index];
	struct newest *first =
		newest_of(&looks->searches, value_ids_add(&looks->topics, op->key));
	size_t a, b;

	if (first->op == 0) {
		first->op = index + 1;
		return;
	}
	uint32_t *x = titles_of(looks, first->op - 1, &a);
	uint32_t *y = titles_of(looks, index, &b);
	if (a != b || memcmp(x, y, a * sizeof(*x)) != 0)
		report(looks, "search-differs", op->key,
		       "two searches of one topic show different titles", first->op - 1,
		       index);
	free(x);
	free(y);
}

static void
judge_final(struct looks *looks, uint32_t index)
{
	const struct op *op = &looks->history->ops.items[index];
	struct newest *first =
		newest_of(&looks->finals, value_ids_add(&looks->titles, op->key));

	if (first->op == 0)
		first->op = index + 1;
	else if (!val_equal(&looks->history->values, op->output,
			    looks->history->ops.items[first->op - 1].output))
		report(looks, "diverged", op->key, "final lookups differ", first->op - 1,
		       index);
}

bool
book_judge_looks(const struct history *history, const struct check_options *options,
		 struct check_result *result)
{
	struct looks looks = {.history = history, .result = result};

	value_ids_init(&looks.titles, &history->values);
	value_ids_init(&looks.topics, &history->values);
	bool is_done = sweep(&looks, &options->budget);
	judge_versions(&looks);
	for (uint32_t i = 0; i < history->ops.count && is_done; i++) {
		const struct op *op = &history->ops.items[i];
		enum book_act act = book_act_of(history, op);
		if (act == BOOK_SEARCH && op->type == OP_OK)
			judge_search(&looks, i);
		if (act == BOOK_FINAL && op->type == OP_OK)
			judge_final(&looks, i);
	}
	value_ids_release(&looks.titles);
	value_ids_release(&looks.topics);
	known_release(&looks.updates);
	known_release(&looks.sessions);
	known_release(&looks.finals);
	known_release(&looks.searches);
	vec_release(&looks.seen);
	vec_release(&looks.seen_op);
	return is_done;
}
