/* Jepsen's special checkers against brute force: random small histories, each judged by
 * the definition itself, and relaxations, which never make a valid history invalid.
 * FAULTLINE_RANDOM_HISTORIES sets how many of each kind. */
#include "base/rng.h"
#include "checkers/checker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	OPS_MAX = 9,
	PROCESSES = 3,
	KEYS = 3,
};

static size_t
how_many(void)
{
	const char *count = getenv("FAULTLINE_RANDOM_HISTORIES");

	return count != NULL ? (size_t)strtoull(count, NULL, 10) : 4000;
}

/* What a kind of history asks and answers. */
struct kind {
	const char *checker;
	void (*ask)(struct history *history, struct rng *rng, struct op *op);
	void (*answer)(struct history *history, struct rng *rng, struct op *op);
	bool (*is_allowed)(const struct history *history, bool strict);
	bool knows_strict;
};

/* Processes invoke and complete in random turns; some operations stay open. */
static void
play(const struct kind *kind, struct history *history, struct rng *rng)
{
	struct op open[PROCESSES] = {0};
	size_t ops = 1 + rng_below(rng, OPS_MAX);
	struct err err;

	history_init(history);
	while (history->ops.count < ops || rng_chance(rng, 0.7)) {
		uint32_t process = (uint32_t)rng_below(rng, PROCESSES);
		struct op *op = &open[process];
		if (op->f == F_NONE) {
			if (history->ops.count >= ops)
				continue;
			*op = (struct op){.process = process};
			kind->ask(history, rng, op);
			assert_true(history_invoke(history, op, &err));
			continue;
		}
		op->type = rng_chance(rng, 0.8)	  ? OP_OK
			   : rng_chance(rng, 0.5) ? OP_FAIL
						  : OP_INFO;
		if (op->type == OP_OK)
			kind->answer(history, rng, op);
		assert_true(history_complete(history, op, &err));
		op->f = F_NONE;
	}
}

static enum verdict
judge(const char *name, const struct history *history, const char *level)
{
	struct check_options options = {.level = level};
	struct check_result result;
	struct err err;
	const struct checker *checker = checker_find(name, &err);

	assert_non_null(checker);
	checker_run(checker, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != VERDICT_UNKNOWN && !(result.certified || result.is_unproven))
		fail_msg("%s: not certified", name);
	if (verdict == VERDICT_UNKNOWN && strstr(result.reason, "bug") != NULL)
		fail_msg("%s: %s", name, result.reason);
	check_result_release(&result);
	return verdict;
}

static void
show(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " [%u %u]\n", op->invoke_at, op->complete_at);
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

static void
relax(const struct kind *kind, struct history *history, struct rng *rng)
{
	struct op *op = &history->ops.items[rng_below(rng, history->ops.count)];

	if (op->type != OP_OK)
		return;
	op->type = OP_INFO;
	op->complete_at = OP_NEVER;
	op->output = VAL_OF_NIL;
	if (judge(kind->checker, history, NULL) == VERDICT_INVALID) {
		show(history);
		fail_msg("%s: a relaxed valid history is invalid", kind->checker);
	}
}

static void
compare(const struct kind *kind, uint64_t seed, size_t counts[4])
{
	struct history history;
	struct rng rng;

	rng_init(&rng, seed);
	play(kind, &history, &rng);
	for (int strict = 0; strict <= kind->knows_strict; strict++) {
		enum verdict verdict = judge(kind->checker, &history,
					     strict ? "strict-serializable" : NULL);
		bool is_allowed = kind->is_allowed(&history, strict);
		counts[verdict]++;
		if ((verdict == VERDICT_VALID && !is_allowed) ||
		    (verdict == VERDICT_INVALID && is_allowed)) {
			show(&history);
			fail_msg("%s, seed %llu, strict %d: %s", kind->checker,
				 (unsigned long long)seed, strict, verdict_name(verdict));
		}
		if (verdict == VERDICT_VALID && !strict)
			relax(kind, &history, &rng);
	}
	history_release(&history);
}

static void
compare_many(const struct kind *kind)
{
	size_t counts[4] = {0}, histories = how_many();

	for (uint64_t seed = 1; seed <= histories; seed++)
		compare(kind, seed, counts);
	print_message("%s: %zu valid, %zu invalid, %zu unknown\n", kind->checker,
		      counts[VERDICT_VALID], counts[VERDICT_INVALID],
		      counts[VERDICT_UNKNOWN]);
	assert_true(counts[VERDICT_VALID] > 0 && counts[VERDICT_INVALID] > 0);
}

