#include "checkers/weak/views_certify.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- the common order -----------------------------------------------------------------
 */

static bool
place_all(struct views_proof *proof, uint32_t count)
{
	const struct weak *weak = proof->weak;

	memset(proof->place, 0xff, weak->count * sizeof(*proof->place));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = proof->ids[i];
		if (v >= weak->count || proof->place[v] != UINT32_MAX)
			return err_set(proof->err, "an operation stands twice");
		proof->place[v] = i;
	}
	return count == weak->count ||
	       err_set(proof->err, "an operation is missing in the common order");
}

static bool
respects_causes(const struct views_proof *proof)
{
	const struct weak *weak = proof->weak;

	for (uint32_t v = 0; v < weak->count; v++) {
		uint32_t source = weak->source[v], place = proof->place[v];
		bool is_late =
			v == weak->start[weak->session[v]] || proof->place[v - 1] < place;
		if (proof->is_causal && source != WEAK_INITIAL && source != v)
			is_late = is_late && proof->place[source] < place;
		if (!is_late)
			return err_set(proof->err, "operation %u stands too early",
				       weak->op[v]);
	}
	return true;
}

/* From the last to the first. */
static void
link_writes(struct views_proof *proof)
{
	const struct weak *weak = proof->weak;

	for (uint32_t k = 0; k < weak->key_count; k++)
		proof->first[k] = weak->count;
	for (uint32_t i = weak->count; i-- > 0;) {
		uint32_t v = proof->ids[i];
		if (!weak_is_write(weak, v))
			continue;
		proof->next_write[v] = proof->first[weak->key[v]];
		proof->first[weak->key[v]] = i;
	}
	for (uint32_t i = 0; i < weak->count; i++)
		proof->writes[i + 1] =
			proof->writes[i] + weak_is_write(weak, proof->ids[i]);
}

bool
views_proof_init(struct views_proof *proof, bool is_causal, const struct weak *weak,
		 const uint32_t *ids, uint32_t count, struct err *err)
{
	size_t room = (size_t)weak->count + 1;

	*proof = (struct views_proof){
		.weak = weak, .err = err, .is_causal = is_causal, .ids = ids};
	proof->place = mem_new(room, sizeof(*proof->place));
	proof->next_write = mem_new(room, sizeof(*proof->next_write));
	proof->first = mem_new((size_t)weak->key_count + 1, sizeof(*proof->first));
	proof->writes = mem_new(room, sizeof(*proof->writes));
	proof->rank = mem_new(room, sizeof(*proof->rank));
	proof->latest = mem_new((size_t)weak->session_count + 1, sizeof(*proof->latest));
	proof->last = mem_new((size_t)weak->key_count + 1, sizeof(*proof->last));
	if (!place_all(proof, count) || !respects_causes(proof))
		return false;
	link_writes(proof);
	return true;
}

void
views_proof_release(struct views_proof *proof)
{
	free(proof->place);
	free(proof->next_write);
	free(proof->first);
	free(proof->writes);
	free(proof->rank);
	free(proof->latest);
	free(proof->last);
}

/* ---- a piece --------------------------------------------------------------------------
 */

static uint32_t
count_reads(const struct weak *weak, uint32_t session)
{
	uint32_t count = 0;

	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++)
		count += !weak_is_write(weak, v);
	return count;
}

/* Each operation once, all writes of the piece and all reads of the session; sets where
 * the piece ends. */
static bool
is_complete(struct views_proof *proof, const struct weak_order *order, uint32_t *end)
{
	const struct weak *weak = proof->weak;
	uint32_t writes = 0;

	*end = order->rest_first;
	for (uint32_t i = 0; i < order->count; i++) {
		uint32_t v = order->ids[i];
		if (v >= weak->count || proof->rank[v] != 0 ||
		    proof->place[v] < order->rest_first ||
		    (!weak_is_write(weak, v) && weak->session[v] != order->session))
			return err_set(proof->err, "an operation of a view does not "
						   "belong there, or stands twice");
		proof->rank[v] = i + 1;
		writes += weak_is_write(weak, v);
		*end = proof->place[v] + 1 > *end ? proof->place[v] + 1 : *end;
	}
	return (writes == proof->writes[*end] - proof->writes[order->rest_first] &&
		order->count - writes == count_reads(weak, order->session)) ||
	       err_set(proof->err, "an operation is missing in a view");
}

/* Within the piece: behind what stands before it in its session, and (causal) behind what
 * its session had read. */
static bool
is_in_order(struct views_proof *proof, uint32_t from, uint32_t to)
{
	const struct weak *weak = proof->weak;

	for (uint32_t i = from; i < to; i++) {
		uint32_t v = proof->ids[i], source = weak->source[v];
		uint32_t *latest = &proof->latest[weak->session[v]];
		if (proof->is_causal && source != WEAK_INITIAL && source != v &&
		    proof->rank[source] > *latest)
			*latest = proof->rank[source];
		if (proof->rank[v] == 0)
			continue;
		if (proof->rank[v] <= *latest)
			return err_set(proof->err, "operation %u stands too early",
				       weak->op[v]);
		*latest = proof->rank[v];
	}
	return true;
}

/* The last write of the key before the piece is what the read returned. */
static bool
was_before(const struct views_proof *proof, uint32_t read, uint32_t from)
{
	uint32_t source = proof->weak->source[read];

	if (source == WEAK_INITIAL)
		return proof->first[proof->weak->key[read]] >= from;
	return proof->place[source] < from && proof->next_write[source] >= from;
}

static bool
is_legal(struct views_proof *proof, const struct weak_order *order)
{
	const struct weak *weak = proof->weak;

	for (uint32_t i = 0; i < order->count; i++) {
		uint32_t v = order->ids[i], *last = &proof->last[weak->key[v]];
		bool is_right = *last != 0 ? *last - 1 == weak->source[v]
					   : was_before(proof, v, order->rest_first);
		if (weak_is_write(weak, v))
			*last = v + 1;
		else if (!is_right)
			return err_set(proof->err, "read %u returns what it cannot",
				       weak->op[v]);
	}
	return true;
}

static void
forget(struct views_proof *proof, const struct weak_order *order, uint32_t end)
{
	const struct weak *weak = proof->weak;

	for (uint32_t i = order->rest_first; i < end; i++)
		proof->latest[weak->session[proof->ids[i]]] = 0;
	for (uint32_t i = 0; i < order->count; i++)
		if (order->ids[i] < weak->count) {
			proof->rank[order->ids[i]] = 0;
			proof->last[weak->key[order->ids[i]]] = 0;
		}
}

bool
views_proof_holds(struct views_proof *proof, const struct weak_order *order)
{
	uint32_t end;

	if (order->rest_first > proof->weak->count ||
	    order->session >= proof->weak->session_count)
		return err_set(proof->err, "a view is of nobody, or begins nowhere");
	bool holds = is_complete(proof, order, &end) &&
		     is_in_order(proof, order->rest_first, end) && is_legal(proof, order);
	forget(proof, order, end);
	return holds;
}
