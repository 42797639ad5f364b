/* atomicity.h - how far registers are from linearizable when reads are also compared with
 * each other: exactly in time, and in versions where the engine gets to an end.
 *
 * delta  The smallest time such that the history is linearizable when every read is taken
 *        to have begun that much earlier (delta-atomicity: Golab, Li and Shah, "Analyzing
 *        consistency properties for fun and profit", PODC 2011). A value's zone
 *        (checkers/register/zones.h) ends with its last read's beginning, so it shrinks
 *        as reads begin earlier; two zones are in conflict when each begins, by its first
 *        completion, before the other one's last invocation. The time is found by
 *        halving: O(n log n) for the zones and O(n log n log t) for keys that are not
 *        linearizable. Exact.
 * k      The smallest number such that one order of all operations respects real time in
 *        which every read returns one of the k last writes (k-atomicity: Aiyer, Alvisi and
 *        Bazzi 2005). 1 is linearizable: decided by zones. From 2 on the frontier engine
 *        tries one k after the other, its states being the k last writes; it may give up
 *        for want of memory, then only a least k is known. */
#ifndef CHECKERS_ATOMICITY_H
#define CHECKERS_ATOMICITY_H

#include "checkers/engine/frontier.h"
#include "checkers/weak/observed.h"

/* What is known of one value: its write, and its reads. */
struct age_zone {
	uint32_t key;
	uint32_t write;	      /* operation; OBSERVED_INITIAL */
	int64_t first;	      /* f: the first completion; INT64_MIN: before everything */
	int64_t write_begins; /* the part of s that does not move */
	int64_t read_begins;  /* of its last read; INT64_MIN: none */
	uint32_t first_op, last_op; /* who completes first; the read that begins last */
};

struct age_zones {
	struct age_zone *items; /* owned; by key and first */
	size_t count;
	bool has_impossible; /* reads that no time excuses: unwritten, or from the future */
};

void age_zones_init(struct age_zones *zones, const struct observed *observed);
void age_zones_release(struct age_zones *zones);

static inline int64_t
age_zone_last(const struct age_zone *zone, int64_t delta)
{
	int64_t moved =
		zone->read_begins == INT64_MIN ? INT64_MIN : zone->read_begins - delta;

	return zone->write_begins > moved ? zone->write_begins : moved;
}

struct atomicity {
	bool has_delta;
	int64_t delta_ns;
	uint32_t first, second;	  /* zones that need so much; UINT32_MAX: none */
	uint32_t k_least, k_most; /* k_most 0: not known */
};

/* `k_reads`: what reads alone show k to be at least. False: the time is over. */
bool atomicity_measure(const struct observed *observed, const struct age_zones *zones,
		       const struct check_options *options, uint32_t k_reads,
		       struct atomicity *atomicity);

/* A register whose reads return one of the k last writes; k is options->level. */
extern const struct model model_k_register;

/* Searches an order of one key for one k. The caller calls frontier_release. */
void atomicity_search(const struct key_ops *key, const struct check_options *options,
		      uint32_t k, unsigned drivers, struct frontier *frontier);

#endif
