/* kafka with transactions and subscriptions against its definitions, pair by pair. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	PARTITIONS = 2,
	PARTS_MAX = 3, /* micro-operations of a transaction */
	RECORDS_MAX = 64,
	SIGHTS_MAX = 512,
};

static bool with_sends; /* the model ww-deps: circles of sends count */

/* A record in the eyes of an operation; sends of unknown outcome have no offset. */
struct sight {
	size_t op, part;
	int64_t partition, offset, value;
	bool is_poll;
};

struct sights {
	struct sight of[SIGHTS_MAX];
	size_t count;
};

enum {
	NO_OFFSET = -1
};

/* ---- reading -------------------------------------------------------------------------- */

static void
add(struct sights *sights, struct sight sight)
{
	assert_true(sights->count < SIGHTS_MAX);
	sights->of[sights->count++] = sight;
}

static void
add_polled(const struct values *values, val polled, struct sight sight,
	   struct sights *sights)
{
	for (size_t i = 0; i < val_count(values, polled); i += 2) {
		val records = val_at(values, polled, i + 1);
		sight.partition = val_number(values, val_at(values, polled, i));
		for (size_t j = 0; j < val_count(values, records); j++) {
			val record = val_at(values, records, j);
			sight.offset = val_number(values, val_at(values, record, 0));
			sight.value = val_number(values, val_at(values, record, 1));
			add(sights, sight);
		}
	}
}

static void
add_op(const struct history *history, size_t index, struct sights *sights)
{
	const struct values *values = &history->values;
	const struct op *op = &history->ops.items[index];
	bool is_told = val_kind(op->output) == VAL_LIST;
	size_t count = op->f == F_TXN ? val_count(values, op->input) : 0;

	for (size_t i = 0; i < count; i++) {
		val part = val_at(values, is_told ? op->output : op->input, i);
		struct sight sight = {.op = index, .part = i, .offset = NO_OFFSET};
		sight.is_poll = val_text(values, val_at(values, part, 0)).data[0] == 'p';
		if (sight.is_poll) {
			if (val_count(values, part) == 2)
				add_polled(values, val_at(values, part, 1), sight,
					   sights);
			continue;
		}
		val sent = val_at(values, part, 2);
		sight.partition = val_number(values, val_at(values, part, 1));
		if (val_kind(sent) == VAL_LIST) {
			sight.offset = val_number(values, val_at(values, sent, 0));
			sent = val_at(values, sent, 1);
		}
		sight.value = val_number(values, sent);
		add(sights, sight);
	}
}

static void
read_all(const struct history *history, struct sights *sights)
{
	sights->count = 0;
	for (size_t i = 0; i < history->ops.count; i++)
		add_op(history, i, sights);
}

/* ---- what clients ask and see --------------------------------------------------------- */

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val parts[PARTS_MAX];
	size_t count = 1 + choose(choices, choices->tries_all ? 1 : PARTS_MAX);

	if (choose_whether(choices, 0.12)) {
		val both[] = {val_small(0), val_small(1)};
		op->f = choose_whether(choices, 0.5) ? F_SUBSCRIBE : F_ASSIGN;
		op->input = val_list(values, both, 1 + choose(choices, PARTITIONS));
		return;
	}
	op->f = F_TXN;
	for (size_t i = 0; i < count; i++) {
		val value = val_small((int64_t)(history->ops.count * PARTS_MAX + i));
		val partition = val_small((int64_t)choose(choices, PARTITIONS));
		parts[i] = choose_whether(choices, 0.5)
				   ? val_list(values,
					      (val[]){val_string(values, "send"),
						      partition, value},
					      3)
				   : val_list(values, (val[]){val_string(values, "poll")},
					      1);
	}
	op->input = val_list(values, parts, count);
}

/* Where the process stands in the partition: behind what it polled last. */
static int64_t
position_of(const struct history *history, uint32_t process, int64_t partition)
{
	static struct sights sights;
	int64_t position = 0;

	read_all(history, &sights);
	for (size_t i = 0; i < sights.count; i++)
		if (sights.of[i].is_poll && sights.of[i].partition == partition &&
		    history->ops.items[sights.of[i].op].process == process)
			position = sights.of[i].offset + 1;
	return position;
}

