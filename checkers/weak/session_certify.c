#include "checkers/weak/session_certify.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- orders of versions ---------------------------------------------------------------
 */

/* In the session's order; 0 is before all. */
static uint64_t
place_of(const struct session_proof *proof, uint32_t write)
{
	if (proof->head[write] != 0)
		return proof->head[write];
	return (uint64_t)proof->weak->count + proof->age[write];
}

static bool
is_behind(const struct session_proof *proof, uint32_t older, uint32_t write)
{
	return place_of(proof, older) < place_of(proof, write) ||
	       err_set(proof->err, "write %u is placed too early",
		       proof->weak->op[write]);
}

/* It is behind the write of its session to its key before it and, for causes, behind what
 * the session read of the key since. */
static bool
is_behind_older(const struct session_proof *proof, uint32_t write)
{
	const struct weak *weak = proof->weak;

	for (uint32_t i = proof->earlier[write]; i != 0; i = proof->earlier[i - 1]) {
		uint32_t source = weak->source[i - 1];
		bool is_write = source == i - 1;
		bool counts = is_write || (proof->asks_causes && source != WEAK_INITIAL);
		if (counts && !is_behind(proof, source, write))
			return false;
		if (is_write)
			break;
	}
	return true;
}

/* Gives the writes their places, in the head or in the common order. */
static bool
place(const struct session_proof *proof, uint32_t *places, const uint32_t *ids,
      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = ids[i];
		if (v >= proof->weak->count || !weak_is_write(proof->weak, v))
			return err_set(proof->err, "an order of versions has no version");
		if (places[v] != 0)
			return err_set(proof->err, "an operation stands twice");
		places[v] = i + 1;
	}
	return true;
}

static bool
is_common_order(const struct session_proof *proof, const uint32_t *ids, uint32_t count)
{
	const struct weak *weak = proof->weak;

	if (!place(proof, proof->age, ids, count))
		return false;
	for (uint32_t v = 0; v < weak->count; v++) {
		if (!weak_is_write(weak, v))
			continue;
		if (proof->age[v] == 0)
			return err_set(proof->err, "operation %u is missing",
				       weak->op[v]);
		if (!is_behind_older(proof, v))
			return false;
	}
	return true;
}

static void
link_earlier(struct session_proof *proof)
{
	const struct weak *weak = proof->weak;
	uint32_t *last = mem_new((size_t)weak->key_count + 1, sizeof(*last)); /* id + 1 */

	for (uint32_t v = 0; v < weak->count; v++) {
		uint32_t *of_key = &last[weak->key[v]];
		if (*of_key > weak->start[weak->session[v]])
			proof->earlier[v] = *of_key;
		*of_key = v + 1;
	}
	free(last);
}

bool
session_proof_init(struct session_proof *proof, enum weak_model model,
		   const struct weak *weak, const uint32_t *ids, uint32_t count,
		   struct err *err)
{
	bool all = model == WEAK_SESSION;

	*proof = (struct session_proof){
		.weak = weak,
		.err = err,
		.asks_own = all || model == WEAK_READ_YOUR_WRITES,
		.asks_reads = all || model == WEAK_MONOTONIC_READS,
		.asks_writers = all || model == WEAK_MONOTONIC_WRITES,
		.asks_causes = all || model == WEAK_WRITES_FOLLOW_READS};
	proof->age = mem_new((size_t)weak->count + 1, sizeof(*proof->age));
	proof->head = mem_new((size_t)weak->count + 1, sizeof(*proof->head));
	proof->earlier = mem_new((size_t)weak->count + 1, sizeof(*proof->earlier));
	proof->floor = mem_new((size_t)weak->key_count + 1, sizeof(*proof->floor));
	proof->walked = mem_new((size_t)weak->session_count + 1, sizeof(*proof->walked));
	link_earlier(proof);
	return is_common_order(proof, ids, count);
}

void
session_proof_release(struct session_proof *proof)
{
	free(proof->age);
	free(proof->head);
	free(proof->earlier);
	free(proof->floor);
	free(proof->walked);
	vec_release(&proof->raised);
}

/* ---- what a session read: versions are known, so watermarks are enough ---------------- */

static void
raise_floor(struct session_proof *proof, uint32_t write)
{
	uint32_t key = proof->weak->key[write];
	uint64_t place = place_of(proof, write);

	if (proof->floor[key] == 0)
		vec_push(&proof->raised, key);
	if (place > proof->floor[key])
		proof->floor[key] = place;
}

static void
raise_by_writer(struct session_proof *proof, uint32_t write)
{
	const struct weak *weak = proof->weak;
	uint32_t s = weak->session[write];

	for (; weak->start[s] + proof->walked[s] < write; proof->walked[s]++) {
		uint32_t v = weak->start[s] + proof->walked[s], source = weak->source[v];
		bool asks = source == v ? proof->asks_writers : proof->asks_causes;
		if (asks && source != WEAK_INITIAL)
			raise_floor(proof, source);
	}
}

static bool
are_reads_new_enough(struct session_proof *proof, uint32_t session)
{
	const struct weak *weak = proof->weak;

	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++) {
		uint32_t source = weak->source[v];
		uint64_t version = source == WEAK_INITIAL ? 0 : place_of(proof, source);
		if (source != v && version < proof->floor[weak->key[v]])
			return err_set(proof->err, "read %u is too old", weak->op[v]);
		if (source == WEAK_INITIAL)
			continue;
		if (source == v ? proof->asks_own : proof->asks_reads)
			raise_floor(proof, source);
		if (source != v && (proof->asks_writers || proof->asks_causes))
			raise_by_writer(proof, source);
	}
	return true;
}

/* What was noted of the session. */
static void
forget(struct session_proof *proof, uint32_t session, const uint32_t *head,
       uint32_t count)
{
	const struct weak *weak = proof->weak;

	for (uint32_t i = 0; i < count; i++)
		if (head[i] < weak->count)
			proof->head[head[i]] = 0;
	vec_each (uint32_t, key, &proof->raised)
		proof->floor[*key] = 0;
	vec_clear(&proof->raised);
	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++)
		if (weak->source[v] != WEAK_INITIAL)
			proof->walked[weak->session[weak->source[v]]] = 0;
}

bool
session_proof_holds(struct session_proof *proof, uint32_t session, const uint32_t *head,
		    uint32_t count)
{
	bool holds = place(proof, proof->head, head, count);

	for (uint32_t i = 0; i < count && holds; i++)
		holds = is_behind_older(proof, head[i]);
	holds = holds && are_reads_new_enough(proof, session);
	forget(proof, session, head, count);
	return holds;
}
