/* judge.h - runs checkers on a history within a budget, tells and stores what they found.
 *
 * Used by `check` and `run`. The clock of the budget is a thread of its own: checkers
 * read none. */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include "checkers/checker.h"
#include "results/store.h"

struct judge_options {
	const char *const
		*checkers; /* NULL-terminated names; NULL: the one that fits best */
	struct check_options check; /* its budget is filled in here */
	int64_t time_ns;	    /* for all checkers together; 0: no bound */
	uint64_t bytes_max;	    /* 0: half of the machine's memory */
};

struct judged {
	struct check_result result;
	double seconds;
};

struct judgement {
	VEC(struct judged) of;
	enum verdict verdict; /* the worst of them */
};

/* Runs the checkers one after the other. False when a name is unknown or when none fits;
 * then nothing is kept. The caller calls judge_release. */
bool judge_history(const struct history *history, const struct judge_options *options,
		   struct judgement *judgement, struct err *err);
void judge_release(struct judgement *judgement);

/* Puts verdicts and anomalies into a run, replacing those of the same checkers, and the
 * worst verdict into its head. */
bool judge_store(struct store *store, const struct history *history,
		 const struct judgement *judgement, struct err *err);

/* Appends words for a person: the verdict as the first word, the reason, and for each
 * violation its explanation; or one JSON object on one line. */
void judge_words(const struct history *history, const struct judgement *judgement,
		 struct buf *out);
void judge_json(const struct history *history, const struct judgement *judgement,
		struct buf *out);

/* EXIT_VALID, EXIT_INVALID or EXIT_UNKNOWN. */
int judge_exit_code(enum verdict verdict);

#endif