/* The value at an offset of the partition, -1: none is known. */
static int64_t
value_at(const struct history *history, int64_t partition, int64_t offset)
{
	static struct sights sights;

	read_all(history, &sights);
	for (size_t i = 0; i < sights.count; i++)
		if (!sights.of[i].is_poll && sights.of[i].partition == partition &&
		    sights.of[i].offset == offset)
			return sights.of[i].value;
	return -1;
}

/* A few records from where the process stands, mostly in order. */
static val
poll(struct history *history, struct choices *choices, int64_t from[])
{
	struct values *values = &history->values;
	val entries[2 * PARTITIONS];

	for (int64_t partition = 0; partition < PARTITIONS; partition++) {
		val records[RECORDS_MAX];
		size_t count = 0;
		int64_t at = from[partition];
		at += choose_whether(choices, 0.04) ? (int64_t)choose(choices, 3) - 1 : 0;
		for (int64_t offset = at < 0 ? 0 : at; offset < at + 4; offset++) {
			int64_t value = value_at(history, partition, offset);
			if (value < 0 || choose_whether(choices, 0.04))
				continue;
			records[count++] =
				val_pair(values, val_small(offset), val_small(value));
			from[partition] = offset + 1;
		}
		entries[2 * partition] = val_small(partition);
		entries[2 * partition + 1] = val_list(values, records, count);
	}

	return val_list(values,
			(val[]){val_string(values, "poll"),
				val_map(values, entries, (size_t)2 * PARTITIONS)},
			2);
}

/* The next free offset, rarely another one. */
static val
send(struct history *history, struct choices *choices, val asked, int64_t ends[])
{
	struct values *values = &history->values;
	int64_t partition = val_number(values, val_at(values, asked, 1));
	int64_t offset = ends[partition];

	while (value_at(history, partition, offset) >= 0)
		offset++;
	ends[partition] = offset + 1;
	if (choose_whether(choices, 0.04))
		offset += (int64_t)choose(choices, 3);
	return val_list(
		values,
		(val[]){val_at(values, asked, 0), val_at(values, asked, 1),
			val_pair(values, val_small(offset), val_at(values, asked, 2))},
		3);
}

/* Some partitions were taken or given while the operation went on. */
static val
rebalance(struct values *values, struct choices *choices)
{
	val both[] = {val_small(0), val_small(1)};

	return val_pair(values, val_string(values, "rebalance"),
			val_list(values, both, 1 + choose(choices, PARTITIONS)));
}

/* An operation that is not ok tells what it polled, or not, and of its sends nothing. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	val parts[PARTS_MAX + 1];
	bool is_ok = op->type == OP_OK;
	int64_t from[PARTITIONS], ends[PARTITIONS] = {0};
	size_t count = op->f == F_TXN ? val_count(&history->values, op->input) : 0;

	for (int64_t partition = 0; partition < PARTITIONS; partition++)
		from[partition] = position_of(history, op->process, partition);
	for (size_t i = 0; i < count; i++) {
		val asked = val_at(&history->values, op->input, i);
		bool is_poll = val_count(&history->values, asked) == 1;
		parts[i] = asked;
		if (is_poll && (is_ok || choose_whether(choices, 0.8)))
			parts[i] = poll(history, choices, from);
		else if (!is_poll && is_ok)
			parts[i] = send(history, choices, asked, ends);
	}
	if (!choices->tries_all && count > 0 && choose_whether(choices, 0.1))
		parts[count++] = rebalance(&history->values, choices);
	if (op->f == F_TXN)
		op->output = val_list(&history->values, parts, count);
}

/* ---- the definitions ------------------------------------------------------------------ */

/* Values are numbers of operations. */
static const struct op *
sender_of(const struct history *history, const struct sight *sight)
{
	return &history->ops.items[sight->value / PARTS_MAX];
}

static bool
one_value_an_offset(const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++)
		for (size_t j = 0; j < sights->count; j++) {
			const struct sight *a = &sights->of[i], *b = &sights->of[j];
			if (a->partition == b->partition && a->offset != NO_OFFSET &&
			    b->offset != NO_OFFSET &&
			    (a->offset == b->offset) != (a->value == b->value))
				return false;
		}
	return true;
}

static bool
polls_are_of_others(const struct history *history, const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct op *poll_op = &history->ops.items[sights->of[i].op];
		const struct op *sender = sender_of(history, &sights->of[i]);
		bool is_aborted = sender->type == OP_FAIL && poll_op->type == OP_OK;
		bool is_early = sender->invoke_at > poll_op->complete_at &&
				sender->type != OP_FAIL && poll_op->type != OP_FAIL;
		if (sights->of[i].is_poll &&
		    (is_aborted || sender == poll_op || is_early))
			return false;
	}
	return true;
}

