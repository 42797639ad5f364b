/* undo.h - the record of what must be undone on this host, written before it is done.
 *
 * One text file an agent, FOLDER/undo-SESSION, appended and synced before each fault:
 *
 *	agent PID START           whose record it is
 *	cut TABLE                 delete that nft table
 *	pause LEASE PID START     continue that process
 *	kill LEASE DAEMON         start that daemon if it does not run
 *	done LEASE                that lease was healed
 *
 * Agent and guardian share one lock on it; a record that nobody locks is a leftover of
 * dead ones. Undoing is idempotent and goes on after failures. */
#ifndef CHAOS_AGENT_UNDO_H
#define CHAOS_AGENT_UNDO_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

struct undo {
	int fd; /* locked, close-on-exec */
	char path[PATH_MAX];
	long header_bytes;
};

/* Makes the folder and an empty record, and locks it. */
bool undo_open(struct undo *undo, const char *folder, const char *session,
	       struct err *err);

/* Appends one line (printf format, without '\n') and syncs it. */
bool undo_note(struct undo *undo, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Forgets everything but the header: nothing is in force. */
bool undo_clear(struct undo *undo, struct err *err);

/* Removes the record and the lock. */
void undo_close(struct undo *undo);

/* Undoes what the record says; the daemons are those below `daemons`. *count is how many
 * lines were acted on. On failure the first error is given. */
bool undo_replay(struct undo *undo, const char *daemons, int *count, struct err *err);

/* Replays and removes every leftover record in the folder. One whose guardian is at work
 * is waited for. With `take_over`, living agents are told to end first (they heal);
 * without, they are left alone. */
bool undo_replay_leftovers(const char *folder, const char *daemons, bool take_over,
			   int *count, struct err *err);

#endif
