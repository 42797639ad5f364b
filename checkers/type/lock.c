#include "checkers/type/lock.h"

#include "base/search.h"
#include "checkers/engine/linearizable.h"
#include "checkers/sort.h"
#include "checkers/engine/stages.h"
#include "checkers/type/lock_holders.h"

#include <string.h>

static bool
lock_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f == F_ACQUIRE || op->f == F_RELEASE)
		return true;
	return err_set(err, "'%s' is not an operation of a lock",
		       history_f_name(history, op->f));
}

static bool
fenced_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (!lock_understands(history, op, err))
		return false;
	if (op->f == F_ACQUIRE && op->type == OP_OK && op->output != VAL_OF_NIL &&
	    val_kind(op->output) != VAL_INT && val_kind(op->output) != VAL_MAP)
		return err_set(err,
			       "an acquire of process %u returned no number as token",
			       op->process);
	return true;
}

static bool
lock_accepts(const struct history *history, const struct check_options *options,
	     struct err *err)
{
	static const char *const names[] = {"owner", "mutex", "reentrant"};

	(void)history;
	for (size_t i = 0; i < 3; i++)
		if (options->model == NULL || strcmp(options->model, names[i]) == 0)
			return true;
	return err_set(err, "a lock has no model '%s'", options->model) ||
	       err_hint(err, "--model owner, mutex or reentrant");
}

static const char *
name_core(const struct history *history, const uint32_t *ops, size_t count,
	  const char **why)
{
	size_t acquires = 0;

	for (size_t i = 0; i < count; i++)
		acquires += history->ops.items[ops[i]].f == F_ACQUIRE;
	if (acquires < 2) {
		*why = "the lock was released by one who cannot have held it";
		return "release-without-hold";
	}
	*why = "the lock was acquired while it must have been held";
	return "lock-held-twice";
}

/* ---- tokens -------------------------------------------------------------------------
 */

static bool
has_token(const struct history *history, uint32_t op)
{
	return lock_token(&history->values, &history->ops.items[op]) != VAL_OF_NIL;
}

static int64_t
token_of(const struct history *history, uint32_t op)
{
	return val_number(&history->values,
			  lock_token(&history->values, &history->ops.items[op]));
}

/* Acquires with tokens; the stage is the token's rank. */
static void
stage_tokens(const struct key_ops *key, struct stages *stages)
{
	VEC(uint64_t) sorted = {0};

	for (size_t i = 0; i < key->count; i++)
		if (has_token(key->history, key->ops[i]))
			vec_push(&sorted, (uint64_t)token_of(key->history, key->ops[i]) ^
						  (uint64_t)1 << 63);
	sort_words(sorted.items, sorted.count);
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		size_t at;
		if (!has_token(key->history, key->ops[i]))
			continue;
		uint64_t token =
			(uint64_t)token_of(key->history, key->ops[i]) ^ (uint64_t)1 << 63;
		search_first(at, 0, sorted.count, sorted.items[at] < token);
		vec_push(stages, (struct staged){.stage = (uint32_t)at,
						 .op = key->ops[i],
						 .invoke_at = op->invoke_at,
						 .complete_at = op->complete_at});
	}
	vec_release(&sorted);
}

static void
note_conflict(void *context, uint32_t earlier, uint32_t later)
{
	linearizable_conflict(context, "token-not-increasing",
			      "the lock that was acquired later has the smaller token",
			      (uint32_t[]){earlier, later, OP_NEVER});
}

/* Two acquires with one token: allowed only where it is held again by the same owner. */
static void
find_equal_tokens(const struct stages *stages, struct linearizable_key *found)
{
	uint32_t *last_of = mem_new(stages->count + 1, sizeof(*last_of));

	for (size_t i = 0; i < stages->count; i++) {
		const struct staged *item = &stages->items[i];
		uint32_t *last = &last_of[item->stage];
		if (*last != 0)
			linearizable_conflict(
				found, "token-not-increasing",
				"the lock gave one token twice",
				(uint32_t[]){*last - 1, item->op, OP_NEVER});
		*last = item->op + 1;
	}
	free(last_of);
}

static bool
is_reentrant(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "reentrant") == 0;
}

static void
compare_tokens(const struct key_ops *key, const struct check_options *options,
	       struct linearizable_key *found)
{
	struct stages stages = {0};

	stage_tokens(key, &stages);
	if (!is_reentrant(options))
		find_equal_tokens(&stages, found);
	stages_judge(&stages, note_conflict, found);
	vec_release(&stages);
}

/* Two acquires: the token of the one that is not earlier is not greater. */
static bool
tokens_contradict(const struct key_ops *key, const struct check_options *options,
		  const struct anomaly *anomaly)
{
	const struct op *ops = key->history->ops.items;

	if (strcmp(anomaly->name, "token-not-increasing") != 0 || anomaly->ops.count != 2)
		return false;
	uint32_t a = anomaly->ops.items[0], b = anomaly->ops.items[1];
	if (!has_token(key->history, a) || !has_token(key->history, b))
		return false;
	int64_t x = token_of(key->history, a), y = token_of(key->history, b);
	if (x == y)
		return !is_reentrant(options);
	return x > y ? ops[a].complete_at < ops[b].invoke_at
		     : ops[b].complete_at < ops[a].invoke_at;
}

/* ---- the checkers -------------------------------------------------------------------
 */

static const struct linearizable lock_type = {
	.model = &model_lock,
	.complexity =
		"frontier engine: exponential at worst in the operations open at once",
	.understands = lock_understands,
	.accepts = lock_accepts,
	.name_core = name_core,
};

static const struct linearizable fenced_type = {
	.model = &model_fenced_lock,
	.complexity = "tokens: O(n log n); frontier engine: exponential at worst in the "
		      "operations open at once",
	.understands = fenced_understands,
	.accepts = lock_accepts,
	.decide = compare_tokens,
	.contradicts = tokens_contradict,
	.name_core = name_core,
};

static int
lock_fits(const struct history *history)
{
	return linearizable_fits(&lock_type, history, 10);
}

static void
lock_check(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	linearizable_check(&lock_type, history, options, result);
}

static bool
lock_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	return linearizable_certify(&lock_type, history, options, result, err);
}

const struct checker checker_lock = {
	.name = "lock",
	.summary = "linearizable locks: held by one at a time, released by the holder",
	.fits = lock_fits,
	.check = lock_check,
	.certify = lock_certify,
};

/* Some acquire returned a number, which is no token where it was asked for and is told again,
 * as of permits. */
static int
fenced_fits(const struct history *history)
{
	size_t tokens = 0;

	for (uint32_t i = 0; i < history->ops.count; i++)
		tokens += has_token(history, i) &&
			  !val_equal(&history->values, history->ops.items[i].input,
				     history->ops.items[i].output);
	return tokens > 0 ? linearizable_fits(&fenced_type, history, 20) : 0;
}

static void
fenced_check(const struct history *history, const struct check_options *options,
	     struct check_result *result)
{
	linearizable_check(&fenced_type, history, options, result);
}

static bool
fenced_certify(const struct history *history, const struct check_options *options,
	       const struct check_result *result, struct err *err)
{
	return linearizable_certify(&fenced_type, history, options, result, err);
}

const struct checker checker_fenced_lock = {
	.name = "fenced-lock",
	.summary = "linearizable locks whose fencing tokens increase",
	.fits = fenced_fits,
	.check = fenced_check,
	.certify = fenced_certify,
};
