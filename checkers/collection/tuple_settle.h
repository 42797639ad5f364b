/* tuple_settle.h - for certificates: which tuples did the takes of unknown outcome of an order
 * take?
 *
 * The decider gives tuples to takes by tuple_debts.h; here that is done again by other code.
 * Each such take took one tuple that matches its pattern, or none. A tuple that must be out
 * gets a free take; where none is free, takes are handed on along the shortest way, found
 * breadth first over who could have which, so that as many tuples are out as can be (Berge
 * 1957). Bounded work. */
#ifndef CHECKERS_TUPLE_SETTLE_H
#define CHECKERS_TUPLE_SETTLE_H

#include "checkers/collection/pattern_index.h"

struct open_take {
	uint32_t place; /* in the order */
	uint32_t next; /* itself when it is free, else one behind from which on to look */
	uint32_t taken;	    /* the tuple */
	uint32_t met;	    /* the search that met it last */
	uint32_t wanted_by; /* in that search: the tuple that could have it */
};

struct open_takes {
	VEC(struct open_take) of; /* of one pattern, by place */
};

struct settled_tuple {
	val tuple;
	uint32_t since, until; /* the places between which it was taken */
	uint32_t pattern, at;  /* by whom */
};

struct tuple_settle {
	struct pattern_index patterns;
	VEC(struct open_takes) takes; /* by pattern */
	VEC(struct settled_tuple) tuples;
	VEC(uint32_t) queue; /* of a search: tuples */
	uint32_t searches;
	size_t work;
};

void tuple_settle_init(struct tuple_settle *settle, const struct values *values);
void tuple_settle_release(struct tuple_settle *settle);

/* A take of unknown outcome will come; all are told before the first one is. */
void tuple_settle_expect(struct tuple_settle *settle, val pattern);

/* It comes; places ascend. */
void tuple_settle_take(struct tuple_settle *settle, val pattern, uint32_t place);

/* Some take from after `since`, and none after `until`, took the tuple. False: none is left
 * for it, whatever the others took, or it takes too long to say. */
bool tuple_settle(struct tuple_settle *settle, val tuple, uint32_t since, uint32_t until);

#endif
