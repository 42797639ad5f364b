/* kafka.c - a log in partitions: offsets are taken once, nothing acknowledged is skipped,
 * consumers move forward.
 *
 * Operations: see kafka_records.h. The anomalies are those of Jepsen's kafka workload.
 * Positions are compared as ranks among the offsets of a partition that anybody saw, so
 * that gaps (markers of transactions) do not count.
 *
 *	inconsistent-offsets   one offset of a partition has two values.
 *	                       send a at 0 | poll b at 0
 *	duplicate              one value stands at two offsets.
 *	                       poll a at 0, a at 1
 *	lost-write             acknowledged, below an offset that was polled, and in no
 *	                       poll at all. (Where polls of unknown outcome may have
 *	                       seen it, it is passed, and the answer unknown; a consumer
 *	                       that leaps over it is a poll-skip all the same.)
 *	                       send a at 0 | send b at 1 | poll b at 1
 *	G1a                    a poll that is ok saw what only a failed operation sent.
 *	unsent                 a poll saw what nobody sent.
 *	precommitted-read      a transaction polled what it sent itself.
 *	int-poll-skip, int-nonmonotonic-poll
 *	                       within one operation, also one that failed, a poll leaps
 *	                       over a record that exists, or goes back.
 *	poll-skip, nonmonotonic-poll
 *	                       the same between two operations of a process with nothing
 *	                       between them that may move its position (subscribe,
 *	                       crash, a poll that was not ok, an assign of other
 *	                       partitions: in those that it keeps it stays).
 *	int-nonmonotonic-send, nonmonotonic-send
 *	                       a producer's later record has a smaller offset.
 *	int-send-skip          within one operation sends are not neighbours: others send
 *	                       too; counted, never an anomaly.
 *	G1c                    operations polled what the others sent, in a circle. With
 *	                       the model "ww-deps" also by the order of their sends, and
 *	G0                     then circles of sends alone: the model promises that the
 *	                       sends of transactions do not mix (Jepsen tells of such
 *	                       circles and allows them).
 *	G1c-realtime, G0-realtime
 *	                       the same in real time: what was over before another began
 *	                       comes after it. A poll was over before the send of what it
 *	                       saw began.
 *
 * Between the polls of a process that subscribed, a rebalance may move its position: its
 * poll-skip and nonmonotonic-poll (and the int- ones between two polls of a transaction)
 * are counted as allowed, and so are those of partitions that the rebalance log of an
 * operation names, in it and to the next. What a transaction polled that failed was seen:
 * it counts for offsets, for steps, and as no loss (Jepsen: lost, unless an ok one polled
 * it too); which partitions are over tell only polls that are ok. Acknowledged records
 * behind the last polled offset are unseen: they may be there or not, and the answer is
 * unknown (Jepsen: invalid).
 *
 * Details as Jepsen's: for each type {count, allowed}, bad-error-types, error-types,
 * unseen, also by partition, and worst-realtime-lag: how long, at most, a later record
 * had been known when a consumer polled and did not get it. Jepsen takes positions after a
 * poll that was not ok to be where they were; here nobody knows them. O(n + r log
 * r) for r records that were seen n times; lags in the number of polls times the partitions
 * of a consumer. */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/kafka_certify.h"
#include "checkers/jepsen/kafka_log.h"
#include "checkers/tell.h"

#include <inttypes.h>

enum {
	FITS_LOOKED_AT = 100, /* operations; their shape tells the others' */
};

static bool
is_control(const struct history *history, const struct op *op)
{
	return op->f == F_ASSIGN || op->f == F_SUBSCRIBE || op->f == F_CRASH ||
	       fields_is_f(history, op, "debug-topic-partitions");
}

static int
kafka_fits(const struct history *history)
{
	kafka_sights sights = {0};
	size_t clients = 0;
	bool fits = true;

	for (uint32_t i = 0; i < history->ops.count && fits; i++) {
		const struct op *op = &history->ops.items[i];
		bool moves = is_control(history, op);
		fits = moves || kafka_is_client(op);
		if (fits && !moves && clients++ < FITS_LOOKED_AT)
			fits = kafka_read_op(history, i, &sights);
	}
	fits = fits && sights.count > 0;
	vec_release(&sights);
	return fits ? 60 : 0;
}

/* What is not known, the least sure first. */
static void
conclude(struct kafka_log *log)
{
	struct check_result *result = log->result;

	if (log->passed > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged records were never "
					"polled though higher offsets were, but polls of "
					"unknown outcome may have seen them",
					log->passed));
	else if (log->unseen > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged records were never "
					"polled, nor any higher offset",
					log->unseen));
	else if (log->sights.count == 0)
		tell_unknown(result, mem_string("nothing was ever sent or polled"));
	tell_end(result, mem_format("%zu records, each once at its offset, and no "
				    "consumer skipped or repeated one",
				    log->records.count));
}

static void
kafka_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	struct kafka_log log = {.history = history, .options = options, .result = result};

	result->complexity = "O(n + r log r) for r records that were seen n times";
	result->operations = history->ops.count;
	kafka_read_all(&log);
	kafka_judge_offsets(&log);
	kafka_judge_records(&log);
	kafka_judge_steps(&log);
	kafka_judge_circles(&log);
	kafka_print_details(&log, &result->details);
	conclude(&log);
	kafka_log_release(&log);
}

const struct checker checker_kafka = {
	.name = "kafka",
	.summary = "a log in partitions: nothing lost, doubled, skipped or reordered",
	.fits = kafka_fits,
	.check = kafka_check,
	.certify = kafka_certify,
	.knows_no_keys = true,
};
