/* rw_judge_weak.c - the levels below snapshot isolation. */
#include "checkers/transaction/rw_judge.h"
#include "checkers/transaction/rw_weak.h"

/* The levels below, from strong to weak. */
static const struct weak_level {
	const char *level;
	struct weak_question question;
} weak_levels[] = {
	{"causal", {WEAK_CAUSAL, true, false, ANOMALY_CAUSALITY, ANOMALY_G1C_PROCESS}},
	{"strong-session-read-atomic",
	 {WEAK_ATOMIC, true, false, ANOMALY_FRACTURED_PROCESS, ANOMALY_G1C_PROCESS}},
	{"strong-session-monotonic-atomic-view",
	 {WEAK_MONOTONIC, true, false, ANOMALY_NON_MONOTONIC_PROCESS,
	  ANOMALY_G1C_PROCESS}},
	{"strong-read-committed",
	 {WEAK_COMMITTED, true, true, ANOMALY_G1C_REALTIME, ANOMALY_G1C_PROCESS}},
	{"read-atomic", {WEAK_ATOMIC, false, false, ANOMALY_FRACTURED_READ, ANOMALY_G1C}},
	{"monotonic-atomic-view",
	 {WEAK_MONOTONIC, false, false, ANOMALY_NON_MONOTONIC_VIEW, ANOMALY_G1C}},
	{"read-committed", {WEAK_COMMITTED, false, false, ANOMALY_G1C, ANOMALY_G1C}},
};

void
judge_weak(struct judge *j)
{
	for (size_t i = 0; i < sizeof(weak_levels) / sizeof(weak_levels[0]); i++) {
		const struct weak_level *row = &weak_levels[i];
		uint64_t forbids = level_forbids_named(row->level);
		if ((forbids & ~j->asked) != 0 || (forbids & j->isolation.found) != 0 ||
		    (forbids & ~j->absent) == 0)
			continue;
		enum verdict verdict = rw_weak_judge(&j->d, &row->question,
						     &j->options->budget, &j->isolation);
		if (verdict == VERDICT_VALID && judge_leaves_out(j) &&
		    !rw_predicates_may_be_left_out(forbids))
			j->why_unknown = j->predicates->why;
		else if (verdict == VERDICT_VALID)
			j->absent |= forbids;
		else if (verdict == VERDICT_UNKNOWN)
			j->why_unknown = "to find what readers missed takes more time or "
					 "memory than the budget has";
	}
}
