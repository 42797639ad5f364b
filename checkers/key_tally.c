#include "checkers/key_tally.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <stdlib.h>

void
key_tally_add(struct key_tally *tally, val key, enum verdict verdict, bool used_frontier,
	      char **reason, struct check_result *result)
{
	tally->keys++;
	tally->invalid += verdict == VERDICT_INVALID;
	tally->by_frontier += used_frontier;
	result->verdict = verdict_worse(result->verdict, verdict);
	if (verdict != VERDICT_UNKNOWN || tally->unknown++ > 0)
		return;
	tally->undecided = key;
	result->reason = *reason;
	*reason = NULL;
}

static void
say_broken(const struct key_tally *tally, const struct check_result *result,
	   struct buf *reason)
{
	buf_string(reason, result->anomalies.items[0].name);
	if (tally->keys > 1)
		buf_printf(reason, ", in %zu of %zu keys", tally->invalid, tally->keys);
	if (tally->unknown > 0)
		buf_printf(reason, "; %zu undecided", tally->unknown);
}

static void
say_undecided(const struct key_tally *tally, const struct history *history,
	      const struct check_result *result, struct buf *reason)
{
	const char *why = result->reason != NULL ? result->reason : "not decided";

	if (tally->keys == 1) {
		buf_string(reason, why);
		return;
	}
	buf_string(reason, "key ");
	tell_value(history, tally->undecided, reason);
	buf_printf(reason, ": %s; %zu of %zu keys are linearizable, %zu undecided", why,
		   tally->keys - tally->unknown, tally->keys, tally->unknown);
}

void
key_tally_end(const struct key_tally *tally, const struct history *history,
	      struct check_result *result)
{
	struct buf reason = {0};

	if (result->verdict == VERDICT_INVALID)
		say_broken(tally, result, &reason);
	else if (result->verdict == VERDICT_UNKNOWN)
		say_undecided(tally, history, result, &reason);
	else if (tally->keys == 1)
		buf_string(&reason, "linearizable");
	else
		buf_printf(&reason, "linearizable, %zu keys", tally->keys);
	free(result->reason);
	result->reason = mem_string(buf_text(&reason));
	buf_release(&reason);
	tell_number(&result->details, "keys", tally->keys);
	tell_number(&result->details, "keys_invalid", tally->invalid);
	tell_number(&result->details, "keys_unknown", tally->unknown);
	tell_number(&result->details, "keys_by_frontier", tally->by_frontier);
}
