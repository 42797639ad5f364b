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
 *	G1a                    a poll saw what only a failed operation sent.
 *	unsent                 a poll saw what nobody sent.
 *	precommitted-read      a transaction polled what it sent itself.
 *	int-poll-skip, int-nonmonotonic-poll
 *	                       within one operation a poll leaps over a record that
 *	                       exists, or goes back.
 *	poll-skip, nonmonotonic-poll
 *	                       the same between two operations of a process with nothing
 *	                       between them that may move its position (assign,
 *	                       subscribe, crash, a poll that was not ok).
 *	int-nonmonotonic-send, nonmonotonic-send
 *	                       a producer's later record has a smaller offset.
 *	int-send-skip          within one operation sends are not neighbours: others send
 *	                       too; counted, never an anomaly.
 *	G1c                    operations polled what the others sent, in a circle. With
 *	                       the model "ww-deps" also by the order of their sends, and
 *	G0                     then circles of sends alone.
 *
 * Between the polls of a process that subscribed, a rebalance may move its position: its
 * poll-skip and nonmonotonic-poll (and the int- ones between two polls of a transaction)
 * are counted as allowed. Acknowledged records behind the last polled offset are unseen:
 * they may be there or not, and the answer is unknown (Jepsen: invalid).
 *
 * Details as Jepsen's: for each type {count, allowed}, bad-error-types, error-types,
 * unseen. O(n log n) in the number of records. */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/transaction/cycles.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/kafka_records.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum kind {
	INCONSISTENT_OFFSETS,
	DUPLICATE,
	LOST_WRITE,
	ABORTED_READ,
	UNSENT,
	PRECOMMITTED_READ,
	INT_POLL_SKIP,
	INT_NONMONOTONIC_POLL,
	POLL_SKIP,
	NONMONOTONIC_POLL,
	INT_SEND_SKIP,
	INT_NONMONOTONIC_SEND,
	NONMONOTONIC_SEND,
	G0,
	G1C,
	KINDS
};

static const char *const kind_names[KINDS] = {"inconsistent-offsets",
					      "duplicate",
					      "lost-write",
					      "G1a",
					      "unsent",
					      "precommitted-read",
					      "int-poll-skip",
					      "int-nonmonotonic-poll",
					      "poll-skip",
					      "nonmonotonic-poll",
					      "int-send-skip",
					      "int-nonmonotonic-send",
					      "nonmonotonic-send",
					      "G0",
					      "G1c"};

/* A value of a partition. */
struct record {
	uint32_t partition;	       /* dense id */
	uint32_t sent, failed, polled; /* ops; NONE */
	int64_t offset;
	uint32_t offset_op, rank;
	bool is_acked, is_duplicated;
};

/* Where a process stands in a partition. */
struct position {
	uint32_t polled, sent; /* ranks */
	uint32_t poll_op, send_op;
	uint32_t poll_part; /* micro-operation of the last poll */
	uint32_t epoch;
};

struct client {
	uint32_t epoch; /* grows when the position may have been moved */
	bool is_subscribed;
};

struct log {
	const struct history *history;
	struct check_result *result;
	struct value_ids partitions, values;
	struct map record_ids, position_ids, client_ids;
	VEC(struct record) records;
	VEC(struct position) positions;
	VEC(struct client) clients;
	kafka_sights sights; /* in the order of operations */
	uint32_t *by_rank;   /* owned: indexes of sights, by partition, offset, value */
	size_t ranked;	     /* how many */
	uint32_t *first_of_rank; /* owned: by rank, an index into by_rank */
	uint32_t *high;		 /* owned: by partition: 1 + highest polled rank */
	uint32_t *high_op;
	uint64_t counts[KINDS], allowed[KINDS], unseen, unplaced, passed;
	bool has_unknown_polls;
};

/* ---- reading -------------------------------------------------------------------------- */

enum {
	FITS_LOOKED_AT = 100, /* operations; their shape tells the others' */
};