/* ---- writes and full reads: causal-reverse -------------------------------------------- */

static void
ask_element(struct history *history, struct rng *rng, struct op *op)
{
	op->f = rng_chance(rng, 0.6) ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count);
}

static void
answer_element(struct history *history, struct rng *rng, struct op *op)
{
	val items[OPS_MAX];
	size_t count = 0;

	for (size_t v = 0; v < history->ops.count && op->f == F_READ; v++)
		if (rng_chance(rng, history->ops.items[v].f == F_WRITE ? 0.7 : 0.02))
			items[count++] = val_small((int64_t)v);
	op->output =
		op->f == F_READ ? val_list(&history->values, items, count) : op->input;
}

static bool
has_item(const struct history *history, val list, val v)
{
	for (size_t i = 0; i < val_count(&history->values, list); i++)
		if (val_at(&history->values, list, i) == v)
			return true;
	return false;
}

/* All pairs of writes, and each value of each read. */
static bool
is_causal(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, read, &history->ops) {
		if (read->f != F_READ || read->type != OP_OK)
			continue;
		for (size_t i = 0; i < val_count(&history->values, read->output); i++) {
			val v = val_at(&history->values, read->output, i);
			bool is_written = false;
			vec_each (struct op, op, &history->ops)
				is_written |= op->f == F_WRITE && op->type != OP_FAIL &&
					      op->input == v &&
					      op->invoke_at < read->complete_at;
			if (!is_written)
				return false;
		}
		vec_each (struct op, a, &history->ops)
			vec_each (struct op, b, &history->ops)
				if (a->f == F_WRITE && b->f == F_WRITE &&
				    a->type == OP_OK && a->complete_at < b->invoke_at &&
				    has_item(history, read->output, b->input) &&
				    !has_item(history, read->output, a->input))
					return false;
	}
	return true;
}

static void
causal_reverse_agrees_with_the_definition(void **state)
{
	static const struct kind kind = {"causal-reverse", ask_element, answer_element,
					 is_causal, false};

	(void)state;
	compare_many(&kind);
}

/* ---- orders found by trying all: long-fork, monotonic --------------------------------- */

/* What is known of the keys after some operations: one small number each, -1 none. */
struct keys {
	int of[KEYS];
};

struct search {
	const struct history *history;
	bool strict;
	bool (*apply)(const struct history *history, const struct op *op,
		      struct keys *keys);
	bool seen[1 << OPS_MAX];
};

static bool
may_be_next(const struct search *search, unsigned placed, size_t next)
{
	const struct op *ops = search->history->ops.items;

	for (size_t i = 0; i < search->history->ops.count && search->strict; i++)
		if ((placed >> i & 1) == 0 && ops[i].type == OP_OK &&
		    ops[i].complete_at < ops[next].invoke_at)
			return false;
	return true;
}

/* Whether the rest can be placed; the keys follow from the set that is placed. */
static bool
can_finish(struct search *search, unsigned placed, struct keys keys)
{
	const struct op *ops = search->history->ops.items;
	bool is_complete = true;

	if (search->seen[placed])
		return false;
	search->seen[placed] = true;
	for (size_t i = 0; i < search->history->ops.count; i++)
		is_complete = is_complete && (ops[i].type != OP_OK || (placed >> i & 1));
	if (is_complete)
		return true;
	for (size_t i = 0; i < search->history->ops.count; i++) {
		struct keys after = keys;
		if ((placed >> i & 1) == 0 && ops[i].type != OP_FAIL &&
		    may_be_next(search, placed, i) &&
		    search->apply(search->history, &ops[i], &after) &&
		    can_finish(search, placed | 1u << i, after))
			return true;
	}
	return false;
}

static bool
has_order(const struct history *history, bool strict,
	  bool (*apply)(const struct history *history, const struct op *op,
			struct keys *keys))
{
	struct search search = {.history = history, .strict = strict, .apply = apply};
	struct keys keys;

	for (int key = 0; key < KEYS; key++)
		keys.of[key] = -1;
	return can_finish(&search, 0, keys);
}

static val
mop(struct history *history, const char *f, int key, val value)
{
	struct values *values = &history->values;

	return val_list(values, (val[]){val_string(values, f), val_small(key), value}, 3);
}

