/* kafka_report.c - what was found in a log, in words and numbers. */
#include "checkers/jepsen/kafka_log.h"

#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	RANKED_BYTES = 40, /* of a place, while places are put in order */
	PARTITIONS_TOLD = 32
};

const char *
kafka_kind_name(enum kafka_kind kind)
{
	static const char *const names[] = {
#define KIND(id, name) name,
#include "checkers/jepsen/kafka_kinds.def"
#undef KIND
	};

	return names[kind];
}

bool
kafka_has_ww_deps(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "ww-deps") == 0;
}

static size_t
bytes_of_maps(const struct kafka_log *log)
{
	size_t slots = log->record_ids.slot_count + log->offset_ids.slot_count +
		       log->place_ids.slot_count;

	return slots * sizeof(struct map_slot) + value_ids_bytes(&log->partition_ids) +
	       value_ids_bytes(&log->value_ids);
}

size_t
kafka_log_bytes(const struct kafka_log *log)
{
	return log->sights.capacity * sizeof(struct kafka_seen) +
	       log->records.capacity * sizeof(struct kafka_record) +
	       log->places.capacity * sizeof(struct kafka_place) +
	       log->record_of_value.capacity * sizeof(uint32_t) + bytes_of_maps(log) +
	       log->places.capacity * RANKED_BYTES;
}

/* Without a violation so far, an unknown result is the end. */
bool
kafka_is_over(struct kafka_log *log)
{
	return tell_over_budget(log->options, kafka_log_bytes(log), log->result) ||
	       log->result->verdict == VERDICT_UNKNOWN;
}

void
kafka_report(struct kafka_log *log, enum kafka_kind kind, const struct kafka_seen *seen,
	     const char *what, const uint32_t *ops, size_t count)
{
	const struct kafka_record *record = &log->records.items[seen->record];
	val partition = value_ids_value(&log->partition_ids, record->partition);
	struct buf text = {0};

	log->counts[kind]++;
	buf_string(&text, "value ");
	tell_value(log->history, record->value, &text);
	buf_string(&text, " of partition ");
	tell_value(log->history, partition, &text);
	if (seen->place != KAFKA_NONE)
		buf_printf(&text, " at offset %" PRId64,
			   log->places.items[seen->place].offset);
	buf_printf(&text, " %s", what);
	tell(log->history, log->result, kafka_kind_name(kind), partition, &text, ops,
	     count);
	if (log->result->anomaly_count <= ANOMALIES_MAX)
		vec_last(&log->result->anomalies)->subject = record->value;
}

static void
print_types(const struct kafka_log *log, const char *name, bool with_allowed,
	    struct buf *details)
{
	bool is_first = true;

	tell_name(details, name);
	buf_char(details, '[');
	for (int kind = 0; kind < KAFKA_KINDS; kind++) {
		if (log->counts[kind] == 0 && (!with_allowed || log->allowed[kind] == 0))
			continue;
		buf_printf(details, "%s\"%s\"", is_first ? "" : ",",
			   kafka_kind_name(kind));
		is_first = false;
	}
	buf_char(details, ']');
}

static void
print_unseen(const struct kafka_log *log, struct buf *details)
{
	size_t count = log->partitions != NULL ? value_ids_count(&log->partition_ids) : 0;
	size_t told = 0;

	tell_name(details, "unseen-by-partition");
	buf_char(details, '[');
	for (uint32_t id = 0; id < count && told < PARTITIONS_TOLD; id++) {
		if (log->partitions[id].unseen == 0)
			continue;
		buf_string(details, told++ > 0 ? ",[" : "[");
		val_print(&log->history->values, value_ids_value(&log->partition_ids, id),
			  details);
		buf_printf(details, ",%" PRIu64 "]", log->partitions[id].unseen);
	}
	buf_char(details, ']');
}

/* In seconds, as Jepsen tells it. */
static void
print_lag(const struct kafka_log *log, struct buf *details)
{
	const struct kafka_lag *worst = &log->worst;

	tell_name(details, "worst-realtime-lag");
	if (worst->lag_ns == 0) {
		buf_string(details, "null");
		return;
	}
	buf_printf(details, "{\"process\":%" PRIu32 ",\"key\":", worst->process);
	val_print(&log->history->values,
		  value_ids_value(&log->partition_ids, worst->partition), details);
	buf_printf(details, ",\"time\":%.6f,\"lag\":%.6f}", (double)worst->at_ns / 1e9,
		   (double)worst->lag_ns / 1e9);
}

void
kafka_print_details(const struct kafka_log *log, struct buf *details)
{
	tell_number(details, "records", log->records.count);
	tell_number(details, "unseen", log->unseen);
	print_unseen(log, details);
	tell_number(details, "without-offset", log->unplaced);
	tell_number(details, "passed", log->passed);
	print_lag(log, details);
	print_types(log, "bad-error-types", false, details);
	print_types(log, "error-types", true, details);
	for (int kind = 0; kind < KAFKA_KINDS; kind++)
		if (log->counts[kind] + log->allowed[kind] > 0) {
			tell_name(details, kafka_kind_name(kind));
			buf_printf(details,
				   "{\"count\":%" PRIu64 ",\"allowed\":%" PRIu64 "}",
				   log->counts[kind], log->allowed[kind]);
		}
}

void
kafka_log_release(struct kafka_log *log)
{
	value_ids_release(&log->partition_ids);
	value_ids_release(&log->value_ids);
	map_release(&log->record_ids);
	map_release(&log->offset_ids);
	map_release(&log->place_ids);
	vec_release(&log->record_of_value);
	vec_release(&log->places);
	vec_release(&log->records);
	vec_release(&log->sights);
	free(log->partitions);
	free(log->by_rank);
	free(log->first_of_rank);
	free(log->passed_ns);
}
