#include "checkers/weak/weak_certify.h"

#include "base/assert.h"
#include "checkers/weak/causal_certify.h"
#include "checkers/weak/session_certify.h"
#include "checkers/weak/views_certify.h"

#include <string.h>

#define NOWHERE UINT32_MAX

enum {
	CLOCKS_BYTES_MAX = 1 << 28 /* of a proof: more are done without clocks */
};

struct proof {
	enum weak_model model;
	const struct weak *weak;
	const struct weak_order *order;
	uint32_t *place; /* owned, by id: place in the order, or NOWHERE */
	struct err *err;
};

/* The order must have each operation that `is_member` says once, and no other. */
static bool
is_member(const struct proof *proof, uint32_t v)
{
	if (weak_is_write(proof->weak, v) || proof->order->session == WEAK_EVERYONE)
		return true;
	return proof->model < WEAK_READ_YOUR_WRITES &&
	       proof->weak->session[v] == proof->order->session;
}

static bool
place_all(struct proof *proof)
{
	const struct weak *weak = proof->weak;

	memset(proof->place, 0xff, weak->count * sizeof(*proof->place));
	for (uint32_t i = 0; i < proof->order->count; i++) {
		uint32_t v = proof->order->ids[i];
		if (v >= weak->count || proof->place[v] != NOWHERE)
			return err_set(proof->err, "an operation stands twice");
		proof->place[v] = i;
	}
	for (uint32_t v = 0; v < weak->count; v++)
		if ((proof->place[v] != NOWHERE) != is_member(proof, v))
			return err_set(proof->err,
				       "operation %u is missing or does not belong there",
				       weak->op[v]);
	return true;
}

/* Every operation stands behind those before it in its session and (causal) behind what
 * its session had read. A session's running maximum is enough. */
static bool
respects_sessions(const struct proof *proof, bool is_causal)
{
	const struct weak *weak = proof->weak;

	for (uint32_t s = 0; s < weak->session_count; s++) {
		uint32_t latest = 0; /* place + 1 */
		for (uint32_t v = weak->start[s]; v < weak->start[s + 1]; v++) {
			uint32_t source = weak->source[v];
			if (is_causal && source != WEAK_INITIAL && source != v &&
			    proof->place[source] + 1 > latest)
				latest = proof->place[source] + 1;
			if (proof->place[v] == NOWHERE)
				continue;
			if (proof->place[v] + 1 <= latest)
				return err_set(proof->err,
					       "operation %u stands too early",
					       weak->op[v]);
			latest = proof->place[v] + 1;
		}
	}
	return true;
}

static bool
is_legal(const struct proof *proof)
{
	const struct weak *weak = proof->weak;
	uint32_t *last = mem_new((size_t)weak->key_count + 1, sizeof(*last));
	bool legal = true;

	memset(last, 0xff, weak->key_count * sizeof(*last)); /* WEAK_INITIAL */
	for (uint32_t i = 0; i < proof->order->count && legal; i++) {
		uint32_t v = proof->order->ids[i];
		if (weak_is_write(weak, v))
			last[weak->key[v]] = v;
		else if (last[weak->key[v]] != weak->source[v])
			legal = err_set(proof->err, "read %u returns what it cannot",
					weak->op[v]);
	}
	free(last);
	return legal;
}

/* Of the writes in the read's causal past none follows its source: in the order
 * (convergence) or causally (CC). */
static bool
is_read_causal(const struct proof *proof, const struct weak_clocks *clocks, uint32_t read)
{
	const struct weak *weak = proof->weak;
	uint32_t key = weak->key[read], source = weak->source[read];

	for (uint32_t run = weak->key_runs[key]; run < weak->key_runs[key + 1]; run++) {
		uint32_t s = weak_run_session(weak, run);
		uint32_t end = weak->start[s] + weak_clock(clocks, read)[s];
		uint32_t last = weak_last_below(weak, run, end);
		if (last == WEAK_INITIAL || last == source)
			continue;
		bool follows = source == WEAK_INITIAL ||
			       (proof->model == WEAK_CCV
					? proof->place[last] > proof->place[source]
					: weak_is_before(weak, clocks, source, last));
		if (follows)
			return err_set(proof->err, "read %u returns what was replaced",
				       weak->op[read]);
	}
	return true;
}

static bool
are_reads_causal(const struct proof *proof)
{
	const struct weak *weak = proof->weak;
	struct weak_clocks clocks;
	bool ok = true;

	if (!weak_suits_clocks(weak, CLOCKS_BYTES_MAX))
		return causal_certify_reads(proof->model, weak, proof->order->ids,
					    proof->place, proof->err);
	weak_clocks_init(&clocks, weak, SIZE_MAX);
	for (uint32_t v = 0; v < weak->count && ok; v++)
		if (!weak_is_write(weak, v))
			ok = is_read_causal(proof, &clocks, v);
	weak_clocks_release(&clocks);
	return ok;
}

/* The session's own order, for once, is the common one. */
static bool
explains_session(const struct proof *proof)
{
	const struct weak_order *order = proof->order;
	struct session_proof session;

	bool ok = session_proof_init(&session, proof->model, proof->weak, order->ids,
				     order->count, proof->err) &&
		  session_proof_holds(&session, order->session, NULL, 0);
	session_proof_release(&session);
	return ok;
}

