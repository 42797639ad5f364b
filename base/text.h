/* text.h - reading small texts: numbers, durations, sizes, lists, and guesses at typos. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/err.h"
#include "base/vec.h"

#include <stddef.h>
#include <stdint.h>

/* Whole text as a number within [low, high]. */
bool text_int(const char *text, int64_t low, int64_t high, int64_t *number,
	      struct err *err);
bool text_real(const char *text, double low, double high, double *number,
	       struct err *err);

/* "250ms", "30", "30s", "5m", "2h" to nanoseconds; a bare number is seconds. */
bool text_duration(const char *text, int64_t *ns, struct err *err);

/* "64k", "200m", "2GB" or bytes; a k is 1024. */
bool text_size(const char *text, uint64_t *bytes, struct err *err);

/* Nanoseconds in words: "310 us", "1.42 ms", "12.5 s", "3 min 20 s". */
const char *text_ns(int64_t ns, char *text, size_t bytes);

/* A number with its thousands apart: "61,234". */
const char *text_count(uint64_t number, char *text, size_t bytes);

/* Splits at a character, leaving out empty parts. The caller releases with strings_release. */
struct strings {
	VEC(char *) of; /* each owned */
};
void strings_split(struct strings *strings, const char *text, char separator);
void strings_push(struct strings *strings, const char *text);
void strings_release(struct strings *strings);

/* Among `count` candidates the one nearest to `word`, or NULL when none is near
 * (Damerau-Levenshtein distance at most a third of the word). */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
