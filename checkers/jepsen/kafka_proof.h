/* kafka_proof.h - what the parts of the proof of kafka share: what was told, once each, sorted
 * twice. */
#ifndef CHECKERS_KAFKA_PROOF_H
#define CHECKERS_KAFKA_PROOF_H

#include "checkers/checker.h"
#include "checkers/jepsen/kafka_records.h"

#define KAFKA_NOBODY UINT32_MAX

/* That a value of a partition stands at an offset, or somewhere; millions of operations may
 * say so, of which only the sends are kept. */
struct kafka_claim {
	int64_t offset; /* KAFKA_NO_OFFSET: somewhere */
	val partition, value;
	uint32_t send;	/* the last of its sends; KAFKA_NOBODY */
	uint32_t first; /* of the claims about the value, in the order by value */
	uint32_t rank;	/* of the offset among those of all partitions, in order */
	bool is_sent, is_failed, is_acked; /* is_sent: by who did not fail */
	bool is_polled, is_read;	   /* is_read: polled by who is ok */
};

/* An operation that sent what a claim says. */
struct kafka_send {
	uint32_t op, next; /* the one before of the same claim; KAFKA_NOBODY */
};

struct kafka_proof {
	const struct history *history;
	const struct values *values;
	const struct budget *budget; /* when it is over, nothing is proven any more */
	VEC(struct kafka_claim) claims;
	VEC(struct kafka_send) sends;
	VEC(uint32_t) told;  /* the claim of each sight, in the order of operations */
	uint32_t *by_value;  /* owned: claims by partition, value, offset */
	uint32_t *by_offset; /* owned: those with an offset, by partition, offset */
	size_t placed;	     /* how many these are */
	bool has_unknown_polls;
};

/* Sorted only while there is time. */
void kafka_proof_init(struct kafka_proof *proof, const struct history *history,
		      const struct budget *budget);
void kafka_proof_release(struct kafka_proof *proof);

/* The sights of one operation after the other, and their claims. A reader of zeros, but for
 * the proof, stands before the first. */
struct kafka_reader {
	const struct kafka_proof *proof;
	kafka_sights sights;
	const uint32_t *claims; /* one a sight */
	size_t next;
};

void kafka_reader_read(struct kafka_reader *reader, uint32_t op);
void kafka_reader_release(struct kafka_reader *reader);

/* The claims about a value of a partition: where they begin in by_value, how many. */
size_t kafka_proof_find(const struct kafka_proof *proof, val partition, val value,
			size_t *count);

/* How many claims from there on are about the same value. */
size_t kafka_proof_count(const struct kafka_proof *proof, size_t first);

/* What the claims about a value say together. */
struct kafka_facts {
	bool is_sent, is_failed, is_acked;
	bool is_polled, is_read;
	int64_t lowest, highest; /* offsets; KAFKA_NO_OFFSET: none is told */
};

struct kafka_facts kafka_proof_facts(const struct kafka_proof *proof, size_t first,
				     size_t count);

/* A step of a process in a partition, from one operation to another, or within one. */
struct kafka_step {
	const char *name; /* the anomaly's */
	uint32_t from, to;
	val partition;
};

/* Calls `found` for each step that goes back or skips, as long as there is time, other than
 * the allowed ones. */
void kafka_proof_steps(const struct kafka_proof *proof,
		       void (*found)(void *context, const struct kafka_step *step),
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
