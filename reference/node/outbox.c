#include "reference/node/outbox.h"

void
outbox_init(struct outbox *outbox, uv_stream_t *stream,
	    void (*failed)(uv_stream_t *stream))
{
	*outbox = (struct outbox){.stream = stream, .failed = failed};
	outbox->write.data = outbox;
}

void
outbox_release(struct outbox *outbox)
{
	buf_release(&outbox->gathering);
	buf_release(&outbox->leaving);
}

size_t
outbox_bytes(const struct outbox *outbox)
{
	return outbox->gathering.len + outbox->leaving.len;
}

static void
on_written(uv_write_t *write, int status)
{
	struct outbox *outbox = write->data;

	outbox->is_writing = false;
	buf_clear(&outbox->leaving);
	if (status == 0)
		outbox_flush(outbox);
	else if (status != UV_ECANCELED)
		outbox->failed(outbox->stream);
}

/* Leaves the rest to libuv, which writes when the socket can take more. */
static int
write_later(struct outbox *outbox)
{
	struct buf empty = outbox->leaving;

	outbox->leaving = outbox->gathering;
	outbox->gathering = empty;
	outbox->is_writing = true;
	uv_buf_t bytes = uv_buf_init(outbox->leaving.data, (unsigned)outbox->leaving.len);
	return uv_write(&outbox->write, outbox->stream, &bytes, 1, on_written);
}

void
outbox_flush(struct outbox *outbox)
{
	struct buf *gathering = &outbox->gathering;

	if (gathering->len == 0 || outbox->is_writing)
		return;
	uv_buf_t bytes = uv_buf_init(gathering->data, (unsigned)gathering->len);
	int taken = uv_try_write(outbox->stream, &bytes, 1);
	if (taken == UV_EAGAIN)
		taken = 0;
	if (taken >= 0) {
		buf_consume(gathering, (size_t)taken);
		taken = gathering->len > 0 ? write_later(outbox) : 0;
	}
	if (taken < 0) {
		outbox->is_writing = false;
		outbox->failed(outbox->stream);
	}
}
