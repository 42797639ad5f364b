/* kafka_proof_circle.c - a few operations that depend on each other in a circle. */
#include "checkers/jepsen/kafka_proof.h"

#include "base/mem.h"

#include <stdlib.h>

/* a, which did not fail, sent what b polled. */
static bool
is_polled_by(const struct kafka_proof *proof, const struct kafka_sight *a,
	     const struct kafka_sight *b)
{
	return !a->is_poll && b->is_poll &&
	       val_equal(proof->values, a->partition, b->partition) &&
	       val_equal(proof->values, a->value, b->value);
}

static int64_t
lowest_of(const struct kafka_proof *proof, const struct kafka_sight *sight)
{
	size_t count;
	size_t first = kafka_proof_find(proof, sight->partition, sight->value, &count);

	return kafka_proof_facts(proof, first, count).lowest;
}

/* a stands at a lower offset of a partition than b, both sent. */
static bool
is_ahead_of(const struct kafka_proof *proof, const struct kafka_sight *a,
	    const struct kafka_sight *b)
{
	if (a->is_poll || b->is_poll ||
	    !val_equal(proof->values, a->partition, b->partition))
		return false;
	int64_t low = lowest_of(proof, a);

	return low != KAFKA_NO_OFFSET && low < lowest_of(proof, b);
}

static bool
precedes(const struct kafka_proof *proof, uint32_t a, uint32_t b, struct kafka_ties ties)
{
	const struct op *ops = proof->history->ops.items;
	kafka_sights x = {0}, y = {0};
	bool found = ties.time && ops[a].type == OP_OK &&
		     ops[a].complete_at < ops[b].invoke_at;

	if (a == b || ops[a].type == OP_FAIL || ops[b].type == OP_FAIL)
		return false;
	kafka_read_op(proof->history, a, &x);
	kafka_read_op(proof->history, b, &y);
	vec_each (struct kafka_sight, s, &x)
		vec_each (struct kafka_sight, t, &y)
			found = found || (ties.polls && is_polled_by(proof, s, t)) ||
				(ties.sends && is_ahead_of(proof, s, t));
	vec_release(&x);
	vec_release(&y);
	return found;
}

/* Warshall's closure; some operation reaches itself. */
static bool
closes(bool *reaches, size_t count)
{
	for (size_t via = 0; via < count; via++)
		for (size_t i = 0; i < count; i++)
			for (size_t j = 0; j < count; j++)
				reaches[i * count + j] |= reaches[i * count + via] &&
							  reaches[via * count + j];
	for (size_t i = 0; i < count; i++)
		if (reaches[i * count + i])
			return true;
	return false;
}

bool
kafka_proof_circle(const struct kafka_proof *proof, const uint32_t *ops, size_t count,
		   struct kafka_ties ties)
{
	bool *reaches = mem_new(count * count + 1, sizeof(*reaches));

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			reaches[i * count + j] =
				i != j && precedes(proof, ops[i], ops[j], ties);
	bool is_circle = closes(reaches, count);
	free(reaches);
	return is_circle;
}
