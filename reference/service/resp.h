/* resp.h - RESP2, the protocol of Redis: replies out, requests in.
 *
 * PURE. A request is an array of bulk strings, or a line of words ("inline", for people
 * with a plain terminal; words have no quotes). Parsing copies nothing. */
#ifndef REFERENCE_SERVICE_RESP_H
#define REFERENCE_SERVICE_RESP_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	RESP_ARGS_MAX = 1024,		  /* words of one request */
	RESP_BULK_BYTES_MAX = 1 << 20,	  /* of one word */
	RESP_REQUEST_BYTES_MAX = 4 << 20, /* of one request */
	RESP_INLINE_BYTES_MAX = 64 << 10, /* of one inline request */
};

/* Replies. `text` must not contain line ends; an error begins with its class in capitals.
 */
void resp_simple(struct buf *out, const char *text);
void resp_error(struct buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void resp_integer(struct buf *out, int64_t number);
void resp_bulk(struct buf *out, struct bytes bytes);
void resp_nil(struct buf *out);
void resp_array(struct buf *out, size_t count); /* then `count` replies */

/* A whole request, as a client sends it. */
void resp_request(struct buf *out, const struct bytes *argv, size_t argc);

enum resp_outcome {
	RESP_MORE = 1, /* not all of it is there: nothing consumed */
	RESP_DONE, /* argv is filled, the request is consumed; argc 0: an empty line */
	RESP_BAD,  /* no request; the connection cannot go on */
};

/* Takes one request off the front of `in`. `argv` has room for RESP_ARGS_MAX and points
 * into the bytes of `in`. */
enum resp_outcome resp_parse(struct bytes *in, struct bytes *argv, size_t *argc,
			     struct err *err);

/* True when the word is `name`, in any case. */
bool resp_word_is(struct bytes word, const char *name);

/* A whole word as a number, as Redis reads it: no blanks, no plus sign. */
bool resp_number(struct bytes word, int64_t *number);

#endif
