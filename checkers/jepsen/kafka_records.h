/* kafka_records.h - what producers and consumers of a log saw: records with partition,
 * offset and value, in the order of the operations.
 *
 * Operations as in Jepsen's kafka workload: send, poll, or txn with a list of both:
 *
 *	["send" PARTITION VALUE]		as asked
 *	["send" PARTITION [OFFSET VALUE]]	as answered
 *	["poll"], ["poll" {PARTITION [[OFFSET VALUE] ...]}]
 *
 * and assign, subscribe, crash. A value is sent once to a partition. Behind the others of an
 * answer may stand
 *
 *	["rebalance" [PARTITION ...]]	as :rebalance-log: moved while it went on
 *
 * What an operation polled that failed, or whose outcome is unknown, was seen all the same,
 * where its answer tells it: consumers get committed records only, whatever becomes of
 * their own transaction. Its sends count as asked. PURE. */
#ifndef CHECKERS_KAFKA_RECORDS_H
#define CHECKERS_KAFKA_RECORDS_H

#include "checkers/value_ids.h"
#include "base/history.h"

#define KAFKA_NO_OFFSET INT64_MIN

/* One record in the eyes of one operation. */
struct kafka_sight {
	int64_t offset; /* KAFKA_NO_OFFSET: not told */
	val partition, value;
	uint32_t op;
	uint32_t part; /* index of the micro-operation */
	bool is_poll;  /* else a send */
};

typedef VEC(struct kafka_sight) kafka_sights;

/* The operation is one of a log's. */
bool kafka_is_client(const struct op *op);

/* A consumer may stand elsewhere after it: it was assigned or subscribed to partitions, it
 * crashed, or it polled and nobody knows what. */
bool kafka_may_move(const struct op *op);

/* The partition is in the list of an assign; false where that is no list. */
bool kafka_is_assigned(const struct values *values, val assigned, val partition);

/* Appends what the operation sent (asked to send, unless it is ok) and polled, as far as it
 * is told; false when its value has another shape. */
bool kafka_read_op(const struct history *history, uint32_t index, kafka_sights *sights);

/* It may have polled records that nobody told. */
bool kafka_hides_polls(const struct history *history, const struct op *op);

/* While it went on the partition may have been taken from the consumer, or given to it. */
bool kafka_was_rebalanced(const struct history *history, const struct op *op,
			  val partition);

#endif
