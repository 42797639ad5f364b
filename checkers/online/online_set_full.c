/* online_set_full.c - linearizable sets that only grow (checkers/collection/set_full.h).
 *
 * An element is *known* from when its add was acknowledged or a read that has it ended.
 * The M of a read is the last of: its own invocation, and the invocations of the adds of
 * its elements. The read must have every element that was known before M; and reads must
 * form a chain by inclusion, which needs comparing only with reads that ended while this
 * one was open. A read is kept as the number of elements known before M and the few
 * others that it has.
 *
 * Complete. The set itself is live: some 100 bytes an element. O(size) a read, and for those
 * open at once the number of elements in which they may differ. */
#include "base/search.h"
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/table.h"
#include "checkers/sort.h"

#include <stdlib.h>

#define UNKNOWN UINT32_MAX

struct element {
	online_value value;
	int64_t added_at; /* invocation of its first add that may have happened */
	uint32_t known;	  /* its number in the order of becoming known */
	uint32_t adds;	  /* that did not fail */
	uint32_t met;	  /* the last read that had it */
};

/* A read that ended while another was open that still is: the elements with numbers below
 * `base`, and `extra`, ascending. */
struct recent {
	int64_t ended_at;
	uint32_t base;
	uint32_t *extra; /* owned */
	size_t extra_count;
};

struct online_set_full {
	struct table of; /* value -> index */
	VEC(struct element) elements;
	VEC(int64_t) known_at; /* by number: when; ascending */
	VEC(uint32_t) known;   /* by number: the element */
	VEC(struct recent) recent;
	VEC(uint32_t) read; /* numbers of the elements of the read at hand */
	uint32_t reads;
};

/* ---- elements ---- */

static struct element *
find(const struct online_set_full *set, online_value value)
{
	uint32_t at = table_find(&set->of, value);

	return at == TABLE_NONE ? NULL : &set->elements.items[at];
}

static void
learn(struct online_set_full *set, struct element *element, int64_t at)
{
	if (element->known != UNKNOWN)
		return;
	element->known = (uint32_t)set->known_at.count;
	vec_push(&set->known_at, at);
	vec_push(&set->known, (uint32_t)(element - set->elements.items));
}

/* How many elements were known before the moment. */
static uint32_t
known_before(const struct online_set_full *set, int64_t moment)
{
	size_t at;

	search_first(at, 0, set->known_at.count, set->known_at.items[at] < moment);
	return (uint32_t)at;
}

/* ---- reads ---- */

static bool
has(const struct recent *read, uint32_t number)
{
	return number < read->base || sort_has(read->extra, read->extra_count, number);
}

/* The first number that `a` has and `b` lacks; UNKNOWN: none. */
static uint32_t
first_lacking(const struct recent *a, const struct recent *b)
{
	for (uint32_t number = b->base; number < a->base; number++)
		if (!has(b, number))
			return number;
	for (size_t i = 0; i < a->extra_count; i++)
		if (!has(b, a->extra[i]))
			return a->extra[i];
	return UNKNOWN;
}

static online_value
value_of(const struct online_set_full *set, uint32_t number)
{
	return set->elements.items[set->known.items[number]].value;
}

static void
compare_recent(const struct online_call *call, const struct recent *read)
{
	struct online_set_full *set = call->state;
	size_t kept = 0;

	for (size_t i = 0; i < set->recent.count; i++) {
		struct recent *other = &set->recent.items[i];
		uint32_t own = first_lacking(read, other);
		uint32_t others = own != UNKNOWN ? first_lacking(other, read) : UNKNOWN;
		if (others != UNKNOWN)
			online_violate(call, "incomparable-reads", value_of(set, own),
				       value_of(set, others));
		if (other->ended_at < call->watermark)
			free(other->extra);
		else
			set->recent.items[kept++] = *other;
	}
	set->recent.count = kept;
}

static void
keep_recent(const struct online_call *call, struct recent read)
{
	struct online_set_full *set = call->state;

	if (call->watermark == call->at) {
		free(read.extra);
		return;
	}
	vec_push(&set->recent, read);
}

