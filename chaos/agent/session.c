#include "chaos/agent/session.h"

#include "base/clock.h"
#include "chaos/agent/probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The guardian must outwait the longest thing that one request can do. */
enum {
	REQUEST_MS_MAX = 12000,
	RETRY_MS = 1000
};

bool
session_open(struct session *session, const struct session_options *options,
	     struct err *err)
{
	*session =
		(struct session){.lease_ms = options->lease_ms, .heard_ns = clock_ns()};
	if (!cut_table_init(&session->leases.table, options->name, options->connection,
			    options->lease_ms, err))
		return false;
	if (!undo_replay_leftovers(options->state, options->daemons, false,
				   &session->replayed, err))
		return err_context(err, "undo what an earlier agent left");
	if (!undo_open(&session->undo, options->state, options->name, err))
		return false;
	session->leases.undo = &session->undo;
	session->leases.daemons = options->daemons;
	if (!guardian_start(&session->guardian, &session->undo, options->daemons,
			    options->lease_ms + REQUEST_MS_MAX, err)) {
		undo_close(&session->undo);
		return false;
	}
	session->guarded = true;
	return true;
}

/* Without a guardian nothing may be in force. */
static void
keep_guardian(struct session *session)
{
	struct err ignored;
	int healed;

	if (!session->guarded || guardian_beat(&session->guardian))
		return;
	session->guarded = false;
	leases_heal_all(&session->leases, &healed, &ignored);
	session->lapsed += healed;
}

static bool
hello(struct session *session, struct buf *values)
{
	buf_printf(values, "version=%d pid=%d lease_ms=%d replayed=%d", PROTOCOL_VERSION,
		   getpid(), session->lease_ms, session->replayed);
	return true;
}

static bool
beat(struct session *session, struct buf *values, struct err *err)
{
	buf_printf(values, "faults=%zu lapsed=%d", session->leases.of.count,
		   session->lapsed);
	return leases_renew(&session->leases, err);
}

static bool
check(struct session *session, const struct request *request, struct buf *values,
      struct err *err)
{
	struct process process;

	if (strcmp(request->words[0], "network") == 0 && request->word_count == 1)
		return cut_check(err);
	if (strcmp(request->words[0], "process") != 0 || request->word_count != 2)
		return err_set(err, "unknown check '%.40s'", request->words[0]);
	if (!protocol_is_name(request->words[1]))
		return err_set(err, "'%.40s' is no name of a daemon", request->words[1]);
	struct processes tree = {0};
	bool ok = process_of_daemon(session->leases.daemons, request->words[1], &process,
				    err) &&
		  process_tree(&process, &tree, err) &&
		  process_can_start(session->leases.daemons, request->words[1], err);
	vec_release(&tree.of);
	if (ok)
		buf_printf(values, "pid=%d", process.pid);
	return ok;
}

static bool
probe(const struct request *request, struct buf *values, struct err *err)
{
	for (size_t i = 0; i < request->word_count; i++) {
		struct cut_address address;
		if (!cut_address_read(&address, request->words[i], err))
			return false;
		buf_printf(values, "%s%s=%d", i > 0 ? " " : "", address.text,
			   probe_send(&address));
	}
	return true;
}

static bool
heal_all(struct session *session, struct buf *values, struct err *err)
{
	int healed = 0;
	bool ok = leases_heal_all(&session->leases, &healed, err);

	buf_printf(values, "healed=%d", healed);
	return ok;
}

/* What stands is asked of the kernel, not of our memory. */
static bool
state(struct session *session, struct buf *values, struct err *err)
{
	struct buf names = {0};
	char line[CUT_TABLE_BYTES + 2];

	snprintf(line, sizeof(line), "%s\n", session->leases.table.name);
	bool ok = !session->leases.table.ever_stood || cut_tables_list(&names, err);
	buf_printf(values, "faults=%zu table=%d", session->leases.of.count,
		   strstr(buf_text(&names), line) != NULL);
	buf_release(&names);
	return ok;
}

static bool
dispatch(struct session *session, const struct request *request, struct buf *values,
	 struct err *err)
{
	switch (request->verb) {
	case VERB_HELLO:
		return hello(session, values);
	case VERB_BEAT:
		return beat(session, values, err);
	case VERB_CHECK:
		return check(session, request, values, err);
	case VERB_CUT:
		return leases_cut(&session->leases, request, values, err);
	case VERB_PROBE:
		return probe(request, values, err);
	case VERB_COUNTS:
		return leases_counts(&session->leases, request, values, err);
	case VERB_PAUSE:
		return leases_pause(&session->leases, request, values, err);
	case VERB_KILL:
		return leases_kill(&session->leases, request, values, err);
	case VERB_HEAL:
		return leases_heal(&session->leases, request, values, err);
	case VERB_BYE:
		session->ended = true;
		return heal_all(session, values, err);
	case VERB_HEAL_ALL:
		return heal_all(session, values, err);
	case VERB_STATE:
		return state(session, values, err);
	default:
		return err_set(err, "request '%s' has no answer",
			       verb_name(request->verb));
	}
}

static bool
needs_guardian(enum verb verb)
{
	return verb == VERB_CUT || verb == VERB_PAUSE || verb == VERB_KILL ||
	       verb == VERB_BEAT;
}

static bool
answer(struct session *session, const struct request *request, struct buf *values,
       struct err *err)
{
	if (needs_guardian(request->verb) && !session->guarded)
		return err_set(
			err, "the guardian process is gone, so no fault may be in force");
	return dispatch(session, request, values, err);
}

void
session_answer(struct session *session, const char *line, size_t bytes, struct buf *out)
{
	static struct request request; /* 18 KB; there is one session a process */
	struct buf values = {0};
	struct err err = {0};

	session->heard_ns = clock_ns();
	keep_guardian(session);
	if (request_read(&request, line, bytes, &err) &&
	    answer(session, &request, &values, &err))
		reply_ok(out, request.number, buf_text(&values));
	else
		reply_error(out, request.number, &err);
	buf_release(&values);
	session->heard_ns = clock_ns();
}

int
session_wait_ms(const struct session *session)
{
	if (session->leases.of.count == 0)
		return -1;
	int left = clock_left_ms(session->heard_ns + session->lease_ms * NS_PER_MS);
	return left > 0 ? left : RETRY_MS;
}

void
session_tick(struct session *session)
{
	struct err err;
	int healed = 0;

	if (session->leases.of.count == 0 ||
	    clock_left_ms(session->heard_ns + session->lease_ms * NS_PER_MS) > 0)
		return;
	leases_heal_all(&session->leases, &healed, &err);
	session->lapsed += healed;
}

bool
session_close(struct session *session, struct err *err)
{
	int healed;
	bool ok = leases_heal_all(&session->leases, &healed, err);

	/* After a failure the guardian tries once more: its pipe closes without a word.
	 */
	if (ok) {
		guardian_stop(&session->guardian);
		undo_close(&session->undo);
	}
	leases_release(&session->leases);
	return ok;
}
