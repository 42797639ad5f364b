#include "checkers/collection/tuple_settle.h"

#include "base/search.h"

enum {
	WORK_MAX = 1 << 26 /* takes met by all searches */
};

void
tuple_settle_init(struct tuple_settle *settle, const struct values *values)
{
	*settle = (struct tuple_settle){0};
	pattern_index_init(&settle->patterns, values);
}

void
tuple_settle_release(struct tuple_settle *settle)
{
	vec_each (struct open_takes, takes, &settle->takes)
		vec_release(&takes->of);
	vec_release(&settle->takes);
	vec_release(&settle->tuples);
	vec_release(&settle->queue);
	pattern_index_release(&settle->patterns);
}

void
tuple_settle_expect(struct tuple_settle *settle, val pattern)
{
	if (pattern_index_add(&settle->patterns, pattern) == settle->takes.count)
		vec_push(&settle->takes, (struct open_takes){{0}});
}

void
tuple_settle_take(struct tuple_settle *settle, val pattern, uint32_t place)
{
	struct open_takes *takes =
		&settle->takes.items[pattern_index_find(&settle->patterns, pattern)];
	struct open_take take = {.place = place, .next = (uint32_t)takes->of.count};

	vec_push(&takes->of, take);
}

/* ---- a search ------------------------------------------------------------------------ */

/* The first that stands behind this place. */
static uint32_t
first_behind(const struct open_takes *takes, uint32_t place)
{
	size_t at;

	search_first(at, 0, takes->of.count, takes->of.items[at].place <= place);
	return (uint32_t)at;
}

/* The first free one from this one on, their count: none; shortens the way for the next. */
static uint32_t
first_free(struct open_takes *takes, uint32_t from)
{
	uint32_t found = from;

	while (found < takes->of.count && takes->of.items[found].next != found)
		found = takes->of.items[found].next;
	while (from < found) {
		uint32_t next = takes->of.items[from].next;
		takes->of.items[from].next = found;
		from = next;
	}
	return found;
}

/* The take goes to the tuple that wants it, whose own one goes to who wants that, until the
 * one that had none. */
static void
hand_on(struct tuple_settle *settle, uint32_t pattern, uint32_t at)
{
	settle->takes.items[pattern].of.items[at].next = at + 1;
	while (pattern != NO_PATTERN) {
		struct open_take *take = &settle->takes.items[pattern].of.items[at];
		struct settled_tuple *tuple = &settle->tuples.items[take->wanted_by];
		uint32_t old_pattern = tuple->pattern, old_at = tuple->at;
		take->taken = take->wanted_by;
		tuple->pattern = pattern;
		tuple->at = at;
		pattern = old_pattern;
		at = old_at;
	}
}

/* A free take for the tuple, of the pattern that asks for most: those that ask for less serve
 * others, too. */
static bool
find_free(struct tuple_settle *settle, const struct settled_tuple *tuple,
	  uint32_t *pattern, uint32_t *at)
{
	struct pattern_walk walk = {0};
	uint32_t id, strictest = 0;

	while ((id = pattern_index_match(&settle->patterns, tuple->tuple, &walk)) !=
	       NO_PATTERN) {
		struct open_takes *takes = &settle->takes.items[id];
		uint32_t strictness = settle->patterns.strictness.items[id] + 1;
		uint32_t first = first_free(takes, first_behind(takes, tuple->since));
		if (strictness <= strictest || first == takes->of.count ||
		    takes->of.items[first].place > tuple->until)
			continue;
		strictest = strictness;
		*pattern = id;
		*at = first;
	}
	return strictest > 0;
}

/* The tuples of all takes of one pattern that the tuple could have are asked next. */
static void
want_all(struct tuple_settle *settle, uint32_t asking, uint32_t pattern)
{
	struct open_takes *takes = &settle->takes.items[pattern];
	const struct settled_tuple *tuple = &settle->tuples.items[asking];

	for (uint32_t at = first_behind(takes, tuple->since);
	     at < takes->of.count && takes->of.items[at].place <= tuple->until;
	     at++, settle->work++) {
		struct open_take *take = &takes->of.items[at];
		if (take->met == settle->searches)
			continue;
		take->met = settle->searches;
		take->wanted_by = asking;
		vec_push(&settle->queue, take->taken);
	}
}

/* The tuple gets a free take, or hands on the question. */
static bool
ask(struct tuple_settle *settle, uint32_t asking)
{
	const struct settled_tuple *tuple = &settle->tuples.items[asking];
	struct pattern_walk walk = {0};
	uint32_t pattern, at;

	if (find_free(settle, tuple, &pattern, &at)) {
		settle->takes.items[pattern].of.items[at].wanted_by = asking;
		hand_on(settle, pattern, at);
		return true;
	}
	while ((pattern = pattern_index_match(&settle->patterns, tuple->tuple, &walk)) !=
	       NO_PATTERN)
		want_all(settle, asking, pattern);
	return false;
}

bool
tuple_settle(struct tuple_settle *settle, val tuple, uint32_t since, uint32_t until)
{
	vec_clear(&settle->queue);
	vec_push(&settle->queue, (uint32_t)settle->tuples.count);
	vec_push(&settle->tuples, (struct settled_tuple){.tuple = tuple,
							 .since = since,
							 .until = until,
							 .pattern = NO_PATTERN});
	settle->searches++;
	for (size_t i = 0; i < settle->queue.count && settle->work < WORK_MAX; i++)
		if (ask(settle, settle->queue.items[i]))
			return true;
	settle->tuples.count--;
	return false;
}
