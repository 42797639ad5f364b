/* tokens_views.c - split brain by the answers' own words: views, and who was primary. */
#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/sort.h"
#include "checkers/tell.h"
#include "checkers/seed/tokens.h"

#include <stdlib.h>
#include <string.h>

struct view {
	int64_t number;
	val primary; /* nil: not told */
	uint32_t op;
};

/* False: the answer tells no view. */
static bool
view_of(const struct history *history, uint32_t index, struct view *view)
{
	const struct op *op = &history->ops.items[index];

	if (op->type != OP_OK || val_kind(op->output) != VAL_MAP)
		return false;
	view->op = index;
	view->primary = fields_get(&history->values, op->output, "primary");
	return fields_number(&history->values,
			     fields_get(&history->values, op->output, "view"),
			     &view->number);
}

static void
report(const struct history *history, struct check_result *result, const char *sentence,
       uint32_t a, uint32_t b)
{
	struct buf text = {0};

	buf_string(&text, sentence);
	tell(history, result, "split-brain", history->ops.items[b].key, &text,
	     (uint32_t[]){a, b}, 2);
}

/* Completions in order; behind each, the newest view so far. */
struct answers {
	uint64_t *ended; /* owned: completion << 32 | op */
	size_t count;
};

static void
answers_init(struct answers *answers, const struct history *history)
{
	struct view view;

	*answers = (struct answers){0};
	answers->ended = mem_new(history->ops.count + 1, sizeof(uint64_t));
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (view_of(history, i, &view))
			answers->ended[answers->count++] =
				(uint64_t)history->ops.items[i].complete_at << 32 | i;
	sort_words(answers->ended, answers->count);
}

/* Operations stand in the order of invocations: one pass over both. */
static void
judge_ages(const struct history *history, struct check_result *result)
{
	struct view view, newest = {.number = INT64_MIN};
	struct answers answers;
	size_t at = 0;

	answers_init(&answers, history);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		uint32_t begins = history->ops.items[i].invoke_at;
		for (; at < answers.count && answers.ended[at] >> 32 < begins; at++) {
			view_of(history, (uint32_t)answers.ended[at], &view);
			if (view.number > newest.number)
				newest = view;
		}
		if (view_of(history, i, &view) && view.number < newest.number)
			report(history, result,
			       "an older view answered what was asked after a newer view "
			       "had answered",
			       newest.op, i);
	}
	free(answers.ended);
}

static int
by_number(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static struct view *
collect_primaries(const struct history *history, size_t *count)
{
	struct view *views = mem_new(history->ops.count + 1, sizeof(*views));

	*count = 0;
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (view_of(history, i, &views[*count]) &&
		    views[*count].primary != VAL_OF_NIL)
			++*count;
	qsort(views, *count, sizeof(*views), by_number);
	return views;
}

static void
judge_primaries(const struct history *history, struct check_result *result)
{
	size_t count;
	struct view *views = collect_primaries(history, &count);

	for (size_t i = 1; i < count; i++)
		if (views[i - 1].number == views[i].number &&
		    !val_equal(&history->values, views[i - 1].primary, views[i].primary))
			report(history, result, "two primaries answered in one view",
			       views[i - 1].op, views[i].op);
	free(views);
}

void
tokens_judge_views(const struct history *history, struct check_result *result)
{
	judge_ages(history, result);
	judge_primaries(history, result);
}

/* ---- proof ---------------------------------------------------------------------------- */

static bool
are_split(const struct history *history, uint32_t a, uint32_t b)
{
	const struct op *ops = history->ops.items;
	struct view x, y;

	if (!view_of(history, a, &x) || !view_of(history, b, &y))
		return false;
	if (x.number == y.number)
		return x.primary != VAL_OF_NIL && y.primary != VAL_OF_NIL &&
		       !val_equal(&history->values, x.primary, y.primary);
	return x.number > y.number && ops[a].complete_at < ops[b].invoke_at;
}

/* Backwards: the earliest completion of a view newer than each, by a sorted list. */
static bool
is_any_split(const struct history *history)
{
	struct view *views = mem_new(history->ops.count + 1, sizeof(*views));
	size_t count = 0;
	uint32_t earliest = OP_NEVER;
	bool found = false;

	for (uint32_t i = 0; i < history->ops.count; i++)
		count += view_of(history, i, &views[count]);
	qsort(views, count, sizeof(*views), by_number);
	for (size_t end = count; end > 0 && !found;) {
		size_t first = end;
		while (first > 0 && views[first - 1].number == views[end - 1].number)
			first--;
		uint32_t ends = earliest;
		val primary = VAL_OF_NIL;
		for (size_t i = first; i < end; i++) {
			const struct op *op = &history->ops.items[views[i].op];
			found = found || op->invoke_at > earliest ||
				(primary != VAL_OF_NIL &&
				 views[i].primary != VAL_OF_NIL &&
				 !val_equal(&history->values, primary, views[i].primary));
			ends = op->complete_at < ends ? op->complete_at : ends;
			primary = primary == VAL_OF_NIL ? views[i].primary : primary;
		}
		earliest = ends;
		end = first;
	}
	free(views);
	return found;
}

bool
tokens_certify_views(const struct history *history, const struct check_result *result,
		     struct err *err)
{
	if (result->verdict == VERDICT_VALID && is_any_split(history))
		return err_set(err, "two views answered at the same time");
	vec_each (const struct anomaly, anomaly, &result->anomalies) {
		const uint32_t *ops = anomaly->ops.items;
		if (strcmp(anomaly->name, "split-brain") == 0 &&
		    (anomaly->ops.count != 2 || (!are_split(history, ops[0], ops[1]) &&
						 !are_split(history, ops[1], ops[0]))))
			return err_set(err, "the views of 'split-brain' agree");
	}
	return true;
}
