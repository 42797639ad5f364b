/* rng.h - seeded random numbers: xoshiro256** seeded by splitmix64.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021
 * (public domain algorithms). Same seed, same numbers, on every machine. One stream a
 * purpose: rng_split gives independent streams, so that adding a consumer of one does
 * not reshuffle the others. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t word[4];
};

void rng_init(struct rng *rng, uint64_t seed);

/* The stream number `stream` of a seed. */
void rng_split(struct rng *rng, uint64_t seed, uint64_t stream);

uint64_t rng_next(struct rng *rng);

/* Uniform in [0, bound); bound > 0. Without bias. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Uniform in [low, high], both included. */
int64_t rng_between(struct rng *rng, int64_t low, int64_t high);

/* Uniform in [0, 1). */
double rng_real(struct rng *rng);

/* True with the given probability. */
bool rng_chance(struct rng *rng, double probability);

/* Shuffles `count` ints in place. */
void rng_shuffle(struct rng *rng, int *items, size_t count);

#endif
