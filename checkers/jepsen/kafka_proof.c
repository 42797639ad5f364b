#include "checkers/jepsen/kafka_proof.h"

#include "base/map.h"
#include "checkers/budget.h"
#include "base/search.h"

#include <stdlib.h>

/* ---- sorted sights -------------------------------------------------------------------- */

/* Some order of all values in which equal ones are together: plain words are compared as
 * they are. */
static int
compare(const struct values *values, val a, val b)
{
	bool is_plain = val_is_plain(a);

	if (is_plain != val_is_plain(b))
		return is_plain ? -1 : 1;
	return is_plain ? (a < b ? -1 : a > b) : val_compare(values, a, b);
}

static int
compare_offsets(const struct kafka_sight *x, const struct kafka_sight *y)
{
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
by_value(const void *a, const void *b, void *values)
{
	const struct kafka_sight *x = a, *y = b;
	int order = compare(values, x->partition, y->partition);

	if (order == 0)
		order = compare(values, x->value, y->value);
	return order != 0 ? order : compare_offsets(x, y);
}

static int
by_offset(const void *a, const void *b, void *values)
{
	const struct kafka_sight *x = a, *y = b;
	int order = compare(values, x->partition, y->partition);

	return order != 0 ? order : compare_offsets(x, y);
}

static void
sort(kafka_sights *sights, int (*by)(const void *a, const void *b, void *values),
     const struct values *values)
{
	if (sights->count > 0)
		qsort_r(sights->items, sights->count, sizeof(struct kafka_sight), by,
			(void *)values);
}

void
kafka_proof_init(struct kafka_proof *proof, const struct history *history,
		 const struct budget *budget)
{
	*proof = (struct kafka_proof){
		.history = history, .values = &history->values, .budget = budget};
	for (uint32_t i = 0; i < history->ops.count && !budget_ends_at(budget, i); i++) {
		const struct op *op = &history->ops.items[i];
		proof->has_unknown_polls |= kafka_hides_polls(history, op);
		if (kafka_is_client(op))
			kafka_read_op(history, i, &proof->told);
	}
	vec_each (struct kafka_sight, sight, &proof->told) {
		vec_push(&proof->by_value, *sight);
		if (sight->offset != KAFKA_NO_OFFSET)
			vec_push(&proof->by_offset, *sight);
	}
	if (!budget_is_over(budget))
		sort(&proof->by_value, by_value, proof->values);
	if (!budget_is_over(budget))
		sort(&proof->by_offset, by_offset, proof->values);
}

void
kafka_proof_release(struct kafka_proof *proof)
{
	vec_release(&proof->told);
	vec_release(&proof->by_value);
	vec_release(&proof->by_offset);
}

/* The first of the sorted sights that is not before the wanted one. */
static size_t
search(const kafka_sights *sights, const struct kafka_sight *wanted,
       int (*by)(const void *a, const void *b, void *values), const struct values *values)
{
	size_t at;

	search_first(at, 0, sights->count,
		     by(&sights->items[at], wanted, (void *)values) < 0);
	return at;
}

const struct kafka_sight *
kafka_proof_find(const struct kafka_proof *proof, val partition, val value, size_t *count)
{
	struct kafka_sight wanted = {
		.partition = partition, .value = value, .offset = INT64_MIN};
	size_t first = search(&proof->by_value, &wanted, by_value, proof->values);
	size_t end = first;

	while (end < proof->by_value.count &&
	       val_equal(proof->values, proof->by_value.items[end].partition,
			 partition) &&
	       val_equal(proof->values, proof->by_value.items[end].value, value))
		end++;
	*count = end - first;
	return &proof->by_value.items[first];
}

struct kafka_facts
kafka_proof_facts(const struct kafka_proof *proof, val partition, val value)
{
	struct kafka_facts facts = {.begun_at = OP_NEVER,
				    .lowest = KAFKA_NO_OFFSET,
				    .highest = KAFKA_NO_OFFSET};
	size_t count;
	const struct kafka_sight *sight =
		kafka_proof_find(proof, partition, value, &count);

	for (; count > 0; count--, sight++) {
		const struct op *op = &proof->history->ops.items[sight->op];
		bool is_send = !sight->is_poll && op->type != OP_FAIL;
		facts.is_polled |= sight->is_poll;
		facts.is_read |= sight->is_poll && op->type == OP_OK;
		facts.is_sent |= is_send;
		facts.is_failed |= !sight->is_poll && op->type == OP_FAIL;
		facts.is_acked |= !sight->is_poll && op->type == OP_OK;
		if (is_send && op->invoke_at < facts.begun_at)
			facts.begun_at = op->invoke_at;
		if (sight->offset == KAFKA_NO_OFFSET)
			continue;
		if (facts.lowest == KAFKA_NO_OFFSET)
			facts.lowest = sight->offset;
		facts.highest = sight->offset;
	}
	return facts;
}

bool
kafka_proof_between(const struct kafka_proof *proof, val partition, int64_t low,
		    int64_t high)
{
	struct kafka_sight wanted = {.partition = partition, .offset = low + 1};
	size_t next = search(&proof->by_offset, &wanted, by_offset, proof->values);

	return next < proof->by_offset.count &&
	       val_equal(proof->values, proof->by_offset.items[next].partition,
			 partition) &&
	       proof->by_offset.items[next].offset < high;
}

/* ---- steps ---------------------------------------------------------------------------- */

/* The last sight of a process in a partition, of polls and of sends. */
struct last {
	const struct kafka_sight *poll, *send; /* NULL: none yet */
	size_t moves;			       /* how many the process had at the poll */
};

struct process {
	VEC(val) moves; /* what may have moved it: the partitions that it kept, or nil */
	bool is_subscribed;
};

struct follow {
	const struct kafka_proof *proof;
	void (*found)(void *context, const char *name, const struct kafka_sight *from,
		      const struct kafka_sight *to);
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
		vec_push(&follow->lasts, (struct last){0});
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

static void
follow_poll(struct follow *follow, const struct process *process, struct last *last,
	    const struct kafka_sight *to)
{
	const struct kafka_sight *from = last->poll;
	bool is_inside = from != NULL && from->op == to->op;
	bool is_steady = from != NULL &&
			 (is_inside || is_kept(follow, process, last, to->partition));
	bool is_free = process->is_subscribed && !(is_inside && from->part == to->part);
	const struct op *ops = follow->proof->history->ops.items;

	is_free = is_free ||
		  kafka_was_rebalanced(follow->proof->history, &ops[to->op],
				       to->partition) ||
		  (from != NULL && kafka_was_rebalanced(follow->proof->history,
							&ops[from->op], to->partition));

	last->poll = to;
	last->moves = process->moves.count;
	if (!is_steady || is_free)
		return;
	if (to->offset <= from->offset)
		follow->found(follow->context,
			      is_inside ? "int-nonmonotonic-poll" : "nonmonotonic-poll",
			      from, to);
	else if (kafka_proof_between(follow->proof, to->partition, from->offset,
				     to->offset))
		follow->found(follow->context, is_inside ? "int-poll-skip" : "poll-skip",
			      from, to);
}

static void
follow_send(struct follow *follow, struct last *last, const struct kafka_sight *to)
{
	const struct kafka_sight *from = last->send;

	last->send = to;
	if (from != NULL && to->offset <= from->offset)
		follow->found(follow->context,
			      from->op == to->op ? "int-nonmonotonic-send"
						 : "nonmonotonic-send",
			      from, to);
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

static void
follow_sight(struct follow *follow, const struct kafka_sight *sight)
{
	uint32_t number = follow->proof->history->ops.items[sight->op].process;

	if (sight->offset == KAFKA_NO_OFFSET)
		return;
	struct last *last = last_of(follow, number, sight->partition);
	if (sight->is_poll)
		follow_poll(follow, process_of(follow, number), last, sight);
	else
		follow_send(follow, last, sight);
}

void
kafka_proof_steps(const struct kafka_proof *proof,
		  void (*found)(void *context, const char *name,
				const struct kafka_sight *from,
				const struct kafka_sight *to),
		  void *context)
{
	struct follow follow = {.proof = proof, .found = found, .context = context};
	size_t next = 0;

	value_ids_init(&follow.partitions, proof->values);
	for (uint32_t i = 0;
	     i < proof->history->ops.count && !budget_ends_at(proof->budget, i); i++) {
		const struct op *op = &proof->history->ops.items[i];
		if (!kafka_is_client(op))
			follow_op(&follow, op);
		for (; next < proof->told.count && proof->told.items[next].op == i;
		     next++)
			follow_sight(&follow, &proof->told.items[next]);
		if (kafka_is_client(op))
			follow_op(&follow, op);
	}
	value_ids_release(&follow.partitions);
	map_release(&follow.process_ids);
	map_release(&follow.last_ids);
	vec_each (struct process, process, &follow.processes)
		vec_release(&process->moves);
	vec_release(&follow.processes);
	vec_release(&follow.lasts);
}