static int
kafka_fits(const struct history *history)
{
	kafka_sights sights = {0};
	size_t clients = 0, sends = 0;
	bool fits = true;

	for (uint32_t i = 0; i < history->ops.count && fits; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_control = op->f == F_ASSIGN || op->f == F_SUBSCRIBE ||
				  op->f == F_CRASH ||
				  fields_is_f(history, op, "debug-topic-partitions");
		fits = is_control || kafka_is_client(op);
		sends += op->f == F_SEND || op->f == F_POLL;
		if (fits && !is_control && clients++ < FITS_LOOKED_AT)
			fits = kafka_read_op(history, i, &sights);
	}
	fits = fits && sends > 0 && sights.count > 0;
	vec_release(&sights);
	return fits ? 60 : 0;
}

/* Index of the record of a sight; records are pairs of partition and value. */
static uint32_t
record_of(struct log *log, const struct kafka_sight *sight)
{
	uint64_t partition = value_ids_add(&log->partitions, sight->partition);
	uint64_t value = value_ids_add(&log->values, sight->value);
	bool is_new;
	uint64_t *id = map_at(&log->record_ids, partition << 32 | value, &is_new);

	if (is_new) {
		*id = log->records.count;
		vec_push(&log->records, (struct record){.partition = (uint32_t)partition,
							.sent = NONE,
							.failed = NONE,
							.polled = NONE,
							.offset = KAFKA_NO_OFFSET,
							.rank = NONE});
	}
	return (uint32_t)*id;
}

/* It may have polled records that nobody told. */
static bool
is_unknown_poll(const struct op *op)
{
	return (op->type == OP_INFO && (op->f == F_POLL || op->f == F_TXN)) ||
	       (op->type == OP_FAIL && op->f == F_TXN);
}

static bool
read_all(struct log *log)
{
	const struct history *history = log->history;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (kafka_is_client(&history->ops.items[i]) &&
		    !kafka_read_op(history, i, &log->sights))
			return false;
	vec_each (struct op, op, &history->ops)
		log->has_unknown_polls |= is_unknown_poll(op);
	vec_each (struct kafka_sight, sight, &log->sights) {
		enum op_type type = (enum op_type)history->ops.items[sight->op].type;
		sight->record = record_of(log, sight);
		sight->rank = NONE;
		struct record *record = &log->records.items[sight->record];
		if (sight->is_poll)
			record->polled = sight->op;
		else if (type == OP_FAIL)
			record->failed = sight->op;
		else if (record->sent == NONE || type == OP_OK)
			record->sent = sight->op;
		record->is_acked |= !sight->is_poll && type == OP_OK;
	}
	return true;
}

/* ---- reporting ------------------------------------------------------------------------ */

static void
report(struct log *log, enum kind kind, const struct kafka_sight *sight, const char *what,
       const uint32_t *ops, size_t count)
{
	struct buf text = {0};

	log->counts[kind]++;
	buf_string(&text, "value ");
	tell_value(log->history, sight->value, &text);
	buf_string(&text, " of partition ");
	tell_value(log->history, sight->partition, &text);
	if (sight->offset != KAFKA_NO_OFFSET)
		buf_printf(&text, " at offset %" PRId64, sight->offset);
	buf_printf(&text, " %s", what);
	tell(log->history, log->result, kind_names[kind], sight->partition, &text, ops,
	     count);
}

/* ---- offsets and ranks ---------------------------------------------------------------- */

