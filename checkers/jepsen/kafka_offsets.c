/* kafka_offsets.c - records and where they stand: one value an offset, one offset a value,
 * and what was sent, seen and lost. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <stdlib.h>

/* ---- reading -------------------------------------------------------------------------- */

/* Index of the record of a sight; records are pairs of partition and value. */
static uint32_t
record_of(struct kafka_log *log, const struct kafka_sight *sight)
{
	uint64_t partition = value_ids_add(&log->partition_ids, sight->partition);
	uint64_t value = value_ids_add(&log->value_ids, sight->value);
	bool is_new;
	uint64_t *id = map_at(&log->record_ids, partition << 32 | value, &is_new);

	if (is_new) {
		*id = log->records.count;
		vec_push(&log->records,
			 (struct kafka_record){.partition = (uint32_t)partition,
					       .sent = KAFKA_NONE,
					       .failed = KAFKA_NONE,
					       .polled = KAFKA_NONE,
					       .begun_at = OP_NEVER,
					       .offset = KAFKA_NO_OFFSET,
					       .rank = KAFKA_NONE});
	}
	return (uint32_t)*id;
}

static void
note_send(struct kafka_record *record, uint32_t index, const struct op *op)
{
	if (op->type == OP_FAIL) {
		record->failed = index;
		return;
	}
	if (record->sent == KAFKA_NONE || op->type == OP_OK)
		record->sent = index;
	if (op->invoke_at < record->begun_at)
		record->begun_at = op->invoke_at;
	record->is_acked |= op->type == OP_OK;
}

static void
note_sights(struct kafka_log *log, size_t from)
{
	for (size_t i = from; i < log->sights.count; i++) {
		struct kafka_sight *sight = &log->sights.items[i];
		sight->record = record_of(log, sight);
		sight->rank = KAFKA_NONE;
		struct kafka_record *record = &log->records.items[sight->record];
		if (sight->is_poll)
			record->polled = sight->op;
		else
			note_send(record, sight->op, &log->history->ops.items[sight->op]);
	}
}

void
kafka_read_all(struct kafka_log *log)
{
	const struct history *history = log->history;

	value_ids_init(&log->partition_ids, &history->values);
	value_ids_init(&log->value_ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count && !kafka_is_over(log); i++) {
		const struct op *op = &history->ops.items[i];
		size_t from = log->sights.count;
		log->has_unknown_polls |= kafka_hides_polls(history, op);
		if (kafka_is_client(op) && !kafka_read_op(history, i, &log->sights)) {
			tell_unknown(log->result,
				     mem_string("an operation is no list of sends and "
						"polls"));
			return;
		}
		note_sights(log, from);
	}
}

/* ---- ranks ---------------------------------------------------------------------------- */

/* What the sights are sorted by; their numbers last, so that the order is one. */
struct place {
	int64_t offset;
	uint32_t partition, sight;
};

static int
by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->sight < y->sight ? -1 : x->sight > y->sight;
}

static void
place_record(struct kafka_log *log, const struct kafka_sight *sight)
{
	struct kafka_record *record = &log->records.items[sight->record];

	if (record->offset == KAFKA_NO_OFFSET) {
		record->offset = sight->offset;
		record->offset_op = sight->op;
		record->rank = sight->rank;
	} else if (record->offset != sight->offset && !record->is_duplicated) {
		record->is_duplicated = true;
		kafka_report(log, KAFKA_DUPLICATE, sight,
			     "stands at another offset as well",
			     (uint32_t[]){record->offset_op, sight->op}, 2);
	}
}

static void
raise_high(struct kafka_log *log, const struct kafka_sight *sight)
{
	uint32_t id = log->records.items[sight->record].partition;
	struct kafka_partition *partition = &log->partitions[id];

	if (!sight->is_poll || log->history->ops.items[sight->op].type != OP_OK ||
	    partition->high >= sight->rank + 1)
		return;
	partition->high = sight->rank + 1;
	partition->high_op = sight->op;
}

/* The sights of one offset, from..to of by_rank. */
static void
judge_offset(struct kafka_log *log, size_t from, size_t to)
{
	const struct kafka_sight *first = &log->sights.items[log->by_rank[from]];
	bool is_told = false;

	log->first_of_rank[log->ranks] = log->by_rank[from];
	for (size_t i = from; i < to; i++) {
		struct kafka_sight *sight = &log->sights.items[log->by_rank[i]];
		sight->rank = (uint32_t)log->ranks;
		place_record(log, sight);
		raise_high(log, sight);
		if (sight->record == first->record || is_told)
			continue;
		is_told = true;
		kafka_report(log, KAFKA_INCONSISTENT_OFFSETS, sight,
			     "shares its offset with another value",
			     (uint32_t[]){first->op, sight->op}, 2);
	}
	log->ranks++;
}

static bool
is_same_offset(const struct kafka_log *log, size_t i, size_t j)
{
	const struct kafka_sight *a = &log->sights.items[log->by_rank[i]];
	const struct kafka_sight *b = &log->sights.items[log->by_rank[j]];

	return a->offset == b->offset && log->records.items[a->record].partition ==
						 log->records.items[b->record].partition;
}

static void
make_room(struct kafka_log *log)
{
	size_t count = log->sights.count;

	log->by_rank = mem_new(count + 1, sizeof(uint32_t));
	log->first_of_rank = mem_new(count + 1, sizeof(uint32_t));
	log->passed_ns = mem_new(count + 1, sizeof(int64_t));
	log->partitions = mem_new(value_ids_count(&log->partition_ids) + 1,
				  sizeof(struct kafka_partition));
}

static void
sort_sights(struct kafka_log *log)
{
	struct place *places = mem_new(log->sights.count + 1, sizeof(*places));

	for (uint32_t i = 0; i < log->sights.count; i++) {
		const struct kafka_sight *sight = &log->sights.items[i];
		if (sight->offset != KAFKA_NO_OFFSET)
			places[log->ranked++] = (struct place){
				sight->offset,
				log->records.items[sight->record].partition, i};
	}
	qsort(places, log->ranked, sizeof(*places), by_place);
	for (size_t i = 0; i < log->ranked; i++)
		log->by_rank[i] = places[i].sight;
	free(places);
}

void
kafka_judge_offsets(struct kafka_log *log)
{
	if (kafka_is_over(log))
		return;
	make_room(log);
	sort_sights(log);
	for (size_t from = 0, to; from < log->ranked && !kafka_is_over(log); from = to) {
		for (to = from + 1; to < log->ranked && is_same_offset(log, from, to);)
			to++;
		judge_offset(log, from, to);
	}
}

/* ---- what was sent and seen ----------------------------------------------------------- */

static void
judge_polled(struct kafka_log *log, const struct kafka_sight *sight)
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

static void
judge_sent(struct kafka_log *log, const struct kafka_sight *sight)
{
	const struct kafka_record *record = &log->records.items[sight->record];
	struct kafka_partition *partition = &log->partitions[record->partition];

	if (!record->is_acked || record->polled != KAFKA_NONE ||
	    record->sent != sight->op)
		return;
	if (record->rank == KAFKA_NONE || record->rank + 1 >= partition->high) {
		log->unplaced += record->rank == KAFKA_NONE;
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
		const struct kafka_sight *sight = &log->sights.items[i];
		if (sight->is_poll)
			judge_polled(log, sight);
		else
			judge_sent(log, sight);
	}
}
