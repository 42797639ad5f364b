/* kafka_steps.c - consumers and producers of a log move forward, record by record; and how
 * far behind consumers were. */
#include "checkers/jepsen/kafka_log.h"

#include "base/mem.h"

#include <stdlib.h>

/* Where a process stands in a partition. */
struct position {
	uint32_t polled, sent; /* ranks */
	uint32_t poll_op, send_op;
	uint32_t poll_part; /* micro-operation of the last poll */
	uint32_t epoch;
	bool was_rebalanced;	  /* while it polled last */
	uint32_t partition, next; /* the process's other positions; KAFKA_NONE: none */
};

struct client {
	uint32_t epoch; /* grows when the position may have been moved */
	uint32_t first; /* of its positions; KAFKA_NONE */
	bool is_subscribed;
};

/* What an operation polled and sent of one partition mostly stands together: whose it was
 * is looked up once. */
struct at {
	uint32_t op, partition;
	uint32_t client, position; /* indexes */
	bool is_rebalanced;	   /* while the operation went on */
};

struct walk {
	struct kafka_log *log;
	struct map position_ids, client_ids;
	VEC(struct position) positions;
	VEC(struct client) clients;
	struct at at;
};

static uint32_t
client_id(struct walk *walk, uint32_t process)
{
	bool is_new;
	uint64_t *id = map_at(&walk->client_ids, process, &is_new);

	if (is_new) {
		*id = walk->clients.count;
		vec_push(&walk->clients, (struct client){.first = KAFKA_NONE});
	}
	return (uint32_t)*id;
}

static struct client *
client_of(struct walk *walk, uint32_t process)
{
	uint32_t id = client_id(walk, process);

	return &walk->clients.items[id];
}

static uint32_t
position_id(struct walk *walk, uint32_t process, uint32_t partition)
{
	struct client *client = client_of(walk, process);
	bool is_new;
	uint64_t *id =
		map_at(&walk->position_ids, (uint64_t)process << 32 | partition, &is_new);

	if (is_new) {
		*id = walk->positions.count;
		vec_push(&walk->positions, (struct position){.poll_op = KAFKA_NONE,
							     .send_op = KAFKA_NONE,
							     .partition = partition,
							     .next = client->first});
		client->first = (uint32_t)*id;
	}
	return (uint32_t)*id;
}

static void
move_to(struct walk *walk, uint32_t index, uint32_t partition)
{
	const struct kafka_log *log = walk->log;
	const struct op *op = &log->history->ops.items[index];

	if (index == walk->at.op && partition == walk->at.partition)
		return;
	walk->at = (struct at){
		.op = index,
		.partition = partition,
		.client = client_id(walk, op->process),
		.position = position_id(walk, op->process, partition),
		.is_rebalanced = kafka_was_rebalanced(
			log->history, op,
			value_ids_value(&log->partition_ids, partition)),
	};
}

/* ---- steps ---------------------------------------------------------------------------- */

/* A witness of what was leapt over: whoever saw the record behind the rank. */
static uint32_t
skipped_op(const struct kafka_log *log, uint32_t rank)
{
	return log->places.items[log->first_of_rank[rank + 1]].op;
}

/* One step from a rank to that of the sight; KAFKA_KINDS as kind: not looked at. */
static void
judge_step(struct kafka_log *log, enum kafka_kind skip, enum kafka_kind back,
	   const struct kafka_seen *sight, uint32_t from, uint32_t from_op,
	   bool is_allowed)
{
	uint32_t rank = log->places.items[sight->place].rank;
	bool is_back = rank <= from;
	enum kafka_kind kind = is_back ? back : skip;

	if (kind == KAFKA_KINDS || rank == from + 1)
		return;
	if (is_allowed || kind == KAFKA_INT_SEND_SKIP) {
		log->allowed[kind]++;
		return;
	}
	kafka_report(log, kind, sight,
		     is_back ? "comes after a higher offset, or the same one"
			     : "comes right after a record that is not its neighbour",
		     (uint32_t[]){from_op, is_back ? OP_NEVER : skipped_op(log, from),
				  sight->op},
		     3);
}

/* A rebalance may come between two polls of a process that subscribed, and within one where
 * the operation says so. */
static void
step_poll(struct kafka_log *log, const struct kafka_seen *sight,
	  const struct client *client, struct position *position, bool is_rebalanced)
{
	bool is_same_op = position->poll_op == sight->op;
	bool is_same_poll = is_same_op && position->poll_part == sight->part;
	bool may_move = is_rebalanced || (!is_same_op && position->was_rebalanced) ||
			(client->is_subscribed && !is_same_poll);

	if (position->poll_op != KAFKA_NONE &&
	    (is_same_op || position->epoch == client->epoch))
		judge_step(log, is_same_op ? KAFKA_INT_POLL_SKIP : KAFKA_POLL_SKIP,
			   is_same_op ? KAFKA_INT_NONMONOTONIC_POLL
				      : KAFKA_NONMONOTONIC_POLL,
			   sight, position->polled, position->poll_op, may_move);
	position->polled = log->places.items[sight->place].rank;
	position->poll_op = sight->op;
	position->poll_part = sight->part;
	position->was_rebalanced = is_rebalanced;
	position->epoch = client->epoch;
}

