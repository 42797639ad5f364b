/* kafka_proof.h - what the parts of the proof of kafka share: all sights, sorted twice. */
#ifndef CHECKERS_KAFKA_PROOF_H
#define CHECKERS_KAFKA_PROOF_H

#include "checkers/checker.h"
#include "checkers/jepsen/kafka_records.h"

struct kafka_proof {
	const struct history *history;
	const struct values *values;
	const struct budget *budget; /* when it is over, nothing is proven any more */
	kafka_sights told;	     /* in the order of operations */
	kafka_sights by_value;	     /* by partition, value, offset */
	kafka_sights by_offset;	     /* by partition, offset; only those that tell one */
	bool has_unknown_polls;
};

/* Sorted only while there is time. */
void kafka_proof_init(struct kafka_proof *proof, const struct history *history,
		      const struct budget *budget);
void kafka_proof_release(struct kafka_proof *proof);

/* The sights of a value of a partition: the first one, and how many follow with it. */
const struct kafka_sight *kafka_proof_find(const struct kafka_proof *proof, val partition,
					   val value, size_t *count);

/* What the sights of a value say together. */
struct kafka_facts {
	bool is_sent, is_failed, is_acked; /* is_sent: by who did not fail */
	bool is_polled, is_read;	   /* is_read: polled by who is ok */
	uint32_t begun_at;		   /* of the first such send */
	int64_t lowest, highest;	   /* offsets; KAFKA_NO_OFFSET: none is told */
};

struct kafka_facts kafka_proof_facts(const struct kafka_proof *proof, val partition,
				     val value);

/* Somebody saw a record of the partition between two offsets. */
bool kafka_proof_between(const struct kafka_proof *proof, val partition, int64_t low,
			 int64_t high);

/* Calls `found` for each step of a process that goes back or skips, as long as there is
 * time, other than the allowed ones: the anomaly's name, and the sights it leads from and to. */
void kafka_proof_steps(const struct kafka_proof *proof,
		       void (*found)(void *context, const char *name,
				     const struct kafka_sight *from,
				     const struct kafka_sight *to),
		       void *context);

/* What makes one operation come before another. */
struct kafka_ties {
	bool polls; /* it sent what the other polled */
	bool sends; /* it sent to a lower offset of a partition */
	bool time;  /* it was over before the other began */
};

/* The operations depend on each other in a circle. Cubic in their number. */
bool kafka_proof_circle(const struct kafka_proof *proof, const uint32_t *ops,
			size_t count, struct kafka_ties ties);

#endif
