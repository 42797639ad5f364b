#include "reference/client/kv_client.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	ARGS_MAX = 64
};

struct kv_client {
	char *host; /* owned */
	int port;
	redisContext *connection; /* owned; NULL: none, or of no use any more */
	redisReply *reply;	  /* owned: the latest */
	int timeout_ms;		  /* set on the connection */
};

/* ---- connection -------------------------------------------------------------------- */

static struct timeval
timeval_of(int ms)
{
	if (ms < 1)
		ms = 1; /* zero would mean: for ever */
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void
hang_up(struct kv_client *client)
{
	if (client->connection != NULL)
		redisFree(client->connection);
	client->connection = NULL;
}

static bool
dial(struct kv_client *client, int timeout_ms, struct err *err)
{
	client->connection = redisConnectWithTimeout(client->host, client->port,
						     timeval_of(timeout_ms));
	client->timeout_ms = 0;
	if (client->connection != NULL && client->connection->err == 0)
		return true;
	err_set(err, "connect to '%s:%d': %s", client->host, client->port,
		client->connection ? client->connection->errstr : "out of memory");
	hang_up(client);
	return false;
}

/* Whether the node has closed the connection while nobody asked anything. */
static bool
was_closed(const struct kv_client *client)
{
	char byte;
	ssize_t got = recv(client->connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* A connection with the timeout set; false: nothing was sent. */
static bool
ready(struct kv_client *client, int timeout_ms, struct err *err)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	if (client->connection != NULL && was_closed(client))
		hang_up(client);
	if (client->connection == NULL && !dial(client, timeout_ms, err))
		return false;
	int left = clock_left_ms(deadline);
	if (timeout_ms - left < 10)
		left = timeout_ms; /* spares two system calls a command */
	if (left != client->timeout_ms &&
	    redisSetTimeout(client->connection, timeval_of(left)) != REDIS_OK) {
		hang_up(client);
		return err_set(err, "set the timeout of a connection");
	}
	client->timeout_ms = left;
	return true;
}

struct kv_client *
kv_client_new(const char *host, int port)
{
	struct kv_client *client = mem_new(1, sizeof(*client));

	client->host = mem_string(host);
	client->port = port;
	return client;
}

struct kv_client *
kv_client_open(const char *host, int port, int timeout_ms, struct err *err)
{
	struct kv_client *client = kv_client_new(host, port);

	if (dial(client, timeout_ms, err))
		return client;
	kv_client_close(client);
	return NULL;
}

void
kv_client_close(struct kv_client *client)
{
	if (client == NULL)
		return;
	hang_up(client);
	if (client->reply != NULL)
		freeReplyObject(client->reply);
	free(client->host);
	free(client);
}

/* ---- a call ------------------------------------------------------------------------ */

static bool
first_word_is(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 &&
	       (text[length] == ' ' || text[length] == '\0');
}

static enum kv_outcome
outcome_of_error(const char *text, bool writes)
{
	static const char *const unknown[] = {"UNKNOWN", "STALE", "EXPIRED"};

	for (size_t i = 0; writes && i < sizeof(unknown) / sizeof(*unknown); i++)
		if (first_word_is(text, unknown[i]))
			return KV_UNKNOWN;
	return KV_FAIL;
}

/* The connection broke. `sent`: at least a part of the command has left. */
static enum kv_outcome
broken(struct kv_client *client, bool sent, bool writes, struct err *err)
{
	const redisContext *connection = client->connection;
	bool timed_out = connection->err == REDIS_ERR_IO &&
			 (errno == EAGAIN || errno == EWOULDBLOCK);

	err_set(err, "'%s:%d': %s", client->host, client->port,
		timed_out ? "no answer in time" : connection->errstr);
	hang_up(client);
	return sent && writes ? KV_UNKNOWN : KV_FAIL;
}

static bool
send_command(struct kv_client *client, const struct bytes *argv, size_t argc, bool *sent)
{
	redisContext *connection = client->connection;
	const char *words[ARGS_MAX];
	size_t lengths[ARGS_MAX];
	int done = 0;

	for (size_t i = 0; i < argc; i++) {
		words[i] = argv[i].data;
		lengths[i] = argv[i].len;
	}
	*sent = false;
	if (redisAppendCommandArgv(connection, (int)argc, words, lengths) != REDIS_OK)
		return false;
	size_t total = sdslen(connection->obuf);
	while (done == 0) {
		bool ok = redisBufferWrite(connection, &done) == REDIS_OK;
		*sent |= done != 0 || sdslen(connection->obuf) < total;
		if (!ok)
			return false;
	}
	return true;
}

enum kv_outcome
kv_call(struct kv_client *client, const struct bytes *argv, size_t argc, bool writes,
	int timeout_ms, const struct redisReply **reply, struct err *err)
{
	void *answer = NULL;
	bool sent = false;

	if (client->reply != NULL)
		freeReplyObject(client->reply);
	client->reply = NULL;
	if (argc > ARGS_MAX) {
		err_set(err, "a command has at most %d words", ARGS_MAX);
		return KV_FAIL;
	}
	if (!ready(client, timeout_ms, err))
		return KV_FAIL;
	if (!send_command(client, argv, argc, &sent) ||
	    redisGetReply(client->connection, &answer) != REDIS_OK)
		return broken(client, sent, writes, err);
	client->reply = answer;
	if (client->reply->type == REDIS_REPLY_ERROR) {
		err_set(err, "%.500s", client->reply->str);
		return outcome_of_error(client->reply->str, writes);
	}
	if (reply != NULL)
		*reply = client->reply;
	return KV_OK;
}

/* ---- commands ---------------------------------------------------------------------- */

#define WORD(text) ((struct bytes){text, strlen(text)})

enum kv_outcome
kv_get(struct kv_client *client, const char *key, int timeout_ms, struct buf *value,
       bool *found, struct err *err)
{
	struct bytes argv[] = {WORD("GET"), WORD(key)};
	const redisReply *reply;
	enum kv_outcome outcome =
		kv_call(client, argv, 2, false, timeout_ms, &reply, err);

	if (outcome != KV_OK)
		return outcome;
	*found = reply->type == REDIS_REPLY_STRING;
	if (*found)
		buf_append(value, reply->str, (size_t)reply->len);
	return KV_OK;
}

enum kv_outcome
kv_set(struct kv_client *client, const char *key, const char *value, int timeout_ms,
       struct err *err)
{
	struct bytes argv[] = {WORD("SET"), WORD(key), WORD(value)};

	return kv_call(client, argv, 3, true, timeout_ms, NULL, err);
}

enum kv_outcome
kv_set_new(struct kv_client *client, const char *key, const char *value, int timeout_ms,
	   struct err *err)
{
	struct bytes argv[] = {WORD("SET"), WORD(key), WORD(value), WORD("NX")};
	const redisReply *reply;
	enum kv_outcome outcome = kv_call(client, argv, 4, true, timeout_ms, &reply, err);

	if (outcome == KV_OK && reply->type == REDIS_REPLY_NIL) {
		err_set(err, "exists");
		return KV_FAIL;
	}
	return outcome;
}

enum kv_outcome
kv_cas(struct kv_client *client, const char *key, const char *old, const char *value,
       int timeout_ms, struct err *err)
{
	struct bytes argv[] = {WORD("CAS"), WORD(key), WORD(old), WORD(value)};
	const redisReply *reply;
	enum kv_outcome outcome = kv_call(client, argv, 4, true, timeout_ms, &reply, err);

	if (outcome == KV_OK && reply->integer == 0) {
		err_set(err, "mismatch");
		return KV_FAIL;
	}
	return outcome;
}

enum kv_outcome
kv_set_add(struct kv_client *client, const char *key, const char *member, int timeout_ms,
	   struct err *err)
{
	struct bytes argv[] = {WORD("SADD"), WORD(key), WORD(member)};

	return kv_call(client, argv, 3, true, timeout_ms, NULL, err);
}

enum kv_outcome
kv_set_members(struct kv_client *client, const char *key, int timeout_ms,
	       const struct redisReply **members, struct err *err)
{
	struct bytes argv[] = {WORD("SMEMBERS"), WORD(key)};

	return kv_call(client, argv, 2, false, timeout_ms, members, err);
}

enum kv_outcome
kv_info(struct kv_client *client, int timeout_ms, struct buf *text, struct err *err)
{
	struct bytes argv[] = {WORD("INFO")};
	const redisReply *reply;
	enum kv_outcome outcome =
		kv_call(client, argv, 1, false, timeout_ms, &reply, err);

	if (outcome == KV_OK && reply->type == REDIS_REPLY_STRING)
		buf_append(text, reply->str, (size_t)reply->len);
	return outcome;
}

/* What stands behind `name:` at the beginning of a line, or NULL. */
static const char *
info_value(const char *info, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

int64_t
kv_info_number(const char *info, const char *name)
{
	const char *value = info_value(info, name);

	return value != NULL ? strtoll(value, NULL, 10) : -1;
}

bool
kv_info_is(const char *info, const char *name, const char *value)
{
	const char *found = info_value(info, name);

	return found != NULL && strcspn(found, "\r\n") == strlen(value) &&
	       strncmp(found, value, strlen(value)) == 0;
}
