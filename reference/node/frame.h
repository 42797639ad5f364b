/* frame.h - messages between nodes as bytes on a stream.
 *
 *	length of the payload (4 bytes), XXH3 of it (8 bytes), payload; little-endian
 *
 * The first frame of a connection is the greeting: who calls whom, and a hash of the list
 * of nodes, so that nodes of different clusters never talk. */
#ifndef REFERENCE_NODE_FRAME_H
#define REFERENCE_NODE_FRAME_H

#include "reference/node/config.h"

enum {
	FRAME_HEADER_BYTES = 12,
	FRAME_BYTES_MAX = 64 << 20
};

void frame_encode(struct bytes payload, struct buf *out);

enum frame_outcome {
	FRAME_MORE = 1, /* not all there: nothing taken */
	FRAME_DONE,
	FRAME_BAD, /* too long or damaged: the connection cannot go on */
};
enum frame_outcome frame_decode(struct bytes *in, struct bytes *payload);

struct frame_greeting {
	node_id from, to;
	uint64_t cluster;
};
void frame_greeting_encode(const struct frame_greeting *greeting, struct buf *payload);
bool frame_greeting_decode(struct bytes payload, struct frame_greeting *greeting);

/* Hash of who belongs to the cluster; the same in whatever order they are named. */
uint64_t frame_cluster(const struct config *config);

#endif
