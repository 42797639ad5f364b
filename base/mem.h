/* mem.h - heap memory that is always there or ends the program with a sentence.
 *
 * For small things with an owner. What grows with the input has a bound of its own and
 * uses base/arena.h with a limit. Free with free(). */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* count * bytes of zeroed memory, never NULL. */
void *mem_new(size_t count, size_t bytes);

/* Resizes to count * bytes, never NULL. New memory is not zeroed. */
void *mem_resize(void *memory, size_t count, size_t bytes);

/* A copy of a string, of bytes (a NUL is added), or formatted text. The caller frees. */
char *mem_string(const char *text);
char *mem_bytes(const void *data, size_t bytes);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
