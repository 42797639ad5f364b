#include "checkers/weak/weak_refute.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* ---- pairs ---------------------------------------------------------------------------- */

struct link {
	uint32_t before, after, next; /* next: another link to `after`; NONE */
};

struct pairs {
	const struct weak *weak;
	const struct budget *budget;
	uint32_t *head; /* owned; by id: its last link; NONE */
	VEC(struct link) links;
	bool *past; /* owned; by id: found by the last walk */
	VEC(uint32_t) stack;
};

static void
pairs_init(struct pairs *pairs, const struct weak *weak, const struct budget *budget)
{
	*pairs = (struct pairs){.weak = weak, .budget = budget};
	pairs->head = mem_new((size_t)weak->count + 1, sizeof(*pairs->head));
	pairs->past = mem_new((size_t)weak->count + 1, sizeof(*pairs->past));
	memset(pairs->head, 0xff, weak->count * sizeof(*pairs->head));
}

static void
pairs_release(struct pairs *pairs)
{
	free(pairs->head);
	free(pairs->past);
	vec_release(&pairs->links);
	vec_release(&pairs->stack);
}

static void
add(struct pairs *pairs, uint32_t before, uint32_t after)
{
	uint32_t number = (uint32_t)pairs->links.count;

	vec_push(&pairs->links, (struct link){before, after, pairs->head[after]});
	pairs->head[after] = number;
}

/* Forgets all pairs but the first ones. */
static void
take_back(struct pairs *pairs, size_t count)
{
	while (pairs->links.count > count) {
		struct link link = vec_pop(&pairs->links);
		pairs->head[link.after] = link.next;
	}
}

/* Marks all that is before the operation. */
static void
walk(struct pairs *pairs, uint32_t v)
{
	memset(pairs->past, 0, pairs->weak->count * sizeof(*pairs->past));
	vec_push(&pairs->stack, v);
	while (pairs->stack.count > 0) {
		uint32_t at = vec_pop(&pairs->stack);
		for (uint32_t i = pairs->head[at]; i != NONE;
		     i = pairs->links.items[i].next) {
			uint32_t before = pairs->links.items[i].before;
			if (pairs->past[before])
				continue;
			pairs->past[before] = true;
			vec_push(&pairs->stack, before);
		}
	}
}

static bool
is_before(struct pairs *pairs, uint32_t a, uint32_t b)
{
	walk(pairs, b);
	return pairs->past[a];
}

/* Takes away what nothing follows, as long as there is any. */
static bool
has_ring(const struct pairs *pairs)
{
	uint32_t count = pairs->weak->count, removed = 0;
	uint32_t *followers = mem_new((size_t)count + 1, sizeof(*followers));
	VEC(uint32_t) last = {0};

	for (size_t i = 0; i < pairs->links.count; i++)
		followers[pairs->links.items[i].before]++;
	for (uint32_t v = 0; v < count; v++)
		if (followers[v] == 0)
			vec_push(&last, v);
	while (last.count > 0) {
		uint32_t v = vec_pop(&last);
		removed++;
		for (uint32_t i = pairs->head[v]; i != NONE;
		     i = pairs->links.items[i].next)
			if (--followers[pairs->links.items[i].before] == 0)
				vec_push(&last, pairs->links.items[i].before);
	}
	free(followers);
	vec_release(&last);
	return removed < count;
}

/* Session order among members (NULL: all), and who reads from whom. */
static void
add_members(struct pairs *pairs, const bool *is_member, bool reads_from)
{
	const struct weak *weak = pairs->weak;

	for (uint32_t s = 0; s < weak->session_count; s++) {
		uint32_t before = NONE;
		for (uint32_t v = weak->start[s]; v < weak->start[s + 1]; v++) {
			if (is_member != NULL && !is_member[v])
				continue;
			if (before != NONE)
				add(pairs, before, v);
			before = v;
			uint32_t source = weak->source[v];
			if (reads_from && source != v && source != WEAK_INITIAL)
				add(pairs, source, v);
		}
	}
}

/* ---- what a read says of other writes ------------------------------------------------- */

/* Of each other write of the key that is before the read: it is before the source. True: the
 * read returned the initial value. */
static bool
add_older(struct pairs *pairs, struct pairs *into, uint32_t read, bool *has_new)
{
	const struct weak *weak = pairs->weak;
	uint32_t source = weak->source[read];
	bool *past = mem_new((size_t)weak->count + 1, sizeof(*past));
	bool is_refuted = false;

	walk(pairs, read);
	memcpy(past, pairs->past, weak->count * sizeof(*past));
	if (source != WEAK_INITIAL)
		walk(into, source);
	for (uint32_t w = 0; w < weak->count && !is_refuted; w++) {
		if (!past[w] || !weak_is_write(weak, w) ||
		    weak->key[w] != weak->key[read] || w == source)
			continue;
		is_refuted = source == WEAK_INITIAL;
		if (!is_refuted && !into->past[w]) {
			add(into, w, source);
			*has_new = true;
		}
	}
	free(past);
	return is_refuted;
}

