#include "harness/run/verdict.h"

#include "base/mem.h"
#include "base/text.h"
#include "checkers/jepsen/exceptions.h"
#include "checkers/jepsen/stats.h"
#include "harness/check_watch.h"
#include "harness/log_search.h"
#include "harness/run/gates.h"

#include <stdlib.h>

enum {
	ERROR_CLASSES_TOLD = 3
};

static void
add_traffic(const struct history *history, struct buf *traffic)
{
	struct buf errors = {0};

	buf_string(traffic, "stats:      ");
	stats_words(history, traffic);
	buf_char(traffic, '\n');
	if (exceptions_words(history, ERROR_CLASSES_TOLD, &errors))
		buf_printf(traffic, "errors:     %s\n", buf_text(&errors));
	buf_release(&errors);
}

/* "valid: register: linearizable, 166 keys (proven, 0.02 s); gates: ..." */
static void
summarize(const struct judgement *judgement, struct buf *summary)
{
	const char *separator = ": ";

	buf_string(summary, verdict_name(judgement->verdict));
	vec_each (const struct judged, judged, &judgement->of) {
		const struct check_result *result = &judged->result;
		buf_printf(summary, "%s%s: %s", separator, result->checker,
			   result->reason);
		if (result->certified)
			buf_printf(summary, " (proven, %.2f s)", judged->seconds);
		separator = "; ";
	}
	buf_char(summary, '\n');
}

/* The logs of the nodes, as far as they were collected. */
static bool
judge_logs(const struct test *test, const char *folder, struct judgement *judgement,
	   struct err *err)
{
	char *hosts = mem_format("%s/hosts", folder);
	bool ok = log_search_judge(judgement, hosts, &test->log_patterns,
				   test->system->log_patterns, err);

	free(hosts);
	return ok;
}

static void
tell(const struct history *history, const struct judgement *judgement,
     struct run_outcome *outcome)
{
	outcome->verdict = judgement->verdict;
	judge_words(history, judgement, &outcome->words);
	add_traffic(history, &outcome->traffic);
	summarize(judgement, &outcome->summary);
	judge_json(history, judgement, &outcome->json);
}

static bool
judge_watched(const struct history *history, struct judge_options *options,
	      struct judgement *judgement, struct err *err)
{
	struct check_watch watch;
	atomic_bool stop = false;

	options->stop = &stop;
	check_watch_begin(&watch, &stop);
	bool ok = judge_history(history, options, judgement, err);
	check_watch_end(&watch);
	return ok;
}

bool
verdict_find(const struct test *test, struct store *store,
	     const struct nemesis_sum *faults, struct run_outcome *outcome,
	     struct err *err)
{
	struct judge_options options = {.checkers = test->workload->checkers,
					.time_ns = test->check_time_ns};
	struct judgement judgement = {0};
	struct history history;

	history_init(&history);
	bool ok = store_read_history(store, &history, err) &&
		  judge_watched(&history, &options, &judgement, err) &&
		  judge_logs(test, outcome->folder, &judgement, err);
	if (ok) {
		gates_judge(&judgement, &history, &outcome->tally, faults,
			    outcome->was_interrupted);
		ok = judge_store(store, &history, &judgement, err);
		tell(&history, &judgement, outcome);
	}
	judge_release(&judgement);
	history_release(&history);
	return ok;
}

static double
rate_of(uint64_t operations, int64_t ns)
{
	return ns > 0 ? (double)operations / ((double)ns / 1e9) : 0;
}

void
verdict_tell_throughput(struct run_outcome *outcome, int64_t main_ns)
{
	const struct tally *tally = &outcome->tally;
	const struct quiet *quiet = &outcome->quiet;
	uint64_t all = tally->ok + tally->fail + tally->info;
	char count[32], rate[32], quiet_rate[32];

	outcome->rate = rate_of(all, main_ns);
	outcome->quiet_rate = rate_of(quiet->ok, quiet->ns);
	text_count(all, count, sizeof(count));
	text_count((uint64_t)outcome->rate, rate, sizeof(rate));
	text_count((uint64_t)outcome->quiet_rate, quiet_rate, sizeof(quiet_rate));
	buf_printf(&outcome->throughput,
		   "throughput: %s operations in %.1f s, %s/s; %s/s acknowledged in the "
		   "%.1f s without a fault in force\n",
		   count, (double)main_ns / 1e9, rate, quiet_rate,
		   (double)quiet->ns / 1e9);
}
