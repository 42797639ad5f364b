#include "checkers/weak/k_order.h"

#include "base/mem.h"
#include "base/search.h"

#include <stdlib.h>

struct walk {
	const struct observed *observed;
	const struct key_ops *key;
	uint32_t *number; /* owned, by place in the key: 0 until it stands; of a write how
			     many stood before it, + 1; of anything else 1 */
	uint32_t writes, latest, k;
};

/* The place of an operation in the key; the key's count: it is of another one. */
static size_t
place_of(const struct key_ops *key, uint32_t op)
{
	size_t at;

	search_first(at, 0, key->count, key->ops[at] < op);
	return at < key->count && key->ops[at] == op ? at : key->count;
}

/* One of the k last writes, or the initial value where fewer than k were written. */
static bool
is_recent(const struct walk *walk, uint32_t source)
{
	if (source == OBSERVED_NOTHING)
		return true;
	if (source == OBSERVED_INITIAL)
		return walk->writes < walk->k;
	if (source == OBSERVED_UNWRITTEN)
		return false;
	size_t place = place_of(walk->key, source);

	return place < walk->key->count && walk->number[place] != 0 &&
	       walk->writes - walk->number[place] < walk->k;
}

static bool
take(struct walk *walk, uint32_t i)
{
	const struct op *op = &walk->observed->history->ops.items[i];
	size_t place = place_of(walk->key, i);
	bool ends = op->type != OP_INFO;

	if (place == walk->key->count || walk->number[place] != 0 ||
	    (ends && op->complete_at < walk->latest))
		return false;
	if (op->invoke_at > walk->latest)
		walk->latest = op->invoke_at;
	walk->number[place] = 1;
	if (observed_is_write(walk->observed, i))
		walk->number[place] = ++walk->writes;
	return is_recent(walk, walk->observed->source[i]);
}

static bool
all_stand(const struct walk *walk)
{
	for (size_t i = 0; i < walk->key->count; i++)
		if (walk->number[i] == 0 && key_op(walk->key, i)->type == OP_OK &&
		    (observed_is_write(walk->observed, walk->key->ops[i]) ||
		     observed_is_answer(walk->observed, walk->key->ops[i])))
			return false;
	return true;
}

bool
k_order_holds(const struct observed *observed, const struct key_ops *key,
	      const uint32_t *order, size_t count, uint32_t k, struct err *err)
{
	struct walk walk = {.observed = observed, .key = key, .k = k};
	bool ok = true;

	walk.number = mem_new(key->count + 1, sizeof(*walk.number));
	for (size_t i = 0; i < count && ok; i++)
		ok = (order[i] < observed->history->ops.count && take(&walk, order[i])) ||
		     err_set(err, "operation %u cannot stand where it does in the order",
			     order[i]);
	ok = ok &&
	     (all_stand(&walk) || err_set(err, "an operation is missing in the order"));
	free(walk.number);
	return ok;
}
