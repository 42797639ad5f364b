/* weak.h - reads and writes as consistency below linearizability sees them: sessions, who
 * read from whom, and no clock.
 *
 * A session is a process. An operation of unknown outcome ends its session, as in Jepsen
 * (nobody waits for it any more); what the process does afterwards is a new session.
 * Written values must be unique for each key, so that every read names the write that it
 * read from (its source). Then no doubt about outcomes remains either: a write of unknown
 * outcome happened iff it was read; otherwise it can be left out. Failed operations did
 * not happen.
 *
 * Operations have dense ids, session after session and in session order, so that the
 * operation that follows in its session is the next id. Immutable once made. About 40
 * bytes an operation, of which 24 stay. */
#ifndef CHECKERS_WEAK_H
#define CHECKERS_WEAK_H

#include "checkers/checker.h"

#define WEAK_INITIAL UINT32_MAX /* the source of a read of the initial value */

/* A read of a value that no write brought. */
struct weak_orphan {
	uint32_t read;	 /* index into history->ops */
	uint32_t failed; /* a failed write of the value; OP_NEVER: none */
};

struct weak {
	const struct history *history; /* borrowed */
	uint32_t count, session_count, key_count;
	uint32_t *op;	   /* owned, by id: index into history->ops */
	uint32_t *session; /* owned, by id */
	uint32_t *key;	   /* owned, by id: dense */
	uint32_t *source;  /* owned, by id: of a read, its write or WEAK_INITIAL; of a
			      write, itself */
	uint32_t *start;   /* owned, by session: its first id; one more at the end */

	/* The writes of a key, session by session: a run is the writes of one session
	 * to one key, ascending. */
	uint32_t *writes;   /* owned: ids */
	uint32_t *runs;	    /* owned, by run: where it begins in `writes`; one more */
	uint32_t *key_runs; /* owned, by key: its first run; one more at the end */

	VEC(struct weak_orphan) orphans; /* at most ANOMALIES_MAX; they have no id */
	uint64_t orphan_count;
};

enum {
	WEAK_BYTES_EACH = 128,	/* an operation, while reading: arrays and maps */
	WEAK_FEW_SESSIONS = 128 /* so many have clocks; each crash ends one */
};

/* Reads the history. False, with the reason: operations that are no reads and writes,
 * written values that are not unique, or a budget that is too small or over. The caller
 * calls weak_release either way. */
bool weak_init(struct weak *weak, const struct history *history,
	       const struct check_options *options, struct err *err);
void weak_release(struct weak *weak);

/* The part of it that is left with these ids only (ascending). A read whose write is not
 * among them is left out too; sessions and keys are numbered anew. Every model of this
 * family that allows the whole allows the part: writes that nobody reads and reads only
 * ask for more. */
void weak_part(const struct weak *whole, const uint32_t *ids, size_t count,
	       struct weak *part);

static inline bool
weak_is_write(const struct weak *weak, uint32_t id)
{
	return weak->source[id] == id;
}

/* Place of the operation in its session. */
static inline uint32_t
weak_place(const struct weak *weak, uint32_t id)
{
	return id - weak->start[weak->session[id]];
}

/* The last write of the run below the id `end`; WEAK_INITIAL: none. O(log n). */
uint32_t weak_last_below(const struct weak *weak, uint32_t run, uint32_t end);

/* The session of a run. */
static inline uint32_t
weak_run_session(const struct weak *weak, uint32_t run)
{
	return weak->session[weak->writes[weak->runs[run]]];
}

/* What is known to be before an operation, as a clock: by session, how many of its first
 * operations. Itself included. */
struct weak_clocks {
	uint32_t *rows;	 /* owned: session_count words an operation */
	uint32_t *order; /* owned: ids in an order that respects session order and reads
			    from */
	uint32_t width;
	bool is_cyclic;	   /* session order and reads-from contradict each other */
	bool is_too_large; /* more bytes than allowed; nothing was computed */
};

/* Whether clocks are the way to decide: few sessions, and memory for them. */
bool weak_suits_clocks(const struct weak *weak, size_t bytes_max);

/* Clocks of causal order: session order and reads-from, transitively. O(n sessions). */
void weak_clocks_init(struct weak_clocks *clocks, const struct weak *weak,
		      size_t bytes_max);
void weak_clocks_release(struct weak_clocks *clocks);

static inline const uint32_t *
weak_clock(const struct weak_clocks *clocks, uint32_t id)
{
	return clocks->rows + (size_t)id * clocks->width;
}

/* a is before b, or a is b. */
static inline bool
weak_is_before(const struct weak *weak, const struct weak_clocks *clocks, uint32_t a,
	       uint32_t b)
{
	return weak_clock(clocks, b)[weak->session[a]] > weak_place(weak, a);
}

#endif
