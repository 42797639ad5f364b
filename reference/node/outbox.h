/* outbox.h - bytes on their way out of a libuv stream.
 *
 * Bytes gather until outbox_flush hands them to the kernel in one write; what the kernel
 * does not take waits here. The owner bounds what it adds by outbox_bytes. */
#ifndef REFERENCE_NODE_OUTBOX_H
#define REFERENCE_NODE_OUTBOX_H

#include "base/buf.h"

#include <uv.h>

struct outbox {
	uv_stream_t *stream;  /* borrowed */
	struct buf gathering; /* not yet handed over */
	struct buf leaving;   /* owned by `write` while is_writing */
	uv_write_t write;
	bool is_writing;
	void (*failed)(uv_stream_t *stream); /* the connection is of no use any more */
};

void outbox_init(struct outbox *outbox, uv_stream_t *stream,
		 void (*failed)(uv_stream_t *stream));
/* Only when the stream has been closed. */
void outbox_release(struct outbox *outbox);

void outbox_flush(struct outbox *outbox);
size_t outbox_bytes(const struct outbox *outbox);

#endif
