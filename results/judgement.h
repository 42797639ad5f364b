/* judgement.h - runs checkers on a history within a budget and tells what they found.
 *
 * The clock of the budget is a thread of its own: checkers read none. Part of the library
 * (include/faultline-check.h); `check` and `run` use it too (harness/judge.h). */
#ifndef RESULTS_JUDGEMENT_H
#define RESULTS_JUDGEMENT_H

#include "checkers/checker.h"
#include "checkers/choice.h"

#include <stdatomic.h>

struct judge_options {
	const char *const
		*checkers; /* NULL-terminated names; NULL: the one that fits best */
	struct check_options check; /* its budget is filled in here */
	int64_t time_ns;	    /* for all checkers together; 0: no bound */
	uint64_t bytes_max;	    /* 0: half of the memory there is (base/machine.h) */
	atomic_bool *stop;	    /* set by anybody: ends the work; NULL: nobody does */
};

struct judged {
	struct check_result result;
	double seconds;
};

struct judgement {
	VEC(struct judged) of;
	enum verdict verdict; /* the worst of them */
	struct choice
		choice; /* why this checker; its checker is NULL when it was named */
};

/* Runs the checkers one after the other. False when a name is unknown or when none fits;
 * then nothing is kept. The caller calls judge_release. */
bool judge_history(const struct history *history, const struct judge_options *options,
		   struct judgement *judgement, struct err *err);
void judge_release(struct judgement *judgement);

/* Appends words for a person: the verdict as the first word, the reason, for each
 * violation its explanation, and at the end what the clients did and which errors they
 * met (checkers/jepsen/stats.h, exceptions.h; no verdict hangs on these); or one JSON
 * object on one line, with the same as "stats" and "unhandled-exceptions". */
void judge_words(const struct history *history, const struct judgement *judgement,
		 struct buf *out);
void judge_json(const struct history *history, const struct judgement *judgement,
		struct buf *out);

/* Appends the operations of an anomaly as a JSON list of indexes. */
void judge_ops_json(const struct anomaly *anomaly, struct buf *out);

#endif
