/* apart.h - a history of several keys for a checker that knows none: what belongs to a key
 * is a history of its own, as Jepsen's independent tests promise nothing across keys. */
#ifndef CHECKERS_APART_H
#define CHECKERS_APART_H

#include "checkers/checker.h"

/* Judges and proves one history: what is done with each part. */
typedef void apart_judge(const struct checker *checker, const struct history *history,
			 const struct check_options *options,
			 struct check_result *result);

/* Some operation carries a key. */
bool apart_has_keys(const struct history *history);

/* Judges each key's operations alone and tells the worst verdict, with the operations of
 * the whole history. */
void apart_run(apart_judge *judge, const struct checker *checker,
	       const struct history *history, const struct check_options *options,
	       struct check_result *result);

#endif
