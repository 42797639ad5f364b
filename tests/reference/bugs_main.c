/* bugs_main.c - proves that every planted bug is caught (`make bugs`).
 *
 * For each line of bugs.def: simulates seed after seed under the faults that provoke the
 * bug until clients see the anomaly that the table names. Prints one line a bug; exit code
 * 1 when one escapes. The first line shows that the same search finds nothing without. */
#include "base/clock.h"
#include "base/text.h"
#include "harness/cmd_sim_judge.h"

#include <stdio.h>

enum {
	SEEDS_CLEAN = 1000,
	SEEDS_MAX = 3000
};

static void
search(enum bug bug, uint64_t count, const char *wanted, struct sim_verdict *verdict)
{
	struct sim_seeds seeds = {.count = count, .judge = sim_judge, .wanted = wanted};

	sim_options_init(&seeds.options);
	if (bug != BUG_NONE)
		sim_options_provoke(&seeds.options, bug);
	sim_seeds_run(&seeds, verdict);
}

static bool
show_clean(void)
{
	struct sim_verdict verdict;
	int64_t start_ns = clock_ns();
	char time[32];

	search(BUG_NONE, SEEDS_CLEAN, NULL, &verdict);
	bool clean = !verdict.failed;
	text_ns(clock_ns() - start_ns, time, sizeof(time));
	if (clean)
		printf("%-22s %d seeds clean, %s\n", "no bug", SEEDS_CLEAN, time);
	else
		printf("%-22s FAILED at seed %llu: %s\n%s\n", "no bug",
		       (unsigned long long)verdict.seed, verdict.anomaly,
		       buf_text(&verdict.explanation));
	sim_verdict_release(&verdict);
	return clean;
}

static bool
show_bug(enum bug bug)
{
	const struct bug_row *row = &bug_table[bug];
	struct sim_verdict first, named;
	int64_t start_ns = clock_ns();
	char time[32];

	search(bug, SEEDS_MAX, NULL, &first);
	search(bug, SEEDS_MAX, row->anomaly, &named);
	text_ns(clock_ns() - start_ns, time, sizeof(time));
	if (named.failed)
		printf("%-22s caught at seed %llu (%s), as %s at seed %llu, %s\n",
		       row->name, (unsigned long long)first.seed, first.anomaly,
		       row->anomaly, (unsigned long long)named.seed, time);
	else
		printf("%-22s MISSED: no %s within %d seeds (%s), %s\n", row->name,
		       row->anomaly, SEEDS_MAX,
		       first.failed ? first.anomaly : "all clean", time);
	bool caught = named.failed;
	sim_verdict_release(&first);
	sim_verdict_release(&named);
	return caught;
}

int
main(void)
{
	bool all = show_clean();

	for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++)
		all = show_bug((enum bug)bug) && all;
	return all ? 0 : 1;
}
