/* Which attempts are made: from each of the balances that may have been the first, with reads
 * served earlier; then from those that led furthest, with something chosen otherwise before
 * the read that was not reached: a transfer that would have led to it is not used before, it
 * is served at an event at which a way led to it, or dice are thrown at a few events. An
 * attempt that gets as far as the best one takes its place; those that do not get three more
 * changes. */
#include "checkers/jepsen/bank_path_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_MAX = 10,	       /* transfers that the first read may have seen or not */
	EARLIER_MAX = 1 << 10, /* attempts with reads served earlier, without dice */
	DICE_MAX = 6,	       /* events at which dice are thrown, */
	BACK_MIN = 3,	       /* of the last two to the power of this */
	BACK_MAX = 11,	       /* up to that */
	ASTRAY_MAX = 3,	       /* changes that may lead less far */
};

/* Balances before all, and how far the best attempt got with them. */
struct start {
	uint64_t number;
	uint32_t event;
};

/* What an attempt does otherwise than is best as far as one can see. */
struct choices {
	uint64_t *salts;	/* by event */
	uint32_t *early, *hold; /* by operation */
};

struct tries {
	struct path *path;
	const struct check_options *options;
	VEC(struct start) starts;
	struct choices best; /* owned: those of the attempt that got furthest */
	uint32_t event;	     /* where it ended */
	int astray;	     /* attempts since, that ended before that */
	VEC(uint32_t) spent; /* transfers with which a way would lead to it */
	VEC(uint32_t)
	could; /* events at which a way led to the read that was not reached */
	struct rng rng;
};

/* ---- the first balances --------------------------------------------------------------- */

/* The read that was over first; the number of operations: there is none. */
static uint32_t
first_read(const struct path *p)
{
	uint32_t first = (uint32_t)p->key->count;

	for (uint32_t i = 0; i < p->key->count; i++)
		if (p->is_used[i] && p->kind_of[i] == NO_KIND &&
		    (first == p->key->count ||
		     bank_path_over_at(p, i) < bank_path_over_at(p, first)))
			first = i;
	return first;
}

static void
add_start(struct tries *t, uint64_t number)
{
	vec_each (struct start, start, &t->starts)
		if (start->number == number)
			return;
	vec_push(&t->starts, (struct start){number, 0});
}

/* What a read shows, without what it saw: the transfers that were over before it, and
 * some of those that had begun. */
static void
add_starts_of(struct tries *t, uint32_t read)
{
	const struct path *p = t->path;
	VEC(uint64_t) perhaps = {0};
	uint64_t without = p->number[read];

	for (uint32_t i = 0; i < p->key->count; i++) {
		bool had_begun =
			p->is_used[i] && p->kind_of[i] != NO_KIND &&
			bank_path_op(p, i)->invoke_at < bank_path_over_at(p, read);
		if (had_begun &&
		    bank_path_over_at(p, i) < bank_path_op(p, read)->invoke_at)
			without -= p->number[i];
		else if (had_begun && perhaps.count < FIRST_MAX)
			vec_push(&perhaps, p->number[i]);
	}
	for (uint32_t seen = 0; seen >> perhaps.count == 0; seen++) {
		uint64_t first = without;
		for (size_t i = 0; i < perhaps.count; i++)
			first -= (seen >> i & 1) != 0 ? perhaps.items[i] : 0;
		add_start(t, first);
	}
	vec_release(&perhaps);
}

static void
list_starts(struct tries *t)
{
	uint32_t read = first_read(t->path);

	if (val_kind(t->options->init) == VAL_MAP)
		add_start(t, bank_ways_number(t->path, t->options->init));
	else if (read == t->path->key->count)
		add_start(t, 0);
	else
		add_starts_of(t, read);
}

/* ---- attempts --------------------------------------------------------------------------- */

/* Few operations are soon tried in all orders. */
static bool
is_over(const struct tries *t)
{
	uint64_t count = t->path->key->count;

	return t->path->work > BANK_PATH_WORK || t->path->work > count * count * count ||
	       budget_is_over(&t->options->budget);
}

/* The read that was not reached is served before the last event at which a way led to it
 * that was not tried yet; false: there is none. */
static bool
serve_earlier(struct path *p)
{
	uint32_t before = p->early[p->failed] != 0 ? p->early[p->failed] - 1 : UINT32_MAX;

	for (size_t k = p->could.count; k > 0; k--) {
		uint32_t event = (uint32_t)p->could.items[k - 1];
		if (p->could.items[k - 1] >> 32 != p->failed || event >= before)
			continue;
		p->early[p->failed] = event + 1;
		return true;
	}
	return false;
}

/* Without dice. */
static bool
try_start(struct tries *t, struct start *start)
{
	struct path *p = t->path;

	memset(p->early, 0, p->key->count * sizeof(*p->early));
	for (int n = 0; n < EARLIER_MAX && !is_over(t); n++) {
		if (bank_path_attempt(p, start->number, t->options))
			return true;
		start->event = p->event > start->event ? p->event : start->event;
		if (!serve_earlier(p))
			return false;
	}
	return false;
}

