#include "checkers/weak/weak_models.h"

#include "base/assert.h"

static const char *const names[WEAK_MODEL_COUNT] = {
	[WEAK_SEQUENTIAL] = "sequential",
	[WEAK_CC] = "causal-cc",
	[WEAK_CCV] = "causal-ccv",
	[WEAK_CM] = "causal-cm",
	[WEAK_PRAM] = "pram",
	[WEAK_READ_YOUR_WRITES] = "read-your-writes",
	[WEAK_MONOTONIC_READS] = "monotonic-reads",
	[WEAK_MONOTONIC_WRITES] = "monotonic-writes",
	[WEAK_WRITES_FOLLOW_READS] = "writes-follow-reads",
	[WEAK_SESSION] = "session",
};

const char *
weak_model_name(enum weak_model model)
{
	ASSERT(model < WEAK_MODEL_COUNT);
	return names[model];
}

void
weak_answer_invalid(struct weak_answer *answer, const char *broken, uint32_t at)
{
	answer->verdict = VERDICT_INVALID;
	answer->at = at;
	answer->broken = broken;
}

void
weak_answer_unknown(struct weak_answer *answer, const char *reason)
{
	answer->verdict = VERDICT_UNKNOWN;
	answer->reason = reason;
}

void
weak_give(const struct weak_limits *limits, uint32_t session, const uint32_t *ids,
	  uint32_t count)
{
	struct weak_order order = {.session = session, .ids = ids, .count = count};

	if (limits->taker != NULL)
		limits->taker->take(limits->taker->context, &order);
}

void
weak_decide(enum weak_model model, const struct weak *weak,
	    const struct weak_limits *limits, struct weak_answer *answer)
{
	*answer = (struct weak_answer){.at = WEAK_INITIAL};
	switch (model) {
	case WEAK_SEQUENTIAL:
		sequential_decide(weak, limits, answer);
		return;
	case WEAK_CC:
	case WEAK_CCV:
		causal_decide(model, weak, limits, answer);
		return;
	case WEAK_CM:
	case WEAK_PRAM:
		views_decide(model, weak, limits, answer);
		return;
	default:
		session_decide(model, weak, limits, answer);
	}
}