/* Of each write of the key that the source is before: the read is before it. */
static void
add_newer(struct pairs *pairs, uint32_t read, bool *has_new)
{
	const struct weak *weak = pairs->weak;
	uint32_t source = weak->source[read];

	for (uint32_t w = 0; w < weak->count; w++) {
		if (!weak_is_write(weak, w) || weak->key[w] != weak->key[read] ||
		    w == source)
			continue;
		walk(pairs, w);
		if ((source == WEAK_INITIAL || pairs->past[source]) &&
		    !pairs->past[read]) {
			add(pairs, read, w);
			*has_new = true;
		}
	}
}

/* ---- causal --------------------------------------------------------------------------- */

static bool
is_read(const struct weak *weak, uint32_t v)
{
	return !weak_is_write(weak, v);
}

static bool
refute_cc(const struct weak *weak, const struct budget *budget)
{
	struct pairs pairs;
	bool found;

	pairs_init(&pairs, weak, budget);
	add_members(&pairs, NULL, true);
	found = has_ring(&pairs);
	for (uint32_t r = 0; r < weak->count && !found; r++) {
		struct pairs replaced;
		bool has_new;
		if (!is_read(weak, r) || budget_is_over(budget))
			continue;
		pairs_init(&replaced, weak, budget);
		found = add_older(&pairs, &replaced, r, &has_new);
		for (size_t i = 0; i < replaced.links.count && !found; i++)
			found = is_before(&pairs, weak->source[r],
					  replaced.links.items[i].before);
		pairs_release(&replaced);
	}
	pairs_release(&pairs);
	return found;
}

static bool
refute_ccv(const struct weak *weak, const struct budget *budget)
{
	struct pairs causes, all;
	bool found = false, has_new;

	pairs_init(&causes, weak, budget);
	pairs_init(&all, weak, budget);
	add_members(&causes, NULL, true);
	add_members(&all, NULL, true);
	for (uint32_t r = 0; r < weak->count && !found; r++)
		if (is_read(weak, r) && !budget_is_over(budget))
			found = add_older(&causes, &all, r, &has_new);
	found = found || has_ring(&all);
	pairs_release(&causes);
	pairs_release(&all);
	return found;
}

/* The view of one session: the members, and its own reads. */
static bool
refute_view(const struct weak *weak, const struct budget *budget, uint32_t session,
	    const bool *is_member, bool reads_from)
{
	struct pairs pairs;
	bool found = false, has_new = true;

	pairs_init(&pairs, weak, budget);
	add_members(&pairs, is_member, reads_from);
	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++)
		if (!reads_from && is_read(weak, v) && weak->source[v] != WEAK_INITIAL)
			add(&pairs, weak->source[v], v);
	while (has_new && !found && !budget_is_over(budget)) {
		has_new = false;
		for (uint32_t v = weak->start[session];
		     v < weak->start[session + 1] && !found; v++)
			if (is_read(weak, v))
				found = add_older(&pairs, &pairs, v, &has_new);
		found = found || has_ring(&pairs);
	}
	pairs_release(&pairs);
	return found;
}

/* cm: what is causally before the session's last operation; pram: all writes. */
static bool
refute_views(const struct weak *weak, const struct budget *budget, bool is_causal)
{
	struct pairs causes;
	bool found;

	pairs_init(&causes, weak, budget);
	add_members(&causes, NULL, true);
	found = is_causal && has_ring(&causes);
	for (uint32_t s = 0; s < weak->session_count && !found; s++) {
		uint32_t last = weak->start[s + 1] - 1;
		walk(&causes, last);
		for (uint32_t v = 0; v < weak->count && !is_causal; v++)
			causes.past[v] = weak_is_write(weak, v) || weak->session[v] == s;
		causes.past[last] = true;
		found = refute_view(weak, budget, s, causes.past, is_causal);
	}
	pairs_release(&causes);
	return found;
}

/* ---- sequential ----------------------------------------------------------------------- */

/* True: refuted. */
static bool
saturate(struct pairs *pairs)
{
	const struct weak *weak = pairs->weak;
	bool has_new = true;

	while (has_new) {
		has_new = false;
		if (has_ring(pairs))
			return true;
		for (uint32_t v = 0; v < weak->count; v++) {
			if (budget_is_over(pairs->budget))
				return false;
			if (!is_read(weak, v))
				continue;
			if (add_older(pairs, pairs, v, &has_new))
				return true;
			add_newer(pairs, v, &has_new);
		}
	}
	return has_ring(pairs);
}

/* Two writes of a key, one of them read, that are in no order yet. */
static bool
find_choice(struct pairs *pairs, uint32_t *a, uint32_t *b)
{
	const struct weak *weak = pairs->weak;

	for (uint32_t r = 0; r < weak->count; r++) {
		if (!is_read(weak, r) || weak->source[r] == WEAK_INITIAL)
			continue;
		*a = weak->source[r];
		for (*b = 0; *b < weak->count; ++*b)
			if (*b != *a && weak_is_write(weak, *b) &&
			    weak->key[*b] == weak->key[*a] && !is_before(pairs, *a, *b) &&
			    !is_before(pairs, *b, *a))
				return true;
	}
	return false;
}

