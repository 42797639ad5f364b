#include "checkers/online/exclusion.h"

#include <stdlib.h>

/* ---- classes ---- */

static bool
is_excluded(const struct exclusion *exclusion, const struct element *element,
	    int64_t certain_at)
{
	switch (exclusion->class) {
	case EXCLUDES_EARLIER:
		return certain_at < exclusion->bound;
	case EXCLUDES_LATER:
		return element->put_at > exclusion->bound;
	case EXCLUDES_HIGHER:
		return element->rank > exclusion->bound;
	default:
		return true;
	}
}

/* Counts those of the class that are certain and untaken: those that were so when the
 * operation began; and when the others became so. */
struct counting {
	const struct exclusion *exclusion;
	const struct contents *contents;
	struct exclusions *scratch;
	int64_t began;
	size_t before, enough; /* beyond `enough` all candidates fail */
};

static void
count_one(struct counting *counting, const struct element *element)
{
	if (element->certain_at <= counting->began)
		counting->before++;
	else
		vec_push(&counting->scratch->certain, element->certain_at);
}

static const struct element *
element_at(const struct counting *counting, uint32_t at)
{
	return at == ELEMENT_NONE ? NULL : &counting->contents->elements.items[at];
}

static void
count_all(struct counting *counting)
{
	const struct element *element = element_at(counting, counting->contents->last);

	for (; element != NULL && element->certain_at > counting->began;
	     element = element_at(counting, element->before))
		vec_push(&counting->scratch->certain, element->certain_at);
	counting->before =
		counting->contents->inside_count - counting->scratch->certain.count;
}

static void
count_earlier(struct counting *counting)
{
	const struct element *element = element_at(counting, counting->contents->first);

	for (; element != NULL && element->certain_at < counting->exclusion->bound &&
	       counting->before <= counting->enough;
	     element = element_at(counting, element->after))
		count_one(counting, element);
}

static void
count_later(struct counting *counting)
{
	const struct element *element = element_at(counting, counting->contents->last);
	int64_t bound = counting->exclusion->bound;

	for (; element != NULL && element->certain_at > bound &&
	       counting->before <= counting->enough;
	     element = element_at(counting, element->before))
		if (element->put_at > bound)
			count_one(counting, element);
}

/* Depth-first through the top of the heap. */
static void
count_higher(struct counting *counting, size_t at)
{
	const struct contents *contents = counting->contents;

	if (at >= contents->heap.count || counting->before > counting->enough)
		return;
	const struct element *element =
		&contents->elements.items[contents->heap.items[at]];
	if (element->rank <= counting->exclusion->bound)
		return;
	count_one(counting, element);
	count_higher(counting, 2 * at + 1);
	count_higher(counting, 2 * at + 2);
}

static size_t
count_class(struct counting *counting)
{
	vec_clear(&counting->scratch->certain);
	switch (counting->exclusion->class) {
	case EXCLUDES_EARLIER:
		count_earlier(counting);
		break;
	case EXCLUDES_LATER:
		count_later(counting);
		break;
	case EXCLUDES_HIGHER:
		count_higher(counting, 0);
		break;
	default:
		count_all(counting);
	}
	return counting->before;
}

/* ---- candidates ---- */

static int
by_moment(const void *a, const void *b)
{
	int64_t x = ((const struct candidate *)a)->at;
	int64_t y = ((const struct candidate *)b)->at;

	return x < y ? -1 : x > y;
}

static void
add_candidate(struct exclusion *exclusion, const struct online_call *call, int64_t at)
{
	if (at >= exclusion->from && at < call->at)
		vec_push(exclusion, (struct candidate){.at = at});
}

static void
add_candidates(struct exclusion *exclusion, const struct online_call *call,
	       const struct moments *moments)
{
	for (size_t i = moments_after(moments, exclusion->from); i < moments->count; i++)
		add_candidate(exclusion, call, moments->items[i]);
}

