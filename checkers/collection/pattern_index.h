/* pattern_index.h - which of many patterns match a tuple?
 *
 * Patterns are grouped by shape: how many fields they have, and which of these are fixed to
 * a value, to a type, or free. All that a pattern fixes is hashed, so that a tuple finds the
 * patterns that match it with one look-up a shape, however many patterns there are. Few
 * shapes are the rule; nothing but the time depends on it. */
#ifndef CHECKERS_PATTERN_INDEX_H
#define CHECKERS_PATTERN_INDEX_H

#include "base/map.h"
#include "checkers/collection/collection.h"
#include "checkers/value_ids.h"

#define NO_PATTERN VALUE_ID_NONE

struct pattern_index {
	struct value_ids ids; /* of the patterns: 0, 1, ... as they were added */
	VEC(struct pattern_shape) shapes;
	VEC(uint8_t) asks;	  /* of the fields of all shapes: enum field_ask */
	VEC(uint32_t) next;	  /* by pattern: the next of equal hash, + 1 */
	VEC(uint32_t) strictness; /* by pattern: more where more is fixed */
};

struct pattern_shape {
	bool is_whole; /* the pattern is no list: one field, which is the tuple */
	size_t fields, first_ask;
	struct map heads; /* hash of what is fixed -> pattern + 1 */
};

/* Where a walk over the patterns that match a tuple is; zeros: at its beginning. */
struct pattern_walk {
	size_t shape;
	uint32_t next;
};

void pattern_index_init(struct pattern_index *index, const struct values *values);
void pattern_index_release(struct pattern_index *index);

/* The number of the pattern, which is added when new. */
uint32_t pattern_index_add(struct pattern_index *index, val pattern);

/* The number of the pattern, or NO_PATTERN. */
uint32_t pattern_index_find(const struct pattern_index *index, val pattern);
size_t pattern_index_count(const struct pattern_index *index);

/* The next pattern that matches the tuple; NO_PATTERN: there are no more. */
uint32_t pattern_index_match(const struct pattern_index *index, val tuple,
			     struct pattern_walk *walk);

#endif