/* A key is written by one transaction only: most of the time. */
static bool
is_free(const struct history *history, int key)
{
	vec_each (struct op, op, &history->ops)
		for (size_t i = 0; op->f == F_WRITE && op->type != OP_FAIL &&
				   i < val_count(&history->values, op->input);
		     i++)
			if (val_at(&history->values,
				   val_at(&history->values, op->input, i),
				   1) == val_small(key))
				return false;
	return true;
}

static void
ask_fork(struct history *history, struct rng *rng, struct op *op)
{
	val mops[KEYS];
	size_t count = 0;

	op->f = F_WRITE;
	for (int key = 0; key < KEYS; key++)
		if (is_free(history, key) && rng_chance(rng, 0.3) && count < 2)
			mops[count++] = mop(history, "w", key, val_small(1));
	if (count == 0 || rng_chance(rng, 0.4)) {
		op->f = F_READ;
		count = 0;
		for (int key = 0; key < KEYS; key++)
			if (rng_chance(rng, 0.7))
				mops[count++] = mop(history, "r", key, VAL_OF_NIL);
	}
	op->input = val_list(&history->values, mops, count);
}

static void
answer_fork(struct history *history, struct rng *rng, struct op *op)
{
	val mops[KEYS];
	size_t count = val_count(&history->values, op->input);

	op->output = op->input;
	if (op->f == F_WRITE)
		return;
	for (size_t i = 0; i < count; i++) {
		val asked = val_at(&history->values, op->input, i);
		int key = (int)val_number(&history->values,
					  val_at(&history->values, asked, 1));
		bool sees = rng_chance(rng, is_free(history, key) ? 0.05 : 0.6);
		mops[i] = mop(history, "r", key, sees ? val_small(1) : VAL_OF_NIL);
	}
	op->output = val_list(&history->values, mops, count);
}

static bool
apply_fork(const struct history *history, const struct op *op, struct keys *keys)
{
	const struct values *values = &history->values;
	val txn = op->type == OP_OK ? op->output : op->input;

	for (size_t i = 0; i < val_count(values, txn); i++) {
		val part = val_at(values, txn, i);
		int key = (int)val_number(values, val_at(values, part, 1));
		if (op->f == F_WRITE)
			keys->of[key] = 1;
		else if (op->type == OP_OK &&
			 (val_at(values, part, 2) != VAL_OF_NIL) != (keys->of[key] == 1))
			return false;
	}
	return true;
}

static bool
is_one_order(const struct history *history, bool strict)
{
	return has_order(history, strict, apply_fork);
}

static void
long_fork_agrees_with_all_orders(void **state)
{
	static const struct kind kind = {"long-fork", ask_fork, answer_fork, is_one_order,
					 true};

	(void)state;
	compare_many(&kind);
}

static void
ask_growth(struct history *history, struct rng *rng, struct op *op)
{
	(void)history;
	(void)rng;
	op->f = F_READ;
}

static void
answer_growth(struct history *history, struct rng *rng, struct op *op)
{
	val entries[2 * KEYS];
	size_t count = 0;
	int64_t base = (int64_t)history->ops.count / 3;

	for (int key = 0; key < KEYS; key++) {
		if (rng_chance(rng, 0.4))
			continue;
		entries[count++] = val_small(key);
		entries[count++] = val_small(base + (int64_t)rng_below(rng, 3));
	}
	op->output = val_map(&history->values, entries, count);
}

static bool
apply_growth(const struct history *history, const struct op *op, struct keys *keys)
{
	for (size_t i = 0;
	     op->type == OP_OK && i < val_count(&history->values, op->output); i += 2) {
		int key = (int)val_number(&history->values,
					  val_at(&history->values, op->output, i));
		int number = (int)val_number(&history->values,
					     val_at(&history->values, op->output, i + 1));
		if (number < keys->of[key])
			return false;
		keys->of[key] = number;
	}
	return true;
}

static bool
can_grow(const struct history *history, bool strict)
{
	return has_order(history, strict, apply_growth);
}

static void
monotonic_agrees_with_all_orders(void **state)
{
	static const struct kind kind = {"monotonic", ask_growth, answer_growth, can_grow,
					 true};

	(void)state;
	compare_many(&kind);
}

/* ---- queues ---------------------------------------------------------------------------- */

static void
ask_queue(struct history *history, struct rng *rng, struct op *op)
{
	op->f = rng_chance(rng, 0.5)   ? F_ENQUEUE
		: rng_chance(rng, 0.6) ? F_DEQUEUE
				       : F_DRAIN;
	if (op->f == F_ENQUEUE)
		op->input = val_small((int64_t)rng_below(rng, 4));
	(void)history;
}

