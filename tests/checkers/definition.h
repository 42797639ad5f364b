/* definition.h - a checker compared with the definition of what it decides, word by word:
 * on all histories of few operations, and on many random ones.
 *
 * A kind of history is told by what a client may ask and may be answered. Where that
 * takes a choice it asks `choose`, which gives a random number or, one after the other,
 * all of them. Each history that is valid is also relaxed (an answer is forgotten; an
 * operation takes longer) and must not become invalid; each one is told in other words
 * (numbers tripled, processes renamed, an hour later) and must be judged alike. And the
 * checker's certify is lied to: no anomaly can be proven of a valid history, and no
 * invalid one can be proven valid.
 *
 * FAULTLINE_RANDOM_HISTORIES sets how many random ones of each kind; from 100,000 on small
 * ones of one operation more are tried, as far as ten times that number goes. */
#ifndef TESTS_CHECKERS_DEFINITION_H
#define TESTS_CHECKERS_DEFINITION_H

#include "checkers/checker.h"
#include "tests/checkers/small_histories.h"

enum {
	DEFINITION_OPS_MAX = SMALL_OPS_MAX,
	DEFINITION_PROCESSES = 3,
};

struct definition {
	const char *checker, *model;
	/* Fills f, input (and key) of an operation; its output, when it ends with ok. */
	void (*ask)(struct history *history, struct choices *choices, struct op *op);
	void (*answer)(struct history *history, struct choices *choices, struct op *op);
	/* The definition. `strict`: at the level strict-serializable. */
	bool (*is_allowed)(const struct history *history, bool strict);
	bool has_levels;	/* else it is asked without a level only */
	const char *level;	/* without levels: the one that is asked for, or NULL */
	const char *weak_level; /* where it has: the name of the other one, or NULL */
	/* The initial value with its numbers multiplied; NULL: none. */
	val (*init)(struct values *values, int64_t factor);
	const char *const *anomalies; /* names, NULL at the end: what it may tell */
	bool says_less_without_order; /* then valid without one is no lie */
	bool answers_all;   /* answer also tells what those tell that are not ok */
	bool ends_answered; /* of random histories the last operation mostly is ok */
	bool keeps_numbers; /* tripled numbers would say something else */
	bool judges_ends;   /* without the last read another one is the last */
	bool has_sessions;  /* it matters which operations are of one process */
	bool small_only;    /* no random ones */
	bool no_more;	    /* small ones of one operation more are left out */
	size_t ops_all;	    /* all histories up to so many operations are tried */
	size_t ops_random;  /* random ones have at most so many; 0: DEFINITION_OPS_MAX */
};

/* Fails the test with the history when the checker differs. An unknown verdict is none,
 * but some of both other verdicts must have been met. */
void definition_compare(const struct definition *definition);

/* The checker's verdict, whose certificate must hold. */
enum verdict definition_judge(const struct definition *definition,
			      const struct history *history, bool strict);

#endif
