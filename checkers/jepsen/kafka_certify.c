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

	for (size_t i = 0; i < proof->claims.count; i += count) {
		if (budget_ends_at(proof->budget, step++))
			return false;
		count = kafka_proof_count(proof, i);
		struct kafka_facts facts = kafka_proof_facts(proof, i, count);
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
	for (size_t i = 1; i < proof->placed; i++) {
		const struct kafka_claim *a =
			&proof->claims.items[proof->by_offset[i - 1]];
		const struct kafka_claim *b = &proof->claims.items[proof->by_offset[i]];
		if (a->offset == b->offset &&
		    val_equal(proof->values, a->partition, b->partition) &&
		    !val_equal(proof->values, a->value, b->value))
			return false;
	}
	return true;
}

static void
count_step(void *context, const struct kafka_step *step)
{
	size_t *count = context;

	(void)step;
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
is_behind(const struct kafka_proof *proof, const uint32_t *places, uint32_t send,
	  uint32_t poll)
{
	const struct op *ops = proof->history->ops.items;

	return places[send] != 0 && places[send] < places[poll] &&
	       ops[send].invoke_at < ops[poll].complete_at;
}

/* Who sent what an operation polled. */
struct senders {
	bool is_sent; /* by who did not fail */
	bool is_right, is_own;
};

static void
look_at_sends(const struct kafka_proof *proof, const uint32_t *places,
	      const struct kafka_claim *claim, uint32_t poll, struct senders *senders)
{
	for (uint32_t i = claim->send; i != KAFKA_NOBODY;
	     i = proof->sends.items[i].next) {
		uint32_t send = proof->sends.items[i].op;
		senders->is_own |= send == poll;
		if (proof->history->ops.items[send].type == OP_FAIL)
			continue;
		senders->is_sent = true;
		senders->is_right |= is_behind(proof, places, send, poll);
	}
}

/* One that is not ok may have seen what was not committed, but not its own sends; one that
 * failed has no place. */
static bool
poll_holds(const struct kafka_proof *proof, const uint32_t *places,
	   const struct kafka_claim *claim, uint32_t poll)
{
	enum op_type type = proof->history->ops.items[poll].type;
	struct senders senders = {0};

	for (size_t i = claim->first; i < proof->claims.count; i++) {
		const struct kafka_claim *of = &proof->claims.items[proof->by_value[i]];
		if (of->first != claim->first || senders.is_right)
			break;
		look_at_sends(proof, places, of, poll, &senders);
	}
	if (type == OP_FAIL)
		return senders.is_sent || !senders.is_own;
	return senders.is_right ||
	       (type == OP_INFO && !senders.is_sent && !senders.is_own);
}

static bool
polls_of_hold(const struct kafka_reader *reader, const uint32_t *places)
{
	const struct kafka_proof *proof = reader->proof;

	for (size_t i = 0; i < reader->sights.count; i++)
		if (reader->sights.items[i].is_poll &&
		    !poll_holds(proof, places, &proof->claims.items[reader->claims[i]],
				reader->sights.items[i].op))
			return false;
	return true;
}

static bool
polls_hold(const struct kafka_proof *proof, const uint32_t *places)
{
	struct kafka_reader reader = {.proof = proof};
	bool hold = true;

	for (uint32_t i = 0; i < proof->history->ops.count && hold; i++) {
		kafka_reader_read(&reader, i);
		hold = !budget_ends_at(proof->budget, i) &&
		       polls_of_hold(&reader, places);
	}
	kafka_reader_release(&reader);
	return hold;
}

/* Who sent the value of the claim: the last that was acknowledged, else the first that did
 * not fail. */
static uint32_t
sender_of(const struct kafka_proof *proof, const struct kafka_claim *claim)
{
	const struct op *ops = proof->history->ops.items;
	uint32_t acked = OP_NEVER, first = OP_NEVER;
	size_t end = claim->first + kafka_proof_count(proof, claim->first);

	for (size_t at = claim->first; at < end; at++) {
		uint32_t i = proof->claims.items[proof->by_value[at]].send;
		for (; i != KAFKA_NOBODY; i = proof->sends.items[i].next) {
			uint32_t op = proof->sends.items[i].op;
			if (ops[op].type == OP_OK && (acked == OP_NEVER || op > acked))
				acked = op;
			if (ops[op].type != OP_FAIL && op < first)
				first = op;
		}
	}
	return acked != OP_NEVER ? acked : first;
}

/* Senders stand in the order of their offsets. */
static bool
sends_hold(const struct kafka_proof *proof, const uint32_t *places)
{
	const struct kafka_claim *before = NULL;
	uint32_t a = OP_NEVER;

	for (size_t i = 0; i < proof->placed; i++) {
		const struct kafka_claim *claim =
			&proof->claims.items[proof->by_offset[i]];
		uint32_t b = sender_of(proof, claim);
		if (b == OP_NEVER)
			continue;
		if (a != OP_NEVER && places[a] > places[b] &&
		    val_equal(proof->values, before->partition, claim->partition))
			return false;
		before = claim;
		a = b;
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

/* An anomaly, and what the operations saw that it names. */
struct listing {
	const struct kafka_proof *proof;
	const struct anomaly *anomaly;
	kafka_sights sights;
};

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
find_step(void *context, const struct kafka_step *step)
{
	struct step_search *search = context;

	search->is_found |=
		strcmp(step->name, search->anomaly->name) == 0 &&
		is_listed(search->anomaly, step->from) &&
		is_listed(search->anomaly, step->to) &&
		val_equal(search->proof->values, step->partition, search->anomaly->key);
}

static bool
shows_step(const struct kafka_proof *proof, const struct anomaly *anomaly)
{
	struct step_search search = {.proof = proof, .anomaly = anomaly};

	kafka_proof_steps(proof, find_step, &search);
	return search.is_found;
}

/* What a listed operation saw is of the anomaly's partition, and of its value. */
static bool
is_of_partition(const struct kafka_proof *proof, const struct anomaly *anomaly,
		const struct kafka_sight *sight)
{
	return val_equal(proof->values, sight->partition, anomaly->key);
}

static bool
is_of_value(const struct kafka_proof *proof, const struct anomaly *anomaly,
	    const struct kafka_sight *sight)
{
	return is_of_partition(proof, anomaly, sight) &&
	       val_equal(proof->values, sight->value, anomaly->subject);
}

/* The claims about the anomaly's value. */
static struct kafka_facts
facts_of(const struct kafka_proof *proof, const struct anomaly *anomaly)
{
	size_t count;
	size_t first = kafka_proof_find(proof, anomaly->key, anomaly->subject, &count);

	return kafka_proof_facts(proof, first, count);
}

/* Some sight of the anomaly's value by a listed operation, a poll where that is wanted. */
static bool
is_seen(const struct listing *listing, bool by_poll)
{
	vec_each (const struct kafka_sight, sight, &listing->sights)
		if (sight->is_poll == by_poll &&
		    is_of_value(listing->proof, listing->anomaly, sight))
			return true;
	return false;
}

/* The anomaly's value was told at this offset. */
static bool
is_told_at(const struct listing *listing, int64_t offset)
{
	const struct kafka_proof *proof = listing->proof;
	size_t count, first = kafka_proof_find(proof, listing->anomaly->key,
					       listing->anomaly->subject, &count);

	for (size_t i = first; i < first + count; i++)
		if (proof->claims.items[proof->by_value[i]].offset == offset)
			return true;
	return false;
}

/* A listed operation saw another value at an offset of this one. */
static bool
shows_inconsistent(const struct listing *listing)
{
	vec_each (const struct kafka_sight, sight, &listing->sights)
		if (sight->offset != KAFKA_NO_OFFSET &&
		    is_of_partition(listing->proof, listing->anomaly, sight) &&
		    !is_of_value(listing->proof, listing->anomaly, sight) &&
		    is_told_at(listing, sight->offset))
			return true;
	return false;
}

/* A listed operation polled a higher offset of the partition. */
static bool
is_overtaken(const struct listing *listing, int64_t offset)
{
	const struct op *ops = listing->proof->history->ops.items;

	vec_each (const struct kafka_sight, sight, &listing->sights)
		if (sight->is_poll && sight->offset > offset &&
		    ops[sight->op].type == OP_OK &&
		    is_of_partition(listing->proof, listing->anomaly, sight))
			return true;
	return false;
}

/* The sender polled it as well. */
static bool
shows_precommitted(const struct listing *listing)
{
	vec_each (const struct kafka_sight, a, &listing->sights)
		vec_each (const struct kafka_sight, b, &listing->sights)
			if (a->op == b->op && a->is_poll && !b->is_poll &&
			    is_of_value(listing->proof, listing->anomaly, a) &&
			    is_of_value(listing->proof, listing->anomaly, b))
				return true;
	return false;
}

/* Somebody's send of the value, and that nobody polled it though all polls are known. */
static bool
shows_loss(const struct listing *listing, const struct kafka_facts *facts)
{
	return is_seen(listing, false) && facts->is_acked && !facts->is_polled &&
	       facts->lowest != KAFKA_NO_OFFSET && !listing->proof->has_unknown_polls &&
	       is_overtaken(listing, facts->lowest);
}

/* A listed poll of what had not been sent, as the name says. */
static bool
shows_stranger(const struct listing *listing, const struct kafka_facts *facts)
{
	const char *name = listing->anomaly->name;

	if (!is_seen(listing, true))
		return false;
	if (strcmp(name, "G1a") == 0)
		return !facts->is_sent && facts->is_failed && facts->is_read;
	return strcmp(name, "unsent") == 0 && !facts->is_sent && !facts->is_failed;
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

/* What is not a circle. */
static bool
is_shown(const struct listing *listing)
{
	struct kafka_facts facts = facts_of(listing->proof, listing->anomaly);
	const char *name = listing->anomaly->name;

	if (strcmp(name, "inconsistent-offsets") == 0)
		return shows_inconsistent(listing);
	if (strcmp(name, "duplicate") == 0)
		return facts.lowest != facts.highest &&
		       (is_seen(listing, true) || is_seen(listing, false));
	if (strcmp(name, "lost-write") == 0)
		return shows_loss(listing, &facts);
	if (strcmp(name, "precommitted-read") == 0)
		return shows_precommitted(listing);
	return shows_stranger(listing, &facts) ||
	       shows_step(listing->proof, listing->anomaly);
}

static bool
certify_anomaly(const struct kafka_proof *proof, const struct check_options *options,
		const struct anomaly *anomaly)
{
	struct listing listing = {.proof = proof, .anomaly = anomaly};

	if (strncmp(anomaly->name, "G0", 2) == 0 || strncmp(anomaly->name, "G1c", 3) == 0)
		return shows_circle(proof, options, anomaly);
	vec_each (uint32_t, op, &anomaly->ops)
		kafka_read_op(proof->history, *op, &listing.sights);
	bool holds = is_shown(&listing);
	vec_release(&listing.sights);
	return holds;
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
