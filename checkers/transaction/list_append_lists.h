/* list_append_lists.h - the lists of list_append.c, and what is looked up in them. */
#ifndef CHECKERS_LIST_APPEND_LISTS_H
#define CHECKERS_LIST_APPEND_LISTS_H

#include "checkers/transaction/dependencies.h"

#define NOBODY UINT32_MAX

/* One key: its version order is the longest list that was read, then what nobody read. */
struct list {
	val longest; /* nil: never read */
	uint32_t length;
	uint32_t start;	  /* of its elements in lists.writers */
	int64_t smallest; /* elements that are small dense integers are found by index, */
	uint32_t span;	  /* span > 0; others by the map (key << 32 ^ hash) */
	uint32_t *places; /* owned: element - smallest -> position + 1 */
	bool is_shared;	  /* its elements are found by lists.shared */
	VEC(uint32_t) unread; /* committed transactions whose element nobody read */
};

struct lists {
	struct list *of;   /* by dense key */
	uint32_t *writers; /* position -> transaction that appended it, NOBODY: none */
	bool *final; /* position -> it was its transaction's last append to the key */
	struct map places; /* hash of key and element -> position + 1 */
	/* Elements that are dense over many keys: element - shared_low -> (key + 1) << 32 |
	 * position + 1; of two equal elements of two keys the second is in ->places. */
	uint64_t *shared;
	int64_t shared_low;
	size_t shared_span;
	const struct values *values;
};

#define each_txn(txn, d) vec_each (const struct txn, txn, &(d)->txns.of)
#define each_mop(mop, txn, d)                                                            \
	for (const struct mop *mop = (d)->txns.mops.items + (txn)->first;                \
	     mop < (d)->txns.mops.items + (txn)->first + (txn)->count; mop++)

static inline bool
is_read(const struct txn *txn, const struct mop *mop)
{
	return mop->kind == MOP_READ && txn->type == OP_OK;
}

static inline uint32_t
number_of(const struct dependencies *d, const struct txn *txn)
{
	return (uint32_t)(txn - d->txns.of.items);
}

/* Whether the transaction appends to the same key again after this micro-operation. */
static inline bool
appends_again(const struct dependencies *d, const struct txn *txn, const struct mop *mop)
{
	const struct mop *end = d->txns.mops.items + txn->first + txn->count;

	for (const struct mop *later = mop + 1; later < end; later++)
		if (later->kind == MOP_APPEND && later->key == mop->key)
			return true;
	return false;
}

/* The first micro-operation of the transaction on the key of `mop`. */
static inline const struct mop *
first_on_key(const struct dependencies *d, const struct txn *txn, const struct mop *mop)
{
	const struct mop *first = d->txns.mops.items + txn->first;

	while (first->key != mop->key)
		first++;
	return first;
}

/* Of the first `length` elements of a list, how many there are up to the last one that the
 * transaction did not append itself. */
static inline uint32_t
length_of_others(const struct lists *lists, uint32_t txn, uint32_t key, uint32_t length)
{
	while (length > 0 && lists->writers[lists->of[key].start + length - 1] == txn)
		length--;
	return length;
}

/* Finds (list_append.c) the lists, and who appended what; d says what was found wrong. False
 * when an element was appended twice, or something else than appends and reads of lists is
 * there. lists is zeros; the caller calls list_append_release in both cases. */
bool list_append_index(struct dependencies *d, struct lists *lists, struct err *err);
void list_append_release(const struct dependencies *d, struct lists *lists);

/* The element at a position of the longest read. */
val list_element(const struct lists *lists, const struct list *list, uint32_t position);

/* Chooses how the elements of each key are found; once all lists have their lengths. */
void list_choose_indexes(struct lists *lists, size_t keys);

/* The position + 1 of an element, 0 when it is in no read; `add` makes room for it. */
uint32_t *list_place(struct lists *lists, uint32_t key, val v, bool add);

/* Finds what is wrong without a cycle, in one transaction or between two. Writes nothing but
 * the findings: who depends on whom may be found at the same time. */
void list_judge(struct dependencies *d, struct lists *lists);

#endif
