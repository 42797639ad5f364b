/* checker.h - history in; verdict, certificate and explanation out.
 *
 * PURE: a checker reads no clock and does no I/O. It stops when its budget says so and
 * then answers unknown with the reason, never valid. The verdict is proven again by
 * separate small code (`certify`): a valid order is replayed, an invalid core is decided
 * by brute force or re-derived. */
#ifndef CHECKERS_CHECKER_H
#define CHECKERS_CHECKER_H

#include "base/history.h"

#include <stdatomic.h>

enum verdict {
	VERDICT_NONE = 0,
	VERDICT_VALID,
	VERDICT_INVALID,
	VERDICT_UNKNOWN,
};

/* "valid", "invalid", "unknown". */
const char *verdict_name(enum verdict verdict);

/* The worse of two: invalid before unknown before valid. */
enum verdict verdict_worse(enum verdict a, enum verdict b);

#define BUDGET_BYTES_DEFAULT ((size_t)4 << 30)

struct budget {
	const atomic_bool *stop; /* set by the caller when the time is up; NULL: never */
	size_t bytes_max;	 /* memory of all threads together; 0: 4 GiB */
};

bool budget_is_over(const struct budget *budget);

struct faultline_model; /* include/faultline-model.h */

struct check_options {
	struct budget budget;
	int threads;	     /* 0: as many as processors */
	bool no_certify;     /* leave out the certificate (benches only) */
	bool nil_is_unknown; /* a read of nil taught nothing, instead of the initial value
			      */
	bool failed_cas_observes; /* a cas that failed without an error text met another
				     value */
	val init; /* initial value of a register: nil, or in the history's pool */
	const char *model; /* asked for by name; NULL: chosen from the history */
	const struct faultline_model *user_model; /* for the checker user-model */
	const char *level; /* isolation level asked for; NULL: strict-serializable. Of
			      staleness: the bound, "2", "50ms" or "2,50ms" */
};

/* One step of a cycle of transactions: `to` comes after `from`, as the values show. What
 * they mean for each kind of edge: checkers/transaction/steps.h. */
struct anomaly_step {
	uint32_t from, to; /* indexes into history->ops */
	uint32_t witness;  /* a third operation that shows it; UINT32_MAX: none */
	uint8_t kind;	   /* enum edge_kind */
	bool is_implied;   /* of a core: it follows from the other steps */
	val key, first, second;
};

/* One violation, or one thing found. */
struct anomaly {
	const char *name;  /* static: "stale-read", "lost-element", ... */
	val key;	   /* nil: none */
	val subject;	   /* the element or value that it is about; nil: none */
	char *text;	   /* owned: the explanation in words, several lines */
	VEC(uint32_t) ops; /* indexes into history->ops: the ops it talks about */
	VEC(struct anomaly_step) steps; /* of a cycle: each from where the last one led */
	bool is_core; /* the operations have no order; the steps are those of the proof */
	VEC(uint32_t)
	proof; /* of a core: why, in the words of transaction/core_proof.h */
	VEC(uint32_t)
	layers; /* of a large one: a dozen at a time (transaction/core_layers.h) */
};

/* What the orders of a proof are. */
enum order_kind {
	ORDER_SERIAL = 0,   /* one operation after the other */
	ORDER_SNAPSHOT,	    /* each twice: its snapshot, then its commit */
	ORDER_DEPENDENCIES, /* nothing stands before what it depends on */
	ORDER_VIEWS,	    /* what each session saw, or all (checkers/weak) */
};

/* Proof of valid for one key: the operations in an order that the model allows and that
 * respects real time. Operations that are left out took no effect (info) or failed. */
struct order {
	val key;
	uint32_t *ops; /* owned: indexes into history->ops */
	size_t count;
};

struct check_result {
	enum verdict verdict;
	const char *checker;	       /* static */
	const char *complexity;	       /* static: of the decider that was used */
	char *reason;		       /* owned: one sentence */
	uint64_t operations;	       /* how many it judged */
	VEC(struct anomaly) anomalies; /* the most telling first; at most ANOMALIES_MAX */
	uint64_t anomaly_count;	       /* how many there were in all */
	VEC(struct order) orders;
	enum order_kind order_kind;
	bool is_unproven; /* set by check: certify proves nothing of this verdict, or a part */
	bool certified;	    /* certify was run, agreed, and proves the whole verdict */
	struct buf details; /* JSON object members, without braces: counts and such */
};

enum {
	ANOMALIES_MAX = 32
};

enum {
	FIT_POSSIBLE = 5
};

struct checker {
	const char *name, *summary;
	/* 0: cannot judge this history; up to FIT_POSSIBLE: it can, though its operations
	 * look like those of another type; above: they are of this type. Who is chosen of
	 * several stands in checkers/choice.def. */
	int (*fits)(const struct history *history);
	void (*check)(const struct history *history, const struct check_options *options,
		      struct check_result *result);
	/* Proves the result again; false with what does not hold: then we have a bug. */
	bool (*certify)(const struct history *history,
			const struct check_options *options,
			const struct check_result *result, struct err *err);
	/* Whether it can begin with options->init, and what it wants in words ("a number");
	 * NULL: it takes any value, or asks for none. */
	bool (*begins_with)(const struct values *values, val init);
	const char *beginning;
	/* It judges one object: checker_run gives it the operations of each key alone. */
	bool knows_no_keys;
};

/* All checkers, in the order of checkers.def; the count in *count. */
const struct checker *const *checkers_all(size_t *count);

/* The checker of a name; NULL with the nearest name as hint. */
const struct checker *checker_find(const char *name, struct err *err);

/* Whether the checker can begin with options->init; an error names what it wants. */
bool checker_takes_init(const struct checker *checker, const struct values *values,
			val init, struct err *err);

/* The checker that fits the history best (checkers/choice.h); NULL when none does. */
const struct checker *checker_choose(const struct history *history);

/* Runs check and then certify; a result that does not certify becomes unknown with the
 * reason, and *certified false. The caller calls check_result_release. */
void checker_run(const struct checker *checker, const struct history *history,
		 const struct check_options *options, struct check_result *result);

void check_result_release(struct check_result *result);

/* Adds an anomaly (beyond ANOMALIES_MAX it is only counted, then NULL) and sets invalid.
 */
struct anomaly *check_result_anomaly(struct check_result *result, const char *name,
				     val key);

#endif
