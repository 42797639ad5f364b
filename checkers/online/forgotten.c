#include "checkers/online/forgotten.h"

#define KEY_MAX ((int64_t)1 << 32)

bool
forgotten_can_be(online_value key)
{
	int64_t number;

	return val_small_number(key, &number) && number >= 0 && number < KEY_MAX;
}

static size_t
number_of(online_value key)
{
	int64_t number = 0;

	val_small_number(key, &number);
	return (size_t)number;
}

void
forgotten_add(struct forgotten *forgotten, online_value key)
{
	size_t number = number_of(key);

	while (forgotten->bits.count <= number / 64)
		vec_push(&forgotten->bits, 0);
	forgotten->bits.items[number / 64] |= (uint64_t)1 << number % 64;
}

bool
forgotten_has(const struct forgotten *forgotten, online_value key)
{
	if (forgotten->bits.count == 0 || !forgotten_can_be(key))
		return false;
	size_t number = number_of(key);
	return number / 64 < forgotten->bits.count &&
	       (forgotten->bits.items[number / 64] >> number % 64 & 1) != 0;
}
