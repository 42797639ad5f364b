/* library.h - the inside of libfaultline-check: for its own files, and for `faultline check`,
 * which also keeps verdicts in runs and draws them. */
#ifndef RESULTS_LIBRARY_H
#define RESULTS_LIBRARY_H

#include "include/faultline-check.h"
#include "results/formats/reader.h"
#include "results/judgement.h"

struct faultline_check {
	struct history history;
	struct judge_options options; /* its texts and values: see library_options */
	struct judgement judgement;
	char *checker, *model, *level, *key, *init, *nil; /* owned; NULL: not set */
	const char *model_checker; /* static: of the model, when no checker is named */
	atomic_bool stop;	   /* set: the run ends; false again when it ended */
	val began_with;		   /* the init of the last run, in the history's pool */
	bool has_history;	   /* read as a whole */
	struct reader_facts facts; /* of what was read; its format is NULL before */
	struct buf words, json, conventions; /* of the last run, made when asked for */
	char *unread;	    /* owned: why the last reading failed; else NULL */
	bool is_over_bound; /* it did for the bound of memory */
	struct err err;
	char *error; /* owned: sentence and hint */
};

/* Keeps the outcome of a call, with the sentence of check->err; returns it. */
bool library_answer(struct faultline_check *check, bool ok);

/* A value as text in the history's pool; a NULL text is nil. Errors call it `what`. */
bool library_scan(struct faultline_check *check, enum scan_syntax syntax,
		  const char *what, const char *text, val *value);

/* How many operations have no key. */
size_t library_count_keyless(const struct history *history);

/* Where the key asked for is "tuple": some value was taken apart; false: none was a pair. */
bool library_tuples_are_there(const char *key, const struct history *history,
			      const char *name, struct err *err);

/* The memory that reading may take: the budget's, or half of the machine's. */
size_t library_bytes_max(const struct faultline_check *check);

/* The options of a run, as they were set and as the history wants them, in *options (texts
 * borrowed from the object). `named` takes the checker that was named. */
bool library_options(struct faultline_check *check, struct judge_options *options,
		     const char *named[2]);

#endif
