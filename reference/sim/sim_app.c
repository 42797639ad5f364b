#include "reference/sim/sim_app.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

/* The words of a command; the texts stand in here. */
struct words {
	struct bytes argv[4];
	size_t argc;
	char text[3][24];
};

static void
add_number(struct words *words, const char *prefix, int64_t number)
{
	char *text = words->text[words->argc - 1];
	int length = snprintf(text, sizeof(words->text[0]), "%s%lld", prefix,
			      (long long)number);

	words->argv[words->argc++] = (struct bytes){text, (size_t)length};
}

static void
spell(const struct sim_request *request, struct words *words)
{
	const char *name = request->f == F_READ	   ? "GET"
			   : request->f == F_WRITE ? "SET"
						   : "CAS";

	words->argv[0] = (struct bytes){name, 3};
	words->argc = 1;
	add_number(words, "k", request->key);
	if (request->f == F_CAS)
		add_number(words, "", request->expected);
	if (request->f != F_READ)
		add_number(words, "", request->value);
}

void
sim_app_encode(const struct sim_request *request, struct buf *command)
{
	char client[24];
	int length = snprintf(client, sizeof(client), "%llx",
			      (unsigned long long)request->session);
	struct session_stamp stamp = {.client = {client, (size_t)length},
				      .sequence = request->sequence};
	struct words words;

	spell(request, &words);
	session_entry_encode(&stamp, words.argv, words.argc, command);
}

/* The replies that these commands have: +OK, :1, :0, $-1, $N and a number, -STALE ... */
static void
understand(const struct buf *resp, struct sim_reply *reply)
{
	const char *text = buf_text(resp), *line = strchr(text, '\n');

	*reply = (struct sim_reply){.type = OP_OK};
	if (text[0] == '-')
		reply->type = OP_INFO;
	else if (text[0] == ':')
		reply->type = text[1] == '1' ? OP_OK : OP_FAIL;
	else if (text[0] == '$' && text[1] == '-')
		reply->is_nil = true;
	else if (text[0] == '$' && line != NULL)
		reply->value = strtoll(line + 1, NULL, 10);
}

void
sim_app_apply(struct sessions *app, uint64_t index, struct bytes command,
	      struct sim_reply *reply, bool *repeated)
{
	struct buf resp = {0};

	*repeated = sessions_apply(app, index, command, &resp) == SESSION_REPEATED;
	understand(&resp, reply);
	buf_release(&resp);
}

void
sim_app_read(struct sessions *app, const struct sim_request *request,
	     struct sim_reply *reply)
{
	struct buf resp = {0};
	struct words words;

	spell(request, &words);
	sessions_read(app, words.argv, words.argc, &resp);
	understand(&resp, reply);
	buf_release(&resp);
}
