/* kv_session.h - writes that are retried at other nodes and still run once.
 *
 * Each write is sent under ONCE with the session's client and a new sequence number; when
 * its outcome is unknown, or the node refuses, the next node is asked with the same number
 * until the deadline. One thread. */
#ifndef REFERENCE_CLIENT_KV_SESSION_H
#define REFERENCE_CLIENT_KV_SESSION_H

#include "reference/client/kv_client.h"

enum {
	KV_SESSION_NODES_MAX = 31
};

struct kv_session;

/* `hosts` and `ports` name the nodes. Connects nowhere yet. */
struct kv_session *kv_session_new(const char *const *hosts, const int *ports,
				  size_t count);
void kv_session_free(struct kv_session *session);

/* Runs a write once; as kv_call otherwise. */
enum kv_outcome kv_session_write(struct kv_session *session, const struct bytes *argv,
				 size_t argc, int timeout_ms,
				 const struct redisReply **reply, struct err *err);

#endif
