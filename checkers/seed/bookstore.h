/* bookstore.h - a shop with scarce titles, caches in front, several replicas behind.
 *
 * Operations, each with the title as its key (the node of an operation is the replica that
 * answered, if the history tells it):
 *
 *	buy REQUEST		a request id, or nil; ok: nil or the title's VERSION after
 *				it; fails with an error that says "stock" when sold out
 *	restock N		ok: nil or VERSION
 *	update PRICE		ok: nil or VERSION
 *	lookup			ok: {"version": V, "stock": N, "price": P}, any of them
 *	final-lookup		the same, when all is quiet
 *	search			(the key is a topic) ok: its titles, or for each a map as
 *				of lookup with "title": T
 *	orders			(without a key) ok: the request ids in the order log
 *
 * The stock at the beginning is the initial value: a number for every title, or a map.
 * Buys with one request id are one buy that was asked again.
 *
 * Copies: buys, restocks, refusals and the final stock of a title must have an order that
 * respects real time, never sells what is not there, refuses only when nothing is there
 * and ends with the final stock. Without refusals and without restocks of unknown outcome
 * before a final stock, a sweep decides (O(n log n)); else the frontier engine does.
 *	oversold            more copies were sold than there can have been.
 *	                    init 1 | buy ok | buy ok
 *	false-sold-out      a buy was refused as sold out though copies were there.
 *	                    init 1 | buy refused
 *	wrong-stock         the final stock is not what was there, plus restocks, less buys.
 *	                    init 2 | buy ok | final-lookup stock 2
 *
 * What is seen: maxima over the past, O(n log n), complete for each property.
 *	negative-stock      a lookup saw less than no copy.
 *	stale-lookup        a lookup (or search) that began after an update was acknowledged
 *	                    shows an older version: the cache was not invalidated, or
 *	                    filled late.
 *	                    update ok, version 2 | lookup version 1
 *	session-regression  a process sees an older version than before.
 *	version-conflict    one version of a title has two stocks or prices.
 *	diverged            two final lookups of a title differ.
 *	search-differs      two searches of a topic show different titles: there is no
 *	                    operation that moves a title.
 *
 * Order logs: O(total length of the logs and the buys).
 *	double-order        a request id stands twice in an order log.
 *	lost-order          an acknowledged buy is in no order log that was read after it.
 *	unknown-order       an order log has a request that nobody made, or that failed. */
#ifndef CHECKERS_BOOKSTORE_H
#define CHECKERS_BOOKSTORE_H

#include "checkers/engine/linearizable.h"

enum book_act {
	BOOK_OTHER,
	BOOK_BUY,
	BOOK_RESTOCK,
	BOOK_UPDATE,
	BOOK_LOOKUP,
	BOOK_FINAL,
	BOOK_SEARCH,
	BOOK_ORDERS,
};

enum book_act book_act_of(const struct history *history, const struct op *op);

/* What an answer shows of one title. */
struct book_look {
	val title;
	uint64_t version; /* 0: not told */
	val price;	  /* nil: not told */
	int64_t stock;
	bool has_stock;
};

/* How many titles an answer shows, and the i-th. */
size_t book_looks(const struct history *history, const struct op *op);
struct book_look book_look(const struct history *history, const struct op *op, size_t i);

/* The version in the answer of an update, 0 when it tells none. */
uint64_t book_version(const struct values *values, val answer);

/* A buy, restock or update that was acknowledged: what a cache must not hide. */
bool book_is_update(const struct history *history, const struct op *op);

int64_t book_copies(const struct history *history, const struct op *op);
int64_t book_initial_stock(const struct values *values, val init, val title);
bool book_is_refusal(const struct history *history, const struct op *op);

/* The same title, version, and another stock or price where both tell it. */
bool book_looks_conflict(const struct values *values, const struct book_look *a,
			 const struct book_look *b);

/* The history with one buy for each request id. Its values are borrowed; operations keep
 * their indexes. */
void book_copies_init(struct history *copies, const struct history *history);
void book_copies_release(struct history *copies);

/* Each adds anomalies; false: the budget of time is used up. */
bool book_judge_looks(const struct history *history, const struct check_options *options,
		      struct check_result *result);
bool book_judge_orders(const struct history *history, const struct check_options *options,
		       struct check_result *result);

/* The copies of each title; its anomalies, orders and verdict come into `result`. */
void book_judge_stock(const struct history *history, const struct check_options *options,
		      struct check_result *result);
bool book_certify_stock(const struct history *history,
			const struct check_options *options,
			const struct check_result *result, struct err *err);

/* Proves looks and order logs: all of them when valid, the anomalies when not. */
bool book_certify_looks(const struct history *history, const struct check_result *result,
			struct err *err);
bool book_certify_orders(const struct history *history, const struct check_result *result,
			 struct err *err);

/* An anomaly about a title (nil: none) and two operations (OP_NEVER: none). */
void book_report(const struct history *history, struct check_result *result,
		 const char *name, val title, const char *sentence, uint32_t a,
		 uint32_t b);

extern const struct model model_stock;
extern const struct checker checker_bookstore;

#endif