/* The choices of an attempt. */
static void
copy_choices(const struct path *p, const struct choices *from, const struct choices *to)
{
	memcpy(to->salts, from->salts, p->event_count * sizeof(*p->salts));
	memcpy(to->early, from->early, p->key->count * sizeof(*p->early));
	memcpy(to->hold, from->hold, p->key->count * sizeof(*p->hold));
}

static struct choices
choices_of(const struct path *p)
{
	return (struct choices){p->salts, p->early, p->hold};
}

/* Transfers of unknown outcome that were used before, with which there would be a way to the
 * read that was not reached. */
static void
list_spent(struct tries *t)
{
	struct path *p = t->path;
	uint8_t *helps = mem_new(p->kinds.count + 1, sizeof(*helps)); /* 1: no, 2: yes */
	struct way way;

	vec_clear(&t->spent);
	for (uint32_t i = 0; i < p->key->count; i++) {
		uint32_t kind = p->kind_of[i];
		if (!p->is_done[i] || kind == NO_KIND ||
		    bank_path_over_at(p, i) != OP_NEVER)
			continue;
		if (helps[kind] == 0)
			helps[kind] = 1 + bank_ways_find(p, p->now + p->number[i],
							 p->number[p->failed], 3, &way);
		if (helps[kind] == 2)
			vec_push(&t->spent, i);
	}
	free(helps);
}

static void
look_at_failure(struct tries *t)
{
	struct path *p = t->path;

	p->stuck = p->failed;
	vec_clear(&t->could);
	vec_each (uint64_t, could, &p->could)
		if (*could >> 32 == p->stuck)
			vec_push(&t->could, (uint32_t)*could);
	list_spent(t);
}

/* What was chosen long before stays. */
static void
throw_dice(struct tries *t)
{
	struct path *p = t->path;
	uint32_t end = p->event, back = 1u << rng_between(&t->rng, BACK_MIN, BACK_MAX);
	uint32_t from = end > back ? end - back : 0;

	for (uint64_t n = 1 + rng_below(&t->rng, DICE_MAX); n > 0; n--)
		p->salts[rng_between(&t->rng, from, end)] = rng_next(&t->rng);
}

static void
choose_otherwise(struct tries *t)
{
	struct path *p = t->path;
	uint64_t how = rng_below(&t->rng, 4);

	if (t->spent.count > 0 && how < 2)
		p->hold[t->spent.items[rng_below(&t->rng, t->spent.count)]] = p->event;
	else if (t->could.count > 0 && how < 3)
		p->early[p->stuck] =
			t->could.items[rng_below(&t->rng, t->could.count)] + 1;
	else
		throw_dice(t);
}

/* False: the last attempts all ended before the best one did, whose choices are taken up
 * again. */
static bool
is_promising(struct tries *t)
{
	struct path *p = t->path;
	struct choices own = choices_of(p);

	t->astray = p->event >= t->event ? 0 : t->astray + 1;
	if (t->astray == 0) {
		t->event = p->event;
		copy_choices(p, &own, &t->best);
	}
	if (t->astray <= ASTRAY_MAX)
		return true;
	copy_choices(p, &t->best, &own);
	t->astray = 0;
	return false;
}

static bool
try_otherwise(struct tries *t, const struct start *start)
{
	struct path *p = t->path;

	memset(p->early, 0, p->key->count * sizeof(*p->early));
	while (!is_over(t)) {
		if (bank_path_attempt(p, start->number, t->options))
			return true;
		if (!is_promising(t))
			continue;
		look_at_failure(t);
		choose_otherwise(t);
	}
	return false;
}

static struct start *
furthest(struct tries *t)
{
	struct start *best = &t->starts.items[0];

	vec_each (struct start, start, &t->starts)
		best = start->event > best->event ? start : best;
	return best;
}

bool
bank_tries_find(struct path *path, const struct check_options *options)
{
	struct tries t = {.path = path, .options = options};
	bool is_found = false;

	rng_init(&t.rng, 1);
	t.best.salts = mem_new(path->event_count + 1, sizeof(uint64_t));
	t.best.early = mem_new(path->key->count + 1, sizeof(uint32_t));
	t.best.hold = mem_new(path->key->count + 1, sizeof(uint32_t));
	list_starts(&t);
	for (size_t i = 0; i < t.starts.count && !is_found; i++)
		is_found = try_start(&t, &t.starts.items[i]);
	is_found = is_found || try_otherwise(&t, furthest(&t));
	vec_release(&t.could);
	vec_release(&t.spent);
	free(t.best.salts);
	free(t.best.early);
	free(t.best.hold);
	vec_release(&t.starts);
	return is_found;
}