static void
answer_queue(struct history *history, struct rng *rng, struct op *op)
{
	val items[3];
	size_t count = rng_below(rng, 3);

	for (size_t i = 0; i < 3; i++)
		items[i] = val_small((int64_t)rng_below(rng, 4));
	if (op->f == F_DEQUEUE)
		op->output = rng_chance(rng, 0.2) ? VAL_OF_NIL : items[0];
	if (op->f == F_DRAIN)
		op->output = val_list(&history->values, items, count);
}

struct flow {
	int acked, offered, outs;
	uint32_t begun_at, acked_at, out_at;
};

static struct flow
flow_of(const struct history *history, val v)
{
	struct flow flow = {.begun_at = OP_NEVER, .out_at = OP_NEVER};

	vec_each (struct op, op, &history->ops) {
		int outs = 0;
		if (op->f == F_ENQUEUE && op->input == v && op->type != OP_FAIL) {
			flow.offered++;
			flow.begun_at = op->invoke_at < flow.begun_at ? op->invoke_at
								      : flow.begun_at;
			flow.acked += op->type == OP_OK;
			if (op->type == OP_OK && op->complete_at > flow.acked_at)
				flow.acked_at = op->complete_at;
		}
		if (op->type != OP_OK)
			continue;
		outs += op->f == F_DEQUEUE && op->output == v;
		for (size_t i = 0;
		     op->f == F_DRAIN && i < val_count(&history->values, op->output); i++)
			outs += val_at(&history->values, op->output, i) == v;
		flow.outs += outs;
		if (outs > 0 && op->complete_at < flow.out_at)
			flow.out_at = op->complete_at;
	}
	return flow;
}

/* The latest look at an empty queue; 0: none. Failed dequeues have no error here. */
static uint32_t
empty_at(const struct history *history)
{
	uint32_t at = 0;

	vec_each (struct op, op, &history->ops) {
		bool is_empty = (op->f == F_DRAIN && op->type == OP_OK) ||
				(op->f == F_DEQUEUE && op->type == OP_FAIL) ||
				(op->f == F_DEQUEUE && op->type == OP_OK &&
				 op->output == VAL_OF_NIL);
		if (is_empty && op->invoke_at + 1 > at)
			at = op->invoke_at + 1;
	}
	return at;
}

static bool
is_total(const struct history *history, bool strict)
{
	uint32_t looked_at = empty_at(history);
	int missing = 0, takers = 0;

	(void)strict;
	for (int64_t v = 0; v < 4; v++) {
		struct flow flow = flow_of(history, val_small(v));
		if (flow.outs > 0 && flow.out_at < flow.begun_at)
			return false;
		if (flow.acked > flow.outs && flow.acked_at + 1 < looked_at)
			missing += flow.acked - flow.outs;
	}
	vec_each (struct op, op, &history->ops) {
		if (op->type == OP_INFO && op->f == F_DRAIN)
			return true;
		takers += op->type == OP_INFO && op->f == F_DEQUEUE;
	}
	return missing <= takers;
}

static void
total_queue_agrees_with_counting(void **state)
{
	static const struct kind kind = {"total-queue", ask_queue, answer_queue, is_total,
					 false};

	(void)state;
	compare_many(&kind);
}

/* ---- a log ---------------------------------------------------------------------------- */

static void
ask_log(struct history *history, struct rng *rng, struct op *op)
{
	struct values *values = &history->values;
	val value = val_small((int64_t)history->ops.count);
	val part = val_small((int64_t)rng_below(rng, 2));
	val send = val_list(values, (val[]){val_string(values, "send"), part, value}, 3);
	val poll = val_list(values, (val[]){val_string(values, "poll")}, 1);

	op->f = rng_chance(rng, 0.5) ? F_SEND : rng_chance(rng, 0.9) ? F_POLL : F_ASSIGN;
	op->input = val_list(values, op->f == F_SEND ? &send : &poll, 1);
}

