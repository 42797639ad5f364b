/* err.h - one error as a sentence, owned by the caller.
 *
 * Every function that can be refused by the world returns bool (true: done) and takes a
 * `struct err *` last. The function that sees the failure writes the sentence, callers add
 * context on the way up, only commands print it:
 *
 *	node n3: start store: exec '/opt/x': no such file or directory
 *	hint: install the package 'x' on n3
 *
 * Lower case, no full stop, failure first, the subject in quotes. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct err {
	char text[1024]; /* "" when there is no error */
	char hint[512];	 /* "" when there is no remedy to name */
};

/* Replaces the sentence and clears the hint. Returns false, so that a failing function
 * can end with `return err_set(err, ...)`. */
bool err_set(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As err_set, with ": " and the text of errno at the end. */
bool err_errno(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the sentence. Returns false. */
bool err_context(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets the remedy. Returns false. */
bool err_hint(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Makes the error empty. */
void err_clear(struct err *err);

/* Prints "faultline: SENTENCE" and the hint line to standard error. For commands only. */
void err_print(const struct err *err);

#endif
