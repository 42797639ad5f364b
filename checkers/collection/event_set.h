/* event_set.h - a set of events, a bit each, that is used up from its first event on.
 *
 * Positions are those of elements.h. O(1) to add and to remove; the first and the second
 * are looked for where they were last, so that all of the looking together is
 * O(events / 64): once the first was asked for, events are only removed. NO_POINT is
 * never in it. */
#ifndef CHECKERS_EVENT_SET_H
#define CHECKERS_EVENT_SET_H

#include "checkers/jepsen/elements.h"

struct event_set {
	uint64_t *words; /* owned; by event / 64 */
	size_t count;	 /* of words; one more is there and not 0 */
	size_t at;	 /* words before are 0 */
	size_t second;	 /* so are those between `at` and this one */
};

/* Empty, for events below `event_count`. */
void event_set_init(struct event_set *set, uint32_t event_count);
void event_set_release(struct event_set *set);

static inline void
event_set_add(struct event_set *set, uint32_t position)
{
	if (position != NO_POINT)
		set->words[position / 128] |= (uint64_t)1 << position / 2 % 64;
}

static inline void
event_set_remove(struct event_set *set, uint32_t position)
{
	if (position != NO_POINT)
		set->words[position / 128] &= ~((uint64_t)1 << position / 2 % 64);
}

static inline uint32_t
event_set_at(const struct event_set *set, size_t word, uint64_t bits)
{
	return word == set->count ? NO_POINT
				  : (uint32_t)(word * 128 + 2 * __builtin_ctzll(bits));
}

/* The position of the first; NO_POINT: empty. */
static inline uint32_t
event_set_first(struct event_set *set)
{
	while (set->words[set->at] == 0)
		set->at++;
	return event_set_at(set, set->at, set->words[set->at]);
}

/* The second. */
static inline uint32_t
event_set_second(struct event_set *set)
{
	if (event_set_first(set) == NO_POINT)
		return NO_POINT;
	uint64_t bits = set->words[set->at] & (set->words[set->at] - 1);
	if (bits != 0)
		return event_set_at(set, set->at, bits);
	if (set->second <= set->at)
		set->second = set->at + 1;
	while (set->words[set->second] == 0)
		set->second++;
	return event_set_at(set, set->second, set->words[set->second]);
}

/* The first after the one at `position`, which is in the set. */
static inline uint32_t
event_set_after(const struct event_set *set, uint32_t position)
{
	size_t word = position / 128;
	uint64_t bits = set->words[word] & (UINT64_MAX - 1) << position / 2 % 64;

	while (bits == 0)
		bits = set->words[++word];
	return event_set_at(set, word, bits);
}

#endif
