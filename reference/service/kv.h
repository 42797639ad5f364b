/* kv.h - the key-value service: keys that hold strings, sets or lists (service_kv).
 *
 * Commands and replies are those of Redis, as far as they go:
 *
 *	PING [text], ECHO text			answered without looking at the state
 *	GET key					the string, or nil
 *	SET key value [NX|XX]			OK; nil when NX or XX forbids it
 *	CAS key old new				1 when the key held `old` and now holds `new`;
 *						0 when it holds something else or nothing
 *	APPEND key more				the new length
 *	STRLEN key				its length, 0 when missing
 *	INCR key, DECR key, INCRBY key n	the new number; a missing key counts as 0
 *	EXISTS key...  DEL key...		how many there were
 *	SADD key member...  SREM key member...	how many were added, removed
 *	SISMEMBER key member			1 or 0
 *	SMEMBERS key				the members, in no promised order
 *	SCARD key				how many
 *	RPUSH key item...			the new length
 *	LRANGE key first last			items; negative positions count from the end
 *	LLEN key				the length
 *	DBSIZE					how many keys there are
 *
 * CAS is not of Redis. It never matches a missing key, so nil has no name in it: create
 * with SET key value NX. Errors: WRONGTYPE when the key holds another type, ERR for bad
 * arguments, OOM when KV_BYTES_MAX is reached; a command that fails changes nothing. */
#ifndef REFERENCE_SERVICE_KV_H
#define REFERENCE_SERVICE_KV_H

#include "reference/service/service.h"

enum {
	KV_KEY_BYTES_MAX = 1024,
	KV_VALUE_BYTES_MAX = 1 << 20, /* of a string, a member, an item */
	KV_BYTES_MAX = 256 << 20, /* of everything, with KV_ITEM_BYTES for each thing */
};

#endif
