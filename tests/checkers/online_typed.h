/* online_typed.h - many random histories told to an online decider: how many, what came of
 * them, and those of played objects. */
#ifndef TESTS_CHECKERS_ONLINE_TYPED_H
#define TESTS_CHECKERS_ONLINE_TYPED_H

#include "tests/checkers/online_feed.h"
#include "tests/checkers/typed_history.h"

enum {
	ONLINE_LONG_EACH =
		100, /* one history of so many is long: much is forgotten in it */
	ONLINE_HISTORIES = 20000, /* that are usually tried (random_count.h) */
};

/* How many violations there were, and how many were found on the way. */
struct online_tally {
	size_t found, invalid;
};
void online_tally_add(struct online_tally *tally, struct online_compared compared);

/* Fails the test when there were no more than invalid_min or too few were found. */
void online_tally_expect(const struct online_tally *tally, const char *name,
			 size_t invalid_min, int found_percent);

/* Compares on histories of a played object, with falsified answers in half of them. */
void online_compare_typed(const char *checker, const struct typed *type, bool has_unique,
			  const struct online_options *options,
			  const struct check_options *check, bool is_complete,
			  int found_percent);

#endif
