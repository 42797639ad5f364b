#include "harness/run/gates.h"

#include "base/mem.h"
#include "checkers/jepsen/stats.h"

enum {
	OK_MIN = 10,	/* operations */
	OK_PERCENT = 5, /* of all */
	ASKED_MIN =
		50, /* times, before a function that never succeeded is held against a run */
};

static enum verdict
judge_traffic(const struct tally *tally, struct buf *reason)
{
	uint64_t all = tally->ok + tally->fail + tally->info;
	char ok_text[32], all_text[32];

	buf_printf(reason, "%s of %s operations were acknowledged",
		   text_count(tally->ok, ok_text, sizeof(ok_text)),
		   text_count(all, all_text, sizeof(all_text)));
	if (tally->ok >= OK_MIN && tally->ok * 100 >= all * OK_PERCENT)
		return VERDICT_VALID;
	buf_printf(reason,
		   ", too few to prove anything (at least %d and %d %% are asked)",
		   OK_MIN, OK_PERCENT);
	return VERDICT_UNKNOWN;
}

static enum verdict
judge_faults(const struct nemesis_sum *faults, bool was_interrupted, struct buf *reason)
{
	int expected = was_interrupted ? faults->begun : faults->step_count;

	if (faults->step_count == 0) {
		buf_string(reason, "; no faults were asked for");
		return VERDICT_VALID;
	}
	if (faults->with_evidence == expected && faults->verified == expected &&
	    faults->healed == expected) {
		buf_printf(reason, "; %d %s, all verified, with evidence, and healed",
			   expected, expected == 1 ? "fault" : "faults");
		return VERDICT_VALID;
	}
	buf_printf(reason,
		   "; of %d faults %d were injected, %d verified, %d left evidence, %d "
		   "were shown to be healed",
		   expected, faults->injected, faults->verified, faults->with_evidence,
		   faults->healed);
	if (faults->trouble[0] != '\0')
		buf_printf(reason, ": %s", faults->trouble);
	return VERDICT_UNKNOWN;
}

/* What never succeeded was not tested. */
static enum verdict
judge_functions(const struct history *history, struct buf *reason)
{
	struct buf never = {0};
	bool is_found = stats_never(history, ASKED_MIN, &never);

	if (is_found)
		buf_printf(reason, "; %s", buf_text(&never));
	buf_release(&never);
	return is_found ? VERDICT_UNKNOWN : VERDICT_VALID;
}

void
gates_judge(struct judgement *judgement, const struct history *history,
	    const struct tally *tally, const struct nemesis_sum *faults,
	    bool was_interrupted)
{
	struct judged judged = {
		.result = {.checker = "gates", .complexity = "O(faults)"}};
	struct check_result *result = &judged.result;
	struct buf reason = {0};

	result->verdict = judge_traffic(tally, &reason);
	result->verdict = verdict_worse(result->verdict,
					judge_faults(faults, was_interrupted, &reason));
	result->verdict =
		verdict_worse(result->verdict, judge_functions(history, &reason));
	result->operations = tally->ok + tally->fail + tally->info;
	result->reason = mem_string(buf_text(&reason));
	buf_release(&reason);
	judgement->verdict = verdict_worse(judgement->verdict, result->verdict);
	vec_push(&judgement->of, judged);
}
