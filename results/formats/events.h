/* events.h - makes a history out of events as a file tells them, one after the other.
 *
 * Pairs invocations with completions, keeps the nemesis apart, gives names of processes
 * and nodes numbers, takes `[key value]` apart, and orders operations that came whole
 * with their times. Transactions may come as completions alone, as in examples for Elle:
 * then only each process's order is known. One thread. */
#ifndef RESULTS_EVENTS_H
#define RESULTS_EVENTS_H

#include "base/history.h"
#include "results/formats/names.h"

enum event_type {
	EVENT_NONE = 0,
	EVENT_INVOKE,
	EVENT_OK,
	EVENT_FAIL,
	EVENT_INFO,
};

struct event {
	enum event_type type;
	bool has_process, is_nemesis, has_f;
	bool is_whole; /* invocation and completion in one, at at_ns and end_ns */
	uint32_t process;
	uint16_t f;
	val key, value;
	val output; /* of a whole operation, when it has one besides its value */
	bool has_output;
	val exception;	/* behind its error: event_exception.h */
	val rebalances; /* Jepsen's rebalance log: a list of maps with keys; nil: none */
	int64_t at_ns;	/* -1: the file does not say */
	int64_t end_ns;
	uint32_t error; /* string id + 1 */
	uint8_t node;
};

/* Where keys come from. */
enum event_keys {
	KEYS_AUTOMATIC = 0, /* tuples when all values look like them, else a field */
	KEYS_TUPLES,	    /* values are [key value] (Jepsen's independent) */
	KEYS_FIELD,	    /* a field of the operation, or no keys at all */
};

struct events {
	struct history *history; /* borrowed */
	enum event_keys keys;
	struct names fs;
	struct intern processes; /* those that are no numbers */
	struct intern nodes;
	struct map nemesis_open; /* f -> index in history->nemesis, + 1 */
	uint64_t count;
	size_t bytes_max;	  /* bound on the history; 0: none */
	bool is_full;		  /* it was met */
	bool has_times;		  /* some event told its time */
	bool has_keys;		  /* some event carried a key of its own */
	bool whole, paired, bare; /* what came so far: operations with start and end,
				     invocations and completions, or completions alone; two
				     of them at once are refused */
	bool are_tuples;	  /* events_finish took [key value] apart */
};

void events_init(struct events *events, struct history *history);
void events_release(struct events *events);

struct event event_empty(void);

/* It has a type, a process and an f; else what is missing. */
bool event_is_complete(const struct event *event, struct err *err);

/* Numbers of names: of a process ("nemesis" sets is_nemesis), of a node, of a function.
 */
bool events_process_name(struct events *events, struct event *event, struct bytes name,
			 struct err *err);
bool events_process_number(struct event *event, int64_t number, struct err *err);
uint8_t events_node(struct events *events, struct bytes name);
bool events_f(struct events *events, struct event *event, struct bytes name,
	      struct err *err);

/* Adds an event; refused when it cannot follow what came before. Events without a time
 * are a millisecond apart. An event without f whose value is one of a transaction gets it. */
bool events_add(struct events *events, const struct event *event, struct err *err);

/* Orders and takes keys apart. Call once, after the last event. */
void events_finish(struct events *events);

#endif
