/* event_order.h - walks over a history event by event, as a file tells it. */
#ifndef RESULTS_EVENT_ORDER_H
#define RESULTS_EVENT_ORDER_H

#include "base/history.h"

struct history_event {
	const struct op *op; /* borrowed */
	int64_t ns;
	bool is_end, is_nemesis;
};

/* Calls back for each event in the order of positions, until it returns false (which is
 * then returned). An info completion has no position: it comes just before its process
 * goes on, or at the end. Events of the nemesis stand where their time is. */
bool history_each_event(const struct history *history,
			bool (*body)(void *context, const struct history_event *event),
			void *context);

/* Whether some process has two operations open at once, as those may that came whole with
 * their times: a file of invocations and completions cannot say that. */
bool history_has_overlaps(const struct history *history);

#endif
