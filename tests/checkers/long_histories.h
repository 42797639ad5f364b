/* long_histories.h - valid histories of any length for each of Jepsen's checkers. */
#ifndef TESTS_CHECKERS_LONG_HISTORIES_H
#define TESTS_CHECKERS_LONG_HISTORIES_H

#include "base/history.h"

enum {
	LONG_HISTORY_KINDS = 8
};

struct long_history {
	const char *checker;
	/* Operation i: f, input, output (and key, process); it is ok. */
	void (*fill)(struct history *history, int64_t i, struct op *op);
};

extern const struct long_history long_histories[LONG_HISTORY_KINDS];

/* The kind of a checker. */
const struct long_history *long_history_of(const char *checker);

/* Initialises the history and plays so many operations, one after the other. */
void long_history_play(const struct long_history *kind, struct history *history,
		       int64_t ops);

#endif
