/* connection_command.c - what a client asks: the node answers itself, or submits it. */
#include "reference/node/connection.h"

#include "reference/service/resp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
queue(struct connection *c, struct request *request)
{
	*(c->last ? &c->last->next : &c->first) = request;
	c->last = request;
	c->ahead++;
}

struct buf *
connection_reply_now(struct connection *c)
{
	struct request *request = requests_add_done(c->clients->requests, c);

	if (request == NULL) {
		connection_drop(
			c); /* not even room for an error: the order of replies is at stake */
		return NULL;
	}
	queue(c, request);
	return &request->reply;
}

void
connection_new_session(struct connection *c)
{
	struct clients *clients = c->clients;

	c->birth = clients->calls.applied(clients->calls.context);
	c->sequence = 0;
	snprintf(c->session, sizeof(c->session), "%u.%" PRIx64 ".%" PRIu64,
		 (unsigned)clients->config->id, clients->boot, ++clients->sessions);
}

static void
reply_session(struct connection *c, struct buf *reply)
{
	struct clients *clients = c->clients;
	char name[SESSION_CLIENT_BYTES_MAX];
	int length = snprintf(name, sizeof(name), "%" PRIu64 ":%u.%" PRIx64 ".%" PRIu64,
			      clients->calls.applied(clients->calls.context),
			      (unsigned)clients->config->id, clients->boot,
			      ++clients->sessions);

	resp_bulk(reply, (struct bytes){name, (size_t)length});
}

static void
reply_text(struct connection *c, void (*print)(void *context, struct buf *text),
	   struct buf *reply)
{
	struct buf text = {0};

	print(c->clients->calls.context, &text);
	resp_bulk(reply, buf_bytes(&text));
	buf_release(&text);
}

static void
reply_info(struct connection *c, struct buf *reply)
{
	reply_text(c, c->clients->calls.info, reply);
}

static void
reply_digest(struct connection *c, struct buf *reply)
{
	reply_text(c, c->clients->calls.digest, reply);
}

static void
reply_empty(struct connection *c, struct buf *reply)
{
	(void)c;
	resp_array(reply, 0);
}

static void
reply_ok(struct connection *c, struct buf *reply)
{
	(void)c;
	resp_simple(reply, "OK");
}

static void
reply_quit(struct connection *c, struct buf *reply)
{
	reply_ok(c, reply);
	c->is_leaving = true;
}

/* What the node answers itself; COMMAND, CONFIG and CLIENT only so that redis-cli and
 * redis-benchmark feel at home. */
static const struct {
	const char *name;
	void (*reply)(struct connection *c, struct buf *reply);
} local_commands[] = {
	{"INFO", reply_info}, {"SESSION", reply_session}, {"DIGEST", reply_digest},
	{"QUIT", reply_quit}, {"COMMAND", reply_empty},	  {"CONFIG", reply_empty},
	{"CLIENT", reply_ok},
};

static bool
run_locally(struct connection *c, struct bytes name)
{
	for (size_t i = 0; i < sizeof(local_commands) / sizeof(*local_commands); i++) {
		if (!resp_word_is(name, local_commands[i].name))
			continue;
		struct buf *reply = connection_reply_now(c);
		if (reply != NULL)
			local_commands[i].reply(c, reply);
		return true;
	}
	return false;
}

static void
refuse_busy(struct connection *c)
{
	struct buf *reply = connection_reply_now(c);

	if (reply != NULL)
		resp_error(reply, "REFUSED the command did not run: too many are open");
}

static void
submit(struct connection *c, const struct session_stamp *stamp, bool own_stamp,
       const struct bytes *argv, size_t argc)
{
	struct clients *clients = c->clients;
	struct request *request =
		requests_add(clients->requests, c, stamp, argv, argc,
			     clients->calls.now_ms(clients->calls.context));

	if (request == NULL) {
		refuse_busy(c);
		return;
	}
	request->has_own_stamp = own_stamp;
	queue(c, request);
	c->open++;
	c->open_are_writes = stamp != NULL;
}

static void
submit_write(struct connection *c, const struct bytes *argv, size_t argc)
{
	struct session_stamp stamp = {.client = {c->session, strlen(c->session)},
				      .birth = c->birth,
				      .sequence = ++c->sequence};

	submit(c, &stamp, false, argv, argc);
}

bool
connection_command(struct connection *c, const struct bytes *argv, size_t argc)
{
	const struct service_kind *service = c->clients->config->service;
	struct session_stamp stamp;
	struct err err = {0};
	bool once = resp_word_is(argv[0], "ONCE");
	bool bad_stamp = once && !session_once_parse(argv, argc, &stamp, &err);
	const struct bytes *words = once && !bad_stamp ? argv + 3 : argv;
	size_t count = once && !bad_stamp ? argc - 3 : argc;
	enum command_class class = service->classify(words, count);
	bool is_write = class == COMMAND_WRITE;

	if (class >= COMMAND_READ && c->open > 0 && c->open_are_writes != is_write)
		return false;
	if (run_locally(c, argv[0]))
		return true;
	if (class >= COMMAND_READ && once)
		submit(c, is_write ? &stamp : NULL, true, words, count);
	else if (is_write)
		submit_write(c, words, count);
	else if (class == COMMAND_READ)
		submit(c, NULL, false, words, count);
	else {
		struct buf *reply = connection_reply_now(c);
		if (reply != NULL && bad_stamp)
			resp_error(reply, "ERR %s", err.text);
		else if (reply != NULL) /* local, unknown or bad: looks at no state */
			service->apply(NULL, words, count, reply);
	}
	return true;
}
