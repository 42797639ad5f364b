#include "checkers/jepsen/kafka_certify.h"

#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/commit_order.h"
#include "checkers/jepsen/kafka_proof.h"

#include <stdlib.h>
#include <string.h>

static bool
has_ww_deps(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "ww-deps") == 0;
}

/* ---- a valid verdict ------------------------------------------------------------------ */

/* Each value has one offset, was sent, and was polled if it was acknowledged. */
static bool
values_hold(const struct kafka_proof *proof)
{
	size_t count, step = 0;

	for (size_t i = 0; i < proof->by_value.count; i += count) {
		if (budget_ends_at(proof->budget, step++))
			return false;
		const struct kafka_sight *sight = &proof->by_value.items[i];
		struct kafka_facts facts =
			kafka_proof_facts(proof, sight->partition, sight->value);
		kafka_proof_find(proof, sight->partition, sight->value, &count);
		if (facts.lowest != facts.highest || (facts.is_read && !facts.is_sent) ||
		    (facts.is_polled && !facts.is_sent && !facts.is_failed) ||
		    (facts.is_acked && !facts.is_polled))
			return false;
	}
	return true;
}

/* Each offset has one value. */
static bool
offsets_hold(const struct kafka_proof *proof)
{
	for (size_t i = 1; i < proof->by_offset.count; i++) {
		const struct kafka_sight *a = &proof->by_offset.items[i - 1], *b = a + 1;
		if (a->offset == b->offset &&
		    val_equal(proof->values, a->partition, b->partition) &&
		    !val_equal(proof->values, a->value, b->value))
			return false;
	}
	return true;
}

static void
count_step(void *context, const char *name, const struct kafka_sight *from,
	   const struct kafka_sight *to)
{
	size_t *count = context;

	(void)name;
	(void)from;
	(void)to;
	(*count)++;
}

/* Where each operation stands in the order; false when one stands there twice. */
static bool
read_places(const struct history *history, const struct order *order, uint32_t *places)
{
	for (size_t i = 0; i < order->count; i++) {
		if (order->ops[i] >= history->ops.count || places[order->ops[i]] != 0)
			return false;
		places[order->ops[i]] = (uint32_t)i + 1;
	}
	return true;
}

/* The poll stands behind this send, which began before the poll was over. */
static bool
is_behind(const struct kafka_proof *proof, const uint32_t *places,
	  const struct kafka_sight *send, const struct kafka_sight *poll)
{
	const struct op *ops = proof->history->ops.items;

	return places[send->op] != 0 && places[send->op] < places[poll->op] &&
	       ops[send->op].invoke_at < ops[poll->op].complete_at;
}

/* One that is not ok may have seen what was not committed, but not its own sends; one that
 * failed has no place. */
static bool
poll_holds(const struct kafka_proof *proof, const uint32_t *places,
	   const struct kafka_sight *poll)
{
	const struct op *ops = proof->history->ops.items;
	bool is_sent = false, is_right = false, is_own = false;
	size_t count;
	const struct kafka_sight *sight =
		kafka_proof_find(proof, poll->partition, poll->value, &count);

	for (; count > 0; count--, sight++) {
		if (sight->is_poll)
			continue;
		is_own |= sight->op == poll->op;
		if (ops[sight->op].type == OP_FAIL)
			continue;
		is_sent = true;
		is_right |= is_behind(proof, places, sight, poll);
	}
	if (ops[poll->op].type == OP_FAIL)
		return is_sent || !is_own;
	return is_right || (ops[poll->op].type == OP_INFO && !is_sent && !is_own);
}

static bool
polls_hold(const struct kafka_proof *proof, const uint32_t *places)
{
	for (size_t i = 0; i < proof->told.count; i++) {
		const struct kafka_sight *sight = &proof->told.items[i];
		if (budget_ends_at(proof->budget, i) ||
		    (sight->is_poll && !poll_holds(proof, places, sight)))
			return false;
	}
	return true;
}

/* Who sent the value of the sight: the last that was acknowledged, else the first that did
 * not fail. */
