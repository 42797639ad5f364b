/* scan.h - reads values of JSON and EDN out of bytes: one scanner for both.
 *
 * EDN: nil, booleans, integers, reals, strings, characters, keywords, symbols, lists,
 * vectors, sets, maps, tags (dropped: `#inst "..."` is the string), metadata (dropped),
 * `#_`, comments, commas as space. Keywords, symbols and characters become strings;
 * integers beyond 64 bits become the string of their digits. JSON is strict (RFC 8259).
 *
 * No allocation per value once warm; depth and pool are bounded; any bytes are safe. The
 * first failure is kept with its place: scan_error makes the sentence. One thread. */
#ifndef RESULTS_SCAN_H
#define RESULTS_SCAN_H

#include "base/err.h"
#include "base/value.h"
#include "results/formats/window.h"

enum scan_syntax {
	SCAN_JSON = 0,
	SCAN_EDN
};

enum {
	SCAN_DEPTH_MAX = 64
};

struct scan_frame {
	char closer; /* ] ) or } */
	bool is_map, is_set;
	size_t start; /* where its items begin in scan->items */
};

struct scan {
	const char *start, *at, *end; /* borrowed; not NUL-terminated */
	enum scan_syntax syntax;
	struct values *values; /* borrowed: strings, lists and maps go there */
	size_t bytes_max;      /* bound on that pool; 0: none */
	bool discards;	       /* checks and drops instead of making values */
	unsigned discard_depth;
	VEC(val) items;
	VEC(struct scan_frame) frames;
	struct buf scratch;    /* a string without its escapes */
	const char *failed_at; /* NULL: no failure */
	char problem[160];
	bool is_full;	       /* it failed for a bound of memory */
	struct window *window; /* borrowed: of the input, a mapped file; else NULL */
};

void scan_init(struct scan *scan, enum scan_syntax syntax, struct values *values,
	       struct bytes input);
void scan_release(struct scan *scan);

/* Goes on with other input and the same memory. */
void scan_set_input(struct scan *scan, struct bytes input);

/* Moves over white space (and comments, commas and `#_` forms of EDN). False only when a
 * discarded form is broken. Afterwards at == end or at a byte of substance. */
static inline bool scan_space(struct scan *scan);
bool scan_long_space(struct scan *scan);

/* Moves over `#tag` and `^metadata` before a value, any number of them (EDN). */
static inline bool scan_tags(struct scan *scan);
bool scan_long_tags(struct scan *scan);

/* All before `at` was read, and will not be needed soon. */
static inline void
scan_passed(const struct scan *scan, const char *at)
{
	if (scan->window != NULL)
		window_reach(scan->window, at);
}

/* Reads one value. */
bool scan_value(struct scan *scan, val *value);

/* Reads a number; `at` stands on a digit or on a sign before a digit. */
bool scan_number(struct scan *scan, val *value);

/* Checks one value and drops it. */
bool scan_drop(struct scan *scan);

/* Reads a string, keyword or symbol without interning it; the bytes live until the next
 * call. */
bool scan_word(struct scan *scan, struct bytes *word);

/* Moves over the byte `c`, or fails with "expected WHAT". */
bool scan_expect(struct scan *scan, char c, const char *what);

/* Keeps the first failure; returns false. */
bool scan_fail(struct scan *scan, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The failure as "NAME:LINE:COLUMN: problem"; columns count characters from 1. Returns
 * false. */
bool scan_error(const struct scan *scan, const char *name, struct err *err);

/* Line and column of a place in the input, from 1. */
void scan_place(const struct scan *scan, const char *at, size_t *line, size_t *column);

/* The common cases, no space at all, one blank, the end of a line, are decided here:
 * histories are short tokens, and a call for each would be most of the work. */
static inline bool
scan_is_at_substance(const struct scan *scan)
{
	if (scan->at == scan->end || (unsigned char)*scan->at <= ' ')
		return false;
	char c = *scan->at;
	return scan->syntax == SCAN_JSON || (c != ',' && c != ';' && c != '#');
}

static inline bool
scan_space(struct scan *scan)
{
	if (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n'))
		scan->at++;
	return scan_is_at_substance(scan) || scan_long_space(scan);
}

static inline bool
scan_tags(struct scan *scan)
{
	return scan->syntax == SCAN_JSON || scan->at == scan->end ||
	       (*scan->at != '#' && *scan->at != '^') || scan_long_tags(scan);
}

#endif
