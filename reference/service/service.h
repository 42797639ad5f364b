/* service.h - a deterministic state machine under a replication protocol.
 *
 * PURE. Commands and replies are RESP (the protocol of Redis): a command is an array of
 * bulk strings, given here already split; a reply is appended as RESP bytes. The same
 * commands in the same order give the same replies, snapshots and hashes on every node.
 */
#ifndef REFERENCE_SERVICE_SERVICE_H
#define REFERENCE_SERVICE_SERVICE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum command_class {
	COMMAND_UNKNOWN = 0, /* no such command: answered at once, with the reason */
	COMMAND_BAD,	     /* wrong number of arguments, or one too long: likewise */
	COMMAND_LOCAL,	     /* looks at no state: answered at once */
	COMMAND_READ,	     /* changes nothing: needs a read index only */
	COMMAND_WRITE,	     /* goes through the log */
};

struct service; /* one replica's state */

struct service_kind {
	const char *name, *summary;
	struct service *(*open)(void);
	enum command_class (*classify)(const struct bytes *argv, size_t argc);
	/* Runs a command and appends the reply; of unknown and bad ones the error. `s`
	 * may be NULL unless it is a read or a write. */
	void (*apply)(struct service *s, const struct bytes *argv, size_t argc,
		      struct buf *reply);
	/* The whole state as bytes, and back (false: the bytes are not a snapshot, and
	 * the state is what it was). */
	void (*snapshot)(const struct service *s, struct buf *out);
	bool (*restore)(struct service *s, struct bytes snapshot, struct err *err);
	/* Equal exactly when the states are equal (but for hash collisions). */
	uint64_t (*hash)(const struct service *s);
	void (*close)(struct service *s);
};

/* Keys and values with the commands of Redis (kv.h). */
extern const struct service_kind service_kv;

#endif
