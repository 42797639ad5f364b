/* base64.h - RFC 4648 with padding, as etcd's JSON gateway writes bytes. */
#ifndef SYSTEMS_BASE64_H
#define SYSTEMS_BASE64_H

#include "base/buf.h"

/* Appends the text of the bytes. */
void base64_encode(struct buf *out, struct bytes data);

/* Appends the bytes of the text; false when it is no base64 (then nothing is appended).
 */
bool base64_decode(struct buf *out, const char *text);

#endif
