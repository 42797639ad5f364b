/* ask.h - requests to agents, one or all at once, with errors that name the host. */
#ifndef CHAOS_ASK_H
#define CHAOS_ASK_H

#include "chaos/chaos.h"

enum {
	ASK_SHORT_MS = 8000, /* anything that only looks, signals or cuts */
	ASK_LONG_MS = 25000, /* what may restart a daemon */
};

/* Sends the request (printf format) and puts the reply into `reply`, which is cleared
 * first. False for an error of the agent or of the way to it. */
bool ask(const struct chaos_host *host, struct buf *reply, int timeout_ms,
	 struct err *err, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Calls body(context, i) for each host below count, all at once; false with the error of
 * the first host that failed. All have returned afterwards. */
bool ask_each(int count, bool (*body)(void *context, int i, struct err *err),
	      void *context, struct err *err);

#endif
