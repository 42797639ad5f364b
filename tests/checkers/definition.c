#include "tests/checkers/definition.h"

#include "tests/checkers/random_count.h"
#include "tests/checkers/whole_history.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	DEFAULT_RANDOM = 400,
	SMALL_LIMIT = 4000, /* of one size */
#else
	DEFAULT_RANDOM = 4000,
	SMALL_LIMIT = INT_MAX,
#endif
	MANY = 100000, /* random ones: then also small ones of one operation more */
};

#define HOUR_NS 3600000000000

/* ---- playing a history ---------------------------------------------------------------- */

struct play {
	const struct definition *definition;
	struct history *history;
	struct choices *choices;
	struct op open[DEFINITION_PROCESSES];
	size_t ops, used; /* processes below `used` have done something */
	bool ends_answered;
};

/* The process has the last operation of all open, which is to be answered. */
static bool
is_awaited(const struct play *play, uint32_t process)
{
	const struct op *op = &play->open[process];

	return play->ends_answered && play->history->ops.count == play->ops &&
	       op->f != F_NONE && op->process == vec_last(&play->history->ops)->process;
}

static void
invoke(struct play *play, uint32_t process)
{
	struct op *op = &play->open[process];
	struct err err;

	*op = (struct op){.process = process};
	play->definition->ask(play->history, play->choices, op);
	assert_true(history_invoke(play->history, op, &err));
}

static void
complete(struct play *play, uint32_t process)
{
	struct op *op = &play->open[process];
	struct err err;

	op->type = is_awaited(play, process)		? OP_OK
		   : choose_whether(play->choices, 0.2) ? OP_FAIL
		   : choose_whether(play->choices, 0.1) ? OP_INFO
							: OP_OK;
	if (op->type == OP_OK || play->definition->answers_all)
		play->definition->answer(play->history, play->choices, op);
	assert_true(history_complete(play->history, op, &err));
	op->f = F_NONE;
}

static bool
some_open(const struct play *play)
{
	for (size_t i = 0; i < DEFINITION_PROCESSES; i++)
		if (play->open[i].f != F_NONE)
			return true;
	return false;
}

/* Some operations stay open. Of processes that did nothing yet the first one is as good
 * as any. */
static void
play_all(struct play *play)
{
	history_init(play->history);
	while (play->history->ops.count < play->ops ||
	       (some_open(play) && choose_whether(play->choices, 0.7))) {
		size_t known =
			play->used < DEFINITION_PROCESSES ? play->used + 1 : play->used;
		uint32_t process = (uint32_t)choose(play->choices, known);
		if (play->open[process].f != F_NONE) {
			complete(play, process);
			continue;
		}
		if (play->history->ops.count == play->ops)
			break;
		play->used = process == play->used ? play->used + 1 : play->used;
		invoke(play, process);
	}
	for (uint32_t process = 0; process < DEFINITION_PROCESSES; process++)
		if (is_awaited(play, process))
			complete(play, process);
}

/* All histories: each operation is of a process of its own, and what is of unknown outcome
 * stays open. */
static void
ask_one(void *context, struct history *history, struct choices *choices, struct op *op)
{
	const struct definition *definition = context;

	definition->ask(history, choices, op);
}

static void
answer_one(void *context, struct history *history, struct choices *choices, struct op *op)
{
	const struct definition *definition = context;

	op->type = choose(choices, 2) == 0 ? OP_OK : OP_FAIL;
	if (op->type == OP_OK || definition->answers_all)
		definition->answer(history, choices, op);
}

/* ---- judging -------------------------------------------------------------------------- */

static struct check_options
options_for(const struct definition *definition, const struct history *history,
	    bool strict, int64_t factor)
{
	struct check_options options = {.model = definition->model, .threads = 1};

	options.level = strict			 ? "strict-serializable"
			: definition->has_levels ? definition->weak_level
						 : definition->level;
	if (definition->init != NULL)
		options.init =
			definition->init((struct values *)&history->values, factor);
	return options;
}

static const struct checker *
checker_of(const struct definition *definition)
{
	struct err err;
	const struct checker *checker = checker_find(definition->checker, &err);

	assert_non_null(checker);
	return checker;
}

static enum verdict
judge_times(const struct definition *definition, const struct history *history,
	    bool strict, int64_t factor)
{
	struct check_options options = options_for(definition, history, strict, factor);
	struct check_result result;

	checker_run(checker_of(definition), history, &options, &result);
	enum verdict verdict = result.verdict;
	if ((verdict != VERDICT_UNKNOWN && !result.certified) ||
	    strstr(result.reason, "bug") != NULL) {
		whole_history_print(history);
		fail_msg("%s: %s, not certified: %s", definition->checker,
			 verdict_name(verdict), result.reason);
	}
	check_result_release(&result);
	return verdict;
}

