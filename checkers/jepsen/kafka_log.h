/* kafka_log.h - what the parts of the decider of kafka (kafka.c) share: the records of a
 * history, where they stand, who saw them, and what was found. */
#ifndef CHECKERS_KAFKA_LOG_H
#define CHECKERS_KAFKA_LOG_H

#include "base/map.h"
#include "checkers/checker.h"
#include "checkers/jepsen/kafka_records.h"

#define KAFKA_NONE UINT32_MAX

enum kafka_kind {
#define KIND(id, name) KAFKA_##id,
#include "checkers/jepsen/kafka_kinds.def"
#undef KIND
	KAFKA_KINDS
};

/* A value of a partition. */
struct kafka_record {
	val value;
	uint32_t partition;	       /* dense id */
	uint32_t sent, failed, polled; /* ops; KAFKA_NONE */
	uint32_t begun_at;	       /* when the first send that did not fail began */
	uint32_t first_place;	       /* told first; KAFKA_NONE: no offset is told */
	uint32_t place;		       /* the lowest one */
	bool is_acked, is_duplicated;
};

/* A record at an offset, as somebody told; one that is told again and again is one. */
struct kafka_place {
	int64_t offset;
	int64_t known_ns; /* when it was first answered to anybody; INT64_MAX */
	uint32_t record, rank;
	uint32_t op, read_by; /* the first that told it, the first ok poll; KAFKA_NONE */
};

/* One record in the eyes of one operation, as short as there are millions. */
struct kafka_seen {
	uint32_t op;
	uint32_t part : 31, is_poll : 1; /* of struct kafka_sight */
	uint32_t record;
	uint32_t place; /* KAFKA_NONE: the offset is not told */
};

/* How far behind a consumer was when it polled. */
struct kafka_lag {
	int64_t lag_ns, at_ns; /* lag_ns 0: never behind */
	uint32_t process, partition;
};

/* A partition, by dense id. */
struct kafka_partition {
	uint32_t high; /* 1 + highest polled rank; 0: none */
	uint32_t high_op;
	uint64_t unseen; /* acknowledged records behind the last polled offset */
};

struct kafka_log {
	const struct history *history;
	const struct check_options *options;
	struct check_result *result;
	struct value_ids partition_ids, value_ids;
	VEC(uint32_t) record_of_value;	  /* by id of the value: the first with it */
	struct map record_ids;		  /* of values that stand in several partitions */
	struct map offset_ids, place_ids; /* of records that stand at several offsets */
	VEC(struct kafka_record) records;
	VEC(struct kafka_place) places;
	VEC(struct kafka_seen) sights; /* in the order of operations */

	struct kafka_partition *partitions; /* owned; by dense id */
	uint32_t *by_rank;	 /* owned: indexes of places, by partition and offset */
	uint32_t *first_of_rank; /* owned; by rank: the first of its places */
	int64_t *passed_ns;	 /* owned; by rank: when a later record was known first */
	size_t ranks;

	uint64_t counts[KAFKA_KINDS], allowed[KAFKA_KINDS];
	uint64_t unseen, unplaced, passed;
	bool has_unknown_polls;
	struct kafka_lag worst;
};

const char *kafka_kind_name(enum kafka_kind kind);

/* Circles of sends by their offsets count too: the model "ww-deps". */
bool kafka_has_ww_deps(const struct check_options *options);

/* The parts, in this order. Each stops when the budget is over, with the reason in the
 * result, and does nothing when it has one already. */
void kafka_read_all(struct kafka_log *log);	 /* records and sights */
void kafka_judge_offsets(struct kafka_log *log); /* ranks; what stands where */
void kafka_judge_records(struct kafka_log *log); /* what was sent, seen and lost */
void kafka_judge_steps(struct kafka_log *log);	 /* who moved how; lags */
void kafka_judge_circles(struct kafka_log *log); /* transactions; keeps an order */
void kafka_log_release(struct kafka_log *log);

/* Bytes that it takes. */
size_t kafka_log_bytes(const struct kafka_log *log);

/* The budget is over. */
bool kafka_is_over(struct kafka_log *log);

/* Counts an anomaly and tells it of a sight: "value V of partition P at offset O " and
 * what. OP_NEVER stands for no operation. */
void kafka_report(struct kafka_log *log, enum kafka_kind kind,
		  const struct kafka_seen *seen, const char *what, const uint32_t *ops,
		  size_t count);

/* Counts by kind, what is unseen, the worst lag. */
void kafka_print_details(const struct kafka_log *log, struct buf *details);

#endif