static bool
refute_orders(struct pairs *pairs)
{
	size_t count = pairs->links.count;
	uint32_t a, b;

	bool refuted = saturate(pairs);
	if (!refuted && !budget_is_over(pairs->budget) && find_choice(pairs, &a, &b)) {
		size_t saturated = pairs->links.count;
		add(pairs, a, b);
		refuted = refute_orders(pairs);
		take_back(pairs, saturated);
		if (refuted) {
			add(pairs, b, a);
			refuted = refute_orders(pairs);
		}
	}
	take_back(pairs, count);
	return refuted;
}

static bool
refute_sequential(const struct weak *weak, const struct budget *budget)
{
	struct pairs pairs;

	pairs_init(&pairs, weak, budget);
	add_members(&pairs, NULL, true);
	bool refuted = refute_orders(&pairs);
	pairs_release(&pairs);
	return refuted;
}

/* ---- session guarantees --------------------------------------------------------------- */

struct guarantees {
	bool own, reads, writers, causes;
};

/* Versions of one key: writes of a session ascend; causes: and follow what it had read. */
static void
add_ages(struct pairs *pairs, const struct guarantees *asked)
{
	const struct weak *weak = pairs->weak;

	for (uint32_t v = 0; v < weak->count; v++)
		for (uint32_t u = weak->start[weak->session[v]]; u < v; u++) {
			uint32_t source = weak->source[u];
			if (is_read(weak, v) || weak->key[u] != weak->key[v] ||
			    source == WEAK_INITIAL || source == v)
				continue;
			if (source == u || asked->causes)
				add(pairs, source, v);
		}
}

/* A write that reads its own future makes a ring of one. */
static bool
reads_own_future(const struct weak *weak, const struct guarantees *asked)
{
	for (uint32_t v = 0; v < weak->count && asked->causes; v++)
		if (is_read(weak, v) && weak->source[v] != WEAK_INITIAL &&
		    weak->session[weak->source[v]] == weak->session[v] &&
		    weak->source[v] > v)
			return true;
	return false;
}

/* What the session must see from now on, after this operation. */
static void
note_seen(const struct weak *weak, const struct guarantees *asked, uint32_t v, bool *seen)
{
	uint32_t source = weak->source[v];

	if (source == v) {
		seen[v] = seen[v] || asked->own;
		return;
	}
	if (source == WEAK_INITIAL)
		return;
	seen[source] = seen[source] || asked->reads;
	for (uint32_t u = weak->start[weak->session[source]]; u < source; u++) {
		uint32_t told = weak->source[u];
		if (told != WEAK_INITIAL && (told == u ? asked->writers : asked->causes))
			seen[told] = true;
	}
}

static bool
refute_session(const struct weak *weak, const struct budget *budget,
	       const struct guarantees *asked, uint32_t session)
{
	bool *seen = mem_new((size_t)weak->count + 1, sizeof(*seen));
	struct pairs pairs;
	bool found = false;

	pairs_init(&pairs, weak, budget);
	add_ages(&pairs, asked);
	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++) {
		for (uint32_t f = 0; f < weak->count && is_read(weak, v) && !found; f++) {
			if (!seen[f] || weak->key[f] != weak->key[v] ||
			    f == weak->source[v])
				continue;
			found = weak->source[v] == WEAK_INITIAL;
			if (!found)
				add(&pairs, f, weak->source[v]);
		}
		note_seen(weak, asked, v, seen);
	}
	found = found || has_ring(&pairs);
	pairs_release(&pairs);
	free(seen);
	return found;
}

static bool
refute_guarantees(enum weak_model model, const struct weak *weak,
		  const struct budget *budget)
{
	bool all = model == WEAK_SESSION;
	struct guarantees asked = {.own = all || model == WEAK_READ_YOUR_WRITES,
				   .reads = all || model == WEAK_MONOTONIC_READS,
				   .writers = all || model == WEAK_MONOTONIC_WRITES,
				   .causes = all || model == WEAK_WRITES_FOLLOW_READS};
	bool found = reads_own_future(weak, &asked);

	for (uint32_t s = 0; s < weak->session_count && !found; s++)
		found = !budget_is_over(budget) &&
			refute_session(weak, budget, &asked, s);
	return found;
}

bool
weak_refute(enum weak_model model, const struct weak *core, const struct budget *budget)
{
	switch (model) {
	case WEAK_SEQUENTIAL:
		return refute_sequential(core, budget);
	case WEAK_CC:
		return refute_cc(core, budget);
	case WEAK_CCV:
		return refute_ccv(core, budget);
	case WEAK_CM:
		return refute_views(core, budget, true);
	case WEAK_PRAM:
		return refute_views(core, budget, false);
	default:
		return refute_guarantees(model, core, budget);
	}
}
