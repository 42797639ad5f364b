/* predicate.h - predicate reads of transactions on registers: their form and meaning.
 *
 * A micro-operation ["rp", PREDICATE, {KEY VALUE ...}] shows all keys whose value satisfies
 * the predicate at that moment. PREDICATE is ["=" v], ["<" v], [">" v], ["between" a b],
 * ["mod" m r] or ["all"]; but for "=" and "all" only integers satisfy any. The initial value
 * nil satisfies none. Without a result it taught nothing. PURE. */
#ifndef CHECKERS_PREDICATE_H
#define CHECKERS_PREDICATE_H

#include "base/history.h"

enum predicate_kind {
	PREDICATE_EQUAL = 1,
	PREDICATE_LESS,
	PREDICATE_GREATER,
	PREDICATE_BETWEEN, /* both ends included */
	PREDICATE_MOD,
	PREDICATE_ALL,
};

struct predicate {
	enum predicate_kind kind;
	val value; /* of = */
	int64_t a, b;
};

/* Some transaction has a predicate read. O(1) when the pool has not even their name. */
bool predicates_are_in(const struct history *history);

bool predicate_is_read(const struct values *values, val mop);

/* False with what is wrong with it. */
bool predicate_parse(const struct values *values, val predicate, struct predicate *parsed,
		     struct err *err);

bool predicate_holds(const struct values *values, const struct predicate *predicate,
		     val value);

/* What a predicate read showed: nil when that is not known. False when it is no map. */
bool predicate_result(const struct values *values, val mop, val *result, struct err *err);

/* Entry number i of a result, and how many there are. A list of pairs is one too. */
size_t predicate_result_count(const struct values *values, val result);
void predicate_result_at(const struct values *values, val result, size_t i, val *key,
			 val *value);

/* A string that spells a number, as that number: in JSON the keys of maps are strings, so "1"
 * of a result is 1 where no key is "1". */
bool predicate_key_number(const struct values *values, val key, val *number);

/* Appends "> 5", "between 1 and 9". */
void predicate_print(const struct values *values, const struct predicate *predicate,
		     struct buf *out);

#endif
