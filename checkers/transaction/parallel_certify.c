#include "checkers/transaction/parallel_certify.h"

#include "checkers/transaction/rw_effects.h"

#include <string.h>

enum {
	STEPS_MAX = 1 << 20
};

/* Of a key, `reader` read from `source` (itself: the first version), and `other` wrote it. */
struct overwriting {
	uint32_t reader, source, other;
};

/* Two that wrote one key. */
struct writers {
	uint32_t a, c;
};

struct trial {
	const struct history *history;
	uint32_t count;
	struct effects effects[RW_CORE_MAX];
	VEC(struct overwriting) overwritings;
	VEC(struct writers) pairs;
	uint32_t missed[RW_CORE_MAX]; /* sets: who comes behind by an anti-dependency */
	uint32_t steps;
};

/* By transaction: who depends on it, and they, and so on. */
struct past {
	uint32_t of[RW_CORE_MAX];
};

static bool
follows(const struct past *past, uint32_t from, uint32_t to)
{
	return (past->of[from] >> to & 1) != 0;
}

static void
depend(const struct trial *trial, struct past *past, uint32_t from, uint32_t to)
{
	uint32_t behind = past->of[to] | 1u << to;

	for (uint32_t t = 0; t < trial->count; t++)
		if (t == from || follows(past, t, from))
			past->of[t] |= behind;
}

/* ---- what is known --------------------------------------------------------------------
 */

static bool
writes(const struct trial *trial, uint32_t t, val key, const struct effect **found)
{
	vec_each (const struct effect, effect, &trial->effects[t].of)
		if (effect->writes &&
		    val_equal(&trial->history->values, effect->key, key)) {
			*found = effect;
			return true;
		}
	return false;
}

/* Who wrote what was read: RW_CORE_MAX when none of these did. */
static uint32_t
source_of(const struct trial *trial, uint32_t reader, const struct effect *read)
{
	const struct effect *write;

	if (read->read == VAL_OF_NIL)
		return reader;
	for (uint32_t t = 0; t < trial->count; t++)
		if (t != reader && writes(trial, t, read->key, &write) &&
		    val_equal(&trial->history->values, write->written, read->read))
			return t;
	return RW_CORE_MAX;
}

static void
add_read(struct trial *trial, struct past *past, uint32_t reader,
	 const struct effect *read)
{
	uint32_t source = source_of(trial, reader, read);
	const struct effect *write;

	if (source == RW_CORE_MAX)
		return;
	if (source != reader)
		depend(trial, past, source, reader);
	for (uint32_t t = 0; t < trial->count; t++)
		if (t != reader && t != source && writes(trial, t, read->key, &write))
			vec_push(&trial->overwritings,
				 (struct overwriting){reader, source, t});
}

static void
add_writers(struct trial *trial, uint32_t t, const struct effect *write)
{
	const struct effect *other;

	for (uint32_t before = 0; before < t; before++)
		if (writes(trial, before, write->key, &other))
			vec_push(&trial->pairs, (struct writers){before, t});
}

static void
add_effects(struct trial *trial, struct past *past)
{
	for (uint32_t t = 0; t < trial->count; t++)
		vec_each (const struct effect, effect, &trial->effects[t].of) {
			if (effect->reads)
				add_read(trial, past, t, effect);
			if (effect->writes)
				add_writers(trial, t, effect);
		}
}

static void
add_given(struct trial *trial, struct past *past, const struct rw_given *given)
{
	if (!given->from_begin && !given->to_commit)
		depend(trial, past, given->from, given->to);
	else if (given->from_begin && given->to_commit)
		trial->missed[given->from] |= 1u << given->to;
}

/* ---- all orders -----------------------------------------------------------------------
 */

static bool
has_cycle(const struct trial *trial, const struct past *past)
{
	for (uint32_t t = 0; t < trial->count; t++) {
		if (follows(past, t, t))
			return true;
		for (uint32_t m = 0; m < trial->count; m++)
			if ((trial->missed[t] >> m & 1) != 0 &&
			    (m == t || follows(past, m, t)))
				return true;
	}
	vec_each (const struct overwriting, o, &trial->overwritings)
		if ((o->source == o->reader || follows(past, o->source, o->other)) &&
		    follows(past, o->other, o->reader))
			return true;
	return false;
}

/* Whether the writers from this pair on have an order without such a cycle; true too when
 * there are too many. Depth at most the pairs. */
static bool
have_order(struct trial *trial, const struct past *past, size_t pair)
{
	if (has_cycle(trial, past))
		return false;
	while (pair < trial->pairs.count &&
	       (follows(past, trial->pairs.items[pair].a, trial->pairs.items[pair].c) ||
		follows(past, trial->pairs.items[pair].c, trial->pairs.items[pair].a)))
		pair++;
	if (pair == trial->pairs.count || ++trial->steps > STEPS_MAX)
		return true;
	const struct writers *writers = &trial->pairs.items[pair];
	struct past one = *past, other = *past;
	depend(trial, &one, writers->a, writers->c);
	depend(trial, &other, writers->c, writers->a);
	return have_order(trial, &one, pair + 1) || have_order(trial, &other, pair + 1);
}

bool
parallel_certify(const struct history *history, const uint32_t *ops, size_t count,
		 const struct rw_given *given, size_t given_count,
		 const struct rw_claim *claim, struct err *err)
{
	struct trial trial = {.history = history, .count = (uint32_t)count};
	struct past past = {0};
	bool contradicts = false;

	for (uint32_t t = 0; t < count; t++)
		contradicts |= !rw_effects_collect(history, ops[t], claim->nil_is_unknown,
						   &trial.effects[t]);
	add_effects(&trial, &past);
	for (size_t i = 0; i < given_count; i++)
		add_given(&trial, &past, &given[i]);
	bool ok = contradicts || !have_order(&trial, &past, 0);
	for (uint32_t t = 0; t < count; t++)
		vec_release(&trial.effects[t].of);
	vec_release(&trial.overwritings);
	vec_release(&trial.pairs);
	return ok || err_set(err, "the transactions have parallel snapshots, or too many "
				  "orders to try them all");
}
