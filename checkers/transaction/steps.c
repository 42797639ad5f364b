#include "checkers/transaction/steps.h"

#include "checkers/transaction/cycle_certify.h"
#include "checkers/transaction/predicate_expand.h"
#include "checkers/transaction/raw_txn.h"
#include "checkers/transaction/rw_register.h"

struct longest {
	val key, read;
};

/* While the steps of one cycle are named. */
struct finder {
	const struct dependencies *d;
	const struct history *history;
	VEC(struct longest) longest; /* the longest read of each key met so far */
	const char *anomaly;	     /* what the cycle is called */
	/* Of non-monotonic-view: where the reader reads from the one that it then misses. */
	bool is_monotonic;
	bool is_of_view; /* of a level that counts only whom a reader reads from */
	size_t seen_at;
	bool reads_differ; /* some reads of one key have no common order */
};

static const struct op *
op_at(const struct finder *f, uint32_t op)
{
	return &f->history->ops.items[op];
}

static val
find_longest(struct finder *f, val key)
{
	const struct values *values = &f->history->values;
	struct longest longest = {.key = key};
	size_t best = 0;

	vec_each (const struct longest, known, &f->longest)
		if (val_equal(values, known->key, key))
			return known->read;
	vec_each (const struct mop, mop, &f->d->txns.mops)
		if (mop->kind == MOP_READ && mop->length > best &&
		    val_equal(values, f->d->txns.keys.items[mop->key], key)) {
			best = mop->length;
			longest.read = mop->value;
		}
	vec_push(&f->longest, longest);
	return longest.read;
}

static bool
is_in_some_read(const struct finder *f, val key, val element)
{
	const struct values *values = &f->history->values;

	vec_each (const struct mop, mop, &f->d->txns.mops)
		if (mop->kind == MOP_READ &&
		    val_equal(values, f->d->txns.keys.items[mop->key], key) &&
		    raw_place(values, mop->value, element) != 0)
			return true;
	return false;
}

/* The place of an element in the version order, from 1; those that nobody read are last.
 * False when another read than the longest shows it: then it has none. */
static bool
find_place(struct finder *f, val key, val element, size_t *place)
{
	*place = raw_place(&f->history->values, find_longest(f, key), element);
	if (*place == 0 && f->reads_differ && is_in_some_read(f, key, element))
		return false;
	*place = *place != 0 ? *place : SIZE_MAX;
	return true;
}

/* ---- pairs of micro-operations --------------------------------------------------------
 */

/* A candidate for a step: how far the two versions are apart; the nearest are shown. */
static bool
is_nearer(size_t distance, size_t *best)
{
	if (distance >= *best)
		return false;
	*best = distance;
	return true;
}

static void
take_appends(struct finder *f, const struct raw_mop *a, const struct raw_mop *b,
	     size_t *best, struct anomaly_step *step)
{
	size_t before, after;

	if (!find_place(f, a->key, a->value, &before) ||
	    !find_place(f, a->key, b->value, &after) || before >= after ||
	    !is_nearer(after - before, best))
		return;
	step->key = a->key;
	step->first = a->value;
	step->second = b->value;
}

static void
take_list_read(struct finder *f, const struct raw_mop *append, const struct raw_mop *read,
	       size_t *best, struct anomaly_step *step)
{
	size_t place = raw_place(&f->history->values, read->value, append->value);

	if (place == 0 || !is_nearer(SIZE_MAX - place, best))
		return;
	step->key = read->key;
	step->first = append->value;
}

static bool
is_prefix(const struct values *values, val read, val longest)
{
	size_t count = read == VAL_OF_NIL ? 0 : val_count(values, read);
	bool is = count == 0 || count <= val_count(values, longest);

	for (size_t i = 0; i < count && is; i++)
		is = val_equal(values, val_at(values, read, i),
			       val_at(values, longest, i));
	return is;
}

static void
take_list_miss(struct finder *f, const struct raw_mop *read, const struct raw_mop *append,
	       size_t *best, struct anomaly_step *step)
{
	const struct values *values = &f->history->values;
	size_t place;

	if (!find_place(f, read->key, append->value, &place) ||
	    raw_place(values, read->value, append->value) != 0 ||
	    !is_prefix(values, read->value, find_longest(f, read->key)) ||
	    !is_nearer(place - 1, best))
		return;
	step->key = read->key;
	step->first = read->value;
	step->second = append->value;
}

/* `a` of the earlier transaction, `b` of the later one. */
static void
take_pair(struct finder *f, const struct raw_mop *a, const struct raw_mop *b,
	  size_t *best, struct anomaly_step *step)
{
	const struct values *values = &f->history->values;

	if (!val_equal(values, a->key, b->key))
		return;
	if (step->kind == EDGE_WW && a->f == 'a' && b->f == 'a')
		take_appends(f, a, b, best, step);
	else if (step->kind == EDGE_WR && a->f == 'a' && b->f == 'r')
		take_list_read(f, a, b, best, step);
	else if (step->kind == EDGE_RW && a->f == 'r' && b->f == 'a')
		take_list_miss(f, a, b, best, step);
	else if (step->kind == EDGE_WR && a->f == 'w' && b->f == 'r' &&
		 val_equal(values, a->value, b->value) && is_nearer(0, best)) {
		step->key = a->key;
		step->first = a->value;
	}
}

/* A read that lacks something counts behind the one that saw. */
static bool
is_too_early(const struct finder *f, const struct anomaly_step *step, size_t at)
{
	return f->is_monotonic && step->kind == EDGE_RW && at <= f->seen_at;
}

