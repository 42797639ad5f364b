#include "base/search.h"
#include "checkers/type/counter.h"

#include "checkers/sort.h"
#include "checkers/type/counter_span.h"
#include "checkers/word_heap.h"

#include <stdlib.h>

/* ---- bounds -------------------------------------------------------------------------
 */

/* Sums of changes up to a position. */
struct sums {
	uint64_t *positions; /* owned; position << 32 | index, ascending */
	int64_t *up, *down;  /* owned; sums of the first i */
	size_t count;
};

static void
sums_init(struct sums *sums, const struct key_ops *key, bool completed)
{
	*sums = (struct sums){0};
	sums->positions = mem_new(key->count + 1, sizeof(uint64_t));
	sums->up = mem_new(key->count + 1, sizeof(int64_t));
	sums->down = mem_new(key->count + 1, sizeof(int64_t));
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		uint64_t at = completed ? op->complete_at : op->invoke_at;
		if (op->type != OP_FAIL && (op->type == OP_OK || !completed))
			sums->positions[sums->count++] = at << 32 | i;
	}
	sort_words(sums->positions, sums->count);
	for (size_t i = 0; i < sums->count; i++) {
		const struct op *op = key_op(key, (uint32_t)sums->positions[i]);
		int64_t delta = counter_delta(key->history, op);
		sums->up[i + 1] = sums->up[i] + (delta > 0 ? delta : 0);
		sums->down[i + 1] = sums->down[i] + (delta < 0 ? delta : 0);
	}
}

static void
sums_release(struct sums *sums)
{
	free(sums->positions);
	free(sums->up);
	free(sums->down);
}

/* How many events stand before the position. */
static size_t
sums_before(const struct sums *sums, uint32_t position)
{
	size_t at;

	search_first(at, 0, sums->count, sums->positions[at] >> 32 < position);
	return at;
}

static void
judge_bounds(const struct key_ops *key, const struct check_options *options,
	     struct linearizable_key *found)
{
	struct sums begun, over;
	int64_t init = counter_init(key->history, options), value;

	sums_init(&begun, key, false);
	sums_init(&over, key, true);
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (!counter_sees(key->history, op, &value))
			continue;
		size_t first = sums_before(&over, op->invoke_at);
		size_t last = sums_before(&begun, op->complete_at);
		int64_t own = counter_delta(key->history, op);
		int64_t low =
			init + over.up[first] + begun.down[last] - (own < 0 ? own : 0);
		int64_t high =
			init + over.down[first] + begun.up[last] - (own > 0 ? own : 0);
		const uint32_t witness[] = {key->ops[i], OP_NEVER};
		if (value < low)
			linearizable_conflict(
				found, "read-too-low",
				"the value is lower than what had completed "
				"before allows",
				witness);
		else if (value > high)
			linearizable_conflict(
				found, "read-too-high",
				"the value is higher than all that had begun "
				"allows",
				witness);
	}
	sums_release(&begun);
	sums_release(&over);
}

/* ---- greedy -------------------------------------------------------------------------
 */

struct greedy {
	const struct key_ops *key;
	const struct check_options *options;
	struct linearizable_key *found;
	int64_t init, step;
	struct word_heap
		open; /* changes that found we know not what, begun and not applied */
	uint32_t
		*finder; /* owned; by number of changes: index + 1 of who found so many */
	bool *has_begun; /* owned; by index in the key */
	bool *is_done;	 /* owned; likewise: applied, or satisfied */
	uint32_t *waiting;   /* owned; by number of changes: index + 1 of an open read */
	uint32_t *next;	     /* owned; by index: the next one that waits */
	size_t change_count; /* of the whole key */
	size_t applied;
	uint32_t forced_by; /* op that forced the last change */
	uint32_t
		missing; /* index + 1 of who found the current value, and has not begun */
};

/* After how many changes the counter has the value; false: never. */
static bool
changes_for(const struct greedy *greedy, int64_t value, size_t *changes)
{
	int64_t distance = value - greedy->init;

	if (distance % greedy->step != 0 || distance / greedy->step < 0)
		return false;
	*changes = (size_t)(distance / greedy->step);
	return *changes <= greedy->change_count;
}

static void
put(struct greedy *greedy, size_t i)
{
	greedy->is_done[i] = true;
	greedy->found->order[greedy->found->order_count++] = greedy->key->ops[i];
}

/* The next change: of who found the current value, else the one that must end first. */
static bool
apply_one(struct greedy *greedy, uint32_t because)
{
	uint32_t finder = greedy->finder[greedy->applied];

	if (finder != 0 && !greedy->has_begun[finder - 1]) {
		greedy->missing = finder;
		return false;
	}
	if (finder == 0 && greedy->open.words.count == 0)
		return false;
	put(greedy, finder != 0 ? finder - 1 : (uint32_t)word_heap_pop(&greedy->open));
	greedy->applied++;
	greedy->forced_by = because;
	for (uint32_t i = greedy->waiting[greedy->applied]; i != 0;
	     i = greedy->next[i - 1])
		put(greedy, i - 1);
	greedy->waiting[greedy->applied] = 0;
	return true;
}

static void
went_back(struct greedy *greedy, size_t i)
{
	if (!counter_conflict(greedy->key, greedy->options, i, greedy->found))
		linearizable_conflict(
			greedy->found, "counter-went-back",
			"the counter must have passed the value that was read before "
			"the read began",
			(uint32_t[]){greedy->key->ops[i], greedy->forced_by, OP_NEVER});
}

