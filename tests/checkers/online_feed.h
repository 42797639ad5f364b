/* online_feed.h - tells a history to an online decider event by event, and compares what it
 * says with the checker that judges at the end. */
#ifndef TESTS_CHECKERS_ONLINE_FEED_H
#define TESTS_CHECKERS_ONLINE_FEED_H

#include "base/history.h"
#include "checkers/checker.h"
#include "checkers/online/online.h"

/* Tells one event; the value is a small number or nil. */
void online_tell_small(struct online *online, int64_t at, uint32_t process,
		       enum op_type type, enum op_f f, int64_t key, val value);

/* Tells all events, operations of unknown outcome `info_delay` positions after they began.
 * The position of the event that raised a violation; -1: none. */
int64_t online_feed(struct online *online, const struct history *history,
		    uint32_t info_delay);

/* The same, and calls `watch` now and then with what part was told. */
int64_t online_feed_watched(struct online *online, const struct history *history,
			    uint32_t info_delay,
			    void (*watch)(void *context, const struct online *online,
					  double part),
			    void *context);

/* What the history was up to a position, that event included: what ended later is open. */
void history_prefix(struct history *prefix, const struct history *history, int64_t last);

/* What came of comparing one history. */
struct online_compared {
	bool is_found;	 /* online */
	bool is_invalid; /* at the end */
	bool was_given_up;
};

/* Compares on every prefix: a violation online must be one of the checker on that prefix,
 * and where `is_complete` the other way round. Fails the test else. The checker's verdict
 * holds for all continuations, so two prefixes stand for all. */
struct online_compared online_compare(const char *checker, const struct history *history,
				      const struct online_options *options,
				      const struct check_options *check,
				      bool is_complete);

#endif
