/* online_session.c - what sessions were promised of one key (checkers/weak/weak_models.h):
 * read-your-writes, monotonic-reads, monotonic-writes, all together, and for the models
 * that promise all of them: pram, causal, sequential.
 *
 * Each session has a frontier: by writer, how many of its writes every later read must not
 * be older than. It grows by own writes, by what was read, by what the writer had written
 * before what was read. Raised are reads of the initial value behind a frontier, reads of a
 * write that has a newer one of its writer within the frontier, and reads that come back to
 * a value behind another (session.c tells why). Real time says nothing here, so a value may
 * be read at any time: what is read before it is written is not judged.
 *
 * Left to the end: what takes several keys (a write seen on one key, its cause missed on
 * another), writes-follow-reads, cycles. Live: the values of a key, 20 bytes each, and the
 * frontiers, 16 bytes for each pair of session and writer that it has read; beyond
 * VALUES_MAX values or SESSIONS_MAX sessions a key is given up. O(1) an operation, reads
 * O(writers) at worst. */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/table.h"

enum guarantee {
	READ_YOUR_WRITES = 1,
	MONOTONIC_READS = 2,
	MONOTONIC_WRITES = 4,
	ALL_OF_A_KEY = READ_YOUR_WRITES | MONOTONIC_READS | MONOTONIC_WRITES,
	/* A view of its own for each read (causal-cc): nothing about coming back. */
	EACH_READ_ALONE = 8,
};

enum {
	VALUES_MAX = 1 << 20,
	SESSIONS_MAX = 1 << 12,
	NOTE_SESSION = 0,
	NOTE_VALUE
};

#define NEVER_READ 0

struct version {
	online_value value;
	uint32_t session, place; /* the how-manieth write of its session; from 1 */
};

/* So many writes of a session, since this read of the owner's (counted from 1). */
struct frontier {
	uint32_t session, places, since;
};

struct streak {
	uint32_t version; /* index + 1; 0: none */
	uint32_t last_read;
};

struct session {
	VEC(struct frontier) frontiers;
	struct streak now, before; /* consecutive reads of one value */
	uint32_t reads, writes;
};

struct online_session {
	struct table versions_of; /* value -> index */
	VEC(struct version) versions;
	struct table session_of; /* process -> its session */
	VEC(struct session) sessions;
	unsigned asked;
	const char *broken; /* what a violation is called */
};

/* ---- frontiers ---- */

static struct frontier *
frontier_of(struct session *session, uint32_t writer)
{
	vec_each (struct frontier, frontier, &session->frontiers)
		if (frontier->session == writer)
			return frontier;
	return NULL;
}

static void
raise_to(struct session *session, uint32_t writer, uint32_t places)
{
	struct frontier *frontier = frontier_of(session, writer);

	if (places == 0 || (frontier != NULL && frontier->places >= places))
		return;
	if (frontier == NULL) {
		vec_push(&session->frontiers, (struct frontier){.session = writer});
		frontier = vec_last(&session->frontiers);
	}
	frontier->places = places;
	frontier->since = session->reads + 1;
}

/* It was read, then another one, then it again, though it was in the frontier all the time,
 * and the other one is. */
static bool
came_back(const struct online_session *state, struct session *session, uint32_t version,
	  const struct frontier *own)
{
	const struct streak *other =
		session->now.version != version + 1 ? &session->now : &session->before;

	if (other->version == 0 || other->last_read < own->since)
		return false;
	const struct version *read = &state->versions.items[other->version - 1];
	const struct frontier *frontier = frontier_of(session, read->session);
	return frontier != NULL && frontier->places >= read->place;
}

static void
remember_read(struct session *session, uint32_t version)
{
	if (session->now.version != version + 1) {
		session->before = session->now;
		session->now.version = version + 1;
	}
	session->now.last_read = session->reads;
}

/* ---- events ---- */

static uint32_t
session_of(struct online_session *state, uint32_t process)
{
	uint32_t id = table_find(&state->session_of, process);

	if (id != TABLE_NONE)
		return id;
	id = (uint32_t)state->sessions.count;
	table_put(&state->session_of, process, id);
	vec_push(&state->sessions, (struct session){.reads = 0});
	return id;
}

static void
begin_write(const struct online_call *call, online_value value)
{
	struct online_session *state = call->state;
	uint32_t id = (uint32_t)call->notes[NOTE_SESSION];

	if (table_find(&state->versions_of, value) != TABLE_NONE ||
	    value == call->options->init) {
		online_give_up(call, "a value was written twice to one key");
		return;
	}
	if (state->versions.count == VALUES_MAX) {
		online_give_up(call, "too many values were written to one key");
		return;
	}
	table_put(&state->versions_of, value, (uint32_t)state->versions.count);
	vec_push(&state->versions,
		 (struct version){value, id, ++state->sessions.items[id].writes});
}