static uint32_t
sender_of(const struct kafka_proof *proof, const struct kafka_sight *sight)
{
	const struct op *ops = proof->history->ops.items;
	uint32_t acked = OP_NEVER, first = OP_NEVER;
	size_t count;
	const struct kafka_sight *other =
		kafka_proof_find(proof, sight->partition, sight->value, &count);

	for (; count > 0; count--, other++) {
		enum op_type type = (enum op_type)ops[other->op].type;
		if (other->is_poll || type == OP_FAIL)
			continue;
		if (type == OP_OK && (acked == OP_NEVER || other->op > acked))
			acked = other->op;
		first = other->op < first ? other->op : first;
	}
	return acked != OP_NEVER ? acked : first;
}

/* Senders stand in the order of their offsets. */
static bool
sends_hold(const struct kafka_proof *proof, const uint32_t *places)
{
	const struct kafka_sight *before = NULL;

	vec_each (struct kafka_sight, sight, &proof->by_offset) {
		uint32_t a = before != NULL ? sender_of(proof, before) : OP_NEVER;
		uint32_t b = sender_of(proof, sight);
		if (b == OP_NEVER)
			continue;
		if (a != OP_NEVER && places[a] > places[b] &&
		    val_equal(proof->values, before->partition, sight->partition))
			return false;
		before = sight;
	}
	return true;
}

static bool
order_holds(const struct kafka_proof *proof, const struct check_result *result,
	    bool with_sends)
{
	size_t count = proof->history->ops.count;

	if (result->orders.count != 1 ||
	    !commit_order_is_timely(proof->history, result->orders.items))
		return false;
	uint32_t *places = mem_new(count + 1, sizeof(*places));
	bool holds = read_places(proof->history, result->orders.items, places) &&
		     polls_hold(proof, places) &&
		     (!with_sends || sends_hold(proof, places));
	free(places);
	return holds;
}

static bool
certify_valid(const struct kafka_proof *proof, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	size_t steps = 0;

	if (!values_hold(proof) || !offsets_hold(proof))
		return err_set(err, "the records say otherwise");
	kafka_proof_steps(proof, count_step, &steps);
	if (steps > 0)
		return err_set(err, "a process goes back or skips records");
	return order_holds(proof, result, has_ww_deps(options)) ||
	       err_set(err, "somebody polled what was not sent before");
}

/* ---- anomalies ------------------------------------------------------------------------ */

static bool
is_listed(const struct anomaly *anomaly, uint32_t op)
{
	vec_each (uint32_t, listed, &anomaly->ops)
		if (*listed == op)
			return true;
	return false;
}

struct step_search {
	const struct kafka_proof *proof;
	const struct anomaly *anomaly;
	bool is_found;
};

static void
find_step(void *context, const char *name, const struct kafka_sight *from,
	  const struct kafka_sight *to)
{
	struct step_search *search = context;

	search->is_found |=
		strcmp(name, search->anomaly->name) == 0 &&
		is_listed(search->anomaly, from->op) &&
		is_listed(search->anomaly, to->op) &&
		val_equal(search->proof->values, to->partition, search->anomaly->key);
}

static bool
shows_step(const struct kafka_proof *proof, const struct anomaly *anomaly)
{
	struct step_search search = {.proof = proof, .anomaly = anomaly};

	kafka_proof_steps(proof, find_step, &search);
	return search.is_found;
}

/* Some sight of the anomaly's value by a listed operation, a poll where that is wanted. */
static bool
is_seen(const struct kafka_proof *proof, const struct anomaly *anomaly, bool by_poll,
	uint32_t *op)
{
	size_t count;
	const struct kafka_sight *sight =
		kafka_proof_find(proof, anomaly->key, anomaly->subject, &count);

	for (; count > 0; count--, sight++)
		if (sight->is_poll == by_poll && is_listed(anomaly, sight->op)) {
			*op = sight->op;
			return true;
		}
	return false;
}

/* A listed operation saw another value at an offset of this one. */
static bool
shows_inconsistent(const struct kafka_proof *proof, const struct anomaly *anomaly)
{
	size_t count;
	const struct kafka_sight *sight =
		kafka_proof_find(proof, anomaly->key, anomaly->subject, &count);

	for (; count > 0; count--, sight++)
		vec_each (struct kafka_sight, other, &proof->by_offset)
			if (sight->offset == other->offset &&
			    is_listed(anomaly, other->op) &&
			    val_equal(proof->values, other->partition, anomaly->key) &&
			    !val_equal(proof->values, other->value, anomaly->subject))
				return true;
	return false;
}

