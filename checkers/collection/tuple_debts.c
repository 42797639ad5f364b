#include "checkers/collection/tuple_debts.h"

#include "base/search.h"

#include <stdlib.h>

enum {
	SEARCH_MAX = 1 << 14, /* debts met by one search */
	WORK_MAX = 1 << 26    /* by all */
};

#define NOBODY UINT32_MAX

void
tuple_debts_init(struct tuple_debts *debts, const struct values *values)
{
	*debts = (struct tuple_debts){0};
	pattern_index_init(&debts->patterns, values);
}

void
tuple_debts_release(struct tuple_debts *debts)
{
	vec_each (struct lent_pattern, lent, &debts->lent) {
		vec_release(&lent->debts);
		vec_release(&lent->free);
	}
	vec_release(&debts->lent);
	vec_release(&debts->payments);
	vec_release(&debts->queue);
	pattern_index_release(&debts->patterns);
}

void
tuple_debts_lend(struct tuple_debts *debts, val pattern)
{
	if (pattern_index_add(&debts->patterns, pattern) == debts->lent.count)
		vec_push(&debts->lent, (struct lent_pattern){{0}, {0}});
}

void
tuple_debts_owe(struct tuple_debts *debts, val pattern, uint32_t place, uint32_t taker)
{
	struct lent_pattern *lent =
		&debts->lent.items[pattern_index_find(&debts->patterns, pattern)];

	vec_push(&lent->free, (uint32_t)lent->debts.count);
	vec_push(&lent->debts, (struct debt){place, taker, NOBODY, 0});
}

/* ---- free debts ------------------------------------------------------------------------ */

/* The first debt from this one on that is not paid; their count: none. */
static uint32_t
first_free(struct lent_pattern *lent, uint32_t at)
{
	while (at < lent->free.count && lent->free.items[at] != at) {
		uint32_t next = lent->free.items[at];
		if (next < lent->free.count)
			lent->free.items[at] = lent->free.items[next];
		at = next;
	}
	return at;
}

/* The first that came after this place. */
static uint32_t
first_after(const struct lent_pattern *lent, uint32_t since)
{
	size_t at;

	search_first(at, 0, lent->debts.count, lent->debts.items[at].place <= since);
	return (uint32_t)at;
}

/* The best free debt for the payment, if there is one. */
static bool
find_free(struct tuple_debts *debts, const struct payment *payment, uint32_t *pattern,
	  uint32_t *debt)
{
	struct pattern_walk walk = {0};
	uint32_t best_place = 0, best_strictness = 0, id;

	*pattern = NO_PATTERN;
	while ((id = pattern_index_match(&debts->patterns, payment->tuple, &walk)) !=
	       NO_PATTERN) {
		struct lent_pattern *lent = &debts->lent.items[id];
		uint32_t strictness = debts->patterns.strictness.items[id];
		uint32_t at = first_free(lent, first_after(lent, payment->since));
		if (at == lent->debts.count ||
		    lent->debts.items[at].place > payment->until)
			continue;
		uint32_t place = lent->debts.items[at].place;
		if (*pattern != NO_PATTERN &&
		    (strictness < best_strictness ||
		     (strictness == best_strictness && best_place <= place)))
			continue;
		*pattern = id;
		*debt = at;
		best_place = place;
		best_strictness = strictness;
	}
	return *pattern != NO_PATTERN;
}

/* ---- paying ---------------------------------------------------------------------------- */

/* Whose debts the payment could have instead are asked next. */
static void
ask_holders(struct tuple_debts *debts, uint32_t asking)
{
	struct pattern_walk walk = {0};
	struct payment payment = debts->payments.items[asking];
	uint32_t id;

	while ((id = pattern_index_match(&debts->patterns, payment.tuple, &walk)) !=
	       NO_PATTERN) {
		struct lent_pattern *lent = &debts->lent.items[id];
		for (uint32_t at = first_after(lent, payment.since);
		     at < lent->debts.count &&
		     lent->debts.items[at].place <= payment.until;
		     at++) {
			struct debt *debt = &lent->debts.items[at];
			debts->work++;
			if (debt->search == debts->searches)
				continue;
			debt->search = debts->searches;
			debts->payments.items[debt->payment].wanted_by = asking;
			vec_push(&debts->queue, debt->payment);
		}
	}
}

/* The payment gets the debt; who wanted its old one gets that, and so on. */
static void
move_debts(struct tuple_debts *debts, uint32_t payment, uint32_t pattern, uint32_t debt)
{
	debts->lent.items[pattern].free.items[debt] = debt + 1;
	while (payment != NOBODY) {
		struct payment *getting = &debts->payments.items[payment];
		uint32_t old_pattern = getting->pattern, old_debt = getting->debt;
		debts->lent.items[pattern].debts.items[debt].payment = payment;
		getting->pattern = pattern;
		getting->debt = debt;
		pattern = old_pattern;
		debt = old_debt;
		payment = getting->wanted_by;
	}
}

bool
tuple_debts_pay(struct tuple_debts *debts, val tuple, uint32_t id, uint32_t since,
		uint32_t until)
{
	uint32_t number = (uint32_t)debts->payments.count;
	size_t work_max = debts->work + SEARCH_MAX;

	vec_push(&debts->payments, (struct payment){.tuple = tuple,
						    .id = id,
						    .since = since,
						    .until = until,
						    .pattern = NO_PATTERN,
						    .wanted_by = NOBODY});
	vec_clear(&debts->queue);
	vec_push(&debts->queue, number);
	debts->searches++;
	for (size_t i = 0;
	     i < debts->queue.count && debts->work < work_max && debts->work < WORK_MAX;
	     i++) {
		uint32_t asking = debts->queue.items[i], pattern, debt;
		if (find_free(debts, &debts->payments.items[asking], &pattern, &debt)) {
			move_debts(debts, asking, pattern, debt);
			return true;
		}
		ask_holders(debts, asking);
	}
	debts->payments.count--;
	return false;
}
