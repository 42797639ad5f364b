/* log_pattern.h - lines of log files that should not be there: panics, failed assertions,
 * data races.
 *
 * A pure matcher: the caller reads the files and gives them line by line
 * (harness/log_search.h does). Patterns are POSIX extended regular expressions. At most
 * LOG_MATCHES_MAX lines are kept, all are counted. A matcher of zeros is empty and valid.
 * One thread.
 *
 *	log-match  a line of a log matches one of the patterns */
#ifndef CHECKERS_LOG_PATTERN_H
#define CHECKERS_LOG_PATTERN_H

#include "base/err.h"
#include "checkers/checker.h"

#include <regex.h>

enum {
	LOG_MATCHES_MAX = 100,
	LOG_LINE_BYTES_MAX = 4096, /* of a longer line only so much is looked at */
};

struct log_expression {
	regex_t regex;
	char *text; /* owned */
};

struct log_match {
	char *file, *line; /* owned */
	uint64_t number;   /* of the line in its file, from 1 */
	size_t expression; /* the first one that matches */
};

struct log_patterns {
	VEC(struct log_expression) of;
	uint64_t count, lines;
	VEC(struct log_match) matches;
	struct buf scratch;
};

/* Adds a pattern; false with the reason when it is none. */
bool log_patterns_add(struct log_patterns *patterns, const char *expression,
		      struct err *err);
void log_patterns_release(struct log_patterns *patterns);

/* Looks at one line, without its newline; NUL bytes are looked at as spaces. True when it
 * matches. */
bool log_patterns_line(struct log_patterns *patterns, const char *file, uint64_t number,
		       struct bytes line);

/* The verdict as a result (the caller releases it): invalid when a line matched, unknown
 * when no line was looked at. Details as Jepsen's: count, matches [{node, line}], with
 * number and pattern. */
void log_patterns_result(const struct log_patterns *patterns,
			 struct check_result *result);

#endif