static void
begin(const struct online_call *call)
{
	struct online_session *state = call->state;

	if (call->f != F_READ && call->f != F_WRITE) {
		online_give_up(call, "not all operations are reads and writes");
		return;
	}
	if (state->sessions.count == SESSIONS_MAX) {
		online_give_up(call, "too many sessions used one key");
		return;
	}
	call->notes[NOTE_SESSION] = session_of(state, call->process);
	if (call->f != F_WRITE)
		return;
	call->notes[NOTE_VALUE] = online_value_of(call->values, call->value);
	begin_write(call, call->notes[NOTE_VALUE]);
}

static void
end_write(const struct online_call *call)
{
	struct online_session *state = call->state;
	uint32_t id = (uint32_t)call->notes[NOTE_SESSION];
	struct session *session = &state->sessions.items[id];

	if (call->type ==
	    OP_FAIL) { /* nobody wrote it: whoever read it is told at the end */
		table_remove(&state->versions_of, call->notes[NOTE_VALUE]);
		session->writes--;
	} else if (call->type == OP_OK && state->asked & READ_YOUR_WRITES) {
		raise_to(session, id, session->writes);
	}
}

static void
read_initial(const struct online_call *call, const struct session *session)
{
	const struct online_session *state = call->state;

	if (session->frontiers.count > 0)
		online_violate(call, state->broken, call->options->init, 0);
}

static void
read_version(const struct online_call *call, struct session *session, uint32_t id)
{
	struct online_session *state = call->state;
	struct version read = state->versions.items[id];
	const struct frontier *frontier = frontier_of(session, read.session);
	bool is_in = frontier != NULL && frontier->places >= read.place;

	if (is_in &&
	    (frontier->places > read.place || (!(state->asked & EACH_READ_ALONE) &&
					       came_back(state, session, id, frontier))))
		online_violate(call, state->broken, read.value, 0);
	remember_read(session, id);
	if (state->asked & MONOTONIC_READS)
		raise_to(session, read.session, read.place);
	else if (state->asked & MONOTONIC_WRITES)
		raise_to(session, read.session, read.place - 1);
}

static void
end_read(const struct online_call *call)
{
	struct online_session *state = call->state;
	struct session *session =
		&state->sessions.items[(uint32_t)call->notes[NOTE_SESSION]];
	online_value value = online_value_of(call->values, call->value);
	uint32_t id = table_find(&state->versions_of, value);

	session->reads++;
	if (value == call->options->init) {
		if (value != 0 || !call->options->nil_is_unknown)
			read_initial(call, session);
	} else if (id != TABLE_NONE) {
		read_version(call, session, id);
	}
}

/* An operation of unknown outcome ends its session. */
static void
end(const struct online_call *call)
{
	struct online_session *state = call->state;

	if (call->type == OP_INFO)
		table_remove(&state->session_of, call->process);
	if (call->f == F_WRITE)
		end_write(call);
	else if (call->type == OP_OK)
		end_read(call);
}

static void
stop(void *state)
{
	struct online_session *session = state;

	table_release(&session->versions_of);
	table_release(&session->session_of);
	vec_each (struct session, one, &session->sessions)
		vec_release(&one->frontiers);
	vec_release(&session->sessions);
	vec_release(&session->versions);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_session *session = state;

	size->values += session->versions.count;
	size->bytes += table_bytes(&session->versions_of) +
		       table_bytes(&session->session_of) +
		       session->versions.capacity * sizeof(struct version) +
		       session->sessions.capacity * sizeof(struct session);
	vec_each (const struct session, one, &session->sessions)
		size->bytes += one->frontiers.capacity * sizeof(struct frontier);
}

/* ---- the deciders ---- */

#define SESSION(id, checker, guarantees, anomaly)                                        \
	static void start_##id(void *state, const struct online_options *options)        \
	{                                                                                \
		(void)options;                                                           \
		struct online_session *session = state;                                  \
		session->asked = guarantees;                                             \
		session->broken = anomaly;                                               \
	}                                                                                \
	const struct online_decider online_##id = {                                      \
		.name = checker,                                                         \
		.summary = "reads of a key that are older than the session may see",     \
		.state_bytes = sizeof(struct online_session),                            \
		.start = start_##id,                                                     \
		.stop = stop,                                                            \
		.begin = begin,                                                          \
		.end = end,                                                              \
		.size = size,                                                            \
	};

SESSION(read_your_writes, "read-your-writes", READ_YOUR_WRITES, "unseen-own-write")
SESSION(monotonic_reads, "monotonic-reads", MONOTONIC_READS, "non-monotonic-read")
SESSION(monotonic_writes, "monotonic-writes", MONOTONIC_WRITES, "non-monotonic-write")
SESSION(session, "session", ALL_OF_A_KEY, "session-conflict")
SESSION(pram, "pram", ALL_OF_A_KEY, "cyclic-hb")
SESSION(causal_cc, "causal-cc", ALL_OF_A_KEY | EACH_READ_ALONE, "write-co-read")
SESSION(causal_ccv, "causal-ccv", ALL_OF_A_KEY, "cyclic-cf")
SESSION(causal_cm, "causal-cm", ALL_OF_A_KEY, "cyclic-hb")
SESSION(causal, "causal", ALL_OF_A_KEY, "cyclic-hb")
SESSION(sequential, "sequential", ALL_OF_A_KEY, "not-sequential")