static bool
hides_polls(const struct values *values, const struct op *op)
{
	bool is_told = val_kind(op->output) == VAL_LIST;

	if (op->f != F_TXN || op->type == OP_OK)
		return false;
	for (size_t i = 0; i < val_count(values, op->input); i++)
		if (val_count(values, val_at(values, op->input, i)) == 1 &&
		    (!is_told || val_count(values, val_at(values, op->output, i)) == 1))
			return true;
	return false;
}

static bool
nothing_is_lost(const struct history *history, const struct sights *sights)
{
	vec_each (struct op, op, &history->ops)
		if (hides_polls(&history->values, op))
			return true; /* it may have polled anything */
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sent = &sights->of[i];
		bool is_polled = false, is_passed = false;
		for (size_t j = 0; j < sights->count; j++) {
			const struct sight *seen = &sights->of[j];
			if (!seen->is_poll || seen->partition != sent->partition)
				continue;
			bool is_ok = history->ops.items[seen->op].type == OP_OK;
			is_polled |= seen->value == sent->value;
			is_passed |= is_ok && seen->offset > sent->offset;
		}
		if (!sent->is_poll && sent->offset != NO_OFFSET && !is_polled &&
		    is_passed)
			return false;
	}
	return true;
}

/* Nobody can say that it is not subscribed. */
static bool
is_subscribed(const struct history *history, size_t index)
{
	for (size_t i = index; i-- > 0;) {
		const struct op *op = &history->ops.items[i];
		if (op->process != history->ops.items[index].process ||
		    op->type == OP_FAIL)
			continue;
		if (op->f == F_SUBSCRIBE)
			return true;
		if (op->f == F_ASSIGN && op->type == OP_OK)
			return false;
	}
	return false;
}

/* An assign of lists that begin with partition 0; a consumer keeps what it had. */
static bool
keeps(const struct history *history, size_t index, int64_t partition)
{
	const struct op *op = &history->ops.items[index];

	return op->f == F_ASSIGN && !is_subscribed(history, index) &&
	       partition < (int64_t)val_count(&history->values, op->input);
}

/* The last part of the answer names the partition. */
static bool
was_rebalanced(const struct history *history, size_t index, int64_t partition)
{
	const struct values *values = &history->values;
	const struct op *op = &history->ops.items[index];
	size_t asked = val_count(values, op->input);

	if (val_kind(op->output) != VAL_LIST || val_count(values, op->output) == asked)
		return false;
	val named = val_at(values, val_at(values, op->output, asked), 1);
	return partition < (int64_t)val_count(values, named);
}

/* Between the two operations of one process something may have moved its position. */
static bool
was_moved(const struct history *history, size_t from, size_t to, int64_t partition)
{
	for (size_t i = from + 1; i < to; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_ours = op->process == history->ops.items[to].process;
		bool moves = op->f == F_TXN ? op->type != OP_OK
					    : op->type != OP_FAIL &&
						      !keeps(history, i, partition);
		if (is_ours && moves)
			return true;
	}
	return false;
}

/* The step from the sight before, of the same process, partition and kind. */
static bool
step_is_sound(const struct history *history, const struct sights *sights,
	      const struct sight *a, const struct sight *b)
{
	bool is_same_poll = a->op == b->op && a->part == b->part;

	if (!a->is_poll)
		return a->offset < b->offset;
	if (is_subscribed(history, b->op) && !is_same_poll)
		return true;
	if (was_rebalanced(history, a->op, a->partition) ||
	    was_rebalanced(history, b->op, b->partition))
		return true;
	if (a->op != b->op && history->ops.items[a->op].type != OP_OK)
		return true;
	if (a->op != b->op && was_moved(history, a->op, b->op, a->partition))
		return true;
	for (size_t i = 0; i < sights->count; i++)
		if (sights->of[i].partition == a->partition &&
		    sights->of[i].offset > a->offset && sights->of[i].offset < b->offset)
			return false;
	return a->offset < b->offset;
}