/* From its beginning on things get worse, until a stay ends or a take or look begins. */
static void
gather_candidates(struct exclusion *exclusion, const struct contents *contents,
		  const struct asks *asks, const struct online_call *call)
{
	add_candidate(exclusion, call, exclusion->from);
	add_candidates(exclusion, call, &asks->takes);
	add_candidates(exclusion, call, &asks->looks);
	add_candidates(exclusion, call, &asks->lost);
	for (size_t i = contents_met_after(contents, exclusion->from);
	     i < contents->recent.count; i++) {
		const struct element *element = contents_met(contents, i);
		if (element != NULL)
			add_candidate(exclusion, call, element->stays_until);
	}
	if (exclusion->count > 1)
		qsort(exclusion->items, exclusion->count, sizeof(struct candidate),
		      by_moment);
}

static bool
is_surely_inside(const struct exclusion *exclusion, const struct contents *contents,
		 int64_t at)
{
	for (size_t i = contents_met_after(contents, at); i < contents->recent.count;
	     i++) {
		const struct element *element = contents_met(contents, i);
		if (element != NULL && element->certain_at <= at &&
		    at < element->stays_until &&
		    is_excluded(exclusion, element, element->certain_at))
			return true;
	}
	return false;
}

/* Fills in what is known of the candidate; false: it fails. */
static bool
judge_candidate(const struct exclusion *exclusion, const struct exclusions *scratch,
		const struct contents *contents, const struct asks *asks, size_t before,
		struct candidate *candidate)
{
	size_t elements = before;

	vec_each (int64_t, certain_at, &scratch->certain)
		elements += *certain_at <= candidate->at;
	candidate->elements = (uint32_t)elements;
	candidate->takes = elements > 0 ? asks_takes_until(asks, candidate->at) : 0;
	candidate->free_since = ONLINE_NEVER;
	return elements <= candidate->takes &&
	       !is_surely_inside(exclusion, contents, candidate->at);
}

bool
exclusion_make(struct exclusion *exclusion, struct exclusions *scratch,
	       const struct contents *contents, const struct asks *asks,
	       const struct online_call *call)
{
	struct counting counting = {.exclusion = exclusion,
				    .contents = contents,
				    .scratch = scratch,
				    .began = exclusion->from,
				    .enough = asks->lost.count + asks->takes.count +
					      asks->looks.count};
	size_t before = count_class(&counting), kept = 0;

	gather_candidates(exclusion, contents, asks, call);
	for (size_t i = 0; i < exclusion->count; i++) {
		struct candidate candidate = exclusion->items[i];
		if ((kept > 0 && exclusion->items[kept - 1].at == candidate.at) ||
		    !judge_candidate(exclusion, scratch, contents, asks, before,
				     &candidate))
			continue;
		candidate.takes = asks_takes_until(asks, candidate.at);
		if (candidate.elements == 0)
			candidate.free_since = call->at;
		exclusion->items[kept++] = candidate;
		if (candidate.elements == 0 && asks->looks.count == 0)
			break;
	}
	exclusion->count = kept;
	return kept > 0;
}

/* ---- what becomes of them ---- */

static bool
is_settled(const struct exclusion *exclusion, int64_t watermark)
{
	for (size_t i = 0; i < exclusion->count; i++)
		if (exclusion->items[i].free_since < watermark)
			return true;
	return false;
}

void
exclusion_release(struct exclusion *exclusion)
{
	free(exclusion->items);
	*exclusion = (struct exclusion){0};
}

/* All elements that `exclusion` excludes at a moment the later one excludes as well. */
static bool
is_within(const struct exclusion *exclusion, const struct exclusion *later)
{
	if (later->class == EXCLUDES_ALL)
		return true;
	return exclusion->class == later->class &&
	       (exclusion->class == EXCLUDES_EARLIER ? exclusion->bound <= later->bound
						     : exclusion->bound >= later->bound);
}

