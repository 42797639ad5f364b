#include "base/buf.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
buf_room(struct buf *buf, size_t bytes)
{
	size_t wanted = buf->len + bytes + 1;

	if (wanted > buf->cap) {
		size_t cap = buf->cap ? buf->cap * 2 : 64;
		buf->cap = cap < wanted ? wanted : cap;
		buf->data = mem_resize(buf->data, buf->cap, 1);
	}
	return buf->data + buf->len;
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room = buf->cap - buf->len;
	va_list args;

	/* Most often there is room enough. */
	va_start(args, format);
	int bytes = vsnprintf(room > 0 ? buf->data + buf->len : NULL, room, format, args);
	va_end(args);
	ASSERT(bytes >= 0);
	if ((size_t)bytes >= room) {
		char *at = buf_room(buf, (size_t)bytes);
		va_start(args, format);
		vsnprintf(at, (size_t)bytes + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)bytes;
}

/* Two digits at a time: half the divisions, which are most of the work. */
static char *
put_digits(char *end, uint64_t rest)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	for (; rest >= 100; rest /= 100) {
		end -= 2;
		memcpy(end, &pairs[rest % 100 * 2], 2);
	}
	if (rest < 10) {
		*--end = (char)('0' + rest);
		return end;
	}
	end -= 2;
	memcpy(end, &pairs[rest * 2], 2);
	return end;
}

void
buf_number(struct buf *buf, int64_t number)
{
	char digits[24], *end = digits + sizeof(digits);
	char *at = put_digits(end, number < 0 ? -(uint64_t)number : (uint64_t)number);

	if (number < 0)
		*--at = '-';
	buf_append(buf, at, (size_t)(end - at));
}

static void
append_little_endian(struct buf *buf, uint64_t n, size_t bytes)
{
	unsigned char encoded[8];

	for (size_t i = 0; i < bytes; i++)
		encoded[i] = (unsigned char)(n >> (8 * i));
	buf_append(buf, encoded, bytes);
}

void
buf_u8(struct buf *buf, uint8_t n)
{
	append_little_endian(buf, n, 1);
}

void
buf_u32(struct buf *buf, uint32_t n)
{
	append_little_endian(buf, n, 4);
}

void
buf_u64(struct buf *buf, uint64_t n)
{
	append_little_endian(buf, n, 8);
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data != NULL && buf->len > 0 ? buf->data : "";
}

struct bytes
buf_bytes(const struct buf *buf)
{
	return (struct bytes){.data = buf_text(buf), .len = buf->len};
}

void
buf_consume(struct buf *buf, size_t bytes)
{
	ASSERT(bytes <= buf->len);
	if (bytes == 0)
		return;
	memmove(buf->data, buf->data + bytes, buf->len - bytes + 1);
	buf->len -= bytes;
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

static bool
take_little_endian(struct bytes *bytes, uint64_t *n, size_t width)
{
	if (bytes->len < width)
		return false;
	*n = 0;
	for (size_t i = 0; i < width; i++)
		*n |= (uint64_t)(unsigned char)bytes->data[i] << (8 * i);
	bytes->data += width;
	bytes->len -= width;
	return true;
}

bool
bytes_u8(struct bytes *bytes, uint8_t *n)
{
	uint64_t wide;

	if (!take_little_endian(bytes, &wide, 1))
		return false;
	*n = (uint8_t)wide;
	return true;
}

bool
bytes_u32(struct bytes *bytes, uint32_t *n)
{
	uint64_t wide;

	if (!take_little_endian(bytes, &wide, 4))
		return false;
	*n = (uint32_t)wide;
	return true;
}

bool
bytes_u64(struct bytes *bytes, uint64_t *n)
{
	return take_little_endian(bytes, n, 8);
}

bool
bytes_take(struct bytes *bytes, size_t count, struct bytes *taken)
{
	if (bytes->len < count)
		return false;
	*taken = (struct bytes){.data = bytes->data, .len = count};
	bytes->data += count;
	bytes->len -= count;
	return true;
}
