/* kafka_offsets.c - where records stand: one value an offset, one offset a value; and what was
 * sent, seen and lost. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <stdlib.h>

/* ---- ranks ---------------------------------------------------------------------------- */

/* A sight of the place, for words. */
static struct kafka_seen
sight_of(const struct kafka_log *log, uint32_t place)
{
	return (struct kafka_seen){.op = log->places.items[place].op,
				   .record = log->places.items[place].record,
				   .place = place};
}

static void
place_record(struct kafka_log *log, uint32_t place)
{
	struct kafka_seen seen = sight_of(log, place);
	struct kafka_record *record = &log->records.items[seen.record];

	if (record->place == KAFKA_NONE) {
		record->place = place;
	} else if (!record->is_duplicated) {
		uint32_t lowest = log->places.items[record->place].op;
		record->is_duplicated = true;
		kafka_report(log, KAFKA_DUPLICATE, &seen,
			     "stands at another offset as well",
			     (uint32_t[]){lowest, seen.op}, 2);
	}
}

static void
raise_high(struct kafka_log *log, const struct kafka_place *place)
{
	uint32_t id = log->records.items[place->record].partition;
	struct kafka_partition *partition = &log->partitions[id];

	if (place->read_by == KAFKA_NONE || partition->high >= place->rank + 1)
		return;
	partition->high = place->rank + 1;
	partition->high_op = place->read_by;
}

/* The places of one offset, from..to of by_rank. */
static void
judge_offset(struct kafka_log *log, size_t from, size_t to)
{
	struct kafka_seen first = sight_of(log, log->by_rank[from]);

	log->first_of_rank[log->ranks] = log->by_rank[from];
	for (size_t i = from; i < to; i++) {
		struct kafka_place *place = &log->places.items[log->by_rank[i]];
		place->rank = (uint32_t)log->ranks;
		place_record(log, log->by_rank[i]);
		raise_high(log, place);
	}
	log->ranks++;
	if (to - from == 1)
		return;
	struct kafka_seen second = sight_of(log, log->by_rank[from + 1]);
	kafka_report(log, KAFKA_INCONSISTENT_OFFSETS, &second,
		     "shares its offset with another value",
		     (uint32_t[]){first.op, second.op}, 2);
}

static bool
is_same_offset(const struct kafka_log *log, size_t i, size_t j)
{
	const struct kafka_place *a = &log->places.items[log->by_rank[i]];
	const struct kafka_place *b = &log->places.items[log->by_rank[j]];

	return a->offset == b->offset && log->records.items[a->record].partition ==
						 log->records.items[b->record].partition;
}

static void
make_room(struct kafka_log *log)
{
	size_t count = log->places.count;

	log->by_rank = mem_new(count + 1, sizeof(uint32_t));
	log->first_of_rank = mem_new(count + 1, sizeof(uint32_t));
	log->passed_ns = mem_new(count + 1, sizeof(int64_t));
	log->partitions = mem_new(value_ids_count(&log->partition_ids) + 1,
				  sizeof(struct kafka_partition));
}

/* What the places are sorted by; their numbers last, so that the order is one. */
struct key {
	int64_t offset;
	uint32_t partition, place;
};

static int
by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void
sort_places(struct kafka_log *log)
{
	struct key *keys = mem_new(log->places.count + 1, sizeof(*keys));

	for (uint32_t i = 0; i < log->places.count; i++) {
		const struct kafka_place *place = &log->places.items[i];
		keys[i] = (struct key){place->offset,
				       log->records.items[place->record].partition, i};
	}
	qsort(keys, log->places.count, sizeof(*keys), by_key);
	for (size_t i = 0; i < log->places.count; i++)
		log->by_rank[i] = keys[i].place;
	free(keys);
}

void
kafka_judge_offsets(struct kafka_log *log)
{
	size_t count = log->places.count;

	if (kafka_is_over(log))
		return;
	make_room(log);
	sort_places(log);
	for (size_t from = 0, to; from < count && !kafka_is_over(log); from = to) {
		for (to = from + 1; to < count && is_same_offset(log, from, to);)
			to++;
		judge_offset(log, from, to);
	}
}

/* ---- what was sent and seen ----------------------------------------------------------- */

static void
judge_polled(struct kafka_log *log, const struct kafka_seen *sight)
{
	const struct kafka_record *record = &log->records.items[sight->record];
	const struct op *poll = &log->history->ops.items[sight->op];

	if (record->sent == sight->op ||
	    (record->sent == KAFKA_NONE && record->failed == sight->op))
		kafka_report(log, KAFKA_PRECOMMITTED_READ, sight,
			     "was polled by its own sender", &sight->op, 1);
	else if (record->sent != KAFKA_NONE && poll->type != OP_FAIL &&
		 poll->complete_at < record->begun_at)
		kafka_report(log, KAFKA_G1C_REALTIME, sight,
			     "was polled before anybody began to send it",
			     (uint32_t[]){record->sent, sight->op}, 2);
	else if (record->sent == KAFKA_NONE && record->failed == KAFKA_NONE)
		kafka_report(log, KAFKA_UNSENT, sight,
			     "was polled although nobody sent it", &sight->op, 1);
	else if (record->sent == KAFKA_NONE && poll->type == OP_OK)
		kafka_report(log, KAFKA_ABORTED_READ, sight,
			     "was polled although its send failed",
			     (uint32_t[]){record->failed, sight->op}, 2);
}

/* Nobody polled a higher offset of its partition, or nobody knows where it stands. */
static bool
is_behind(const struct kafka_log *log, const struct kafka_record *record)
{
	return record->place == KAFKA_NONE ||
	       log->places.items[record->place].rank + 1 >=
		       log->partitions[record->partition].high;
}

static void
judge_sent(struct kafka_log *log, const struct kafka_seen *sight)
{
	const struct kafka_record *record = &log->records.items[sight->record];
	struct kafka_partition *partition = &log->partitions[record->partition];

	if (!record->is_acked || record->polled != KAFKA_NONE ||
	    record->sent != sight->op)
		return;
	if (is_behind(log, record)) {
		log->unplaced += record->place == KAFKA_NONE;
		log->unseen++;
		partition->unseen++;
	} else if (log->has_unknown_polls) {
		log->passed++;
	} else {
		kafka_report(log, KAFKA_LOST_WRITE, sight,
			     "was acknowledged and never polled, though a higher offset "
			     "was",
			     (uint32_t[]){sight->op, partition->high_op}, 2);
	}
}

void
kafka_judge_records(struct kafka_log *log)
{
	for (size_t i = 0; i < log->sights.count && !kafka_is_over(log); i++) {
		const struct kafka_seen *sight = &log->sights.items[i];
		if (sight->is_poll)
			judge_polled(log, sight);
		else
			judge_sent(log, sight);
	}
}
