/* scan_bytes.h - inside of the scanner: classes of bytes, strings, tokens. Only scan*.c.
 */
#ifndef RESULTS_SCAN_BYTES_H
#define RESULTS_SCAN_BYTES_H

#include "results/formats/scan.h"

/* What a byte can be, for the loops that run over many of them. */
enum byte_class {
	BYTE_SPACE = 1,	    /* of JSON and EDN */
	BYTE_COMMA = 2,	    /* white space in EDN only */
	BYTE_END = 4,	    /* ends numbers, symbols, keywords */
	BYTE_IN_STRING = 8, /* goes on a string unchanged */
	BYTE_DIGIT = 16,
};

extern const unsigned char scan_byte_classes[256];

static inline bool
is_class(char c, unsigned classes)
{
	return (scan_byte_classes[(unsigned char)c] & classes) != 0;
}

/* "expected WHAT, found 'x'", or what else there is. Returns false. */
bool scan_unexpected(struct scan *scan, const char *what);

/* A string; `at` stands on the opening quote. The bytes live until the next call. */
bool scan_string(struct scan *scan, struct bytes *text);

/* The bytes up to the next delimiter. */
struct bytes scan_take_token(struct scan *scan);

void scan_append_utf8(struct buf *out, unsigned code);

/* Reads four hexadecimal digits; 0x10000 when they are not there. */
unsigned scan_hex4(const char *at, const char *end);

#endif
