#include "checkers/weak/convergence.h"

#include "base/map.h"
#include "checkers/budget.h"
#include "checkers/tell.h"
#include "checkers/weak/observed.h"

#include <inttypes.h>
#include <string.h>

#define NONE UINT32_MAX

/* What is known of a key. */
struct outcome {
	uint32_t over_at; /* position where its last acknowledged write is over, + 1 */
	uint32_t latest;  /* of the acknowledged writes, the one that began last; NONE */
	uint32_t first_node;  /* last final read of one node; NONE: no final read */
	uint32_t disagreeing; /* last final read of a node that shows another value; NONE
				 */
	bool has_doubt;	      /* a value shown is of a write of unknown outcome */
};

struct ending {
	const struct observed *observed;
	struct outcome *outcomes; /* owned, by key */
	struct map last;	  /* key << 32 | node -> last final read, + 1 */
	VEC(uint64_t) places;	  /* the keys of `last`, in the order met */
	uint64_t unread, doubtful, nodes;
};

static const struct op *
op_of(const struct observed *observed, uint32_t i)
{
	return &observed->history->ops.items[i];
}

static void
note_write(struct ending *ending, uint32_t i)
{
	const struct op *op = op_of(ending->observed, i);
	struct outcome *outcome = &ending->outcomes[ending->observed->key[i]];

	if (op->complete_at + 1 > outcome->over_at)
		outcome->over_at = op->complete_at + 1;
	if (outcome->latest == NONE ||
	    op_of(ending->observed, outcome->latest)->invoke_at < op->invoke_at)
		outcome->latest = i;
}

static void
note_read(struct ending *ending, uint32_t i)
{
	const struct op *op = op_of(ending->observed, i);
	uint32_t key = ending->observed->key[i];
	uint32_t node = op->node != 0 ? op->node : op->process + 256;
	uint64_t place = (uint64_t)key << 32 | node;
	bool is_new;

	if (op->invoke_at < ending->outcomes[key].over_at)
		return;
	*map_at(&ending->last, place, &is_new) = (uint64_t)i + 1;
	if (is_new)
		vec_push(&ending->places, place);
}

/* A node's last word on a key. */
static void
judge_read(struct ending *ending, uint32_t read, struct check_result *result)
{
	const struct observed *observed = ending->observed;
	struct outcome *outcome = &ending->outcomes[observed->key[read]];
	uint32_t source = observed->source[read], latest = outcome->latest;

	ending->nodes++;
	if (source == OBSERVED_UNWRITTEN)
		observed_report(observed, "unwritten-read",
				"the final value was never written", read, OP_NEVER,
				result);
	else if (latest != NONE && (source == OBSERVED_INITIAL ||
				    op_of(observed, source)->complete_at <
					    op_of(observed, latest)->invoke_at))
		observed_report(observed, "lost-update",
				"in the end a value is shown that an acknowledged write "
				"had replaced",
				read, latest, result);
	if (source < OBSERVED_NOTHING && op_of(observed, source)->type == OP_INFO)
		outcome->has_doubt = true;
	if (outcome->first_node == NONE)
		outcome->first_node = read;
	else if (observed->source[outcome->first_node] != source &&
		 outcome->disagreeing == NONE)
		outcome->disagreeing = read;
}

static void
judge_key(struct ending *ending, uint32_t key, struct check_result *result)
{
	const struct outcome *outcome = &ending->outcomes[key];

	if (outcome->first_node == NONE)
		ending->unread += outcome->latest != NONE;
	else if (outcome->disagreeing != NONE && outcome->has_doubt)
		ending->doubtful++;
	else if (outcome->disagreeing != NONE)
		observed_report(ending->observed, "divergent-read",
				"in the end two nodes show different values",
				outcome->disagreeing, outcome->first_node, result);
}

/* False: stopped. */
static bool
judge(struct ending *ending, const struct budget *budget, struct check_result *result)
{
	const struct observed *observed = ending->observed;

	for (uint32_t i = 0; i < observed->history->ops.count; i++)
		if (op_of(observed, i)->f == F_WRITE && op_of(observed, i)->type == OP_OK)
			note_write(ending, i);
	for (uint32_t i = 0; i < observed->history->ops.count; i++) {
		if (budget_ends_at(budget, i))
			return false;
		if (observed_is_answer(observed, i))
			note_read(ending, i);
	}
	vec_each (const uint64_t, place, &ending->places)
		judge_read(ending, (uint32_t)(*map_find(&ending->last, *place) - 1),
			   result);
	for (uint32_t key = 0; key < observed->key_count; key++)
		judge_key(ending, key, result);
	return true;
}

static void
conclude(const struct ending *ending, struct check_result *result)
{
	buf_printf(&result->details,
		   "\"keys\":%u,\"final_reads\":%" PRIu64 ",\"keys_unread\":%" PRIu64
		   ",\"keys_in_doubt\":%" PRIu64,
		   ending->observed->key_count, ending->nodes, ending->unread,
		   ending->doubtful);
	if (result->verdict == VERDICT_INVALID) {
		result->reason =
			mem_format("not converged: %s", result->anomalies.items[0].name);
		return;
	}
	result->verdict = VERDICT_UNKNOWN;
	if (ending->unread > 0) {
		result->reason = mem_format("%" PRIu64 " keys were not read after their "
					    "last acknowledged write",
					    ending->unread);
	} else if (ending->doubtful > 0) {
		result->reason = mem_format("in %" PRIu64 " keys nodes disagree, but a "
					    "write of unknown outcome may have arrived "
					    "between their reads",
					    ending->doubtful);
	} else {
		result->verdict = VERDICT_VALID;
		result->reason = mem_format("all final reads agree, %u keys",
					    ending->observed->key_count);
	}
}

