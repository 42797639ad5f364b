#include "base/rng.h"

#include "base/assert.h"

static uint64_t
splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void
rng_init(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->word[i] = splitmix64(&seed);
}

void
rng_split(struct rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t mixed = seed;

	mixed = splitmix64(&mixed) ^ (stream * 0xd1342543de82ef95u);
	rng_init(rng, mixed);
}

static uint64_t
rotate_left(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

uint64_t
rng_next(struct rng *rng)
{
	uint64_t *s = rng->word;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t
rng_below(struct rng *rng, uint64_t bound)
{
	ASSERT(bound > 0);
	uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
	uint64_t n = rng_next(rng);

	while (n >= limit)
		n = rng_next(rng);
	return n % bound;
}

int64_t
rng_between(struct rng *rng, int64_t low, int64_t high)
{
	ASSERT(low <= high);
	uint64_t span = (uint64_t)high - (uint64_t)low;

	if (span == UINT64_MAX)
		return (int64_t)rng_next(rng);
	return (int64_t)((uint64_t)low + rng_below(rng, span + 1));
}

double
rng_real(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

bool
rng_chance(struct rng *rng, double probability)
{
	return rng_real(rng) < probability;
}

void
rng_shuffle(struct rng *rng, int *items, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = rng_below(rng, i);
		int swapped = items[i - 1];
		items[i - 1] = items[j];
		items[j] = swapped;
	}
}