static int
by_offset(const void *a, const void *b, void *context)
{
	const struct log *log = context;
	const struct kafka_sight *x = &log->sights.items[*(const uint32_t *)a];
	const struct kafka_sight *y = &log->sights.items[*(const uint32_t *)b];
	uint32_t p = log->records.items[x->record].partition;
	uint32_t q = log->records.items[y->record].partition;

	if (p != q)
		return p < q ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
place_record(struct log *log, const struct kafka_sight *sight)
{
	struct record *record = &log->records.items[sight->record];

	if (record->offset == KAFKA_NO_OFFSET) {
		record->offset = sight->offset;
		record->offset_op = sight->op;
		record->rank = sight->rank;
	} else if (record->offset != sight->offset && !record->is_duplicated) {
		record->is_duplicated = true;
		report(log, DUPLICATE, sight, "stands at another offset as well",
		       (uint32_t[]){record->offset_op, sight->op}, 2);
	}
}

static void
rank_sights(struct log *log)
{
	const struct kafka_sight *first = NULL;
	uint32_t rank = 0;
	bool is_told = false;

	for (size_t i = 0; i < log->ranked; i++) {
		struct kafka_sight *sight = &log->sights.items[log->by_rank[i]];
		uint32_t partition = log->records.items[sight->record].partition;
		bool is_new = first == NULL || sight->offset != first->offset ||
			      partition != log->records.items[first->record].partition;
		if (is_new) {
			rank += first != NULL;
			first = sight;
			is_told = false;
			log->first_of_rank[rank] = log->by_rank[i];
		}
		sight->rank = rank;
		place_record(log, sight);
		if (sight->is_poll && log->high[partition] < rank + 1) {
			log->high[partition] = rank + 1;
			log->high_op[partition] = sight->op;
		}
		if (!is_new && sight->record != first->record && !is_told) {
			is_told = true;
			report(log, INCONSISTENT_OFFSETS, sight,
			       "shares its offset with another value",
			       (uint32_t[]){first->op, sight->op}, 2);
		}
	}
}

static void
place_all(struct log *log)
{
	size_t count = log->sights.count;

	log->by_rank = mem_new(count + 1, sizeof(uint32_t));
	log->first_of_rank = mem_new(count + 1, sizeof(uint32_t));
	log->high = mem_new(value_ids_count(&log->partitions) + 1, sizeof(uint32_t));
	log->high_op = mem_new(value_ids_count(&log->partitions) + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++)
		if (log->sights.items[i].offset != KAFKA_NO_OFFSET)
			log->by_rank[log->ranked++] = i;
	qsort_r(log->by_rank, log->ranked, sizeof(uint32_t), by_offset, log);
	rank_sights(log);
}

/* ---- what polls saw ------------------------------------------------------------------- */

static void
judge_polled(struct log *log, const struct kafka_sight *sight)
{
	const struct record *record = &log->records.items[sight->record];

	if (record->sent == sight->op)
		report(log, PRECOMMITTED_READ, sight, "was polled by its own sender",
		       &sight->op, 1);
	if (record->sent != NONE)
		return;
	if (record->failed != NONE)
		report(log, ABORTED_READ, sight, "was polled although its send failed",
		       (uint32_t[]){record->failed, sight->op}, 2);
	else
		report(log, UNSENT, sight, "was polled although nobody sent it",
		       &sight->op, 1);
}

static void
judge_sent(struct log *log, const struct kafka_sight *sight)
{
	const struct record *record = &log->records.items[sight->record];
	uint32_t high = log->high[record->partition];

	if (!record->is_acked || record->polled != NONE || record->sent != sight->op)
		return;
	if (record->rank == NONE || record->rank + 1 >= high) {
		log->unplaced += record->rank == NONE;
		log->unseen++;
		return;
	}
	if (log->has_unknown_polls) {
		log->passed++;
		return;
	}
	report(log, LOST_WRITE, sight,
	       "was acknowledged and never polled, though a higher offset was",
	       (uint32_t[]){sight->op, log->high_op[record->partition]}, 2);
}

/* ---- moving forward ------------------------------------------------------------------- */

static struct client *
client_of(struct log *log, uint32_t process)
{
	bool is_new;
	uint64_t *id = map_at(&log->client_ids, process, &is_new);

	if (is_new) {
		*id = log->clients.count;
		vec_push(&log->clients, (struct client){0});
	}
	return &log->clients.items[*id];
}

static struct position *
position_of(struct log *log, uint32_t process, uint32_t partition)
{
	bool is_new;
	uint64_t *id =
		map_at(&log->position_ids, (uint64_t)process << 32 | partition, &is_new);

	if (is_new) {
		*id = log->positions.count;
		vec_push(&log->positions,
			 (struct position){.poll_op = NONE, .send_op = NONE});
	}
	return &log->positions.items[*id];
}

/* A witness of what was leapt over: whoever saw the record behind the rank. */
static uint32_t
skipped_op(const struct log *log, uint32_t rank)
{
	return log->sights.items[log->first_of_rank[rank + 1]].op;
}

static void
judge_step(struct log *log, enum kind skip, enum kind back,
	   const struct kafka_sight *sight, uint32_t from, uint32_t from_op,
	   bool is_allowed)
{
	bool is_back = sight->rank <= from;
	enum kind kind = is_back ? back : skip;

	if (kind == KINDS || sight->rank == from + 1)
		return;
	if (is_allowed || kind == INT_SEND_SKIP) {
		log->allowed[kind]++;
		return;
	}
	report(log, kind, sight,
	       is_back ? "comes after a higher offset, or the same one"
		       : "comes right after a record that is not its neighbour",
	       (uint32_t[]){from_op, is_back ? OP_NEVER : skipped_op(log, from),
			    sight->op},
	       3);
}

static void
step_poll(struct log *log, const struct kafka_sight *sight, const struct client *client,
	  struct position *position)
{
	bool is_same_op = position->poll_op == sight->op;
	bool may_move = client->is_subscribed &&
			!(is_same_op && position->poll_part == sight->part);

	if (position->poll_op != NONE && (is_same_op || position->epoch == client->epoch))
		judge_step(log, is_same_op ? INT_POLL_SKIP : POLL_SKIP,
			   is_same_op ? INT_NONMONOTONIC_POLL : NONMONOTONIC_POLL, sight,
			   position->polled, position->poll_op, may_move);
	position->polled = sight->rank;
	position->poll_op = sight->op;
	position->poll_part = sight->part;
	position->epoch = client->epoch;
}

static void
step_send(struct log *log, const struct kafka_sight *sight, struct position *position)
{
	bool is_same_op = position->send_op == sight->op;

	if (position->send_op != NONE)
		judge_step(log, is_same_op ? INT_SEND_SKIP : KINDS,
			   is_same_op ? INT_NONMONOTONIC_SEND : NONMONOTONIC_SEND, sight,
			   position->sent, position->send_op, false);
	position->sent = sight->rank;
	position->send_op = sight->op;
}

/* What may have moved the position of a consumer. */
static void
note_control(struct log *log, const struct op *op)
{
	bool is_move = op->f == F_ASSIGN || op->f == F_SUBSCRIBE || op->f == F_CRASH;
	bool is_lost = op->type != OP_OK && op->f != F_SEND;
	struct client *client = client_of(log, op->process);

	client->epoch += is_move || is_lost;
	if (op->f == F_ASSIGN || op->f == F_SUBSCRIBE)
		client->is_subscribed = op->f == F_SUBSCRIBE;
}

static void
walk(struct log *log)
{
	size_t next = 0;

	for (uint32_t i = 0; i < log->history->ops.count; i++) {
		const struct op *op = &log->history->ops.items[i];
		note_control(log, op);
		for (; next < log->sights.count && log->sights.items[next].op == i;
		     next++) {
			const struct kafka_sight *sight = &log->sights.items[next];
			uint32_t partition = log->records.items[sight->record].partition;
			if (sight->is_poll)
				judge_polled(log, sight);
			else
				judge_sent(log, sight);
			if (sight->rank == NONE)
				continue;
			struct position *position =
				position_of(log, op->process, partition);
			if (sight->is_poll)
				step_poll(log, sight, client_of(log, op->process),
					  position);
			else
				step_send(log, sight, position);
		}
	}
}

/* ---- circles -------------------------------------------------------------------------- */

struct circles {
	struct log *log;
	enum kind kind;
};

static void
report_circle(void *self, const uint32_t *nodes, size_t count)
{
	struct circles *circles = self;
	struct log *log = circles->log;
	struct buf text = {0};

	log->counts[circles->kind]++;
	if (count == 0) {
		tell_unknown(log->result, mem_string("operations depend on each other in "
						     "a circle too long to show"));
		return;
	}
	buf_string(&text,
		   circles->kind == G0
			   ? "the order of their sends is a circle"
			   : "each polled what another sent, or sent behind it, in "
			     "a circle");
	tell(log->history, log->result, kind_names[circles->kind], VAL_OF_NIL, &text,
	     nodes, count);
}

static void
judge_circles(struct log *log, bool with_order)
{
	struct circles circles = {.log = log, .kind = G1C};
	struct graph graph;

	graph_init(&graph, (uint32_t)log->history->ops.count);
	vec_each (struct kafka_sight, sight, &log->sights) {
		const struct record *record = &log->records.items[sight->record];
		if (sight->is_poll && record->sent != NONE)
			graph_add(&graph, record->sent, sight->op, EDGE_WR);
	}
	uint32_t before = NONE;
	for (size_t i = 0; i < log->ranked && with_order; i++) {
		const struct kafka_sight *sight = &log->sights.items[log->by_rank[i]];
		uint32_t sender = log->records.items[sight->record].sent;
		if (sender == NONE)
			continue;
		if (before != NONE &&
		    log->records.items[log->sights.items[before].record].partition ==
			    log->records.items[sight->record].partition)
			graph_add(
				&graph,
				log->records.items[log->sights.items[before].record].sent,
				sender, EDGE_WW);
		before = log->by_rank[i];
	}
	graph_build(&graph);
	if (with_order) {
		circles.kind = G0;
		cycles_find(&graph, EDGE_WW, report_circle, &circles);
		circles.kind = G1C;
	}
	if (log->counts[G0] == 0)
		cycles_find(&graph, EDGE_WR | EDGE_WW, report_circle, &circles);
	graph_release(&graph);
}

/* ---- the check ------------------------------------------------------------------------ */

static void
print_types(const struct log *log, const char *name, bool with_allowed,
	    struct buf *details)
{
	bool is_first = true;

	tell_name(details, name);
	buf_char(details, '[');
	for (int kind = 0; kind < KINDS; kind++) {
		if (log->counts[kind] == 0 && (!with_allowed || log->allowed[kind] == 0))
			continue;
		buf_printf(details, "%s\"%s\"", is_first ? "" : ",", kind_names[kind]);
		is_first = false;
	}
	buf_char(details, ']');
}

static void
print_details(const struct log *log, struct buf *details)
{
	tell_number(details, "records", log->records.count);
	tell_number(details, "unseen", log->unseen);
	tell_number(details, "without-offset", log->unplaced);
	tell_number(details, "passed", log->passed);
	print_types(log, "bad-error-types", false, details);
	print_types(log, "error-types", true, details);
	for (int kind = 0; kind < KINDS; kind++)
		if (log->counts[kind] + log->allowed[kind] > 0) {
			tell_name(details, kind_names[kind]);
			buf_printf(details,
				   "{\"count\":%" PRIu64 ",\"allowed\":%" PRIu64 "}",
				   log->counts[kind], log->allowed[kind]);
		}
}

static void
release(struct log *log)
{
	value_ids_release(&log->partitions);
	value_ids_release(&log->values);
	map_release(&log->record_ids);
	map_release(&log->position_ids);
	map_release(&log->client_ids);
	vec_release(&log->records);
	vec_release(&log->positions);
	vec_release(&log->clients);
	vec_release(&log->sights);
	free(log->by_rank);
	free(log->first_of_rank);
	free(log->high);
	free(log->high_op);
}

static bool
has_ww_deps(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "ww-deps") == 0;
}

