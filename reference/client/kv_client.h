/* kv_client.h - a blocking client of one node of the reference store (RESP, hiredis).
 *
 * Every call has a deadline. What became of a command is one of three:
 *
 *	KV_OK		it ran, the answer is here
 *	KV_FAIL		it certainly did not run, or changes nothing (a read), or was refused
 *	KV_UNKNOWN	it may have run, may run later, or never
 *
 * The node says which in the first word of an error: REFUSED (no leader in time, too many
 * requests: it did not and will not run) is KV_FAIL; UNKNOWN (proposed, but not seen
 * decided in time) is KV_UNKNOWN; ERR, WRONGTYPE and OOM are answers of the command itself,
 * which changed nothing: KV_FAIL. Of commands under ONCE, STALE and EXPIRED say that this
 * attempt did not run but an earlier one may have: KV_UNKNOWN. A connection that cannot be
 * made or was found closed before anything was sent is KV_FAIL; one that breaks later, and
 * a deadline that passes, are KV_UNKNOWN for writes.
 *
 * After a broken call the next one connects anew. One thread. */
#ifndef REFERENCE_CLIENT_KV_CLIENT_H
#define REFERENCE_CLIENT_KV_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	KV_PORT = 6379
};

enum kv_outcome {
	KV_OK = 1,
	KV_FAIL,
	KV_UNKNOWN
};

struct kv_client;
struct redisReply; /* hiredis */

/* `host` is a numeric address or a name. Connects at once. */
struct kv_client *kv_client_open(const char *host, int port, int timeout_ms,
				 struct err *err);
/* As open, but the first call connects. */
struct kv_client *kv_client_new(const char *host, int port);
void kv_client_close(struct kv_client *client);

/* Runs a command of words. `writes`: it may change something. On KV_OK *reply is the
 * answer, borrowed until the next call; else `err` says why. */
enum kv_outcome kv_call(struct kv_client *client, const struct bytes *argv, size_t argc,
			bool writes, int timeout_ms, const struct redisReply **reply,
			struct err *err);

/* The value of a key is appended; *found is false when there is none. */
enum kv_outcome kv_get(struct kv_client *client, const char *key, int timeout_ms,
		       struct buf *value, bool *found, struct err *err);
enum kv_outcome kv_set(struct kv_client *client, const char *key, const char *value,
		       int timeout_ms, struct err *err);
/* Sets the key if nothing is there. KV_FAIL with "exists" when something is. */
enum kv_outcome kv_set_new(struct kv_client *client, const char *key, const char *value,
			   int timeout_ms, struct err *err);
/* KV_FAIL with "mismatch" when the key does not hold `old`. */
enum kv_outcome kv_cas(struct kv_client *client, const char *key, const char *old,
		       const char *value, int timeout_ms, struct err *err);
enum kv_outcome kv_set_add(struct kv_client *client, const char *key, const char *member,
			   int timeout_ms, struct err *err);
/* On KV_OK *members is an array of strings, borrowed until the next call. */
enum kv_outcome kv_set_members(struct kv_client *client, const char *key, int timeout_ms,
			       const struct redisReply **members, struct err *err);

/* Appends the text of INFO, which needs no leader. */
enum kv_outcome kv_info(struct kv_client *client, int timeout_ms, struct buf *text,
			struct err *err);
/* The value of a line `name:value` of INFO as a number; -1 when it is not there. */
int64_t kv_info_number(const char *info, const char *name);
/* Whether INFO has the line `name:value`. */
bool kv_info_is(const char *info, const char *name, const char *value);

#endif