/* A listed operation polled a higher offset of the partition. */
static bool
is_overtaken(const struct kafka_proof *proof, const struct anomaly *anomaly,
	     int64_t offset)
{
	vec_each (struct kafka_sight, sight, &proof->by_offset)
		if (sight->is_poll && sight->offset > offset &&
		    proof->history->ops.items[sight->op].type == OP_OK &&
		    is_listed(anomaly, sight->op) &&
		    val_equal(proof->values, sight->partition, anomaly->key))
			return true;
	return false;
}

/* The sender polled it as well. */
static bool
shows_precommitted(const struct kafka_proof *proof, const struct anomaly *anomaly)
{
	size_t count;
	const struct kafka_sight *sight =
		kafka_proof_find(proof, anomaly->key, anomaly->subject, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (sight[i].op == sight[j].op &&
			    sight[i].is_poll != sight[j].is_poll &&
			    is_listed(anomaly, sight[i].op))
				return true;
	return false;
}

/* Somebody's send of the value, and that nobody polled it though all polls are known. */
static bool
shows_loss(const struct kafka_proof *proof, const struct anomaly *anomaly,
	   const struct kafka_facts *facts)
{
	uint32_t op;

	return is_seen(proof, anomaly, false, &op) && facts->is_acked &&
	       !facts->is_polled && facts->lowest != KAFKA_NO_OFFSET &&
	       !proof->has_unknown_polls && is_overtaken(proof, anomaly, facts->lowest);
}

/* A listed poll of what had not been sent, as the name says. */
static bool
shows_stranger(const struct kafka_proof *proof, const struct anomaly *anomaly,
	       const struct kafka_facts *facts)
{
	uint32_t op;

	if (!is_seen(proof, anomaly, true, &op))
		return false;
	if (strcmp(anomaly->name, "G1a") == 0)
		return !facts->is_sent && facts->is_failed && facts->is_read;
	return strcmp(anomaly->name, "unsent") == 0 && !facts->is_sent &&
	       !facts->is_failed;
}

/* G0, G1c, and those in real time; sends count where the model says so. */
static bool
shows_circle(const struct kafka_proof *proof, const struct check_options *options,
	     const struct anomaly *anomaly)
{
	struct kafka_ties ties = {
		.polls = strncmp(anomaly->name, "G1c", 3) == 0,
		.sends = has_ww_deps(options),
		.time = strstr(anomaly->name, "-realtime") != NULL,
	};

	return kafka_proof_circle(proof, anomaly->ops.items, anomaly->ops.count, ties);
}

static bool
certify_anomaly(const struct kafka_proof *proof, const struct check_options *options,
		const struct anomaly *anomaly)
{
	struct kafka_facts facts =
		kafka_proof_facts(proof, anomaly->key, anomaly->subject);
	const char *name = anomaly->name;
	uint32_t op;

	if (strncmp(name, "G0", 2) == 0 || strncmp(name, "G1c", 3) == 0)
		return shows_circle(proof, options, anomaly);
	if (strcmp(name, "inconsistent-offsets") == 0)
		return shows_inconsistent(proof, anomaly);
	if (strcmp(name, "duplicate") == 0)
		return facts.lowest != facts.highest &&
		       (is_seen(proof, anomaly, true, &op) ||
			is_seen(proof, anomaly, false, &op));
	if (strcmp(name, "lost-write") == 0)
		return shows_loss(proof, anomaly, &facts);
	if (strcmp(name, "precommitted-read") == 0)
		return shows_precommitted(proof, anomaly);
	return shows_stranger(proof, anomaly, &facts) || shows_step(proof, anomaly);
}

static bool
certify_invalid(const struct kafka_proof *proof, const struct check_options *options,
		const struct check_result *result, struct err *err)
{
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (budget_is_over(proof->budget) ||
		    !certify_anomaly(proof, options, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return result->anomalies.count > 0 || err_set(err, "no anomaly is told");
}

bool
kafka_certify(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	struct kafka_proof proof;

	kafka_proof_init(&proof, history, &options->budget);
	bool holds = result->verdict == VERDICT_VALID
			     ? certify_valid(&proof, options, result, err)
			     : certify_invalid(&proof, options, result, err);
	kafka_proof_release(&proof);
	if (budget_is_over(&options->budget)) /* then not all was looked at */
		return err_set(err, "no time was left to prove it");
	return holds;
}
