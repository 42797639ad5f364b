/* protocol.h - what controller and agent say to each other: one line there, one line
 * back.
 *
 *	request   NUMBER VERB [LEASE] [WORD...]
 *	reply     NUMBER ok [NAME=VALUE...]
 *	          NUMBER error SENTENCE [TAB HINT]
 *
 * NUMBER is chosen by the controller and repeated in the reply, so that a late reply is
 * not taken for another. Every request renews all leases. Names in replies may repeat
 * nothing; values have no spaces. Pure: no I/O here. */
#ifndef CHAOS_AGENT_PROTOCOL_H
#define CHAOS_AGENT_PROTOCOL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PROTOCOL_VERSION = 1,
	PROTOCOL_LINE_BYTES_MAX = 16384,
	PROTOCOL_WORDS_MAX = 256,
};

/*	verb      lease  words         reply
 *	hello     -      -             version= pid= lease_ms= replayed= (leftovers
 * undone) beat      -      -             faults= lapsed= (leases healed for want of beats)
 *	check     -      network       -
 *	check     -      process NAME  pid=
 *	cut       yes    ADDRESS...    table=
 *	probe     -      ADDRESS...    ADDRESS=packets sent
 *	counts    yes    -             ADDRESS=packets dropped so far
 *	pause     yes    NAME          pids=
 *	kill      yes    NAME          pids= gone_ms=
 *	heal      yes    -             cut: ms= ADDRESS=packets; pause: ms= cpu_ms=
 * stayed=; kill: ms= pid= starts= (the new process) heal-all  -      -             healed=
 *	state     -      -             faults= table= (0 or 1: our table stands)
 *	bye       -      -             healed= (and the agent ends) */
enum verb {
	VERB_NONE = 0,
	VERB_HELLO,
	VERB_BEAT,
	VERB_CHECK,
	VERB_CUT,
	VERB_PROBE,
	VERB_COUNTS,
	VERB_PAUSE,
	VERB_KILL,
	VERB_HEAL,
	VERB_HEAL_ALL,
	VERB_STATE,
	VERB_BYE,
	VERB_COUNT,
};

struct request {
	uint64_t number;
	enum verb verb;
	uint64_t lease; /* 0: the verb has none */
	size_t word_count;
	const char *words[PROTOCOL_WORDS_MAX]; /* inside `text` */
	char text[PROTOCOL_LINE_BYTES_MAX];
};

/* Reads a line without its '\n'. On failure `number` is set when it could be read, else
 * 0. */
bool request_read(struct request *request, const char *line, size_t bytes,
		  struct err *err);

const char *verb_name(enum verb verb);

/* A name of a daemon or folder: letters, digits, '-', '_', '.', not starting with '.'. */
bool protocol_is_name(const char *text);

/* Appends a whole reply with its '\n'. `values` may be "". */
void reply_ok(struct buf *out, uint64_t number, const char *values);
void reply_error(struct buf *out, uint64_t number, const struct err *err);

/* Reading a reply whose number is cut off: true for ok, else the error with its hint. */
bool reply_check(const char *reply, struct err *err);

/* The number of NAME=..., or `otherwise` when it is not there or no number. */
int64_t reply_number(const char *reply, const char *name, int64_t otherwise);

/* Copies the value of NAME=... ("" when it is not there). */
void reply_text(const char *reply, const char *name, char *value, size_t bytes);

#endif