/* The first read of `to` whose last element is one of `from`; where it stands is kept. */
static bool
find_first_seen(struct finder *f, struct anomaly_step *step)
{
	const struct values *values = &f->history->values;
	const struct op *from = op_at(f, step->from), *to = op_at(f, step->to);

	for (size_t j = 0; j < raw_count(values, to); j++)
		for (size_t i = 0; i < raw_count(values, from); i++) {
			struct raw_mop a = raw_mop(values, from, i);
			struct raw_mop b = raw_mop(values, to, j);
			size_t best = SIZE_MAX;
			if (raw_reads_last(f->history, step->to, j, b.key, a.value))
				take_pair(f, &a, &b, &best, step);
			if (best != SIZE_MAX) {
				f->seen_at = j;
				return true;
			}
		}
	return false;
}

static bool
find_pair(struct finder *f, struct anomaly_step *step)
{
	const struct values *values = &f->history->values;
	const struct op *from = op_at(f, step->from), *to = op_at(f, step->to);
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < raw_count(values, from); i++)
		for (size_t j = 0; j < raw_count(values, to); j++) {
			struct raw_mop a = raw_mop(values, from, i);
			struct raw_mop b = raw_mop(values, to, j);
			if (is_too_early(f, step, i))
				continue;
			bool unread = (a.f == 'r' && !raw_is_read(from, &a)) ||
				      (b.f == 'r' && !raw_is_read(to, &b));
			if (!unread)
				take_pair(f, &a, &b, &best, step);
		}
	return best != SIZE_MAX;
}

/* The last value that the transaction wrote to the key. */
static val
last_written(const struct finder *f, uint32_t op, val key)
{
	const struct values *values = &f->history->values;
	val written = VAL_OF_NIL;

	for (size_t i = 0; i < raw_count(values, op_at(f, op)); i++) {
		struct raw_mop mop = raw_mop(values, op_at(f, op), i);
		if (mop.f == 'w' && val_equal(values, mop.key, key))
			written = mop.value;
	}
	return written;
}

/* Who was missed, as the decider of the weak levels noted it: it may have noted several
 * readers, for several anomalies. */
static bool
find_missed(struct finder *f, uint32_t from, uint32_t to, struct anomaly_step *step)
{
	const struct rw_versions *v = f->d->type_state;
	const struct check_options any = {0};

	vec_each (const struct rw_reason, reason, &v->reasons) {
		if (reason->from != from || reason->to != to)
			continue;
		step->witness = f->d->txns.of.items[reason->reader].op;
		step->key = f->d->txns.keys.items[reason->key];
		step->first = last_written(f, step->from, step->key);
		step->second = last_written(f, step->to, step->key);
		if (step_certify(f->history, &any, f->anomaly, step))
			return true;
	}
	return false;
}

static bool
find_step(struct finder *f, uint32_t from, uint32_t to, struct anomaly_step *step)
{
	switch (step->kind) {
	case EDGE_PROCESS:
	case EDGE_REALTIME:
		return true;
	case EDGE_ORDER:
		return find_missed(f, from, to, step);
	case EDGE_WR:
		return f->is_of_view ? find_first_seen(f, step) : find_pair(f, step);
	default:
		return find_pair(f, step);
	}
}

static bool
is_of_view(enum isolation_anomaly anomaly)
{
	const uint64_t views = anomaly_bit(ANOMALY_NON_MONOTONIC_VIEW) |
			       anomaly_bit(ANOMALY_FRACTURED_READ) |
			       anomaly_bit(ANOMALY_NON_MONOTONIC_PROCESS) |
			       anomaly_bit(ANOMALY_FRACTURED_PROCESS) |
			       anomaly_bit(ANOMALY_CAUSALITY);

	return (views & anomaly_bit(anomaly)) != 0;
}

static struct anomaly_step
step_of(const struct dependencies *d, uint32_t from, uint32_t to, uint8_t kind)
{
	return (struct anomaly_step){.from = d->txns.of.items[from].op,
				     .to = d->txns.of.items[to].op,
				     .witness = UINT32_MAX,
				     .kind = kind};
}

bool
steps_find_one(const struct dependencies *d, uint32_t from, uint32_t to,
	       enum edge_kind kind, struct anomaly_step *step)
{
	struct finder f = {.d = d,
			   .history = d->txns.history,
			   .anomaly = anomaly_name(ANOMALY_G2_ITEM)};

	*step = step_of(d, from, to, kind);
	bool found = find_step(&f, from, to, step);
	vec_release(&f.longest);
	return found;
}

bool
steps_find(const struct dependencies *d, const struct cycle *cycle,
	   struct anomaly *anomaly)
{
	struct finder f = {.d = d,
			   .history = d->txns.history,
			   .anomaly = anomaly_name(cycle->anomaly)};
	size_t count = cycle->txns.count;
	bool found = true;

	vec_each (const struct finding, finding, &d->findings)
		f.reads_differ |= finding->anomaly == ANOMALY_INCOMPATIBLE_ORDER;
	f.is_of_view = is_of_view(cycle->anomaly);
	f.is_monotonic = cycle->anomaly == ANOMALY_NON_MONOTONIC_VIEW && count == 2 &&
			 cycle->kinds.items[0] == EDGE_WR &&
			 cycle->kinds.items[1] == EDGE_RW;
	for (size_t i = 0; i < count && found; i++) {
		uint32_t from = cycle->txns.items[i],
			 to = cycle->txns.items[(i + 1) % count];
		struct anomaly_step step = step_of(d, from, to, cycle->kinds.items[i]);
		found = find_step(&f, from, to, &step);
		vec_push(&anomaly->steps, step);
	}
	if (!found)
		vec_release(&anomaly->steps);
	vec_release(&f.longest);
	return found;
}
