/* collection.h - linearizability of things that are put in and taken out again: FIFO
 * queues, stacks, priority queues, bags (unordered queues) and tuple spaces.
 *
 * Each key is a collection of its own (key nil: one), empty at first. Operations:
 *
 *	queue, bag      enqueue V; dequeue -> V; peek -> V
 *	stack           push V; pop -> V; peek -> V
 *	priority-queue  insert V, or insert [PRIORITY V]; poll -> what was inserted; peek
 *	tuple-space     write TUPLE; take PATTERN -> TUPLE; read PATTERN -> TUPLE
 *
 * The second takes, the third looks. A take or look that succeeded with nil found nothing
 * (a miss); for that reason nil itself cannot be put. An operation that failed did not
 * happen. A put of unknown outcome took effect at any later time or never; so did a take
 * of unknown outcome, and nobody knows what it took.
 *
 * A priority queue gives the greatest first (lists [PRIORITY V]: the greatest PRIORITY),
 * with options->model "priority-queue-least" the least; equals in any order. A PATTERN is
 * a list with a field for each field of the tuples that it matches: a value, nil for
 * anything, or {"type": T} with T one of int, real, string, bool, list, map; nil instead
 * of a list matches every tuple. A tuple that is no list is matched by an equal value.
 *
 * Deciders, chosen for each key: where every value is put once, near-linear ones
 * (checkers/jepsen/elements.h and one file a type); for values put more than once, and where
 * takes of unknown outcome leave open what a near-linear decider would have to know, the
 * frontier engine (checkers/engine/frontier.h) with model_of_collection.
 *
 * Anomalies. "Certainly in it" is: from when its put, or the first that saw or took it,
 * was over, until its take, or the last that saw it, began; for ever when nobody took it.
 *
 *	never-added          taken or seen, though nobody ever put it.
 *	                     dequeue 1
 *	failed-add-seen      taken or seen, though every put of it failed.
 *	                     enqueue 1 fail | dequeue 1
 *	seen-before-added    taken or seen before its put began.
 *	                     dequeue 1 | enqueue 1 ok
 *	taken-twice          taken more often than it was put.
 *	                     enqueue 1 ok | dequeue 1 | dequeue 1
 *	seen-after-taken     seen by a look that began after it was taken.
 *	                     enqueue 1 ok | dequeue 1 | peek 1
 *	false-empty          nothing was found, though all the time something that should
 *	                     have been found was certainly in it.
 *	                     enqueue 1 ok | dequeue nil | dequeue 1
 *	lost-element         queue: what was put later is taken, and it is never taken.
 *	                     enqueue 1 ok | enqueue 2 ok | dequeue 2
 *	out-of-order         queue, stack: no order of these puts, takes and looks is first
 *	                     in first out (stack: last in first out).
 *	                     enqueue 1 ok | enqueue 2 ok | dequeue 2 | dequeue 1
 *	priority-inversion   taken or seen while something that goes first was certainly in.
 *	                     insert 1 ok | insert 2 ok | poll 1 | poll 2
 *	pattern-mismatch     a tuple that does not match the pattern asked for.
 *	                     write [1] ok | take [2] -> [1]
 *	not-linearizable     no order of the operations exists, for another reason. */
#ifndef CHECKERS_COLLECTION_H
#define CHECKERS_COLLECTION_H

#include "checkers/checker.h"
#include "checkers/engine/model.h"

enum collection {
	COLLECTION_NONE = 0,
	COLLECTION_QUEUE,
	COLLECTION_STACK,
	COLLECTION_PRIORITY_QUEUE,
	COLLECTION_BAG,
	COLLECTION_TUPLE_SPACE,
	COLLECTION_KINDS,
};

extern const struct checker checker_queue;
extern const struct checker checker_stack;
extern const struct checker checker_priority_queue;
extern const struct checker checker_bag;
extern const struct checker checker_tuple_space;

/* What an operation is to a collection; also the kinds of calls of the models. */
enum collection_role {
	COLLECTION_SILENT = 0, /* it says nothing */
	COLLECTION_PUT,
	COLLECTION_TAKE,      /* of a known element */
	COLLECTION_LOOK,      /* at a known element */
	COLLECTION_MISS,      /* nothing that matches was there */
	COLLECTION_TAKE_SOME, /* of unknown outcome: something that matches, if anything */
	COLLECTION_NEVER,     /* what it returned does not match what it asked for */
};

/* Whether the operation is one of this collection; else the reason. */
bool collection_understands(enum collection collection, const struct history *history,
			    const struct op *op, struct err *err);

/* The role of an operation that is understood; then *element is what was put, taken or
 * seen. */
enum collection_role collection_role(enum collection collection,
				     const struct history *history, const struct op *op,
				     val *element);

/* The tuple matches the pattern. */
bool collection_matches(const struct values *values, val pattern, val tuple);

/* What a field of a pattern asks for; more of it comes later. */
enum field_ask {
	FIELD_ANY = 0,
	FIELD_TYPE,
	FIELD_EQUAL,
};
enum field_ask collection_field_ask(const struct values *values, val field);

/* Of a field that asks for a type: the enum val_kind of it; -1: no value has that type. */
int collection_type_asked(const struct values *values, val field);

/* What an element of a priority queue is compared by. */
val collection_priority(const struct values *values, val element);

/* Below 0: `a` goes before `b` in a priority queue; 0: equals. */
int collection_compare(const struct check_options *options, const struct values *values,
		       val a, val b);

/* The specification: a state is a set of possible contents, because a take of unknown
 * outcome may have taken any of several elements. Calls: kind is a role, a the id of the
 * element, b the id of the pattern. */
const struct model *model_of_collection(enum collection collection);

#endif
