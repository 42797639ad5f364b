#include "reference/service/session.h"

#include "base/assert.h"
#include "reference/service/dict.h"
#include "reference/service/resp.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

/* One client; on a list from the longest unused to the latest. */
struct session {
	struct session *older, *newer;
	struct bytes client; /* the key of its entry in `clients` */
	uint64_t used_index; /* of its newest command */
	uint64_t sequence;
	struct buf reply; /* to that command */
};

struct sessions {
	const struct service_kind *kind;
	struct service *service;
	bool run_repeats;
	struct dict clients; /* values: struct session, owned */
	struct session *oldest, *newest;
	uint64_t horizon;     /* see session.h */
	uint64_t reply_bytes; /* of all kept replies */
	uint64_t index;	      /* last applied */
};

/* ---- the list by use --------------------------------------------------------------- */

static void
list_remove(struct sessions *s, struct session *session)
{
	*(session->older ? &session->older->newer : &s->oldest) = session->newer;
	*(session->newer ? &session->newer->older : &s->newest) = session->older;
}

static void
list_append(struct sessions *s, struct session *session)
{
	session->older = s->newest;
	session->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = session;
	s->newest = session;
}

/* ---- the table --------------------------------------------------------------------- */

static struct session *
find(const struct sessions *s, struct bytes client)
{
	struct dict_entry *entry = dict_find(&s->clients, client);

	return entry != NULL ? entry->value : NULL;
}

/* Adds a client that is not there, as the latest used. */
static struct session *
add(struct sessions *s, struct bytes client)
{
	bool is_new;
	struct dict_entry *entry = dict_add(&s->clients, client, &is_new);
	struct session *session = mem_new(1, sizeof(*session));

	ASSERT(is_new);
	session->client = entry->key;
	entry->value = session;
	list_append(s, session);
	return session;
}

static void
evict_oldest(struct sessions *s)
{
	struct session *session = s->oldest;

	if (session->used_index > s->horizon)
		s->horizon = session->used_index;
	s->reply_bytes -= session->reply.len;
	list_remove(s, session);
	dict_remove(&s->clients, dict_find(&s->clients, session->client));
	buf_release(&session->reply);
	free(session);
}

static void
keep_reply(struct sessions *s, struct session *session, struct bytes reply)
{
	s->reply_bytes -= session->reply.len;
	buf_clear(&session->reply);
	buf_append(&session->reply, reply.data, reply.len);
	s->reply_bytes += reply.len;
}

static void
empty(struct sessions *s)
{
	while (s->oldest != NULL)
		evict_oldest(s);
	dict_release(&s->clients);
	s->horizon = 0;
}

/* ---- applying ---------------------------------------------------------------------- */

static enum session_outcome
outcome_of(const struct sessions *s, const struct session *session,
	   const struct session_stamp *stamp)
{
	if (session == NULL)
		return stamp->birth >= s->horizon ? SESSION_RAN : SESSION_EXPIRED;
	if (stamp->sequence > session->sequence)
		return SESSION_RAN;
	if (stamp->sequence < session->sequence)
		return SESSION_STALE;
	return s->run_repeats ? SESSION_RAN : SESSION_REPEATED;
}

static void
run(struct sessions *s, struct session *session, const struct session_stamp *stamp,
    const struct bytes *argv, size_t argc, struct buf *reply)
{
	size_t start = reply->len;

	s->kind->apply(s->service, argv, argc, reply);
	if (session == NULL) {
		session = add(s, stamp->client);
	} else {
		list_remove(s, session);
		list_append(s, session);
	}
	session->sequence = stamp->sequence;
	session->used_index = s->index;
	keep_reply(s, session, (struct bytes){reply->data + start, reply->len - start});
	while (s->clients.entries.count > SESSIONS_MAX ||
	       (s->reply_bytes > SESSIONS_BYTES_MAX && s->oldest != s->newest))
		evict_oldest(s);
}