static void
unreachable(struct greedy *greedy, size_t i)
{
	if (!counter_conflict(greedy->key, greedy->options, i, greedy->found) &&
	    (greedy->missing == 0 ||
	     !counter_conflict(greedy->key, greedy->options, greedy->missing - 1,
			       greedy->found)))
		linearizable_conflict(greedy->found, "not-linearizable",
				      "no changes that had begun lead to this value",
				      (uint32_t[]){greedy->key->ops[i], OP_NEVER});
}

/* Reads wait for their value; a change that found a value has its place. */
static bool
begin(struct greedy *greedy, size_t i)
{
	const struct op *op = key_op(greedy->key, i);
	uint64_t deadline = op->type == OP_INFO ? OP_NEVER : op->complete_at;
	int64_t value;
	size_t wanted;

	greedy->has_begun[i] = true;
	if (!counter_sees(greedy->key->history, op, &value)) {
		if (op->f != F_READ)
			word_heap_push(&greedy->open, deadline << 32 | i);
		return true;
	}
	if (!changes_for(greedy, value, &wanted)) {
		unreachable(greedy, i);
		return false;
	}
	if (wanted < greedy->applied) {
		went_back(greedy, i);
		return false;
	}
	if (op->f == F_READ && wanted == greedy->applied) {
		put(greedy, i);
	} else if (op->f == F_READ) {
		greedy->next[i] = greedy->waiting[wanted];
		greedy->waiting[wanted] = (uint32_t)i + 1;
	}
	return true;
}

/* Only now must it have happened. */
static bool
end(struct greedy *greedy, size_t i)
{
	const struct op *op = key_op(greedy->key, i);
	int64_t value;

	if (op->f == F_READ && !counter_sees(greedy->key->history, op, &value))
		return true;
	while (!greedy->is_done[i] && apply_one(greedy, greedy->key->ops[i]))
		continue;
	if (!greedy->is_done[i])
		unreachable(greedy, i);
	return greedy->is_done[i];
}

static void
run_events(struct greedy *greedy, const struct check_options *options)
{
	const struct key_ops *key = greedy->key;
	uint64_t *events = mem_new(key->count * 2 + 1, sizeof(*events));
	size_t count = 0;
	bool goes_on = true;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->type == OP_FAIL)
			continue;
		events[count++] = (uint64_t)op->invoke_at << 32 | i << 1;
		if (op->type == OP_OK)
			events[count++] = (uint64_t)op->complete_at << 32 | i << 1 | 1;
	}
	sort_words(events, count);
	for (size_t e = 0; e < count && goes_on; e++) {
		size_t i = (uint32_t)events[e] >> 1;
		goes_on = events[e] & 1 ? end(greedy, i) : begin(greedy, i);
		if (e % 4096 == 0 && budget_is_over(&options->budget)) {
			greedy->found->verdict = VERDICT_UNKNOWN;
			goes_on = false;
		}
	}
	if (goes_on)
		greedy->found->verdict = VERDICT_VALID;
	free(events);
}

/* False: two changes found the same value. */
static bool
name_finders(struct greedy *greedy)
{
	const struct key_ops *key = greedy->key;
	int64_t value;
	size_t wanted;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->f != F_FETCH_ADD || !counter_sees(key->history, op, &value) ||
		    !changes_for(greedy, value, &wanted))
			continue;
		uint32_t *finder = &greedy->finder[wanted];
		if (*finder != 0)
			linearizable_conflict(
				greedy->found, "duplicate-fetch",
				"both found the same value, although each changes it",
				(uint32_t[]){key->ops[*finder - 1], key->ops[i],
					     OP_NEVER});
		*finder = (uint32_t)i + 1;
	}
	return greedy->found->verdict == VERDICT_NONE;
}

static void
judge_greedily(const struct key_ops *key, const struct check_options *options,
	       int64_t step, size_t change_count, struct linearizable_key *found)
{
	struct greedy greedy = {.key = key,
				.options = options,
				.found = found,
				.init = counter_init(key->history, options),
				.step = step,
				.change_count = change_count,
				.forced_by = OP_NEVER};

	greedy.finder = mem_new(change_count + 2, sizeof(uint32_t));
	greedy.has_begun = mem_new(key->count + 1, sizeof(bool));
	greedy.is_done = mem_new(key->count + 1, sizeof(bool));
	greedy.waiting = mem_new(change_count + 2, sizeof(uint32_t));
	greedy.next = mem_new(key->count + 1, sizeof(uint32_t));
	found->order = mem_new(key->count + 1, sizeof(uint32_t));
	if (name_finders(&greedy))
		run_events(&greedy, options);
	vec_release(&greedy.open.words);
	free(greedy.finder);
	free(greedy.has_begun);
	free(greedy.is_done);
	free(greedy.waiting);
	free(greedy.next);
}

/* All changes are by the same number, which is not 0. */
static bool
has_one_step(const struct key_ops *key, int64_t *step, size_t *change_count)
{
	*step = 0;
	*change_count = 0;
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		int64_t delta = counter_delta(key->history, op);
		if (op->type == OP_FAIL || op->f == F_READ)
			continue;
		if (delta == 0 || (*step != 0 && *step != delta))
			return false;
		*step = delta;
		++*change_count;
	}
	*step = *step != 0 ? *step : 1;
	return true;
}

void
counter_decide(const struct key_ops *key, const struct check_options *options,
	       struct linearizable_key *found)
{
	size_t change_count;
	int64_t step;

	judge_bounds(key, options, found);
	if (found->verdict == VERDICT_NONE && has_one_step(key, &step, &change_count))
		judge_greedily(key, options, step, change_count, found);
}