/* The same elements are in the way at the candidate as at any of the exclusion, which come
 * before: takes that freed one of these have freed it as well. */
static bool
is_no_harder(const struct candidate *candidate, const struct exclusion *exclusion)
{
	for (size_t i = 0; i < exclusion->count; i++)
		if (exclusion->items[i].at > candidate->at ||
		    exclusion->items[i].elements != candidate->elements)
			return false;
	return exclusion->count > 0;
}

/* Whatever the exclusion needs is needed already: it holds as long as the other one. */
static bool
follows_from(const struct exclusion *exclusion, const struct exclusion *other)
{
	if (!is_within(other, exclusion))
		return false;
	for (size_t i = 0; i < exclusion->count; i++)
		if (is_no_harder(&exclusion->items[i], other))
			return true;
	return false;
}

/* From one of the first `count`. */
static bool
follows_from_any(const struct exclusion *exclusion, const struct exclusions *exclusions,
		 size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (follows_from(exclusion, &exclusions->undecided.items[i]))
			return true;
	return false;
}

static void
forget_oldest(struct exclusions *exclusions)
{
	size_t gone = exclusions->undecided.count / 2;

	for (size_t i = 0; i < exclusions->undecided.count; i++) {
		if (i < gone)
			exclusion_release(&exclusions->undecided.items[i]);
		else
			exclusions->undecided.items[i - gone] =
				exclusions->undecided.items[i];
	}
	exclusions->undecided.count -= gone;
}

bool
exclusions_keep(struct exclusions *exclusions, struct exclusion *exclusion,
		const struct asks *asks)
{
	bool has_room = exclusions->undecided.count < EXCLUSIONS_MAX;

	if ((asks->looks.count == 0 && is_settled(exclusion, ONLINE_NEVER)) ||
	    follows_from_any(exclusion, exclusions, exclusions->undecided.count)) {
		exclusion_release(exclusion);
		return true;
	}
	if (!has_room)
		forget_oldest(exclusions);
	vec_push(&exclusions->undecided, *exclusion);
	return has_room;
}

/* False: the candidate fails. */
static bool
update_candidate(struct candidate *candidate, bool is_member, const struct met *met)
{
	bool had_begun = met->began <= candidate->at;

	if (is_member && met->certain_at <= candidate->at) {
		if (candidate->at < met->element->stays_until)
			return false;
		candidate->elements -= had_begun;
		if (had_begun && candidate->elements == 0)
			candidate->free_since = met->at;
	}
	candidate->takes -= had_begun;
	return candidate->elements <= candidate->takes;
}

const struct exclusion *
exclusions_update(struct exclusions *exclusions, const struct met *met)
{
	const struct exclusion *failed = NULL;

	vec_each (struct exclusion, exclusion, &exclusions->undecided) {
		bool is_member = met->element != NULL &&
				 is_excluded(exclusion, met->element, met->certain_at);
		size_t kept = 0;
		for (size_t i = 0; i < exclusion->count; i++) {
			struct candidate candidate = exclusion->items[i];
			if (update_candidate(&candidate, is_member, met))
				exclusion->items[kept++] = candidate;
		}
		exclusion->count = kept;
		if (kept == 0 && failed == NULL)
			failed = exclusion;
	}
	return failed;
}

/* ---- what takes of unknown outcome must have taken ---- */

static void
gather_if_gone(struct exclusions *exclusions, const struct exclusion *exclusion,
	       const struct contents *contents, uint32_t at)
{
	const struct element *element = &contents->elements.items[at];

	if (element->certain_at <= exclusion->items[0].at &&
	    is_excluded(exclusion, element, element->certain_at))
		vec_push(&exclusions->gone, at);
}