enum session_outcome
sessions_apply(struct sessions *s, uint64_t index, struct bytes entry, struct buf *reply)
{
	struct bytes argv[RESP_ARGS_MAX];
	size_t argc;
	struct session_stamp stamp;

	ASSERT(index > s->index);
	s->index = index;
	if (!session_entry_decode(entry, &stamp, argv, &argc)) {
		resp_error(reply, "ERR the log entry is no command");
		return SESSION_GARBAGE;
	}
	struct session *session = find(s, stamp.client);
	enum session_outcome outcome = outcome_of(s, session, &stamp);
	if (outcome == SESSION_RAN)
		run(s, session, &stamp, argv, argc, reply);
	else if (outcome == SESSION_REPEATED)
		buf_append(reply, session->reply.data, session->reply.len);
	else if (outcome == SESSION_STALE)
		resp_error(reply, "STALE a later command of this client has run");
	else
		resp_error(reply, "EXPIRED the session was evicted: begin a new one");
	return outcome;
}

void
sessions_read(struct sessions *s, const struct bytes *argv, size_t argc,
	      struct buf *reply)
{
	s->kind->apply(s->service, argv, argc, reply);
}

/* ---- the whole state --------------------------------------------------------------- */

struct sessions *
sessions_open(const struct service_kind *kind, bool run_repeats)
{
	struct sessions *s = mem_new(1, sizeof(*s));

	s->kind = kind;
	s->service = kind->open();
	s->run_repeats = run_repeats;
	return s;
}

void
sessions_close(struct sessions *s)
{
	if (s == NULL)
		return;
	empty(s);
	s->kind->close(s->service);
	free(s);
}

void
sessions_snapshot(const struct sessions *s, struct buf *out)
{
	buf_string(out, "ses1");
	buf_u64(out, s->index);
	buf_u64(out, s->horizon);
	buf_u64(out, s->clients.entries.count);
	for (struct session *session = s->oldest; session != NULL;
	     session = session->newer) {
		buf_u8(out, (uint8_t)session->client.len);
		buf_append(out, session->client.data, session->client.len);
		buf_u64(out, session->used_index);
		buf_u64(out, session->sequence);
		buf_u32(out, (uint32_t)session->reply.len);
		buf_append(out, session->reply.data, session->reply.len);
	}
	s->kind->snapshot(s->service, out);
}

static bool
decode_session(struct sessions *s, struct bytes *in)
{
	uint8_t client_bytes;
	uint32_t reply_bytes;
	uint64_t used_index, sequence;
	struct bytes client, reply;

	if (!bytes_u8(in, &client_bytes) || client_bytes > SESSION_CLIENT_BYTES_MAX ||
	    !bytes_take(in, client_bytes, &client) || find(s, client) != NULL ||
	    !bytes_u64(in, &used_index) || !bytes_u64(in, &sequence) ||
	    !bytes_u32(in, &reply_bytes) || !bytes_take(in, reply_bytes, &reply))
		return false;
	struct session *session = add(s, client);
	session->used_index = used_index;
	session->sequence = sequence;
	keep_reply(s, session, reply);
	return true;
}

static bool
decode(struct sessions *s, struct bytes in, struct err *err)
{
	struct bytes magic;
	uint64_t count = 0;
	bool ok = bytes_take(&in, 4, &magic) && memcmp(magic.data, "ses1", 4) == 0 &&
		  bytes_u64(&in, &s->index) && bytes_u64(&in, &s->horizon) &&
		  bytes_u64(&in, &count) && count <= SESSIONS_MAX;

	for (uint64_t i = 0; ok && i < count; i++)
		ok = decode_session(s, &in);
	if (!ok)
		return err_set(err, "restore sessions: the bytes are no snapshot");
	return s->kind->restore(s->service, in, err);
}

bool
sessions_restore(struct sessions *s, struct bytes snapshot, struct err *err)
{
	struct sessions *fresh = sessions_open(s->kind, s->run_repeats);
	bool ok = decode(fresh, snapshot, err);

	if (ok) {
		struct sessions old = *s;
		*s = *fresh;
		*fresh = old;
	}
	sessions_close(fresh);
	return ok;
}

uint64_t
sessions_service_hash(const struct sessions *s)
{
	return s->kind->hash(s->service);
}

uint64_t
sessions_hash(const struct sessions *s)
{
	uint64_t hash = sessions_service_hash(s) + s->horizon;

	for (struct session *session = s->oldest; session != NULL;
	     session = session->newer) {
		hash = XXH3_64bits_withSeed(session->client.data, session->client.len,
					    hash);
		hash = XXH3_64bits_withSeed(session->reply.data, session->reply.len,
					    hash + session->sequence);
	}
	return hash;
}

size_t
sessions_count(const struct sessions *s)
{
	return s->clients.entries.count;
}
