/* The lines between controller and agent, both ways. */
#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "chaos/agent/cut.h"
#include "chaos/agent/protocol.h"

#include <stdlib.h>
#include <string.h>

void hostile_agent(const char *argument, struct bytes input);

static void
read_request(const char *line)
{
	static struct request request;
	struct cut_address address;
	struct err err = {0};

	if (!request_read(&request, line, strlen(line), &err)) {
		ASSERT(err.text[0] != '\0');
		return;
	}
	ASSERT(request.verb > VERB_NONE && request.verb < VERB_COUNT);
	ASSERT(request.word_count <= PROTOCOL_WORDS_MAX);
	for (size_t i = 0; i < request.word_count; i++) {
		ASSERT(request.words[i][0] != '\0');
		protocol_is_name(request.words[i]);
		cut_address_read(&address, request.words[i], &err);
	}
}

/* Errors of ours go over the line as one line, whatever is in them. */
static void
read_reply(const char *line)
{
	struct buf out = {0};
	struct err err = {0};
	char value[16];

	if (!reply_check(line, &err)) {
		reply_error(&out, 7, &err);
		ASSERT(strchr(buf_text(&out), '\n') == out.data + out.len - 1);
	}
	reply_number(line, "pid", -1);
	reply_text(line, "table", value, sizeof(value));
	ASSERT(memchr(value, '\0', sizeof(value)) != NULL);
	buf_release(&out);
}

void
hostile_agent(const char *argument, struct bytes input)
{
	struct cut_table table = {0};
	struct err err;

	(void)argument;
	while (input.len > 0) {
		char *line = hostile_line(&input);
		read_request(line);
		read_reply(line);
		if (cut_table_init(&table, "faultline_x", line, 1000, &err))
			cut_table_release(&table);
		free(line);
	}
}