/* From the front, as far as elements are certain early enough to be in the way. */
static void
gather_first(struct exclusions *exclusions, const struct exclusion *exclusion,
	     const struct contents *contents)
{
	int64_t until = exclusion->items[0].at;

	if (exclusion->class == EXCLUDES_EARLIER && exclusion->bound <= until)
		until = exclusion->bound - 1;
	for (uint32_t at = contents->first;
	     at != ELEMENT_NONE && contents->elements.items[at].certain_at <= until;
	     at = contents->elements.items[at].after)
		gather_if_gone(exclusions, exclusion, contents, at);
}

static void
gather_later(struct exclusions *exclusions, const struct exclusion *exclusion,
	     const struct contents *contents)
{
	for (uint32_t at = contents->last;
	     at != ELEMENT_NONE &&
	     contents->elements.items[at].certain_at > exclusion->bound;
	     at = contents->elements.items[at].before)
		gather_if_gone(exclusions, exclusion, contents, at);
}

static void
gather_higher(struct exclusions *exclusions, const struct exclusion *exclusion,
	      const struct contents *contents, size_t at)
{
	if (at >= contents->heap.count ||
	    contents->elements.items[contents->heap.items[at]].rank <= exclusion->bound)
		return;
	gather_if_gone(exclusions, exclusion, contents, contents->heap.items[at]);
	gather_higher(exclusions, exclusion, contents, 2 * at + 1);
	gather_higher(exclusions, exclusion, contents, 2 * at + 2);
}

static void
gather_gone(struct exclusions *exclusions, const struct exclusion *exclusion,
	    const struct contents *contents)
{
	vec_clear(&exclusions->gone);
	if (exclusion->class == EXCLUDES_LATER)
		gather_later(exclusions, exclusion, contents);
	else if (exclusion->class == EXCLUDES_HIGHER)
		gather_higher(exclusions, exclusion, contents, 0);
	else
		gather_first(exclusions, exclusion, contents);
}

static void
lose_gone(struct exclusions *exclusions, const struct exclusion *exclusion,
	  struct contents *contents, struct asks *asks, int64_t watermark)
{
	enum departure why =
		exclusion->class == EXCLUDES_ALL ? DEPARTED_MISSED : DEPARTED_PASSED;

	gather_gone(exclusions, exclusion, contents);
	vec_each (uint32_t, at, &exclusions->gone)
		contents_lose(contents, &contents->elements.items[*at],
			      exclusion->items[0].at, why);
	asks_drop_lost(asks, watermark, exclusions->gone.count);
}

void
exclusions_settle(struct exclusions *exclusions, struct contents *contents,
		  struct asks *asks, int64_t watermark)
{
	size_t kept = 0;

	for (size_t i = 0; i < exclusions->undecided.count; i++) {
		struct exclusion *exclusion = &exclusions->undecided.items[i];
		bool is_past =
			exclusion->count > 0 && vec_last(exclusion)->at < watermark;
		bool is_open = !is_settled(exclusion, watermark) && !is_past;
		if (is_open && !follows_from_any(exclusion, exclusions, kept)) {
			exclusions->undecided.items[kept++] = *exclusion;
			continue;
		}
		if (is_past)
			lose_gone(exclusions, exclusion, contents, asks, watermark);
		exclusion_release(exclusion);
	}
	exclusions->undecided.count = kept;
}

void
exclusions_release(struct exclusions *exclusions)
{
	vec_each (struct exclusion, exclusion, &exclusions->undecided)
		exclusion_release(exclusion);
	vec_release(&exclusions->undecided);
	vec_release(&exclusions->certain);
	vec_release(&exclusions->gone);
}

size_t
exclusions_bytes(const struct exclusions *exclusions)
{
	size_t bytes = exclusions->undecided.capacity * sizeof(struct exclusion) +
		       exclusions->certain.capacity * sizeof(int64_t) +
		       exclusions->gone.capacity * sizeof(uint32_t);

	vec_each (struct exclusion, exclusion, &exclusions->undecided)
		bytes += exclusion->capacity * sizeof(struct candidate);
	return bytes;
}
