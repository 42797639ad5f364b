/* append_lists.h - the lists that transactions append to, as far as their order is known:
 * what a read of one says about who comes before whom.
 *
 * The order of a key is that of the longest read so far. Elements that are appended wait
 * until a read places them: *pending* while nobody knows whether their transaction
 * happened, *waiting* when it did: they come behind all that is placed. Of a placed
 * prefix whose writers are settled only length and hash are kept: who reads less of the
 * list from then on is wrong. */
#ifndef CHECKERS_ONLINE_APPEND_LISTS_H
#define CHECKERS_ONLINE_APPEND_LISTS_H

#include "checkers/online/forgotten.h"
#include "checkers/online/table.h"
#include "checkers/online/txn_graph.h"

struct placed {
	online_value value;
	uint32_t txn;
};

struct append_key {
	online_value id;
	int64_t used_at;
	uint32_t base; /* elements that are only known by their hash */
	uint64_t base_hash;
	VEC(struct placed) placed; /* behind them */
	VEC(uint32_t) readers;	   /* transactions that read all that is placed */
	VEC(uint32_t) waiting;	   /* elements */
	uint32_t pending_count;
	bool is_used;
};

struct append_element {
	online_value value;
	uint32_t key, txn;
	uint32_t next; /* of its transaction */
	bool is_waiting, is_used;
};

struct append_lists {
	struct txn_graph graph;
	struct table key_of; /* id -> key */
	VEC(struct append_key) keys;
	VEC(uint32_t) free_keys;
	struct forgotten forgotten;
	size_t idle_at;		 /* keys when to look for idle ones */
	struct table element_of; /* hash of key and value -> element that is not placed */
	VEC(struct append_element) elements;
	VEC(uint32_t) free_elements;
	VEC(uint32_t) first_element; /* by transaction: not placed ones */
	const char *problem; /* static: the anomaly that the last call found, or NULL */
	online_value problem_value, problem_key;
};

#define LIST_FORGOTTEN UINT32_MAX

/* The number of a key; LIST_FORGOTTEN: nothing is judged of it any more. */
uint32_t append_lists_key(struct append_lists *lists, online_value id, int64_t at);

/* A transaction begins that will append the element. False: it is appended already. */
uint32_t append_lists_begin(struct append_lists *lists, int64_t began);
bool append_lists_add(struct append_lists *lists, uint32_t txn, uint32_t key,
		      online_value value);

/* It ended ok at `ended`; it failed; nobody will know. After that it must not be named. */
void append_lists_commit(struct append_lists *lists, uint32_t txn, int64_t ended);
void append_lists_fail(struct append_lists *lists, uint32_t txn);
void append_lists_let_go(struct append_lists *lists, uint32_t txn);

/* A committed transaction read this. */
void append_lists_read(struct append_lists *lists, uint32_t txn, uint32_t key,
		       const online_value *items, size_t count);

/* Who wrote the last of the first `count` elements; TXN_NONE: nobody, or long ago. */
uint32_t append_lists_writer(const struct append_lists *lists, uint32_t key,
			     size_t count);

/* Lets go what nothing that is open can still meet. */
void append_lists_forget(struct append_lists *lists, int64_t watermark, int64_t at);

size_t append_lists_bytes(const struct append_lists *lists);
void append_lists_release(struct append_lists *lists);

#endif