/* Offsets mostly follow the number of the operation; polls mostly tell the truth. */
static void
answer_log(struct history *history, struct rng *rng, struct op *op)
{
	struct values *values = &history->values;
	val parts[4], records[OPS_MAX], mop[3] = {val_string(values, "poll")};
	size_t count = 0;

	op->output = op->input;
	if (op->f == F_SEND) {
		val asked = val_at(values, op->input, 0),
		    value = val_at(values, asked, 2);
		int64_t offset = val_number(values, value);
		offset += rng_chance(rng, 0.05) ? (int64_t)rng_below(rng, 3) - 1 : 0;
		mop[0] = val_string(values, "send");
		mop[1] = val_at(values, asked, 1);
		mop[2] = val_pair(values, val_small(offset), value);
		op->output = val_list(values, (val[]){val_list(values, mop, 3)}, 1);
	}
	if (op->f != F_POLL)
		return;
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *sent = &history->ops.items[i];
		if (sent->f != F_SEND || rng_chance(rng, 0.15) ||
		    (sent->type == OP_FAIL && rng_chance(rng, 0.9)) ||
		    val_at(values, val_at(values, sent->input, 0), 1) != val_small(0))
			continue;
		val v = val_small((int64_t)i);
		records[count++] = val_pair(values, v, v);
	}
	parts[0] = val_small(0);
	parts[1] = val_list(values, records, count);
	mop[1] = val_map(values, parts, 2);
	op->output = val_list(values, (val[]){val_list(values, mop, 2)}, 1);
}

/* A record as somebody saw it. */
struct sight {
	int64_t part, offset, value;
	size_t op;
	bool is_poll;
};

static size_t
sights_of(const struct history *history, struct sight *sights)
{
	const struct values *values = &history->values;
	size_t count = 0;

	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->type != OP_OK || op->f == F_ASSIGN)
			continue;
		val mop = val_at(values, op->output, 0);
		bool is_poll = op->f == F_POLL;
		val list = is_poll ? val_at(values, val_at(values, mop, 1), 1)
				   : val_list((struct values *)values,
					      (val[]){val_at(values, mop, 2)}, 1);
		int64_t part = is_poll ? 0 : val_number(values, val_at(values, mop, 1));
		for (size_t j = 0; j < val_count(values, list); j++) {
			val pair = val_at(values, list, j);
			sights[count++] = (struct sight){
				part, val_number(values, val_at(values, pair, 0)),
				val_number(values, val_at(values, pair, 1)), i, is_poll};
		}
	}
	return count;
}

static bool
is_known_between(const struct sight *sights, size_t count, const struct sight *a,
		 const struct sight *b)
{
	for (size_t i = 0; i < count; i++)
		if (sights[i].part == a->part && sights[i].offset > a->offset &&
		    sights[i].offset < b->offset)
			return true;
	return false;
}

/* Between two operations of a process nothing may have moved its position. */
static bool
is_steady(const struct history *history, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->process == history->ops.items[from].process &&
		    (op->f == F_ASSIGN || (op->f == F_POLL && op->type != OP_OK)))
			return false;
	}
	return true;
}

static bool
steps_are_sound(const struct history *history, const struct sight *sights, size_t count,
		size_t i)
{
	const struct sight *b = &sights[i];

	for (size_t j = i; j-- > 0;) {
		const struct sight *a = &sights[j];
		if (a->part != b->part || a->is_poll != b->is_poll ||
		    history->ops.items[a->op].process !=
			    history->ops.items[b->op].process)
			continue;
		if (!a->is_poll)
			return a->offset < b->offset;
		return !is_steady(history, a->op, b->op) ||
		       (a->offset < b->offset && !is_known_between(sights, count, a, b));
	}
	return true;
}

static bool
is_sent_and_seen(const struct history *history, const struct sight *sights, size_t count,
		 size_t i)
{
	const struct sight *b = &sights[i];
	bool is_polled = false, is_passed = false;

	for (size_t j = 0; j < count; j++) {
		const struct sight *a = &sights[j];
		if (a->part != b->part)
			continue;
		if ((a->offset == b->offset) != (a->value == b->value))
			return false;
		is_polled |= a->is_poll && a->value == b->value;
		is_passed |= a->is_poll && a->offset > b->offset;
	}
	if (b->is_poll) /* values are numbers of operations */
		return history->ops.items[b->value].type != OP_FAIL;
	vec_each (struct op, op, &history->ops)
		is_polled |= op->f == F_POLL && op->type == OP_INFO; /* perhaps */
	return is_polled || !is_passed;
}

static bool
is_sound_log(const struct history *history, bool strict)
{
	struct sight sights[OPS_MAX * OPS_MAX];
	size_t count = sights_of(history, sights);

	(void)strict;
	for (size_t i = 0; i < count; i++)
		if (!is_sent_and_seen(history, sights, count, i) ||
		    !steps_are_sound(history, sights, count, i))
			return false;
	return true;
}