/* False: nobody added it, or it stands there twice. */
static bool
meet(const struct online_call *call, online_value value, int64_t *last_added)
{
	struct online_set_full *set = call->state;
	struct element *element = find(set, value);

	if (element == NULL || element->adds == 0) {
		online_violate(call, "unexpected-element", value, 0);
		return false;
	}
	if (element->met == set->reads) {
		online_violate(call, "duplicate-element", value, 0);
		return false;
	}
	element->met = set->reads;
	if (element->added_at > *last_added)
		*last_added = element->added_at;
	learn(set, element, call->at);
	vec_push(&set->read, element->known);
	return true;
}

/* Names the first element that was known before and is not in the read at hand. */
static void
miss(const struct online_call *call, uint32_t count, uint32_t began)
{
	const struct online_set_full *set = call->state;
	uint32_t number = 0;

	while (number < count &&
	       set->elements.items[set->known.items[number]].met == set->reads)
		number++;
	online_violate(call, number < began ? "stale-read" : "adds-reordered",
		       value_of(set, number), 0);
}

static struct recent
read_of(struct online_set_full *set, uint32_t base, int64_t at)
{
	struct recent read = {.ended_at = at, .base = base};

	vec_each (uint32_t, number, &set->read)
		read.extra_count += *number >= base;
	if (read.extra_count == 0)
		return read;
	read.extra = mem_new(read.extra_count, sizeof(uint32_t));
	size_t count = 0;
	vec_each (uint32_t, number, &set->read)
		if (*number >= base)
			read.extra[count++] = *number;
	sort_numbers(read.extra, count);
	return read;
}

static void
end_read(const struct online_call *call)
{
	struct online_set_full *set = call->state;
	int64_t last_added = call->invoke_at;

	set->reads++;
	vec_clear(&set->read);
	for (size_t i = 0; i < val_count(call->values, call->value); i++)
		if (!meet(call,
			  online_value_of(call->values,
					  val_at(call->values, call->value, i)),
			  &last_added))
			return;
	uint32_t base = known_before(set, last_added);
	struct recent read = read_of(set, base, call->at);
	if (set->read.count - read.extra_count < base)
		miss(call, base, known_before(set, call->invoke_at));
	compare_recent(call, &read);
	keep_recent(call, read);
}

/* ---- the decider ---- */

static void
begin(const struct online_call *call)
{
	struct online_set_full *set = call->state;

	if (call->f == F_READ)
		return;
	if (call->f != F_ADD) {
		online_give_up(call, "not all operations are those of a set");
		return;
	}
	call->notes[0] = online_value_of(call->values, call->value);
	struct element *element = find(set, call->notes[0]);
	if (element == NULL) {
		table_put(&set->of, call->notes[0], (uint32_t)set->elements.count);
		vec_push(&set->elements, (struct element){.value = call->notes[0],
							  .added_at = call->invoke_at,
							  .known = UNKNOWN});
		element = vec_last(&set->elements);
	}
	element->adds++;
}

static void
end(const struct online_call *call)
{
	struct online_set_full *set = call->state;

	if (call->f == F_READ) {
		if (call->type == OP_OK && val_kind(call->value) == VAL_LIST)
			end_read(call);
		return;
	}
	struct element *element = find(set, call->notes[0]);
	if (call->type == OP_OK)
		learn(set, element, call->at);
	if (call->type == OP_FAIL && --element->adds == 0 && element->known != UNKNOWN)
		online_violate(call, "unexpected-element", element->value, 0);
}

static void
stop(void *state)
{
	struct online_set_full *set = state;

	vec_each (struct recent, recent, &set->recent)
		free(recent->extra);
	table_release(&set->of);
	vec_release(&set->elements);
	vec_release(&set->known_at);
	vec_release(&set->known);
	vec_release(&set->recent);
	vec_release(&set->read);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_set_full *set = state;

	size->values += set->elements.count;
	size->bytes += table_bytes(&set->of) +
		       set->elements.capacity * sizeof(struct element) +
		       set->known_at.capacity * sizeof(int64_t) +
		       (set->known.capacity + set->read.capacity) * sizeof(uint32_t) +
		       set->recent.capacity * sizeof(struct recent);
	vec_each (struct recent, recent, &set->recent)
		size->bytes += recent->extra_count * sizeof(uint32_t);
}

const struct online_decider online_set_full = {
	.name = "set-full",
	.summary = "stale, incomparable and reordered reads, unexpected and duplicate "
		   "elements: all",
	.state_bytes = sizeof(struct online_set_full),
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