enum verdict
definition_judge(const struct definition *definition, const struct history *history,
		 bool strict)
{
	return judge_times(definition, history, strict, 1);
}

/* ---- laws ----------------------------------------------------------------------------- */

/* Whoever knows less contradicts less. */
static void
forget_an_answer(const struct definition *definition, struct history *history,
		 struct choices *choices)
{
	struct op *op = &history->ops.items[choose(choices, history->ops.count)];
	struct op before = *op;

	if (op->type != OP_OK)
		return;
	op->type = OP_INFO;
	op->complete_at = OP_NEVER;
	op->output = VAL_OF_NIL;
	if (definition_judge(definition, history, definition->has_levels) ==
	    VERDICT_INVALID) {
		whole_history_print(history);
		fail_msg("%s: a relaxed valid history is invalid", definition->checker);
	}
	*op = before;
}

/* The last operation of its process may as well have ended later. */
static void
stretch(const struct definition *definition, struct history *history,
	struct choices *choices)
{
	size_t i = choose(choices, history->ops.count);
	struct op *op = &history->ops.items[i], before = *op;

	for (size_t j = i + 1; j < history->ops.count; j++)
		if (history->ops.items[j].process == op->process)
			return;
	if (op->type != OP_OK)
		return;
	op->complete_at = history->events++;
	if (definition_judge(definition, history, definition->has_levels) ==
	    VERDICT_INVALID) {
		whole_history_print(history);
		fail_msg("%s: a valid history is invalid when an operation takes longer",
			 definition->checker);
	}
	history->events--;
	*op = before;
}

static void
relax(const struct definition *definition, struct history *history,
      struct choices *choices)
{
	if (!definition->judges_ends)
		forget_an_answer(definition, history, choices);
	stretch(definition, history, choices);
}

/* The value with all its numbers tripled. */
static val
triple(struct values *values, val v)
{
	enum val_kind kind = val_kind(v);
	val items[64];

	if (kind == VAL_INT)
		return val_int(values, 3 * val_number(values, v));
	if (kind != VAL_LIST && kind != VAL_MAP)
		return v;
	size_t count = val_count(values, v);
	assert_true(count <= 64);
	for (size_t i = 0; i < count; i++)
		items[i] = triple(values, val_at(values, v, i));
	return kind == VAL_LIST ? val_list(values, items, count)
				: val_map(values, items, count);
}

static void
tell_in_other_words(const struct definition *definition, struct history *history,
		    bool strict, enum verdict verdict)
{
	bool triples = !definition->keeps_numbers;

	vec_each (struct op, op, &history->ops) {
		if (triples) {
			op->key = triple(&history->values, op->key);
			op->input = triple(&history->values, op->input);
			op->output = triple(&history->values, op->output);
		}
		op->process = 17 - 5 * op->process;
		op->invoke_ns += HOUR_NS;
		op->complete_ns += HOUR_NS;
	}
	if (judge_times(definition, history, strict, triples ? 3 : 1) == verdict)
		return;
	whole_history_print(history);
	fail_msg("%s: in other words no longer %s", definition->checker,
		 verdict_name(verdict));
}

/* ---- lies ----------------------------------------------------------------------------- */

static void
assert_refused(const struct definition *definition, const struct history *history,
	       const struct check_result *lie, const char *what)
{
	struct check_options options =
		options_for(definition, history, definition->has_levels, 1);
	struct err err;

	if (!checker_of(definition)->certify(history, &options, lie, &err))
		return;
	whole_history_print(history);
	vec_each (struct anomaly, anomaly, &lie->anomalies)
		vec_each (uint32_t, op, &anomaly->ops)
			print_error("op %u\n", *op);
	fail_msg("%s: certified a lie: %s", definition->checker, what);
}

static void
claim_anomalies(const struct definition *definition, const struct history *history,
		struct choices *choices)
{
	for (size_t i = 0; definition->anomalies[i] != NULL; i++) {
		struct check_result lie = {.verdict = VERDICT_NONE};
		size_t ops = 1 + choose(choices, 4);
		struct anomaly *anomaly =
			check_result_anomaly(&lie, definition->anomalies[i], VAL_OF_NIL);
		anomaly->subject = val_small((int64_t)choose(choices, 3));
		for (size_t n = 0; n < ops; n++)
			vec_push(&anomaly->ops,
				 (uint32_t)choose(choices, history->ops.count));
		assert_refused(definition, history, &lie, definition->anomalies[i]);
		check_result_release(&lie);
	}
}

