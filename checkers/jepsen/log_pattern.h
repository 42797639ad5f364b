/* log_pattern.h - lines of log files that should not be there: panics, failed assertions,
 * data races.
 *
 * A pure matcher: the caller reads the files and gives it line by line. Patterns are POSIX
 * extended regular expressions. At most LOG_MATCHES_MAX lines are kept, all are counted.
 * One thread. */
#ifndef CHECKERS_LOG_PATTERN_H
#define CHECKERS_LOG_PATTERN_H

#include "base/err.h"
#include "checkers/checker.h"

#include <regex.h>

enum {
	LOG_MATCHES_MAX = 100,
	LOG_LINE_BYTES_MAX = 4096, /* of a longer line only so much is looked at */
};

struct log_match {
	char *node, *line; /* owned */
	uint64_t number;   /* of the line in its file, from 1 */
};

struct log_pattern {
	regex_t regex;
	uint64_t count, lines;
	VEC(struct log_match) matches;
	struct buf scratch;
};

/* False with the reason when the expression is none. */
bool log_pattern_init(struct log_pattern *pattern, const char *expression,
		      struct err *err);
void log_pattern_release(struct log_pattern *pattern);

/* Looks at one line, without its newline; NUL bytes are looked at as spaces. True when it
 * matches. */
bool log_pattern_line(struct log_pattern *pattern, const char *node, uint64_t number,
		      struct bytes line);

/* The verdict as a result (the caller releases it): invalid when a line matched, unknown
 * when no line was looked at. Details as Jepsen's: count, matches [{node, line}]. */
void log_pattern_result(const struct log_pattern *pattern, struct check_result *result);

#endif
