/* kafka_read.c - the records of a log, the places where they stand, and who saw them. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"
#include "checkers/tell.h"

static uint32_t
new_record(struct kafka_log *log, uint32_t partition, val value)
{
	vec_push(&log->records, (struct kafka_record){.value = value,
						      .partition = partition,
						      .sent = KAFKA_NONE,
						      .failed = KAFKA_NONE,
						      .polled = KAFKA_NONE,
						      .begun_at = OP_NEVER,
						      .first_place = KAFKA_NONE,
						      .place = KAFKA_NONE});
	return (uint32_t)log->records.count - 1;
}

/* Index of the record; records are pairs of partition and value, and most values stand in
 * one partition. */
static uint32_t
record_of(struct kafka_log *log, uint32_t partition, val value)
{
	uint32_t value_id = value_ids_add(&log->value_ids, value);
	bool is_new;

	if (value_id == log->record_of_value.count)
		vec_push(&log->record_of_value, new_record(log, partition, value));
	uint32_t first = log->record_of_value.items[value_id];
	if (log->records.items[first].partition == partition)
		return first;
	uint64_t *other =
		map_at(&log->record_ids, (uint64_t)partition << 32 | value_id, &is_new);
	if (is_new)
		*other = new_record(log, partition, value);
	return (uint32_t)*other;
}

static uint32_t
new_place(struct kafka_log *log, uint32_t record, int64_t offset, uint32_t op)
{
	vec_push(&log->places, (struct kafka_place){.offset = offset,
						    .known_ns = INT64_MAX,
						    .record = record,
						    .rank = KAFKA_NONE,
						    .op = op,
						    .read_by = KAFKA_NONE});
	return (uint32_t)log->places.count - 1;
}

/* Of a record that stands elsewhere, too. */
static uint32_t
other_place(struct kafka_log *log, uint32_t record, int64_t offset, uint32_t op)
{
	bool is_new;
	uint64_t *offset_id = map_at(&log->offset_ids, (uint64_t)offset, &is_new);

	if (is_new)
		*offset_id = log->offset_ids.count;
	uint64_t *place =
		map_at(&log->place_ids, (uint64_t)record << 32 | *offset_id, &is_new);
	if (is_new)
		*place = new_place(log, record, offset, op);
	return (uint32_t)*place;
}

/* Index of the place of a sight; KAFKA_NONE where none is told. */
static uint32_t
place_of(struct kafka_log *log, uint32_t id, const struct kafka_sight *sight)
{
	struct kafka_record *record = &log->records.items[id];

	if (sight->offset == KAFKA_NO_OFFSET)
		return KAFKA_NONE;
	if (record->first_place == KAFKA_NONE)
		record->first_place = new_place(log, id, sight->offset, sight->op);
	return log->places.items[record->first_place].offset == sight->offset
		       ? record->first_place
		       : other_place(log, id, sight->offset, sight->op);
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

/* An answer that is ok makes the place known. */
static void
note_place(struct kafka_place *place, const struct kafka_sight *sight,
	   const struct op *op)
{
	if (op->type != OP_OK)
		return;
	if (op->complete_ns >= 0 && op->complete_ns < place->known_ns)
		place->known_ns = op->complete_ns;
	if (sight->is_poll && place->read_by == KAFKA_NONE)
		place->read_by = sight->op;
}

static void
note_sight(struct kafka_log *log, uint32_t partition, const struct kafka_sight *sight)
{
	const struct op *op = &log->history->ops.items[sight->op];
	uint32_t record = record_of(log, partition, sight->value);
	uint32_t place = place_of(log, record, sight);

	if (sight->is_poll)
		log->records.items[record].polled = sight->op;
	else
		note_send(&log->records.items[record], sight->op, op);
	if (place != KAFKA_NONE)
		note_place(&log->places.items[place], sight, op);
	vec_push(&log->sights, (struct kafka_seen){.op = sight->op,
						   .part = sight->part & INT32_MAX,
						   .is_poll = sight->is_poll,
						   .record = record,
						   .place = place});
}

/* Records of one partition mostly stand together. */
static void
note_sights(struct kafka_log *log, const kafka_sights *sights)
{
	uint32_t partition = 0;

	for (size_t i = 0; i < sights->count; i++) {
		const struct kafka_sight *sight = &sights->items[i];
		if (i == 0 || sight->partition != sight[-1].partition)
			partition = value_ids_add(&log->partition_ids, sight->partition);
		note_sight(log, partition, sight);
	}
}

void
kafka_read_all(struct kafka_log *log)
{
	const struct history *history = log->history;
	kafka_sights sights = {0};
	bool is_read = true;

	value_ids_init(&log->partition_ids, &history->values);
	value_ids_init(&log->value_ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count && is_read && !kafka_is_over(log);
	     i++) {
		const struct op *op = &history->ops.items[i];
		vec_clear(&sights);
		log->has_unknown_polls |= kafka_hides_polls(history, op);
		is_read = !kafka_is_client(op) || kafka_read_op(history, i, &sights);
		note_sights(log, &sights);
	}
	vec_release(&sights);
	if (!is_read)
		tell_unknown(log->result,
			     mem_string("an operation is no list of sends and polls"));
}