static void
kafka_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	struct log log = {.history = history, .result = result};

	result->complexity = "O(n log n) in the number of records";
	result->operations = history->ops.count;
	value_ids_init(&log.partitions, &history->values);
	value_ids_init(&log.values, &history->values);
	if (read_all(&log)) {
		place_all(&log);
		walk(&log);
		judge_circles(&log, has_ww_deps(options));
	} else {
		tell_unknown(result, mem_string("an operation is no list of sends and "
						"polls"));
	}
	print_details(&log, &result->details);
	if (log.passed > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged records were never "
					"polled though higher offsets were, but polls of "
					"unknown outcome may have seen them",
					log.passed));
	else if (log.unseen > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged records were never "
					"polled, nor any higher offset",
					log.unseen));
	else if (log.sights.count == 0)
		tell_unknown(result, mem_string("nothing was ever sent or polled"));
	tell_end(result, mem_format("%zu records, each once at its offset, and no "
				    "consumer skipped or repeated one",
				    log.records.count));
	release(&log);
	result->is_unproven = true; /* polls and sends in order are not proven again */
}

/* ---- proof ----------------------------------------------------------------------------
 * By raw offsets instead of ranks, and for anomalies from the listed operations alone,
 * except for what must be nowhere in the history. */

/* Whether some operation, not failed, sent the value; whether some poll saw it. */
static void
search(const struct history *history, const struct kafka_sight *wanted, bool *is_sent,
       bool *is_polled)
{
	kafka_sights sights = {0};

	*is_sent = *is_polled = false;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		if (!kafka_is_client(&history->ops.items[i]))
			continue;
		vec_clear(&sights);
		kafka_read_op(history, i, &sights);
		vec_each (struct kafka_sight, sight, &sights) {
			if (!val_equal(&history->values, sight->value, wanted->value) ||
			    !val_equal(&history->values, sight->partition,
				       wanted->partition))
				continue;
			*is_polled |= sight->is_poll;
			*is_sent |=
				!sight->is_poll && history->ops.items[i].type != OP_FAIL;
		}
	}
	vec_release(&sights);
}

