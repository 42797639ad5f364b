#include "harness/run/agent.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "harness/hosts/ssh.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	START_MS = 15000,
	HEAL_MS = 60000,
	COMMAND_MS = 10000
};

struct agent {
	struct ssh_stream *stream; /* owned */
	uint64_t number;	   /* of the last request */
};

/* ---- the program ----------------------------------------------------------------- */

static bool
own_folder(char *folder, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", folder, bytes - 1);

	if (length <= 0)
		return false;
	folder[length] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	return slash != NULL;
}

char *
agent_program(struct err *err)
{
	static const char *const places[] = {"faultline-agent",
					     "../lib/faultline/faultline-agent"};
	const char *named = getenv("FAULTLINE_AGENT");
	char folder[PATH_MAX];

	if (named != NULL && file_exists(named))
		return mem_string(named);
	for (size_t i = 0; i < 2 && named == NULL && own_folder(folder, sizeof(folder));
	     i++) {
		char *path = mem_format("%s/%s", folder, places[i]);
		if (file_exists(path))
			return path;
		free(path);
	}
	if (named != NULL)
		err_set(err, "there is no agent '%s', which FAULTLINE_AGENT names",
			named);
	else
		err_set(err, "there is no program 'faultline-agent' beside this one");
	err_hint(err, "build it ('make'), or set FAULTLINE_AGENT to its path");
	return NULL;
}

/* Where it is on the host. The caller frees. */
static char *
remote_path(const struct host *host)
{
	return mem_format("%s/agent/faultline-agent", host->folder);
}

static bool
upload(struct host *host, const char *program, const char *remote, struct err *err)
{
	return (host_exec(host, NULL, COMMAND_MS, err, "mkdir -p '%s/agent'",
			  host->folder) &&
		host_upload(host, program, remote, 0755, err)) ||
	       err_context(err, "put the agent there");
}

/* ---- its session ----------------------------------------------------------------- */

/* What the command line of the agent is, with `options` behind it. */
static void
command_line(const struct host *host, const char *remote, const char *options,
	     struct buf *line)
{
	buf_string(line, "exec ");
	host_quote(line, remote);
	buf_string(line, " --daemons ");
	host_quote(line, host->folder);
	buf_printf(line, " %s", options);
}

struct agent *
agent_open(struct host *host, const char *program, const char *session, struct err *err)
{
	char *remote = remote_path(host),
	     *options = mem_format("--session '%s'", session);
	struct buf line = {0};
	struct agent *agent = NULL;
	struct ssh_stream *stream = NULL;

	command_line(host, remote, options, &line);
	if (upload(host, program, remote, err))
		stream = host_stream_open(host, buf_text(&line), START_MS, err);
	if (stream != NULL) {
		agent = mem_new(1, sizeof(*agent));
		agent->stream = stream;
	}
	buf_release(&line);
	free(remote);
	free(options);
	return agent;
}

/* Reads lines until the one that answers request `number`; older ones are late replies to
 * requests that were given up. What is no reply at all was printed by the host. */
static bool
await_reply(struct agent *agent, struct buf *reply, int64_t deadline_ns, struct err *err)
{
	char *end;

	for (;;) {
		buf_clear(reply);
		if (!ssh_stream_line(agent->stream, reply, clock_left_ms(deadline_ns),
				     err))
			return false;
		uint64_t number = strtoull(buf_text(reply), &end, 10);
		if (number != agent->number || *end != ' ')
			continue;
		buf_consume(reply, (size_t)(end + 1 - reply->data));
		return true;
	}
}

static bool
request(void *context, const char *line, struct buf *reply, int timeout_ms,
	struct err *err)
{
	struct agent *agent = context;
	struct buf sent = {0};
	int64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;

	buf_printf(&sent, "%" PRIu64 " %s\n", ++agent->number, line);
	bool ok = ssh_stream_write(agent->stream, buf_bytes(&sent), timeout_ms, err) &&
		  await_reply(agent, reply, deadline_ns, err);
	buf_release(&sent);
	return ok;
}

struct agent_link
agent_link_of(struct agent *agent)
{
	return (struct agent_link){.request = request, .context = agent};
}

void
agent_close(struct agent *agent)
{
	if (agent == NULL)
		return;
	ssh_stream_close(agent->stream);
	free(agent);
}

bool
agent_heal(struct host *host, const char *program, struct buf *said, struct err *err)
{
	char *remote = remote_path(host);
	struct buf line = {0};

	command_line(host, remote, "--heal", &line);
	bool ok = upload(host, program, remote, err) &&
		  host_exec(host, said, HEAL_MS, err, "%s", buf_text(&line));
	buf_release(&line);
	free(remote);
	return ok;
}
