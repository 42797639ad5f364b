/* log_search.h - looks for patterns in log files: a file, or all files of a folder.
 *
 * Files are streamed: memory is bounded however large they are, and a line without an end
 * is cut (checkers/jepsen/log_pattern.h). Links are not followed. */
#ifndef HARNESS_LOG_SEARCH_H
#define HARNESS_LOG_SEARCH_H

#include "base/text.h"
#include "checkers/jepsen/log_pattern.h"
#include "results/judgement.h"

/* Gives each line of the file, or of the files below the folder in the order of their
 * names, to the patterns; files are called by their path below it. */
bool log_search(struct log_patterns *patterns, const char *path, struct err *err);

/* Each is an expression; else false with the reason. */
bool log_patterns_check(const struct strings *asked, struct err *err);

/* Searches and adds the verdict of "log-pattern" to the judgement. `own` (NULL-terminated;
 * may be NULL) are the patterns that a system names itself: when only those are asked and
 * there is no log, nothing is added. */
bool log_search_judge(struct judgement *judgement, const char *path,
		      const struct strings *asked, const char *const *own,
		      struct err *err);

#endif
