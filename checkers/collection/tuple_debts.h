/* tuple_debts.h - which tuples did takes of unknown outcome take?
 *
 * Each such take owes one tuple that matches its pattern; that it took none is no loss. A
 * tuple that must be out is paid by one that came in time: the strictest that is free, of
 * these the earliest; where none is free, tuples paid before move to other takes (an
 * augmenting path), so that as many are paid as can be. Bounded work. */
#ifndef CHECKERS_TUPLE_DEBTS_H
#define CHECKERS_TUPLE_DEBTS_H

#include "checkers/collection/pattern_index.h"

struct debt {
	uint32_t place;	  /* when the take came */
	uint32_t taker;	  /* the caller's number of it */
	uint32_t payment; /* of what it took */
	uint32_t search;  /* that met it last */
};

struct lent_pattern {
	VEC(struct debt) debts; /* by place */
	VEC(uint32_t) free;	/* by debt: one from which on to look for an unpaid one */
};

struct payment {
	val tuple;
	uint32_t id;		/* the caller's number of the tuple */
	uint32_t since, until;	/* the places between which some take took it */
	uint32_t pattern, debt; /* which */
	uint32_t wanted_by;	/* in a search: the payment that wants its debt */
};

struct tuple_debts {
	struct pattern_index patterns; /* of the takes */
	VEC(struct lent_pattern) lent; /* by pattern */
	VEC(struct payment) payments;
	VEC(uint32_t) queue; /* of a search: payments */
	uint32_t searches;
	size_t work;
};

void tuple_debts_init(struct tuple_debts *debts, const struct values *values);
void tuple_debts_release(struct tuple_debts *debts);

/* A take of unknown outcome will come; all are told before the first tuple is paid. */
void tuple_debts_lend(struct tuple_debts *debts, val pattern);

/* It comes; places ascend. */
void tuple_debts_owe(struct tuple_debts *debts, val pattern, uint32_t place,
		     uint32_t taker);

/* Some take from after `since`, and none after `until`, took the tuple. False: none is left
 * for it, whatever the others took, or it takes too long to say. */
bool tuple_debts_pay(struct tuple_debts *debts, val tuple, uint32_t id, uint32_t since,
		     uint32_t until);

#endif
