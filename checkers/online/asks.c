#include "checkers/online/asks.h"

#include "base/search.h"

size_t
moments_after(const struct moments *moments, int64_t moment)
{
	size_t at;

	search_first(at, 0, moments->count, moments->items[at] <= moment);
	return at;
}

static void
moments_add(struct moments *moments, int64_t moment)
{
	vec_insert(moments, moments_after(moments, moment), moment);
}

static void
moments_remove(struct moments *moments, int64_t moment)
{
	size_t at = moments_after(moments, moment);

	if (at > 0 && moments->items[at - 1] == moment)
		vec_remove(moments, at - 1);
}

void
asks_begin(struct asks *asks, int64_t began, bool is_look)
{
	moments_add(is_look ? &asks->looks : &asks->takes, began);
}

void
asks_end(struct asks *asks, int64_t began, bool is_look, bool is_lost)
{
	moments_remove(is_look ? &asks->looks : &asks->takes, began);
	if (is_lost && !is_look)
		moments_add(&asks->lost, began);
}

uint32_t
asks_takes_until(const struct asks *asks, int64_t moment)
{
	return (uint32_t)(moments_after(&asks->lost, moment) +
			  moments_after(&asks->takes, moment));
}

void
asks_release(struct asks *asks)
{
	vec_release(&asks->takes);
	vec_release(&asks->looks);
	vec_release(&asks->lost);
}

size_t
asks_bytes(const struct asks *asks)
{
	return (asks->takes.capacity + asks->looks.capacity + asks->lost.capacity) *
	       sizeof(int64_t);
}

void
asks_drop_lost(struct asks *asks, int64_t until, size_t count)
{
	size_t end = moments_after(&asks->lost, until);

	count = count < end ? count : end;
	for (size_t i = end; count > 0 && i < asks->lost.count; i++)
		asks->lost.items[i - count] = asks->lost.items[i];
	asks->lost.count -= count;
}
