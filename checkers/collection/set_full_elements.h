/* set_full_elements.h - what the reads of a whole set say of each element. Private to the
 * checker set-full. */
#ifndef CHECKERS_SET_FULL_ELEMENTS_H
#define CHECKERS_SET_FULL_ELEMENTS_H

#include "checkers/checker.h"
#include "checkers/partition.h"
#include "checkers/value_ids.h"

#define SET_NONE UINT32_MAX

struct set_element {
	uint32_t first_add; /* op: of all that did not fail, the one that began first */
	uint32_t known_at;  /* first acknowledged or read; OP_NEVER: never */
	uint32_t known_op;
	uint32_t last_present; /* read (number) that began last of those with it */
	uint32_t last_absent;  /* the same, of those without it though it was known */
	uint32_t first_absent;
	uint32_t mark; /* 1 + read looked at last */
	bool is_duplicated, is_unexpected;
};

struct set_add {
	uint32_t op, element;
};

/* An answered read; its elements are `size` members from `first` on, each once. */
struct set_read {
	uint32_t op, size;
	size_t first;
};

struct set_counts {
	uint64_t attempts, stable, lost, never_read, stale, duplicated, unexpected;
	VEC(double) latencies_ms; /* of the stable ones, from known to stable */
};

struct set_full {
	const struct key_ops *key;
	const struct check_options *options;
	struct check_result *result;
	struct set_counts *counts;
	struct value_ids ids;
	VEC(struct set_element) elements; /* by id */
	VEC(struct set_add) adds;	  /* that did not fail */
	VEC(struct set_read) reads;	  /* in the order of invocations */
	VEC(uint32_t) members;
	uint64_t conflict_count;
};

/* Reads the key and reports what concerns single elements. False when the budget is over. */
bool set_full_look(struct set_full *set);
void set_full_release(struct set_full *set);

/* Adds an anomaly about an element (SET_NONE: none) and operations, ended by SET_NONE. */
void set_full_report(struct set_full *set, const char *name, const char *why,
		     uint32_t element, const uint32_t *ops);

#endif
