#include "checkers/weak/weak_keep.h"

enum {
	PART_KEPT = 8 /* of the budget's memory, one in so many bytes */
};

/* At most: operations in all sequences together. */
static uint64_t
count_kept(enum weak_model model, const struct weak *weak)
{
	uint64_t writes = 0;

	if (model <= WEAK_CCV)
		return weak->count;
	for (uint32_t v = 0; v < weak->count; v++)
		writes += weak_is_write(weak, v);
	return writes * weak->session_count + weak->count;
}

struct keeper {
	const struct weak *weak;
	struct check_result *result;
};

static void
keep(void *context, const struct weak_order *order)
{
	const struct keeper *keeper = context;
	struct order kept = {.key = VAL_OF_NIL, .count = order->count};

	kept.ops = mem_new(order->count, sizeof(*kept.ops));
	for (uint32_t i = 0; i < order->count; i++)
		kept.ops[i] = keeper->weak->op[order->ids[i]];
	vec_push(&keeper->result->orders, kept);
}

static void
forget(struct check_result *result)
{
	vec_each (struct order, order, &result->orders)
		free(order->ops);
	vec_clear(&result->orders);
}

void
weak_decide_and_keep(enum weak_model model, const struct weak *weak,
		     const struct budget *budget, struct weak_answer *answer,
		     struct check_result *result)
{
	struct keeper keeper = {weak, result};
	const struct weak_taker taker = {.take = keep, .context = &keeper};
	struct weak_limits limits = {.budget = *budget};
	uint64_t bytes = count_kept(model, weak) * sizeof(uint32_t);

	bool are_few = model <= WEAK_CCV || weak->session_count <= WEAK_FEW_SESSIONS;

	if (are_few && bytes <= budget->bytes_max / PART_KEPT) {
		limits.budget.bytes_max -= bytes;
		limits.taker = &taker;
	}
	weak_decide(model, weak, &limits, answer);
	if (answer->verdict != VERDICT_VALID)
		forget(result);
	else if (result->orders.count > 0)
		result->order_kind = ORDER_VIEWS;
}
