#include "checkers/each_key.h"

#include "base/parallel.h"
#include "checkers/key_tally.h"

#include <stdlib.h>

struct run {
	const struct each_key *each;
	const void *context;
	const struct partition *partition;
	const uint32_t *largest_first;
	struct check_options options; /* of one worker */
	char *outcomes;		      /* by number of key */
};

static struct key_outcome *
outcome_of(const struct run *run, size_t number)
{
	return (struct key_outcome *)(run->outcomes + number * run->each->outcome_bytes);
}

static void
judge_key(void *context, size_t i)
{
	const struct run *run = context;
	uint32_t number = run->largest_first[i];
	struct key_ops key = partition_at(run->partition, number);

	run->each->judge(run->context, &key, &run->options, outcome_of(run, number));
}

static void
keep_order(struct key_outcome *outcome, val key, struct check_result *result)
{
	if (outcome->verdict != VERDICT_VALID || outcome->order == NULL)
		return;
	vec_push(&result->orders, (struct order){.key = key,
						 .ops = outcome->order,
						 .count = outcome->order_count});
	outcome->order = NULL;
}

static void
merge_key(const struct run *run, size_t number, struct key_tally *tally,
	  struct check_result *result)
{
	struct key_ops key = partition_at(run->partition, number);
	struct key_outcome *outcome = outcome_of(run, number);

	key_tally_add(tally, key.key, outcome->verdict, outcome->used_frontier,
		      &outcome->reason, result);
	run->each->tell(run->context, &key, outcome, result);
	keep_order(outcome, key.key, result);
	free(outcome->order);
	free(outcome->reason);
}

static void
merge(const struct run *run, struct check_result *result)
{
	size_t key_count = partition_count(run->partition);
	const struct each_key *each = run->each;
	struct key_tally tally = {0};

	result->verdict = VERDICT_VALID;
	for (size_t number = 0; number < key_count; number++)
		merge_key(run, number, &tally, result);
	if (tally.by_frontier > 0 && each->complexity_frontier != NULL)
		result->complexity = tally.by_frontier == key_count
					     ? each->complexity_frontier
					     : each->complexity_mixed;
	key_tally_end(&tally, run->partition->history, result);
}

void
each_key_judge(const struct each_key *each, const void *context,
	       const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct partition partition;
	struct run run = {.each = each,
			  .context = context,
			  .partition = &partition,
			  .options = *options};
	int threads = options->threads > 0 ? options->threads : parallel_processors();

	run.options.budget.bytes_max /= (size_t)threads;
	partition_init(&partition, history);
	size_t key_count = partition_count(&partition);
	uint32_t *largest_first = partition_largest_first(&partition);
	run.largest_first = largest_first;
	run.outcomes = mem_new(key_count + 1, each->outcome_bytes);
	parallel_for(key_count, options->threads, judge_key, &run);
	merge(&run, result);
	free(run.outcomes);
	free(largest_first);
	partition_release(&partition);
}

/* How many anomalies from the first on are of its key. */
static size_t
run_of_key(const struct values *values, const struct anomaly *anomalies, size_t count)
{
	size_t same = 1;

	while (same < count && val_equal(values, anomalies[same].key, anomalies[0].key))
		same++;
	return same;
}

bool
each_key_certify(const struct history *history, const struct check_result *result,
		 each_key_proof *proof, const void *context, struct err *err)
{
	const struct anomaly *anomalies = result->anomalies.items;
	size_t count = result->anomalies.count, of_key;
	struct partition partition;
	bool holds = true;

	partition_init(&partition, history);
	for (size_t i = 0; i < count && holds; i += of_key) {
		uint32_t number = value_ids_find(&partition.keys, anomalies[i].key);
		of_key = run_of_key(&history->values, &anomalies[i], count - i);
		if (number == VALUE_ID_NONE) {
			holds = err_set(err, "an anomaly has a key of no operation");
			continue;
		}
		struct key_ops key = partition_at(&partition, number);
		holds = proof(context, &key, &anomalies[i], of_key, err);
	}
	partition_release(&partition);
	return holds;
}
