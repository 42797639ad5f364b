/* value.h - what an operation carries: nil, a number, a string, a list, a map.
 *
 * A value is one 64-bit word. Nil, booleans and integers up to 61 bits are in the word
 * itself; the rest is in a pool, `struct values`, and the word says where. Strings are
 * interned, so that within one pool two values that are not lists, maps or reals are equal
 * exactly when their words are. A list that equals one made not long before is mostly that
 * one: what a transaction asks and what it did, or two reads of one state, cost memory once;
 * so nobody writes into a list. One thread writes a pool; a pool that nobody writes may be
 * read by many. A transaction is a list of micro-operations [f key value]. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/assert.h"
#include "base/buf.h"
#include "base/intern.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t val;

enum val_kind {
	VAL_NIL = 0, /* the word 0 */
	VAL_INT,
	VAL_BOOL,
	VAL_STRING, /* also keywords and symbols of EDN, without the colon */
	VAL_LIST,   /* lists, vectors, sets */
	VAL_MAP,    /* key, value, key, value, ... */
	VAL_REAL,
};

#define VAL_OF_NIL ((val)0)

struct values {
	VEC(uint64_t) words; /* items of lists; reals; integers over 61 bits */
	struct intern strings;
	struct recent *recent; /* owned: lists and maps made not long ago, by hash */
	size_t recent_count;   /* room in it: a power of two */
};

void values_init(struct values *values);
void values_release(struct values *values);
void values_clear(struct values *values);

enum val_kind val_kind(val v);

/* Making values. Integers that fit 61 bits need no pool. */
val val_bool(bool truth);
val val_int(struct values *values, int64_t number);
val val_small(int64_t number); /* asserts that 61 bits are enough */
val val_string(struct values *values, const char *text);
val val_bytes(struct values *values, const char *data, size_t bytes);
val val_real(struct values *values, double number);
val val_list(struct values *values, const val *items, size_t count);
val val_map(struct values *values, const val *keys_and_values, size_t count);
val val_pair(struct values *values, val first, val second); /* a list of two */

/* Reading values; each asserts the kind. */
bool val_truth(val v);
int64_t val_number(const struct values *values, val v);
double val_double(const struct values *values, val v);
struct bytes val_text(const struct values *values, val v);

/* The items of a list or map: all of them, how many, one. */
static inline const val *val_items(const struct values *values, val v, size_t *count);
static inline size_t val_count(const struct values *values, val v);
static inline val val_at(const struct values *values, val v, size_t i);

/* True when v is an integer held in its own word, as all up to 61 bits are; then *number is
 * it. Inline, for loops over millions of operations. */
static inline bool
val_small_number(val v, int64_t *number)
{
	*number = (int64_t)v >> 3;
	return (v & 7) == VAL_INT;
}

/* True when the word alone says which value it is: two such are equal iff their words are. */
static inline bool
val_is_plain(val v)
{
	return (v & 7) <= VAL_STRING;
}

/* The word of a list or map: its kind in 3 bits, its count in 20, above where its items are
 * in the pool; VAL_COUNT_LONG says that the count is too large and stands before them. */
enum {
	VAL_COUNT_BITS = 20,
	VAL_COUNT_LONG = (1 << VAL_COUNT_BITS) - 1
};

static inline const val *
val_items(const struct values *values, val v, size_t *count)
{
	ASSERT((v & 7) == VAL_LIST || (v & 7) == VAL_MAP);
	const val *items = values->words.items + (v >> (3 + VAL_COUNT_BITS));

	*count = v >> 3 & VAL_COUNT_LONG;
	if (*count == VAL_COUNT_LONG)
		*count = items[-1];
	return items;
}

static inline size_t
val_count(const struct values *values, val v)
{
	size_t count;

	val_items(values, v, &count);
	return count;
}

static inline val
val_at(const struct values *values, val v, size_t i)
{
	size_t count;
	const val *items = val_items(values, v, &count);

	ASSERT(i < count);
	return items[i];
}

/* Deep equality and a total order (kind, then content) inside one pool. */
bool val_equal(const struct values *values, val a, val b);
int val_compare(const struct values *values, val a, val b);
uint64_t val_hash(const struct values *values, val v);

/* Bytes that they take, for budgets. */
size_t values_bytes(const struct values *values);

/* A deep copy into another pool. */
val val_copy(struct values *to, const struct values *from, val v);

/* Appends the value as JSON: strings quoted, maps as objects when all keys are strings or
 * integers and as lists of pairs otherwise. */
void val_print(const struct values *values, val v, struct buf *out);

/* Appends text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
void json_print_string(const char *data, size_t bytes, struct buf *out);

#endif