/* Two sights of one partition, a before b, that contradict as the name says. */
static bool
contradict(const struct history *history, const char *name, const struct kafka_sight *a,
	   const struct kafka_sight *b)
{
	const struct values *values = &history->values;
	bool same_value = val_equal(values, a->value, b->value);
	bool same_kind = a->is_poll == b->is_poll;

	if (!val_equal(values, a->partition, b->partition))
		return false;
	if (strcmp(name, "precommitted-read") == 0)
		return same_value && !same_kind && a->op == b->op;
	if (a->offset == KAFKA_NO_OFFSET || b->offset == KAFKA_NO_OFFSET)
		return false;
	if (strcmp(name, "inconsistent-offsets") == 0)
		return !same_value && a->offset == b->offset;
	if (strcmp(name, "duplicate") == 0)
		return same_value && a->offset != b->offset;
	if (strcmp(name, "lost-write") == 0)
		return !a->is_poll && b->is_poll && a->offset < b->offset;
	if (strstr(name, "nonmonotonic") != NULL)
		return same_kind && a->offset >= b->offset;
	return strstr(name, "skip") != NULL && same_kind && a->offset < b->offset;
}

static bool
shows_pair(const struct history *history, const struct anomaly *anomaly)
{
	kafka_sights sights = {0};
	bool shows = false, is_sent, is_polled;
	bool is_lost = strcmp(anomaly->name, "lost-write") == 0;

	vec_each (uint32_t, i, &anomaly->ops)
		kafka_read_op(history, *i, &sights);
	for (size_t i = 0; i < sights.count && !shows; i++)
		for (size_t j = 0; j < sights.count && !shows; j++) {
			shows = i != j && contradict(history, anomaly->name,
						     &sights.items[i], &sights.items[j]);
			if (shows && is_lost) {
				search(history, &sights.items[i], &is_sent, &is_polled);
				shows = is_sent && !is_polled;
			}
		}
	vec_release(&sights);
	return shows;
}

