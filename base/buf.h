/* buf.h - growable bytes, always with a NUL behind the last one.
 *
 * A buf of zeros is empty and valid. The owner calls buf_release. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data; /* owned; NULL while nothing was ever added */
	size_t len;
	size_t cap;
};

/* A borrowed run of bytes. */
struct bytes {
	const char *data;
	size_t len;
};

static inline void buf_append(struct buf *buf, const void *data, size_t bytes);
static inline void buf_string(struct buf *buf, const char *text);
static inline void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The number in decimal; many times faster than buf_printf. */
void buf_number(struct buf *buf, int64_t number);

/* Little-endian integers, for wire and disk formats. */
void buf_u8(struct buf *buf, uint8_t n);
void buf_u32(struct buf *buf, uint32_t n);
void buf_u64(struct buf *buf, uint64_t n);

/* Room for `bytes` more; returns where they start. The caller then adds to `len`. */
char *buf_room(struct buf *buf, size_t bytes);

/* Inline: what is appended is mostly a few bytes whose number the compiler knows. */
static inline void
buf_append(struct buf *buf, const void *data, size_t bytes)
{
	char *room =
		bytes < buf->cap - buf->len ? buf->data + buf->len : buf_room(buf, bytes);

	if (bytes > 0)
		memcpy(room, data, bytes);
	room[bytes] = '\0';
	buf->len += bytes;
}

static inline void
buf_string(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

static inline void
buf_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

/* The text as a C string, "" when empty. Valid until the next change. */
const char *buf_text(const struct buf *buf);
struct bytes buf_bytes(const struct buf *buf);

/* Drops the first `bytes` bytes. */
void buf_consume(struct buf *buf, size_t bytes);

void buf_clear(struct buf *buf);
void buf_release(struct buf *buf);

/* Reads little-endian integers and byte runs off the front of `bytes`; false when too
 * short, and then nothing is consumed. */
bool bytes_u8(struct bytes *bytes, uint8_t *n);
bool bytes_u32(struct bytes *bytes, uint32_t *n);
bool bytes_u64(struct bytes *bytes, uint64_t *n);
bool bytes_take(struct bytes *bytes, size_t count, struct bytes *taken);

#endif