static void
step_send(struct kafka_log *log, const struct kafka_seen *sight,
	  struct position *position)
{
	bool is_same_op = position->send_op == sight->op;

	if (position->send_op != KAFKA_NONE)
		judge_step(log, is_same_op ? KAFKA_INT_SEND_SKIP : KAFKA_KINDS,
			   is_same_op ? KAFKA_INT_NONMONOTONIC_SEND
				      : KAFKA_NONMONOTONIC_SEND,
			   sight, position->sent, position->send_op, false);
	position->sent = log->places.items[sight->place].rank;
	position->send_op = sight->op;
}

static void
step(struct walk *walk, const struct kafka_seen *sight)
{
	struct kafka_log *log = walk->log;

	if (sight->place == KAFKA_NONE)
		return;
	move_to(walk, sight->op, log->records.items[sight->record].partition);
	struct position *position = &walk->positions.items[walk->at.position];
	if (sight->is_poll)
		step_poll(log, sight, &walk->clients.items[walk->at.client], position,
			  walk->at.is_rebalanced);
	else
		step_send(log, sight, position);
}

/* A consumer that is assigned partitions keeps its positions in those it had already. */
static void
keep_assigned(struct walk *walk, const struct client *client, val assigned)
{
	const struct values *values = &walk->log->history->values;

	for (uint32_t id = client->first; id != KAFKA_NONE;
	     id = walk->positions.items[id].next) {
		struct position *position = &walk->positions.items[id];
		val partition =
			value_ids_value(&walk->log->partition_ids, position->partition);
		if (position->epoch + 1 == client->epoch &&
		    kafka_is_assigned(values, assigned, partition))
			position->epoch = client->epoch;
	}
}

/* What may have moved the position of a consumer. */
static void
note_control(struct walk *walk, const struct op *op)
{
	struct client *client = client_of(walk, op->process);
	bool was_subscribed = client->is_subscribed;

	if (!kafka_may_move(op))
		return;
	client->epoch++;
	if (op->f == F_SUBSCRIBE || (op->f == F_ASSIGN && op->type == OP_OK))
		client->is_subscribed = op->f == F_SUBSCRIBE;
	if (op->f == F_ASSIGN && !was_subscribed)
		keep_assigned(walk, client, op->input);
}

/* ---- lag ------------------------------------------------------------------------------ */

/* For each rank when a later record of its partition was first answered to anybody. */
static void
find_passed(struct kafka_log *log)
{
	int64_t later = INT64_MAX, here = INT64_MAX;

	for (size_t i = log->places.count; i-- > 0;) {
		const struct kafka_place *place = &log->places.items[log->by_rank[i]];
		const struct kafka_place *behind = place;
		if (i + 1 < log->places.count)
			behind = &log->places.items[log->by_rank[i + 1]];
		if (log->records.items[behind->record].partition !=
		    log->records.items[place->record].partition)
			later = here = INT64_MAX;
		else if (behind->rank != place->rank)
			later = here;
		log->passed_ns[place->rank] = later;
		here = place->known_ns < here ? place->known_ns : here;
	}
}

/* How long later records had been known when the consumer asked and did not get them. */
static void
note_lag(struct walk *walk, uint32_t index)
{
	struct kafka_log *log = walk->log;
	const struct op *op = &log->history->ops.items[index];
	const struct client *client = client_of(walk, op->process);

	for (uint32_t id = client->first; id != KAFKA_NONE;
	     id = walk->positions.items[id].next) {
		const struct position *position = &walk->positions.items[id];
		if (position->poll_op == KAFKA_NONE || position->epoch != client->epoch)
			continue;
		int64_t passed_ns = log->passed_ns[position->polled];
		if (passed_ns == INT64_MAX ||
		    op->invoke_ns - passed_ns <= log->worst.lag_ns)
			continue;
		log->worst = (struct kafka_lag){op->invoke_ns - passed_ns, op->invoke_ns,
						op->process, position->partition};
	}
}

static bool
is_answered_poll(const struct op *op)
{
	return op->type == OP_OK && (op->f == F_POLL || op->f == F_TXN);
}

void
kafka_judge_steps(struct kafka_log *log)
{
	struct walk walk = {.log = log, .at = {.op = KAFKA_NONE}};
	size_t next = 0;

	if (kafka_is_over(log)) /* then not every sight has its rank */
		return;
	find_passed(log);
	/* What is not ok may have moved the consumer behind what it polled. */
	for (uint32_t i = 0; i < log->history->ops.count && !kafka_is_over(log); i++) {
		const struct op *op = &log->history->ops.items[i];
		if (!kafka_is_client(op))
			note_control(&walk, op);
		for (; next < log->sights.count && log->sights.items[next].op == i;
		     next++)
			step(&walk, &log->sights.items[next]);
		if (kafka_is_client(op))
			note_control(&walk, op);
		if (is_answered_poll(op))
			note_lag(&walk, i);
	}
	map_release(&walk.position_ids);
	map_release(&walk.client_ids);
	vec_release(&walk.positions);
	vec_release(&walk.clients);
}
