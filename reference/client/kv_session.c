#include "reference/client/kv_session.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPT_MS = 1000,
	PAUSE_MS = 10,
	WORDS_MAX = 60
};

struct kv_session {
	struct kv_client *nodes[KV_SESSION_NODES_MAX]; /* owned */
	size_t count, current;
	char *name; /* owned: as SESSION gave it; NULL: none yet */
	uint64_t sequence;
};

struct kv_session *
kv_session_new(const char *const *hosts, const int *ports, size_t count)
{
	struct kv_session *session = mem_new(1, sizeof(*session));

	ASSERT(count > 0 && count <= KV_SESSION_NODES_MAX);
	session->count = count;
	for (size_t i = 0; i < count; i++)
		session->nodes[i] = kv_client_new(hosts[i], ports[i]);
	return session;
}

void
kv_session_free(struct kv_session *session)
{
	if (session == NULL)
		return;
	for (size_t i = 0; i < session->count; i++)
		kv_client_close(session->nodes[i]);
	free(session->name);
	free(session);
}

static bool
begin(struct kv_session *session, int timeout_ms, struct err *err)
{
	struct bytes argv[] = {{"SESSION", 7}};
	const redisReply *reply;

	if (session->name != NULL)
		return true;
	if (kv_call(session->nodes[session->current], argv, 1, false, timeout_ms, &reply,
		    err) != KV_OK)
		return false;
	session->name = mem_bytes(reply->str, (size_t)reply->len);
	session->sequence = 0;
	return true;
}

/* One attempt at the current node. */
static enum kv_outcome
attempt(struct kv_session *session, struct bytes *words, size_t count, int timeout_ms,
	const struct redisReply **reply, struct err *err)
{
	char number[24];

	if (!begin(session, timeout_ms, err))
		return KV_FAIL;
	int length = snprintf(number, sizeof(number), "%" PRIu64, session->sequence + 1);
	words[0] = (struct bytes){"ONCE", 4};
	words[1] = (struct bytes){session->name, strlen(session->name)};
	words[2] = (struct bytes){number, (size_t)length};
	return kv_call(session->nodes[session->current], words, count, true, timeout_ms,
		       reply, err);
}

/* Whether another attempt may do better: the node could not be reached or did not know.
 * STALE, EXPIRED and what the command itself answers are final. */
static bool
is_worth_retrying(enum kv_outcome outcome, const struct err *err)
{
	static const char *const final[] = {"STALE ", "EXPIRED ", "ERR ", "WRONGTYPE ",
					    "OOM "};

	for (size_t i = 0; i < sizeof(final) / sizeof(*final); i++)
		if (strncmp(err->text, final[i], strlen(final[i])) == 0)
			return false;
	return outcome != KV_OK;
}

enum kv_outcome
kv_session_write(struct kv_session *session, const struct bytes *argv, size_t argc,
		 int timeout_ms, const struct redisReply **reply, struct err *err)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;
	struct bytes words[WORDS_MAX + 3];
	bool may_have_run = false;
	enum kv_outcome outcome;

	ASSERT(argc <= WORDS_MAX);
	memcpy(words + 3, argv, argc * sizeof(*argv));
	for (;;) {
		int left = clock_left_ms(deadline);
		outcome = attempt(session, words, argc + 3,
				  left < ATTEMPT_MS ? left : ATTEMPT_MS, reply, err);
		may_have_run |= outcome == KV_UNKNOWN;
		if (!is_worth_retrying(outcome, err) || clock_left_ms(deadline) == 0)
			break;
		session->current = (session->current + 1) % session->count;
		clock_sleep_ms(PAUSE_MS);
	}
	session->sequence++;
	if (strncmp(err->text, "EXPIRED ", 8) == 0) {
		free(session->name);
		session->name = NULL;
	}
	bool unseen =
		outcome == KV_FAIL && may_have_run && is_worth_retrying(outcome, err);
	return unseen ? KV_UNKNOWN : outcome;
}
