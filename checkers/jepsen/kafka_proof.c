#include "checkers/jepsen/kafka_proof.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/budget.h"

#include <stdlib.h>

/* ---- claims --------------------------------------------------------------------------- */

/* While claims are gathered: where each is, by its hash. */
struct gathering {
	struct kafka_proof *proof;
	uint32_t *slots; /* owned: a claim + 1; 0: empty */
	size_t slot_count;
};

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

static uint64_t
hash_value(const struct values *values, val v)
{
	return val_is_plain(v) ? v : val_hash(values, v);
}

static bool
is_same(const struct values *values, val a, val b)
{
	return a == b ||
	       (!val_is_plain(a) && !val_is_plain(b) && val_equal(values, a, b));
}

/* Where the claim is or would be. */
static uint32_t *
slot_of(const struct gathering *gathering, int64_t offset, val partition, val value)
{
	const struct kafka_proof *proof = gathering->proof;
	uint64_t hash = mix(mix(hash_value(proof->values, partition), (uint64_t)offset),
			    hash_value(proof->values, value));

	for (;; hash++) {
		uint32_t *slot = &gathering->slots[hash & (gathering->slot_count - 1)];
		if (*slot == 0)
			return slot;
		const struct kafka_claim *claim = &proof->claims.items[*slot - 1];
		if (claim->offset == offset &&
		    is_same(proof->values, claim->value, value) &&
		    is_same(proof->values, claim->partition, partition))
			return slot;
	}
}

static void
grow(struct gathering *gathering)
{
	const struct kafka_proof *proof = gathering->proof;

	free(gathering->slots);
	gathering->slot_count =
		gathering->slot_count > 0 ? gathering->slot_count * 2 : 64;
	gathering->slots = mem_new(gathering->slot_count, sizeof(*gathering->slots));
	for (uint32_t i = 0; i < proof->claims.count; i++) {
		const struct kafka_claim *claim = &proof->claims.items[i];
		*slot_of(gathering, claim->offset, claim->partition, claim->value) =
			i + 1;
	}
}

static uint32_t
claim_of(struct gathering *gathering, const struct kafka_sight *sight)
{
	struct kafka_proof *proof = gathering->proof;

	if (proof->claims.count * 2 >= gathering->slot_count)
		grow(gathering);
	uint32_t *slot =
		slot_of(gathering, sight->offset, sight->partition, sight->value);
	if (*slot == 0) {
		vec_push(&proof->claims,
			 (struct kafka_claim){.offset = sight->offset,
					      .partition = sight->partition,
					      .value = sight->value,
					      .send = KAFKA_NOBODY});
		*slot = (uint32_t)proof->claims.count;
	}
	return *slot - 1;
}

static void
note(struct gathering *gathering, const struct kafka_sight *sight)
{
	struct kafka_proof *proof = gathering->proof;
	enum op_type type = proof->history->ops.items[sight->op].type;
	uint32_t id = claim_of(gathering, sight);
	struct kafka_claim *claim = &proof->claims.items[id];

	vec_push(&proof->told, id);
	claim->is_polled |= sight->is_poll;
	claim->is_read |= sight->is_poll && type == OP_OK;
	claim->is_sent |= !sight->is_poll && type != OP_FAIL;
	claim->is_failed |= !sight->is_poll && type == OP_FAIL;
	claim->is_acked |= !sight->is_poll && type == OP_OK;
	if (sight->is_poll)
		return;
	vec_push(&proof->sends, (struct kafka_send){sight->op, claim->send});
	claim->send = (uint32_t)proof->sends.count - 1;
}

static void
gather(struct kafka_proof *proof)
{
	struct gathering gathering = {.proof = proof};
	const struct history *history = proof->history;
	kafka_sights sights = {0};

	for (uint32_t i = 0; i < history->ops.count && !budget_ends_at(proof->budget, i);
	     i++) {
		const struct op *op = &history->ops.items[i];
		vec_clear(&sights);
		proof->has_unknown_polls |= kafka_hides_polls(history, op);
		if (kafka_is_client(op))
			kafka_read_op(history, i, &sights);
		vec_each (struct kafka_sight, sight, &sights)
			note(&gathering, sight);
	}
	vec_release(&sights);
	free(gathering.slots);
}

/* ---- sorted claims -------------------------------------------------------------------- */

/* Some order of all values in which equal ones are together: plain words are compared as
 * they are. */
static int
compare(const struct values *values, val a, val b)
{
	bool is_plain = val_is_plain(a);

	if (is_plain != val_is_plain(b))
		return is_plain ? -1 : 1;
	return is_plain ? (a < b ? -1 : a > b) : val_compare(values, a, b);
}