static bool
shows_stranger(const struct history *history, const struct anomaly *anomaly)
{
	kafka_sights sights = {0};
	bool shows = false, is_sent, is_polled;

	vec_each (uint32_t, i, &anomaly->ops)
		kafka_read_op(history, *i, &sights);
	for (size_t i = 0; i < sights.count && !shows; i++) {
		if (!sights.items[i].is_poll)
			continue;
		search(history, &sights.items[i], &is_sent, &is_polled);
		shows = !is_sent;
	}
	vec_release(&sights);
	return shows;
}

/* a sent what b polled, or sent to a lower offset of a partition than b. */
static bool
precedes(const struct history *history, const struct op *a, const struct op *b)
{
	const struct op *ops = history->ops.items;
	kafka_sights x = {0}, y = {0};
	bool found = false;

	kafka_read_op(history, (uint32_t)(a - ops), &x);
	kafka_read_op(history, (uint32_t)(b - ops), &y);
	for (size_t i = 0; i < x.count; i++)
		for (size_t j = 0; j < y.count; j++) {
			const struct kafka_sight *s = &x.items[i], *t = &y.items[j];
			if (s->is_poll ||
			    !val_equal(&history->values, s->partition, t->partition))
				continue;
			bool is_read = t->is_poll &&
				       val_equal(&history->values, s->value, t->value);
			bool is_before = !t->is_poll && s->offset != KAFKA_NO_OFFSET &&
					 s->offset < t->offset;
			found = found || is_read || is_before;
		}
	vec_release(&x);
	vec_release(&y);
	return found;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly)
{
	if (strcmp(anomaly->name, "G0") == 0 || strcmp(anomaly->name, "G1c") == 0)
		return cycles_hold(history, anomaly->ops.items, anomaly->ops.count,
				   precedes);
	if (strcmp(anomaly->name, "G1a") == 0 || strcmp(anomaly->name, "unsent") == 0)
		return shows_stranger(history, anomaly);
	return shows_pair(history, anomaly);
}

