/* kafka_proof_steps.c - who moved how, once more. */
#include "checkers/jepsen/kafka_proof.h"

#include "base/map.h"
#include "checkers/budget.h"

/* The last that a process polled of a partition, and sent to it. */
struct last {
	uint32_t poll, part,
		poll_rank; /* operation (KAFKA_NOBODY: none yet), in it, offset */
	uint32_t send, send_rank;
	uint32_t moves; /* how many the process had at the poll */
};

struct process {
	VEC(val) moves; /* what may have moved it: the partitions that it kept, or nil */
	bool is_subscribed;
};

struct follow {
	const struct kafka_proof *proof;
	void (*found)(void *context, const struct kafka_step *step);
	void *context;
	struct value_ids partitions;
	struct map process_ids, last_ids;
	VEC(struct process) processes;
	VEC(struct last) lasts;
};

static struct process *
process_of(struct follow *follow, uint32_t number)
{
	bool is_new;
	uint64_t *id = map_at(&follow->process_ids, number, &is_new);

	if (is_new) {
		*id = follow->processes.count;
		vec_push(&follow->processes, (struct process){0});
	}
	return &follow->processes.items[*id];
}

static struct last *
last_of(struct follow *follow, uint32_t process, val partition)
{
	uint64_t key =
		(uint64_t)process << 32 | value_ids_add(&follow->partitions, partition);
	bool is_new;
	uint64_t *id = map_at(&follow->last_ids, key, &is_new);

	if (is_new) {
		*id = follow->lasts.count;
		vec_push(&follow->lasts,
			 (struct last){.poll = KAFKA_NOBODY, .send = KAFKA_NOBODY});
	}
	return &follow->lasts.items[*id];
}

/* Every move since the poll left the process where it was in the partition. */
static bool
is_kept(const struct follow *follow, const struct process *process,
	const struct last *last, val partition)
{
	for (size_t i = last->moves; i < process->moves.count; i++)
		if (!kafka_is_assigned(follow->proof->values, process->moves.items[i],
				       partition))
			return false;
	return true;
}

/* A rebalance may have come between the last poll and this one, or within it. */
static bool
is_free(const struct follow *follow, const struct process *process,
	const struct last *last, const struct kafka_sight *to)
{
	const struct history *history = follow->proof->history;
	const struct op *ops = history->ops.items;
	bool is_same_poll = last->poll == to->op && last->part == to->part;

	return (process->is_subscribed && !is_same_poll) ||
	       kafka_was_rebalanced(history, &ops[to->op], to->partition) ||
	       kafka_was_rebalanced(history, &ops[last->poll], to->partition);
}

static void
judge_poll(struct follow *follow, const struct process *process, const struct last *last,
	   const struct kafka_sight *to, uint32_t rank)
{
	bool is_inside = last->poll == to->op, is_back = rank <= last->poll_rank;
	struct kafka_step step = {
		.from = last->poll, .to = to->op, .partition = to->partition};

	if (rank == last->poll_rank + 1 ||
	    (!is_inside && !is_kept(follow, process, last, to->partition)) ||
	    is_free(follow, process, last, to))
		return;
	if (is_back)
		step.name = is_inside ? "int-nonmonotonic-poll" : "nonmonotonic-poll";
	else
		step.name = is_inside ? "int-poll-skip" : "poll-skip";
	follow->found(follow->context, &step);
}

static void
follow_poll(struct follow *follow, const struct process *process, struct last *last,
	    const struct kafka_sight *to, uint32_t rank)
{
	if (last->poll != KAFKA_NOBODY)
		judge_poll(follow, process, last, to, rank);
	last->poll = to->op;
	last->part = to->part;
	last->poll_rank = rank;
	last->moves = (uint32_t)process->moves.count;
}

static void
follow_send(struct follow *follow, struct last *last, const struct kafka_sight *to,
	    uint32_t rank)
{
	struct kafka_step step = {.name = last->send == to->op ? "int-nonmonotonic-send"
							       : "nonmonotonic-send",
				  .from = last->send,
				  .to = to->op,
				  .partition = to->partition};

	if (last->send != KAFKA_NOBODY && rank <= last->send_rank)
		follow->found(follow->context, &step);
	last->send = to->op;
	last->send_rank = rank;
}

static void
follow_op(struct follow *follow, const struct op *op)
{
	struct process *process = process_of(follow, op->process);

	bool keeps = op->f == F_ASSIGN && !process->is_subscribed;

	if (!kafka_may_move(op))
		return;
	vec_push(&process->moves, keeps ? op->input : VAL_OF_NIL);
	if (op->f == F_SUBSCRIBE || (op->f == F_ASSIGN && op->type == OP_OK))
		process->is_subscribed = op->f == F_SUBSCRIBE;
}

/* Records of one partition mostly stand together in what one operation saw. */
static void
follow_sights(struct follow *follow, const struct kafka_reader *reader, uint32_t number)
{
	const struct kafka_sight *sight = reader->sights.items, *before = NULL;
	struct last *last = NULL;

	for (size_t i = 0; i < reader->sights.count; i++, sight++) {
		uint32_t rank = follow->proof->claims.items[reader->claims[i]].rank;
		if (sight->offset == KAFKA_NO_OFFSET)
			continue;
		if (before == NULL || before->partition != sight->partition)
			last = last_of(follow, number, sight->partition);
		before = sight;
		if (sight->is_poll)
			follow_poll(follow, process_of(follow, number), last, sight,
				    rank);
		else
			follow_send(follow, last, sight, rank);
	}
}

static void
follow_release(struct follow *follow)
{
	value_ids_release(&follow->partitions);
	map_release(&follow->process_ids);
	map_release(&follow->last_ids);
	vec_each (struct process, process, &follow->processes)
		vec_release(&process->moves);
	vec_release(&follow->processes);
	vec_release(&follow->lasts);
}

void
kafka_proof_steps(const struct kafka_proof *proof,
		  void (*found)(void *context, const struct kafka_step *step),
		  void *context)
{
	struct follow follow = {.proof = proof, .found = found, .context = context};
	struct kafka_reader reader = {.proof = proof};

	value_ids_init(&follow.partitions, proof->values);
	for (uint32_t i = 0;
	     i < proof->history->ops.count && !budget_ends_at(proof->budget, i); i++) {
		const struct op *op = &proof->history->ops.items[i];
		if (!kafka_is_client(op))
			follow_op(&follow, op);
		kafka_reader_read(&reader, i);
		follow_sights(&follow, &reader, op->process);
		if (kafka_is_client(op))
			follow_op(&follow, op);
	}
	kafka_reader_release(&reader);
	follow_release(&follow);
}