static int
compare_offsets(const struct kafka_claim *x, const struct kafka_claim *y)
{
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
compare_values(const struct values *values, const struct kafka_claim *x,
	       const struct kafka_claim *y)
{
	int order = compare(values, x->partition, y->partition);

	return order != 0 ? order : compare(values, x->value, y->value);
}

static int
by_value(const void *a, const void *b, void *context)
{
	const struct kafka_proof *proof = context;
	const struct kafka_claim *x = &proof->claims.items[*(const uint32_t *)a];
	const struct kafka_claim *y = &proof->claims.items[*(const uint32_t *)b];
	int order = compare_values(proof->values, x, y);

	return order != 0 ? order : compare_offsets(x, y);
}

static int
by_offset(const void *a, const void *b, void *context)
{
	const struct kafka_proof *proof = context;
	const struct kafka_claim *x = &proof->claims.items[*(const uint32_t *)a];
	const struct kafka_claim *y = &proof->claims.items[*(const uint32_t *)b];
	int order = compare(proof->values, x->partition, y->partition);

	return order != 0 ? order : compare_offsets(x, y);
}

static void
sort_by_value(struct kafka_proof *proof)
{
	size_t count = proof->claims.count;

	for (uint32_t i = 0; i < count; i++)
		proof->by_value[i] = i;
	qsort_r(proof->by_value, count, sizeof(uint32_t), by_value, proof);
	for (size_t first = 0, next; first < count; first = next) {
		next = first + kafka_proof_count(proof, first);
		for (size_t i = first; i < next; i++)
			proof->claims.items[proof->by_value[i]].first = (uint32_t)first;
	}
}

static void
sort_by_offset(struct kafka_proof *proof)
{
	uint32_t rank = 0;

	for (uint32_t i = 0; i < proof->claims.count; i++)
		if (proof->claims.items[i].offset != KAFKA_NO_OFFSET)
			proof->by_offset[proof->placed++] = i;
	qsort_r(proof->by_offset, proof->placed, sizeof(uint32_t), by_offset, proof);
	for (size_t i = 0; i < proof->placed; i++) {
		const uint32_t *here = &proof->by_offset[i];
		rank += i > 0 && by_offset(here - 1, here, proof) != 0;
		proof->claims.items[*here].rank = rank;
	}
}

void
kafka_proof_init(struct kafka_proof *proof, const struct history *history,
		 const struct budget *budget)
{
	*proof = (struct kafka_proof){
		.history = history, .values = &history->values, .budget = budget};
	gather(proof);
	proof->by_value = mem_new(proof->claims.count + 1, sizeof(uint32_t));
	proof->by_offset = mem_new(proof->claims.count + 1, sizeof(uint32_t));
	if (!budget_is_over(budget))
		sort_by_value(proof);
	if (!budget_is_over(budget))
		sort_by_offset(proof);
}

void
kafka_proof_release(struct kafka_proof *proof)
{
	vec_release(&proof->claims);
	vec_release(&proof->sends);
	vec_release(&proof->told);
	free(proof->by_value);
	free(proof->by_offset);
}

/* ---- asking --------------------------------------------------------------------------- */

void
kafka_reader_read(struct kafka_reader *reader, uint32_t op)
{
	const struct history *history = reader->proof->history;

	vec_clear(&reader->sights);
	reader->claims = reader->proof->told.items + reader->next;
	if (kafka_is_client(&history->ops.items[op]))
		kafka_read_op(history, op, &reader->sights);
	reader->next += reader->sights.count;
}

void
kafka_reader_release(struct kafka_reader *reader)
{
	vec_release(&reader->sights);
}

static const struct kafka_claim *
claim_at(const struct kafka_proof *proof, size_t i)
{
	return &proof->claims.items[proof->by_value[i]];
}

size_t
kafka_proof_count(const struct kafka_proof *proof, size_t first)
{
	const struct kafka_claim *claim = claim_at(proof, first);
	size_t end = first + 1;

	while (end < proof->claims.count &&
	       compare_values(proof->values, claim, claim_at(proof, end)) == 0)
		end++;
	return end - first;
}

size_t
kafka_proof_find(const struct kafka_proof *proof, val partition, val value, size_t *count)
{
	const struct kafka_claim wanted = {.partition = partition, .value = value};
	size_t at;

	search_first(at, 0, proof->claims.count,
		     compare_values(proof->values, claim_at(proof, at), &wanted) < 0);
	bool is_there = at < proof->claims.count &&
			compare_values(proof->values, claim_at(proof, at), &wanted) == 0;
	*count = is_there ? kafka_proof_count(proof, at) : 0;
	return at;
}

struct kafka_facts
kafka_proof_facts(const struct kafka_proof *proof, size_t first, size_t count)
{
	struct kafka_facts facts = {.lowest = KAFKA_NO_OFFSET,
				    .highest = KAFKA_NO_OFFSET};

	for (size_t i = first; i < first + count; i++) {
		const struct kafka_claim *claim = claim_at(proof, i);
		facts.is_polled |= claim->is_polled;
		facts.is_read |= claim->is_read;
		facts.is_sent |= claim->is_sent;
		facts.is_failed |= claim->is_failed;
		facts.is_acked |= claim->is_acked;
		if (claim->offset == KAFKA_NO_OFFSET)
			continue;
		if (facts.lowest == KAFKA_NO_OFFSET)
			facts.lowest = claim->offset;
		facts.highest = claim->offset;
	}
	return facts;
}
