/* sessions_reading.h - what the formats of transactions by session have in common. */
#ifndef RESULTS_SESSIONS_READING_H
#define RESULTS_SESSIONS_READING_H

#include "results/formats/reader.h"
#include "results/formats/sessions.h"

/* Sessions that go into the reading's history, within its bound. */
void reading_sessions_init(struct reading *reading, struct sessions *sessions);

/* Adds a micro-operation that stands at `from`. */
bool reading_add_mop(struct reading *reading, struct sessions *sessions,
		     const struct session_mop *mop, const char *from);

/* Ends the reading, which went well or not; returns that. */
bool reading_sessions_finish(struct reading *reading, struct sessions *sessions, bool ok);

#endif
