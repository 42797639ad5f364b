#include "checkers/online/unplaced.h"

static struct unplaced_value *
find(const struct unplaced *unplaced, online_value value)
{
	uint32_t at = table_find(&unplaced->of, value);

	return at == TABLE_NONE ? NULL : &unplaced->values.items[at];
}

void
unplaced_add(struct unplaced *unplaced, online_value value)
{
	struct unplaced_value *found = find(unplaced, value);

	if (found != NULL) {
		found->writes++;
		return;
	}
	table_put(&unplaced->of, value, (uint32_t)unplaced->values.count);
	vec_push(&unplaced->values, (struct unplaced_value){value, 1, 0});
}

bool
unplaced_may_be(const struct unplaced *unplaced, online_value value)
{
	const struct unplaced_value *found = find(unplaced, value);

	return found != NULL && found->writes > found->used;
}

bool
unplaced_use(struct unplaced *unplaced, online_value value)
{
	if (!unplaced_may_be(unplaced, value))
		return false;
	find(unplaced, value)->used++;
	return true;
}

static void
drop(struct unplaced *unplaced, struct unplaced_value *gone)
{
	uint32_t at = (uint32_t)(gone - unplaced->values.items);

	table_remove(&unplaced->of, gone->value);
	struct unplaced_value last = vec_pop(&unplaced->values);
	if (at == unplaced->values.count)
		return;
	unplaced->values.items[at] = last;
	table_put(&unplaced->of, last.value, at);
}

bool
unplaced_remove(struct unplaced *unplaced, online_value value, bool was_met)
{
	struct unplaced_value *found = find(unplaced, value);

	if (found == NULL)
		return false;
	found->writes--;
	if (was_met && found->used > 0)
		found->used--;
	bool ok = found->used <= found->writes;
	if (found->writes == 0)
		drop(unplaced, found);
	return ok;
}

size_t
unplaced_bytes(const struct unplaced *unplaced)
{
	return table_bytes(&unplaced->of) +
	       unplaced->values.capacity * sizeof(struct unplaced_value);
}

void
unplaced_release(struct unplaced *unplaced)
{
	table_release(&unplaced->of);
	vec_release(&unplaced->values);
}
