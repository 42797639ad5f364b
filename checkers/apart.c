#include "checkers/apart.h"

#include "base/mem.h"
#include "checkers/partition.h"
#include "checkers/tell.h"

#include <stdlib.h>

bool
apart_has_keys(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->key != VAL_OF_NIL)
			return true;
	return false;
}

/* Shares everything with the whole but its operations, which the caller releases, and
 * which have no key. */
static struct history
part_of(const struct key_ops *key)
{
	struct history part = *key->history;

	part.ops.items = NULL;
	part.ops.count = part.ops.capacity = 0;
	part.nemesis.count = 0;
	for (size_t i = 0; i < key->count; i++) {
		vec_push(&part.ops, *key_op(key, i));
		vec_last(&part.ops)->key = VAL_OF_NIL;
	}
	return part;
}

/* ---- one result of all ---------------------------------------------------------------- */

static void
tell_of_the_whole(const struct key_ops *key, struct anomaly *anomaly)
{
	vec_each (uint32_t, op, &anomaly->ops)
		*op = key->ops[*op];
	vec_each (struct anomaly_step, step, &anomaly->steps) {
		step->from = key->ops[step->from];
		step->to = key->ops[step->to];
		if (step->witness != UINT32_MAX)
			step->witness = key->ops[step->witness];
	}
	if (anomaly->key == VAL_OF_NIL)
		anomaly->key = key->key;
}

/* Moves what fits; the rest goes with the part. */
static void
take_anomalies(const struct key_ops *key, struct check_result *part,
	       struct check_result *whole)
{
	size_t taken = 0;

	while (taken < part->anomalies.count && whole->anomalies.count < ANOMALIES_MAX) {
		tell_of_the_whole(key, &part->anomalies.items[taken]);
		vec_push(&whole->anomalies, part->anomalies.items[taken++]);
	}
	for (size_t i = taken; i < part->anomalies.count; i++)
		part->anomalies.items[i - taken] = part->anomalies.items[i];
	part->anomalies.count -= taken;
	whole->anomaly_count += part->anomaly_count;
}

static void
take_orders(const struct key_ops *key, struct check_result *part,
	    struct check_result *whole)
{
	vec_each (struct order, order, &part->orders) {
		for (size_t i = 0; i < order->count; i++)
			order->ops[i] = key->ops[order->ops[i]];
		order->key = key->key;
		vec_push(&whole->orders, *order);
	}
	part->orders.count = 0;
	whole->order_kind = part->order_kind;
}

/* The reason of the whole is that of the first part with its verdict. */
static void
take(const struct key_ops *key, struct check_result *part, struct check_result *whole)
{
	enum verdict worse = verdict_worse(whole->verdict, part->verdict);

	if (whole->verdict == VERDICT_NONE || worse != whole->verdict) {
		free(whole->reason);
		whole->reason = part->reason;
		part->reason = NULL;
		whole->complexity = part->complexity;
	}
	whole->verdict = whole->verdict == VERDICT_NONE ? part->verdict : worse;
	whole->operations += part->operations;
	whole->certified = whole->certified && part->certified;
	whole->is_unproven |= part->is_unproven;
	take_anomalies(key, part, whole);
	take_orders(key, part, whole);
}

static void
tell_count(size_t of_verdict, size_t keys, struct check_result *whole)
{
	char *reason =
		mem_format("%s, in %zu of %zu keys", whole->reason, of_verdict, keys);

	free(whole->reason);
	whole->reason = reason;
	tell_number(&whole->details, "keys", keys);
}

void
apart_run(apart_judge *judge, const struct checker *checker,
	  const struct history *history, const struct check_options *options,
	  struct check_result *result)
{
	size_t verdicts[VERDICT_UNKNOWN + 1] = {0};
	struct partition keys;

	*result = (struct check_result){.checker = checker->name, .certified = true};
	partition_init(&keys, history);
	for (size_t i = 0; i < partition_count(&keys); i++) {
		struct key_ops key = partition_at(&keys, i);
		struct history part = part_of(&key);
		struct check_result of_part;
		judge(checker, &part, options, &of_part);
		verdicts[of_part.verdict]++;
		take(&key, &of_part, result);
		if (partition_count(&keys) == 1)
			buf_append(&result->details, buf_text(&of_part.details),
				   of_part.details.len);
		check_result_release(&of_part);
		vec_release(&part.ops);
	}
	tell_count(verdicts[result->verdict], partition_count(&keys), result);
	partition_release(&keys);
}