static void
convergence_check(const struct history *history, const struct check_options *options,
		  struct check_result *result)
{
	struct observed observed;
	struct ending ending = {.observed = &observed};
	struct err err;

	result->complexity = "one look at each operation: O(n)";
	result->operations = history->ops.count;
	if (!observed_init(&observed, history, options, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	ending.outcomes =
		mem_new((size_t)observed.key_count + 1, sizeof(*ending.outcomes));
	for (uint32_t key = 0; key < observed.key_count; key++)
		ending.outcomes[key].latest = ending.outcomes[key].first_node =
			ending.outcomes[key].disagreeing = NONE;
	if (judge(&ending, &options->budget, result))
		conclude(&ending, result);
	else
		tell_unknown(result, mem_string(BUDGET_TIME_IS_OVER));
	map_release(&ending.last);
	vec_release(&ending.places);
	free(ending.outcomes);
	observed_release(&observed);
}

/* ---- the proof: each operation is compared with the final reads that are claimed ------
 */

/* The read begins after every acknowledged write of its key is over. */
static bool
is_final(const struct history *history, const struct op *read)
{
	vec_each (const struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type == OP_OK &&
		    op->complete_at > read->invoke_at &&
		    val_equal(&history->values, op->key, read->key))
			return false;
	return true;
}

static bool
is_replaced(const struct observed *observed, uint32_t read)
{
	const struct history *history = observed->history;
	uint32_t source = observed->source[read];

	vec_each (const struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type == OP_OK &&
		    observed->key[read] == observed->key[op - history->ops.items] &&
		    (source == OBSERVED_INITIAL ||
		     op->invoke_at > op_of(observed, source)->complete_at))
			return true;
	return false;
}

static bool
shows_anomaly(const struct observed *observed, const struct anomaly *anomaly)
{
	uint32_t seen = OBSERVED_NOTHING;

	vec_each (const uint32_t, i, &anomaly->ops) {
		if (!observed_is_answer(observed, *i) ||
		    !is_final(observed->history, op_of(observed, *i)))
			continue;
		uint32_t source = observed->source[*i];
		if (strcmp(anomaly->name, "unwritten-read") == 0 &&
		    source == OBSERVED_UNWRITTEN)
			return true;
		if (strcmp(anomaly->name, "lost-update") == 0 &&
		    is_replaced(observed, *i))
			return true;
		if (strcmp(anomaly->name, "divergent-read") == 0 &&
		    seen != OBSERVED_NOTHING && seen != source)
			return true;
		seen = source;
	}
	return false;
}

/* Backwards: until a key's last acknowledged completion is passed, the first read met of
 * each node is its last, and must show what the others do. */
static bool
are_all_equal(const struct observed *observed, struct err *err)
{
	size_t count = observed->history->ops.count;
	uint32_t *over_at = mem_new((size_t)observed->key_count + 1, sizeof(*over_at));
	uint32_t *shown = mem_new((size_t)observed->key_count + 1, sizeof(*shown));
	bool *has_shown = mem_new((size_t)observed->key_count + 1, sizeof(*has_shown));
	struct map met = {0};
	bool equal = true;

	for (uint32_t i = 0; i < count; i++) {
		const struct op *op = op_of(observed, i);
		uint32_t *over = &over_at[observed->key[i]];
		if (op->f == F_WRITE && op->type == OP_OK && op->complete_at > *over)
			*over = op->complete_at;
	}
	for (uint32_t i = (uint32_t)count; i-- > 0 && equal;) {
		const struct op *op = op_of(observed, i);
		uint32_t key = observed->key[i];
		uint64_t who = op->node != 0 ? op->node : (uint64_t)op->process + 256;
		bool is_new;
		if (!observed_is_answer(observed, i) || op->invoke_at < over_at[key])
			continue;
		map_at(&met, (uint64_t)key << 32 | who, &is_new);
		if (is_new && has_shown[key] && shown[key] != observed->source[i])
			equal = err_set(err, "read %u disagrees", i);
		shown[key] = is_new ? observed->source[i] : shown[key];
		has_shown[key] = true;
	}
	for (uint32_t key = 0; key < observed->key_count && equal; key++)
		if (over_at[key] > 0 && !has_shown[key])
			equal = err_set(err, "a key has no final read");
	map_release(&met);
	free(over_at);
	free(shown);
	free(has_shown);
	return equal;
}

static bool
convergence_certify(const struct history *history, const struct check_options *options,
		    const struct check_result *result, struct err *err)
{
	struct observed observed;
	bool holds = observed_init(&observed, history, options, err);

	if (holds && result->verdict == VERDICT_VALID)
		holds = are_all_equal(&observed, err);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (holds && !shows_anomaly(&observed, anomaly))
			holds = err_set(err, "the operations of '%s' do not show it",
					anomaly->name);
	observed_release(&observed);
	return holds;
}

static int
never_chosen(const struct history *history)
{
	(void)history;
	return 0;
}

const struct checker checker_convergence = {
	.name = "convergence",
	.summary = "in the end all nodes show the same, and nothing acknowledged is lost",
	.fits = never_chosen,
	.check = convergence_check,
	.certify = convergence_certify,
};
