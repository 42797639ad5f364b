/* dependencies.h - what a reader of one data type (list_append.c, rw_register.c) hands to
 * the judge of isolation (isolation.h): who depends on whom, and what is wrong without a
 * cycle.
 *
 * Terms of Adya, "Weak consistency", 1999. */
#ifndef CHECKERS_DEPENDENCIES_H
#define CHECKERS_DEPENDENCIES_H

#include "checkers/transaction/graph.h"
#include "checkers/transaction/txn.h"

/* Kinds of anomaly, one bit each, in the order of isolation.def. */
enum isolation_anomaly {
#define ANOMALY(id, name, definition) ANOMALY_##id,
#define LEVEL(id, name, forbids)
#include "checkers/transaction/isolation.def"
#undef ANOMALY
#undef LEVEL
	ANOMALY_COUNT
};

/* An anomaly that is visible without cycles: in one transaction, or between a read and
 * the writer of what it read. */
struct finding {
	enum isolation_anomaly anomaly;
	uint32_t txn;	/* the one that saw it */
	uint32_t other; /* the one to blame, or UINT32_MAX */
	uint32_t key;	/* dense id */
	val value;
};

struct dependencies {
	struct txns txns;      /* owned; node v of the graph is transaction v */
	struct graph graph;    /* owned; ww, wr, rw and process edges */
	bool *committed;       /* owned; by transaction */
	uint32_t *begin, *end; /* owned; positions of invocation and completion */
	VEC(struct finding) findings;
	uint64_t finding_count; /* also those beyond the bound of findings */
	bool writes_unordered; /* some writes of one key, that nobody read, have no order:
				* then levels below serializable hold for certain only
				* when serializable does, or with an order of these */

	void *type_state; /* owned by the data type */
	void (*release_type)(struct dependencies *d);
};

enum {
	FINDINGS_MAX = 1000
};

/* Allocates begin, end and committed from txns (ok: committed) and an empty graph. */
void dependencies_init(struct dependencies *d);

/* Adds the edges from each committed transaction to the next of its process. */
void dependencies_add_process(struct dependencies *d);

void dependencies_find(struct dependencies *d, enum isolation_anomaly anomaly,
		       uint32_t txn, uint32_t other, uint32_t key, val value);
void dependencies_release(struct dependencies *d);

#endif
