/* exceptions.h - the errors of a history by class, for people: every verdict is told with
 * them (results/judgement.h). PURE. */
#ifndef CHECKERS_EXCEPTIONS_H
#define CHECKERS_EXCEPTIONS_H

#include "base/history.h"

/* Appends one line without its end, the most frequent classes first: "400 not found, 117
 * timeout after # ms and 3 more". False, and nothing, when there was no error. */
bool exceptions_words(const struct history *history, size_t classes_told,
		      struct buf *out);

#endif