static bool
holds(const struct proof *proof)
{
	switch (proof->model) {
	case WEAK_SEQUENTIAL:
	case WEAK_PRAM:
		return respects_sessions(proof, false) && is_legal(proof);
	case WEAK_CM:
		return respects_sessions(proof, true) && is_legal(proof);
	case WEAK_CC:
	case WEAK_CCV:
		return respects_sessions(proof, true) && are_reads_causal(proof);
	default:
		return explains_session(proof);
	}
}

bool
weak_certify_order(enum weak_model model, const struct weak *weak,
		   const struct weak_order *order, struct err *err)
{
	struct proof proof = {model, weak, order, NULL, err};

	proof.place = mem_new((size_t)weak->count + 1, sizeof(*proof.place));
	bool ok = place_all(&proof) && holds(&proof);
	free(proof.place);
	return ok;
}

/* ---- sequences that were kept ---------------------------------------------------------
 */

/* By operation of the history: its id + 1; 0: it has none. */
static uint32_t *
ids_of(const struct weak *weak)
{
	uint32_t *ids = mem_new(weak->history->ops.count + 1, sizeof(*ids));

	for (uint32_t v = 0; v < weak->count; v++)
		ids[weak->op[v]] = v + 1;
	return ids;
}

static bool
certify_kept(enum weak_model model, const struct weak *weak, const struct order *kept,
	     uint32_t session, const uint32_t *ids, struct err *err)
{
	uint32_t *sequence = mem_new(kept->count + 1, sizeof(*sequence));
	struct weak_order order = {
		.session = session, .ids = sequence, .count = (uint32_t)kept->count};
	bool ok = kept->count <= weak->count;

	for (size_t i = 0; i < kept->count && ok; i++) {
		uint32_t op = kept->ops[i];
		ok = op < weak->history->ops.count && ids[op] != 0;
		sequence[i] = ok ? ids[op] - 1 : 0;
	}
	if (ok)
		ok = weak_certify_order(model, weak, &order, err);
	else
		err_set(err, "a sequence has operations that do not belong there");
	free(sequence);
	return ok;
}

bool
weak_certify_kept(enum weak_model model, const struct weak *weak,
		  const struct check_result *result, struct err *err)
{
	bool is_for_all = model <= WEAK_CCV;
	size_t count = is_for_all ? 1 : weak->session_count;
	uint32_t *ids = ids_of(weak);
	bool ok = result->orders.count == count;

	if (!ok)
		err_set(err, "there is no sequence for some session");
	for (uint32_t s = 0; s < count && ok; s++)
		ok = certify_kept(model, weak, &result->orders.items[s],
				  is_for_all ? WEAK_EVERYONE : s, ids, err);
	free(ids);
	return ok;
}

/* ---- sequences that are made again ----------------------------------------------------
 */

/* What weak_certify_valid counts. */
struct taken {
	enum weak_model model;
	const struct weak *weak;
	struct err *err;
	uint32_t everyone, next_session;
	bool ok;
	struct session_proof versions; /* of short orders; age NULL: there was none yet */
	struct views_proof views;      /* the same; place NULL */
};

/* What is a session's own, with the order that all share. */
static bool
take_short(struct taken *taken, const struct weak_order *order)
{
	if (taken->model < WEAK_READ_YOUR_WRITES)
		return (taken->views.place != NULL ||
			views_proof_init(&taken->views, taken->model == WEAK_CM,
					 taken->weak, order->rest, order->rest_count,
					 taken->err)) &&
		       views_proof_holds(&taken->views, order);
	return (taken->versions.age != NULL ||
		session_proof_init(&taken->versions, taken->model, taken->weak,
				   order->rest, order->rest_count, taken->err)) &&
	       session_proof_holds(&taken->versions, order->session, order->ids,
				   order->count);
}

static void
take(void *context, const struct weak_order *order)
{
	struct taken *taken = context;

	if (order->session == WEAK_EVERYONE)
		taken->everyone++;
	else if (order->session == taken->next_session)
		taken->next_session++;
	if (taken->ok && order->rest != NULL)
		taken->ok = take_short(taken, order);
	else if (taken->ok)
		taken->ok =
			weak_certify_order(taken->model, taken->weak, order, taken->err);
}

bool
weak_certify_valid(enum weak_model model, const struct weak *weak,
		   const struct budget *budget, struct err *err)
{
	struct taken taken = {.model = model, .weak = weak, .err = err, .ok = true};
	const struct weak_taker taker = {take, &taken, .takes_short = true};
	struct weak_limits limits = {.budget = *budget, .taker = &taker};
	struct weak_answer answer;

	weak_decide(model, weak, &limits, &answer);
	session_proof_release(&taken.versions);
	views_proof_release(&taken.views);
	if (!taken.ok)
		return false;
	if (answer.verdict == VERDICT_UNKNOWN)
		return err_set(err, "no time was left to prove it again");
	if (answer.verdict != VERDICT_VALID ||
	    (model <= WEAK_CCV ? taken.everyone != 1
			       : taken.next_session != weak->session_count))
		return err_set(err,
			       "the sequences that prove it could not be made again");
	return true;
}
