#include "results/formats/sessions_reading.h"

void
reading_sessions_init(struct reading *reading, struct sessions *sessions)
{
	sessions_init(sessions, reading->events.history, reading->events.bytes_max);
}

bool
reading_add_mop(struct reading *reading, struct sessions *sessions,
		const struct session_mop *mop, const char *from)
{
	scan_passed(&reading->scan, from);
	if (sessions_add(sessions, mop))
		return true;
	reading->scan.is_full = true;
	return scan_fail(&reading->scan, from, "more transactions than fit into memory");
}

bool
reading_sessions_finish(struct reading *reading, struct sessions *sessions, bool ok)
{
	if (ok)
		reading->events.count = sessions_finish(sessions) * 2;
	reading->events.keys = KEYS_FIELD;
	reading->lacks_order = true;
	sessions_release(sessions);
	return ok;
}