static int
by_partition_value(const void *a, const void *b, void *values)
{
	const struct kafka_sight *x = a, *y = b;
	int order = val_compare(values, x->partition, y->partition);

	if (order == 0)
		order = val_compare(values, x->value, y->value);
	return order;
}

/* Sorted by partition and value: each value has one offset, at most, was sent by somebody
 * who did not fail, and was polled if it was acknowledged. */
static bool
certify_valid(const struct history *history)
{
	kafka_sights sights = {0};
	bool holds = true;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (kafka_is_client(&history->ops.items[i]))
			kafka_read_op(history, i, &sights);
	if (sights.count > 0)
		qsort_r(sights.items, sights.count, sizeof(struct kafka_sight),
			by_partition_value, (void *)&history->values);
	for (size_t i = 0, end; i < sights.count && holds; i = end) {
		int64_t offset = KAFKA_NO_OFFSET;
		bool is_sent = false, is_acked = false, is_polled = false;
		for (end = i; end < sights.count &&
			      by_partition_value(&sights.items[i], &sights.items[end],
						 (void *)&history->values) == 0;
		     end++) {
			const struct kafka_sight *sight = &sights.items[end];
			int type = history->ops.items[sight->op].type;
			is_polled |= sight->is_poll;
			is_sent |= !sight->is_poll && type != OP_FAIL;
			is_acked |= !sight->is_poll && type == OP_OK;
			holds = holds && (offset == KAFKA_NO_OFFSET ||
					  sight->offset == KAFKA_NO_OFFSET ||
					  offset == sight->offset);
			if (sight->offset != KAFKA_NO_OFFSET)
				offset = sight->offset;
		}
		holds = holds && (is_sent || !is_polled) && (is_polled || !is_acked);
	}
	vec_release(&sights);
	return holds;
}

static bool
kafka_certify(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID ? certify_valid(history)
						      : result->anomalies.count > 0;

	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		holds = holds && certify_anomaly(history, anomaly);
		if (!holds)
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	}
	return holds || err_set(err, "the records say otherwise");
}

const struct checker checker_kafka = {
	.name = "kafka",
	.summary = "a log in partitions: nothing lost, doubled, skipped or reordered",
	.fits = kafka_fits,
	.check = kafka_check,
	.certify = kafka_certify,
};
