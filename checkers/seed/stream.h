/* stream.h - tuples through a graph of operators, by delivery semantics.
 *
 * Operations: send TUPLE (a list; its first item is a unique id; the key names the source,
 * nil where there is one; ok: the source took it); collect (ok: the list of all tuples that
 * came out, in their order; the last one is asked when all has drained, of those before it
 * the last STREAM_PARTIAL_MAX are judged by what came out too much); state (the key names an
 * operator; ok: the state of one of its replicas, when all has drained).
 *
 * The graph is told by an operation `pipeline`, whose value lists the operators, each
 * behind its inputs; the last one leads to the output:
 *
 *	[NAME FUNCTION [INPUT ...] ARGUMENT ...]
 *
 * An input is an operator or, else, a source. Several inputs are merged, several readers
 * of one operator get everything each. Fields are numbered from 0.
 *
 *	dup				passes each tuple on
 *	filter FIELD CONDITION VALUE	those of which it is true; = != < > contains
 *	project [FIELD ...]		a tuple of these fields (map)
 *	flatten FIELD			the field is a list: a tuple for each item (flat map)
 *	table FIELD {VALUE [ITEM ...]}	a tuple for each item that the table has for the
 *					field (a function of the user's own, tabulated)
 *	uniq FIELD			for each value of the field one tuple
 *	count				[N] for each tuple: how many came so far
 *	count FIELD			[VALUE N], for each value of the field
 *
 * Without it the model says what the one operator is: pass (dup), uniq (of field 1, the
 * outputs are KEY or [KEY]) or count (of field 1). The model also names the promise, and
 * perhaps the order: at-most-once, at-least-once, exactly-once; ordered. As in
 * --model at-least-once/count; without it exactly-once.
 *
 *	lost-tuple       (at least, exactly once) less often in the output than what was
 *	                 acknowledged before the collect makes of it.
 *	                 send [1 a] ok | collect []
 *	duplicate-tuple  (at most, exactly once) more often than what was sent makes of it.
 *	                 send [1 a] ok | collect [[1 a] [1 a]]
 *	unknown-tuple    nothing that was sent with success makes it.
 *	                 collect [[7 z]]
 *	count-reset      a count of a key is not above the one before it (at least once:
 *	                 is below it): the state was lost.
 *	                 collect [[a 1] [a 1]]
 *	count-gap        (exactly once) a count leaps.
 *	                 collect [[a 1] [a 3]]
 *	reordered-tuple  (ordered) two tuples of one sender and field 1, that came out as they
 *	                 were sent, came out the other way round.
 *	diverged-state   two replicas of one operator end with different states.
 *	inconsistent-choice
 *	                 each tuple may come out as often as it did, but not all of them so:
 *	                 whatever a uniq let through, and whichever sends of unknown outcome
 *	                 were taken, the output is another.
 *
 * Each tuple of the output is expected between so many times (by what was acknowledged) and
 * so many (by what was sent); which of several tuples a uniq lets through is left open. O(n
 * + tuples within the graph + outputs). Where that choice matters to another operator all
 * choices are tried (stream_worlds.h), which makes it complete for small histories; where
 * they are too many, and nothing else is wrong, unknown. */
#ifndef CHECKERS_STREAM_H
#define CHECKERS_STREAM_H

#include "checkers/checker.h"
#include "checkers/value_ids.h"

enum stream_function {
	STREAM_DUP,
	STREAM_FILTER,
	STREAM_PROJECT,
	STREAM_FLATTEN,
	STREAM_TABLE,
	STREAM_UNIQ,
	STREAM_COUNT,
};

enum {
	STREAM_INPUTS_MAX = 16,
	STREAM_OPERATORS_MAX = 64,
	STREAM_SOURCE = STREAM_OPERATORS_MAX, /* as input: a source */
	STREAM_PARTIAL_MAX = 8,
};

struct stream_operator {
	enum stream_function function;
	uint8_t inputs[STREAM_INPUTS_MAX]; /* operators before it, or STREAM_SOURCE */
	val sources[STREAM_INPUTS_MAX];	   /* the key of its sends */
	size_t input_count;
	int64_t field; /* -1: none */
	char condition;
	val argument; /* in the history's pool */
};

struct stream_graph {
	const struct history *history;
	struct stream_operator operators[STREAM_OPERATORS_MAX];
	size_t count; /* the last one leads to the output */
	bool may_lose, may_repeat, is_ordered;
	bool is_partial; /* for a collect behind which others came: more may come out */
};

bool stream_is_send(const struct history *history, const struct op *op);
bool stream_is_collect(const struct history *history, const struct op *op);
bool stream_is_state(const struct history *history, const struct op *op);
bool stream_is_pipeline(const struct history *history, const struct op *op);

/* Reads the description, or makes the one of the model. */
bool stream_graph_init(struct stream_graph *graph, const struct history *history,
		       const struct check_options *options, struct err *err);

/* The collects that are judged, the last ones first: the very last, if it was answered
 * (else `has_last` is false: it may have drained nothing), and those before it that were. */
struct stream_collects {
	uint32_t of[STREAM_PARTIAL_MAX + 1];
	size_t count;
	bool has_last;
};
void stream_collects_find(struct stream_collects *collects,
			  const struct history *history);

/* What a send counts for: it may have been taken before the collect was over; it was
 * acknowledged before the collect began. */
bool stream_was_offered(const struct history *history, const struct op *send,
			uint32_t collect);
bool stream_was_acked(const struct history *history, const struct op *send,
		      uint32_t collect);

/* Tuples that the history does not have, and the operators' arguments beside them. */
struct stream_pool {
	const struct stream_graph *graph;
	struct values values;
	val arguments[STREAM_OPERATORS_MAX];
	struct value_ids tables[STREAM_OPERATORS_MAX]; /* entries of `table` by value */
};

void stream_pool_init(struct stream_pool *pool, const struct stream_graph *graph);
void stream_pool_release(struct stream_pool *pool);
size_t stream_pool_bytes(const struct stream_pool *pool);

struct stream_tuples {
	val *items; /* a vec */
	size_t count, capacity;
};

/* Appends to `made` what an operator without state makes of a tuple. */
void stream_apply(struct stream_pool *pool, size_t operator, val tuple,
		  struct stream_tuples *made);

/* An item of the output as a tuple of the pool: KEY is [KEY]. */
val stream_output(struct stream_pool *pool, val output);

/* The field of a tuple, nil when it has none. */
val stream_field(const struct values *pool, val tuple, int64_t field);

/* How often something may come out. */
struct stream_bounds {
	uint64_t least, most;
};
struct stream_bounds stream_promise(const struct stream_graph *graph, uint64_t certain,
				    uint64_t possible);

bool stream_certify(const struct history *history, const struct check_options *options,
		    const struct check_result *result, struct err *err);

extern const struct checker checker_stream;

#endif
