/* total_queue.h - what the decider of total-queue and the proof of its verdict both read. */
#ifndef CHECKERS_TOTAL_QUEUE_H
#define CHECKERS_TOTAL_QUEUE_H

#include "checkers/checker.h"

/* The dequeue found the queue empty. */
bool total_queue_says_empty(const struct history *history, const struct op *op);

/* The model "exactly-once": an element that comes out twice is a violation. */
bool total_queue_is_exactly_once(const struct check_options *options);

/* Proves a verdict from sorted lists of all that went in and came out. */
bool total_queue_certify(const struct history *history,
			 const struct check_options *options,
			 const struct check_result *result, struct err *err);

#endif