static bool
steps_are_sound(const struct history *history, const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++)
		for (size_t j = i; j-- > 0;) {
			const struct sight *a = &sights->of[j], *b = &sights->of[i];
			if (a->is_poll != b->is_poll || a->partition != b->partition ||
			    a->offset == NO_OFFSET || b->offset == NO_OFFSET ||
			    history->ops.items[a->op].process !=
				    history->ops.items[b->op].process)
				continue;
			if (!step_is_sound(history, sights, a, b))
				return false;
			break;
		}
	return true;
}

/* The offset at which anybody saw the value of a send. */
static int64_t
offset_of(const struct sights *sights, const struct sight *sent)
{
	for (size_t i = 0; i < sights->count; i++)
		if (sights->of[i].partition == sent->partition &&
		    sights->of[i].value == sent->value &&
		    sights->of[i].offset != NO_OFFSET)
			return sights->of[i].offset;
	return NO_OFFSET;
}

static bool
must_precede(const struct history *history, const struct sights *sights, size_t a,
	     size_t b)
{
	const struct op *x_op = &history->ops.items[a], *y_op = &history->ops.items[b];

	if (x_op->type == OP_FAIL || y_op->type == OP_FAIL || x_op->f != F_TXN ||
	    y_op->f != F_TXN)
		return false;
	if (x_op->type == OP_OK && x_op->complete_at < y_op->invoke_at)
		return true;
	for (size_t i = 0; i < sights->count; i++)
		for (size_t j = 0; j < sights->count; j++) {
			const struct sight *x = &sights->of[i], *y = &sights->of[j];
			if (x->op != a || y->op != b || x->is_poll ||
			    x->partition != y->partition)
				continue;
			if (y->is_poll && x->value == y->value)
				return true;
			int64_t low = offset_of(sights, x), high = offset_of(sights, y);
			if (with_sends && !y->is_poll && low != NO_OFFSET && low < high)
				return true;
		}
	return false;
}

/* All operations can be taken away, each when nothing must precede it any more. */
static bool
has_order(const struct history *history, const struct sights *sights)
{
	bool is_taken[DEFINITION_OPS_MAX] = {0}, goes_on = true;
	size_t left = history->ops.count;

	while (goes_on) {
		goes_on = false;
		for (size_t b = 0; b < history->ops.count; b++) {
			bool is_free = !is_taken[b];
			for (size_t a = 0; is_free && a < history->ops.count; a++)
				is_free = is_taken[a] || a == b ||
					  !must_precede(history, sights, a, b);
			left -= is_free;
			is_taken[b] |= is_free;
			goes_on |= is_free;
		}
	}
	return left == 0;
}

static bool
is_sound_log(const struct history *history, bool strict)
{
	static struct sights sights;

	(void)strict;
	read_all(history, &sights);
	return one_value_an_offset(&sights) && polls_are_of_others(history, &sights) &&
	       nothing_is_lost(history, &sights) && steps_are_sound(history, &sights) &&
	       has_order(history, &sights);
}

/* ---- the comparison ------------------------------------------------------------------- */

static const char *const anomalies[] = {"inconsistent-offsets",
					"duplicate",
					"lost-write",
					"G1a",
					"unsent",
					"precommitted-read",
					"int-poll-skip",
					"int-nonmonotonic-poll",
					"poll-skip",
					"nonmonotonic-poll",
					"int-nonmonotonic-send",
					"nonmonotonic-send",
					"G0",
					"G1c",
					"G1c-realtime",
					"G0-realtime",
					NULL};

static void
transactions_agree_with_the_definitions(void **state)
{
	static const struct definition definition = {
		.checker = "kafka",
		.ask = ask,
		.answer = answer,
		.is_allowed = is_sound_log,
		.answers_all = true,
		.anomalies = anomalies,
		.has_sessions = true,
		.ops_all = 2,
	};

	(void)state;
	with_sends = false;
	definition_compare(&definition);
}

static void
transactions_in_the_order_of_their_sends_agree_with_the_definitions(void **state)
{
	static const struct definition definition = {
		.checker = "kafka",
		.model = "ww-deps",
		.ask = ask,
		.answer = answer,
		.is_allowed = is_sound_log,
		.answers_all = true,
		.anomalies = anomalies,
		.has_sessions = true,
		.ops_all = 2,
	};

	(void)state;
	with_sends = true;
	definition_compare(&definition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions_agree_with_the_definitions),
		cmocka_unit_test(
			transactions_in_the_order_of_their_sends_agree_with_the_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
