#include "checkers/type/counter_span.h"

enum {
	NEAR_MAX = 256,
	WORK_MAX = 1 << 26
};

/* 1: all go up, -1: all go down; 0: some of both, or none. */
static int
sign_of_changes(const struct key_ops *key)
{
	bool has_up = false, has_down = false;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		int64_t delta = op->type == OP_FAIL ? 0 : counter_delta(key->history, op);
		has_up |= delta > 0;
		has_down |= delta < 0;
	}
	return (int)has_up - (int)has_down;
}

/* The values that the change covers lie between those of the span. */
static bool
is_inside(const struct key_ops *key, const struct counter_span *span,
	  const struct op *change, int sign)
{
	int64_t found, delta = counter_delta(key->history, change);

	if (!counter_sees(key->history, change, &found))
		return false;
	return sign * found >= sign * span->from &&
	       sign * (found + delta) <= sign * span->to;
}

static bool
must_lie_between(const struct key_ops *key, const struct counter_span *span,
		 const struct op *first, const struct op *second, const struct op *change,
		 int sign)
{
	if (is_inside(key, span, change, sign))
		return true;
	return change->type == OP_OK && change->complete_at < second->invoke_at &&
	       (first == NULL || change->invoke_at > first->complete_at);
}

static bool
can_lie_between(const struct key_ops *key, const struct counter_span *span,
		const struct op *first, const struct op *second, const struct op *change,
		int sign)
{
	int64_t found;

	if (change->invoke_at > second->complete_at ||
	    (first != NULL && change->type == OP_OK &&
	     change->complete_at < first->invoke_at))
		return false;
	return !counter_sees(key->history, change, &found) ||
	       is_inside(key, span, change, sign);
}

static int64_t
sum_between(const struct key_ops *key, const struct counter_span *span,
	    const struct op *first, const struct op *second)
{
	int64_t sum = 0;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (counter_span_counts(key, span, first, second, op))
			sum += counter_delta(key->history, op);
	}
	return sum;
}

bool
counter_span_counts(const struct key_ops *key, const struct counter_span *span,
		    const struct op *first, const struct op *second,
		    const struct op *change)
{
	int64_t delta = counter_delta(key->history, change);
	int sign = delta > 0 ? 1 : -1;

	if (change == first || change == second || change->type == OP_FAIL || delta == 0)
		return false;
	if (span->kind == COUNTER_SPAN_TOO_MANY)
		return must_lie_between(key, span, first, second, change, sign);
	return span->kind == COUNTER_SPAN_TOO_FEW &&
	       can_lie_between(key, span, first, second, change, sign);
}

/* What the first changed includes what the second found, and not because that came before. */
static bool
overlaps(const struct key_ops *key, const struct counter_span *span,
	 const struct op *first, const struct op *second, int sign)
{
	int64_t skipped = span->from - counter_delta(key->history, first);

	if (sign * span->to >= sign * span->from || sign * span->to < sign * skipped)
		return false;
	return span->to != skipped || counter_delta(key->history, second) != 0;
}

static bool
is_of_kind(const struct key_ops *key, struct counter_span *span, const struct op *first,
	   const struct op *second, int sign, enum counter_span_kind kind)
{
	span->kind = kind;
	span->sum = sum_between(key, span, first, second);
	int64_t asked = sign * (span->to - span->from), sum = sign * span->sum;
	return kind == COUNTER_SPAN_TOO_MANY ? sum > asked : sum < asked;
}

struct counter_span
counter_span(const struct key_ops *key, const struct check_options *options,
	     const struct op *first, const struct op *second)
{
	struct counter_span span = {.from = counter_init(key->history, options)};
	int sign = sign_of_changes(key);

	if (sign == 0 || !counter_sees(key->history, second, &span.to) ||
	    (first != NULL && !counter_sees(key->history, first, &span.from)))
		return span;
	if (first != NULL)
		span.from += counter_delta(key->history, first);
	if (first != NULL && overlaps(key, &span, first, second, sign)) {
		span.kind = COUNTER_SPAN_OVERLAP;
		return span;
	}
	bool is_after = first == NULL || first->complete_at < second->invoke_at;
	if (is_after &&
	    is_of_kind(key, &span, first, second, sign, COUNTER_SPAN_TOO_MANY))
		return span;
	if (is_of_kind(key, &span, first, second, sign, COUNTER_SPAN_TOO_FEW))
		return span;
	span.kind = COUNTER_SPAN_FITS;
	return span;
}

/* ---- looking for one ------------------------------------------------------------------ */

struct best_span {
	struct counter_span span;
	const struct op *first, *second;
	size_t changes;
};

static void
try_span(const struct key_ops *key, const struct check_options *options,
	 const struct op *first, const struct op *second, struct best_span *best)
{
	struct counter_span span = counter_span(key, options, first, second);
	size_t changes = 0;

	if (span.kind == COUNTER_SPAN_FITS)
		return;
	for (size_t i = 0; i < key->count; i++)
		changes += counter_span_counts(key, &span, first, second, key_op(key, i));
	if (best->span.kind != COUNTER_SPAN_FITS && best->changes <= changes)
		return;
	*best = (struct best_span){span, first, second, changes};
}

static void
try_neighbour(const struct key_ops *key, const struct check_options *options,
	      const struct op *op, const struct op *other, struct best_span *best)
{
	int64_t value;

	if (other == op || !counter_sees(key->history, other, &value))
		return;
	try_span(key, options, op, other, best);
	try_span(key, options, other, op, best);
}

static const struct {
	const char *name, *why;
} words[] = {
	[COUNTER_SPAN_OVERLAP] = {"not-linearizable",
				  "one changed the value that the other found"},
	[COUNTER_SPAN_TOO_MANY] = {"counter-went-back",
				   "the counter must have passed the value"},
	[COUNTER_SPAN_TOO_FEW] = {"not-linearizable",
				  "no changes that had begun lead to this value"},
};

bool
counter_conflict(const struct key_ops *key, const struct check_options *options,
		 size_t op, struct linearizable_key *found)
{
	const struct op *base = key->history->ops.items, *self = key_op(key, op);
	size_t near = WORK_MAX / (key->count + 1);
	struct best_span best = {0};
	uint32_t ops[3], count = 0;

	near = near > NEAR_MAX ? NEAR_MAX : near;
	try_span(key, options, NULL, self, &best);
	for (size_t k = 1; k <= near; k++) {
		if (k <= op)
			try_neighbour(key, options, self, key_op(key, op - k), &best);
		if (op + k < key->count)
			try_neighbour(key, options, self, key_op(key, op + k), &best);
	}
	if (best.span.kind == COUNTER_SPAN_FITS)
		return false;
	if (best.first != NULL)
		ops[count++] = (uint32_t)(best.first - base);
	ops[count++] = (uint32_t)(best.second - base);
	ops[count] = OP_NEVER;
	linearizable_conflict(found, words[best.span.kind].name,
			      words[best.span.kind].why, ops);
	return true;
}
