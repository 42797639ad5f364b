/* linearizable.h - the frame of checkers that ask whether each key is linearizable, given
 * a model: fast decider first where the type has one, the frontier engine for the rest,
 * small cores, certificates. A checker of such a type is its model, its words and, where
 * it pays, a decider. */
#ifndef CHECKERS_LINEARIZABLE_H
#define CHECKERS_LINEARIZABLE_H

#include "checkers/engine/model.h"

enum {
	LINEARIZABLE_WITNESSES = 6
};

/* Operations that cannot all have happened as told, and why. */
struct linearizable_conflict {
	const char *name; /* static: the anomaly */
	const char *why;  /* static: the sentence about them */
	uint32_t ops[LINEARIZABLE_WITNESSES];
	size_t op_count;
};

/* What a type's own decider says of one key. */
struct linearizable_key {
	enum verdict verdict; /* VERDICT_NONE: not complete here, ask the engine */
	VEC(struct linearizable_conflict) conflicts; /* of an invalid key */
	uint64_t conflict_count;		     /* how many in all */
	uint32_t *order; /* owned; of a valid key, unless options->no_certify */
	size_t order_count;
};

struct linearizable {
	const struct model *model;
	const char *complexity; /* of the decider, where there is one, and the engine */
	/* Whether the operation is one of this type; else the reason. */
	bool (*understands)(const struct history *history, const struct op *op,
			    struct err *err);
	/* What the options lack for this type; may be NULL. */
	bool (*accepts)(const struct history *history,
			const struct check_options *options, struct err *err);
	/* Memory that decider, engine and proof take at least for each operation of many; 0:
	 * they look themselves. */
	size_t op_bytes;
	/* The decider; may be NULL. It stops when the budget is over: verdict unknown. */
	void (*decide)(const struct key_ops *key, const struct check_options *options,
		       struct linearizable_key *found);
	/* Shows without the decider's code that the operations contradict each other; may
	 * be NULL. What it does not show is judged by brute force. */
	bool (*contradicts)(const struct key_ops *key,
			    const struct check_options *options,
			    const struct anomaly *anomaly);
	/* Appends a line with the numbers that the operations of a conflict cannot show,
	 * as what others had done by then; may be NULL. */
	void (*add_numbers)(const struct key_ops *key,
			    const struct check_options *options,
			    const struct anomaly *anomaly, struct buf *text);
	/* A name for a small core that the engine found, with its sentence; NULL as result:
	 * "not-linearizable". May be NULL. */
	const char *(*name_core)(const struct history *history, const uint32_t *ops,
				 size_t count, const char **why);
};

/* Adds a conflict; `ops` ends with OP_NEVER. Beyond ANOMALIES_MAX it is only counted. */
void linearizable_conflict(struct linearizable_key *found, const char *name,
			   const char *why, const uint32_t *ops);

/* The two functions of a checker. */
void linearizable_check(const struct linearizable *type, const struct history *history,
			const struct check_options *options, struct check_result *result);
bool linearizable_certify(const struct linearizable *type, const struct history *history,
			  const struct check_options *options,
			  const struct check_result *result, struct err *err);

/* Every operation of the history is understood: `fit`, else 0. For fits(). */
int linearizable_fits(const struct linearizable *type, const struct history *history,
		      int fit);

#endif