/* Without an order, and with the order of invocations. */
static void
claim_valid(const struct definition *definition, const struct history *history)
{
	struct check_result lie = {.verdict = VERDICT_VALID};
	struct order order = {.ops = mem_new(history->ops.count + 1, sizeof(uint32_t))};

	if (!definition->says_less_without_order)
		assert_refused(definition, history, &lie, "valid, without an order");
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].type != OP_FAIL)
			order.ops[order.count++] = i;
	vec_push(&lie.orders, order);
	assert_refused(definition, history, &lie, "valid, with an order");
	check_result_release(&lie);
}

static void
lie_about(const struct definition *definition, const struct history *history,
	  struct choices *choices, enum verdict verdict)
{
	if (definition->anomalies != NULL && verdict == VERDICT_VALID)
		claim_anomalies(definition, history, choices);
	if (definition->anomalies != NULL && verdict == VERDICT_INVALID)
		claim_valid(definition, history);
}

/* ---- comparing ------------------------------------------------------------------------ */

static enum verdict
compare_level(const struct definition *definition, struct history *history, bool strict)
{
	enum verdict verdict = definition_judge(definition, history, strict);
	bool is_allowed = definition->is_allowed(history, strict);

	if ((verdict == VERDICT_VALID && !is_allowed) ||
	    (verdict == VERDICT_INVALID && is_allowed)) {
		whole_history_print(history);
		fail_msg("%s, strict %d: %s", definition->checker, strict,
			 verdict_name(verdict));
	}
	return verdict;
}

static void
compare(const struct definition *definition, size_t ops, struct choices *choices,
	size_t counts[4])
{
	struct history history;
	struct play play = {.definition = definition,
			    .history = &history,
			    .choices = choices,
			    .ops = ops};
	enum verdict verdict = VERDICT_NONE;

	choices->ops = ops;
	play.ends_answered = definition->ends_answered && !choices->tries_all &&
			     choose_whether(choices, 0.9);
	if (choices->tries_all && !definition->has_sessions)
		small_history_play(
			&history, choices, ops,
			&(struct small_player){ask_one, answer_one, (void *)definition});
	else
		play_all(&play);
	for (int strict = 0; strict <= definition->has_levels; strict++) {
		verdict = compare_level(definition, &history, strict);
		counts[verdict]++;
	}
	if (!choices->tries_all) {
		lie_about(definition, &history, choices, verdict);
		if (verdict == VERDICT_VALID)
			relax(definition, &history, choices);
		tell_in_other_words(definition, &history, definition->has_levels,
				    verdict);
	}
	history_release(&history);
}

/* All of `ops` operations, or as many as there is time for. */
static size_t
compare_all(const struct definition *definition, size_t ops, size_t limit,
	    size_t counts[4])
{
	struct choices choices = {.tries_all = true};
	size_t tried = 0;
	bool goes_on = true;

	for (; goes_on && tried < limit; tried++) {
		compare(definition, ops, &choices, counts);
		goes_on = choices_next(&choices);
	}
	if (goes_on)
		print_message("%s: only the first %zu of %zu operations\n",
			      definition->checker, tried, ops);
	choices_release(&choices);
	return tried;
}

static size_t
compare_small(const struct definition *definition, size_t counts[4])
{
	size_t tried = 0;

	for (size_t ops = 1; ops <= definition->ops_all; ops++)
		tried += compare_all(definition, ops, SMALL_LIMIT, counts);
	if (random_count(DEFAULT_RANDOM) >= MANY && !definition->no_more)
		tried += compare_all(definition, definition->ops_all + 1,
				     10 * random_count(DEFAULT_RANDOM), counts);
	return tried;
}

static size_t
compare_random(const struct definition *definition, size_t counts[4])
{
	size_t ops_max =
		definition->ops_random > 0 ? definition->ops_random : DEFINITION_OPS_MAX;
	uint64_t random = definition->small_only ? 0 : random_count(DEFAULT_RANDOM);

	for (uint64_t seed = 1; seed <= random; seed++) {
		struct choices choices = {0};
		rng_init(&choices.rng, seed);
		compare(definition, 1 + choose(&choices, ops_max), &choices, counts);
	}
	return random;
}

void
definition_compare(const struct definition *definition)
{
	size_t counts[4] = {0}, small = compare_small(definition, counts);
	size_t random = compare_random(definition, counts);
	print_message("%s: %zu small, %zu random: %zu valid, %zu invalid, %zu unknown\n",
		      definition->checker, small, random, counts[VERDICT_VALID],
		      counts[VERDICT_INVALID], counts[VERDICT_UNKNOWN]);
	assert_true(counts[VERDICT_VALID] > 0 && counts[VERDICT_INVALID] > 0);
}
