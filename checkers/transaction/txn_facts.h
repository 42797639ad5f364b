/* txn_facts.h - what transactions read from whom, found again for the certificates.
 *
 * Of lists the longest read of a key is its version order; of registers a value names its
 * writer. Shares the parsed transactions with the deciders and nothing else. PURE;
 * O(micro-operations + elements of the longest reads). */
#ifndef CHECKERS_TXN_FACTS_H
#define CHECKERS_TXN_FACTS_H

#include "checkers/transaction/txn.h"

#define FACT_INITIAL UINT32_MAX	      /* it read what was there before all writes */
#define FACT_NONE    (UINT32_MAX - 1) /* no read, or none that says something about others */

struct key_facts {
	val longest;	      /* of lists */
	size_t first, length; /* its elements in ->appends */
};

struct txn_facts {
	struct txns txns;
	bool nil_is_unknown;
	bool are_lists; /* else registers, whose values may be lists too: somebody writes */
	uint64_t found; /* anomalies without a cycle: bits of enum isolation_anomaly */
	struct key_facts *keys;
	uint32_t *
		appends; /* owned, by element of the longest reads: the append's mop + 1 */
	/* The write of each key and value, mop + 1. */
	uint32_t *slots; /* owned: open addressing */
	size_t slot_mask;
	uint32_t
		*near; /* owned, by number - near_low: the first write of the number; only
			 * where numbers are dense. Others of the same are in ->slots. */
	int64_t near_low;
	size_t near_span;
	bool *is_last;	   /* owned, by mop: the transaction's last write to the key */
	uint64_t *written; /* owned, by mop: the keys that its transaction writes,
			    * ascending; UINT64_MAX behind the last */
	uint32_t *touched; /* owned, by key: where the transaction at hand first did
			    * something with it, as mop */
	uint32_t *txn_of;  /* owned, by mop */
	uint32_t *
		source_mop; /* owned, by mop: of a read the write that it shows, or that of
			       * the last element, if its transaction did not write it
			       * itself; FACT_INITIAL, FACT_NONE */
	uint32_t *
		length; /* owned, by mop: of a read of a list, without own appends at its end */
	bool *was_read; /* owned, by mop: a write that some read shows */
};

/* False with the reason when this is no history of unique writes. The caller calls
 * txn_facts_release in both cases. */
bool txn_facts_init(struct txn_facts *facts, const struct history *history,
		    bool nil_is_unknown, struct err *err);
void txn_facts_release(struct txn_facts *facts);

/* The transaction that wrote what the micro-operation read; FACT_INITIAL, FACT_NONE. */
uint32_t txn_facts_source(const struct txn_facts *facts, uint32_t mop);

/* Whether the transaction writes the key; O(log of its length). */
bool txn_facts_writes(const struct txn_facts *facts, uint32_t txn, uint32_t key);

#endif
