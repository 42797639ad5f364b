/* long_txns.h - long histories of transactions on registers, and what becomes of them. */
#ifndef TESTS_CHECKERS_LONG_TXNS_H
#define TESTS_CHECKERS_LONG_TXNS_H

#include "checkers/checker.h"
#include "tests/checkers/random_txns.h"

/* A run of such a store; the test fails unless it is judged so, with a certificate. */
void long_txns_expect(const struct random_txns *shape, uint64_t seed,
		      const struct check_options *options, enum verdict expected);

/* One process writes key 0 and key 1 by turns, the other (1) reads nil of key 0 again and
 * again: then there are many writes in front of each reader, and its past is long. */
void long_txns_play_strangers(struct history *history, int64_t rounds);

/* One more transaction of one micro-operation, "r" or "w", behind all others. */
void long_txns_add(struct history *history, uint32_t process, const char *f, int64_t key,
		   val value);

#endif