static void
kafka_agrees_with_the_definitions(void **state)
{
	static const struct kind kind = {"kafka", ask_log, answer_log, is_sound_log,
					 false};

	(void)state;
	compare_many(&kind);
}

/* ---- versions -------------------------------------------------------------------------- */

static void
ask_version(struct history *history, struct rng *rng, struct op *op)
{
	op->f = rng_chance(rng, 0.4) ? F_WRITE : F_READ;
	op->node = (uint8_t)(1 + rng_below(rng, 2));
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count);
}

/* The version of write i is [i + 1, replica], mostly. */
static void
answer_version(struct history *history, struct rng *rng, struct op *op)
{
	struct values *values = &history->values;
	size_t i = rng_below(rng, history->ops.count);
	const struct op *seen = &history->ops.items[i];
	int64_t number = 1 + (int64_t)i;

	if (op->f == F_WRITE) {
		number = val_number(values, op->input) + 1;
		number += rng_chance(rng, 0.05) ? (int64_t)rng_below(rng, 3) - 1 : 0;
		op->output = val_pair(values, val_small(number), val_small(op->node));
	} else if (seen->f == F_WRITE) {
		val version = val_pair(values, val_small(number), val_small(seen->node));
		op->output = val_pair(values, val_small((int64_t)i), version);
	}
}

/* Number and replica, the newest first in order; 0 for nil. */
static int64_t
age(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	if (op->output == VAL_OF_NIL)
		return 0;
	val version = op->f == F_WRITE ? op->output : val_at(values, op->output, 1);
	return val_number(values, val_at(values, version, 0)) * 10 + 9 -
	       val_number(values, val_at(values, version, 1));
}

static bool
pair_is_sound(const struct history *history, const struct op *a, const struct op *b)
{
	const struct values *values = &history->values;
	bool is_past = a->complete_at < b->invoke_at;
	int64_t x = age(history, a), y = age(history, b);
	val v = a->f == F_WRITE || x == 0 ? a->input : val_at(values, a->output, 0);
	val w = b->f == F_WRITE || y == 0 ? b->input : val_at(values, b->output, 0);

	if (x == y && x != 0 && v != w)
		return false;
	if (x == y && x != 0 && a != b && a->f == F_WRITE && b->f == F_WRITE)
		return false;
	if (is_past && a->node == b->node && (b->f == F_WRITE ? y <= x : y < x))
		return false;
	return !is_past || b->f == F_WRITE || a->process != b->process || y >= x;
}

static bool
is_versioned(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, b, &history->ops) {
		if (b->type != OP_OK)
			continue;
		if (b->f == F_READ && b->output != VAL_OF_NIL) {
			val v = val_at(&history->values, b->output, 0);
			const struct op *write =
				&history->ops.items[val_number(&history->values, v)];
			if (write->type == OP_FAIL ||
			    (write->type == OP_OK &&
			     age(history, write) != age(history, b)))
				return false;
		}
		vec_each (struct op, a, &history->ops)
			if (a->type == OP_OK && !pair_is_sound(history, a, b))
				return false;
	}
	return true;
}

static void
versions_agree_with_all_pairs(void **state)
{
	static const struct kind kind = {"versions", ask_version, answer_version,
					 is_versioned, false};

	(void)state;
	compare_many(&kind);
}

/* ---- budgets and names ----------------------------------------------------------------- */

static void
a_check_whose_time_is_up_is_never_valid(void **state)
{
	static const char *const names[] = {"causal-reverse", "bank"};
	atomic_bool stop = true;
	struct check_options options = {.budget = {.stop = &stop}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct check_result result;
		struct history history;
		struct err err;
		history_init(&history);
		struct op op = {.f = F_READ};
		assert_true(history_invoke(&history, &op, &err));
		op.type = OP_OK;
		op.output = i == 0 ? val_list(&history.values, NULL, 0)
				   : val_map(&history.values, NULL, 0);
		assert_true(history_complete(&history, &op, &err));
		checker_run(checker_find(names[i], &err), &history, &options, &result);
		assert_int_equal(result.verdict, VERDICT_UNKNOWN);
		check_result_release(&result);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causal_reverse_agrees_with_the_definition),
		cmocka_unit_test(long_fork_agrees_with_all_orders),
		cmocka_unit_test(monotonic_agrees_with_all_orders),
		cmocka_unit_test(total_queue_agrees_with_counting),
		cmocka_unit_test(kafka_agrees_with_the_definitions),
		cmocka_unit_test(versions_agree_with_all_pairs),
		cmocka_unit_test(a_check_whose_time_is_up_is_never_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
