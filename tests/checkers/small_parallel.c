/* small_parallel.c - parallel snapshot isolation, by running the transactions in all orders. */
#include "tests/checkers/small_txns.h"

struct run {
	const struct small_txns *h;
	const struct small_reads *reads;
	int order[SMALL_TXNS_MAX], count;
	int place[SMALL_TXNS_MAX];     /* from 1; 0: not run yet */
	unsigned past[SMALL_TXNS_MAX]; /* bits: on whom it depends, and they, and so on */
};

static void
depend_on(struct run *r, int txn, int other)
{
	r->past[txn] |= r->past[other] | 1u << other;
}

/* Of all that were run, on whom it depends: whose writes it read, and whose it overwrites. */
static void
find_past(struct run *r, int txn)
{
	r->past[txn] = 0;
	for (int i = 0; i < r->reads->count; i++)
		if (r->reads->of[i].reader == txn && r->reads->of[i].source >= 0)
			depend_on(r, txn, r->reads->of[i].source);
	for (int i = 0; i < r->count; i++)
		for (int key = 0; key < r->h->keys; key++)
			if (small_txn_writes(&r->h->txns[txn], key) &&
			    small_txn_writes(&r->h->txns[r->order[i]], key))
				depend_on(r, txn, r->order[i]);
}

/* All that must come before it was run. */
static bool
is_due(const struct run *r, int txn)
{
	bool due = true;

	for (int t = 0; t < r->h->count; t++)
		due &= !r->reads->committed[t] || !r->reads->before[t][txn] ||
		       r->place[t] != 0;
	for (int i = 0; i < r->reads->count; i++)
		due &= r->reads->of[i].reader != txn || r->reads->of[i].source < 0 ||
		       r->place[r->reads->of[i].source] != 0;
	return due;
}

/* It depends on nobody who overwrote what it read. */
static bool
sees_the_latest(const struct run *r, int txn)
{
	for (int i = 0; i < r->reads->count; i++) {
		int source = r->reads->of[i].source;
		if (r->reads->of[i].reader != txn)
			continue;
		for (int t = 0; t < r->h->count; t++)
			if ((r->past[txn] >> t & 1) != 0 && t != source &&
			    small_txn_writes(&r->h->txns[t], r->reads->of[i].key) &&
			    (source < 0 || r->place[t] > r->place[source]))
				return false;
	}
	return true;
}

static bool
extend(struct run *r)
{
	bool missing = false;

	for (int txn = 0; txn < r->h->count; txn++) {
		if (!r->reads->committed[txn] || r->place[txn] != 0)
			continue;
		missing = true;
		if (!is_due(r, txn))
			continue;
		find_past(r, txn);
		if (!sees_the_latest(r, txn))
			continue;
		r->order[r->count++] = txn;
		r->place[txn] = r->count;
		if (extend(r))
			return true;
		r->place[txn] = 0;
		r->count--;
	}
	return !missing;
}

bool
small_txns_run_in_parallel(const struct small_txns *h, const struct small_reads *reads)
{
	struct run r = {.h = h, .reads = reads};

	return extend(&r);
}

/* ---- made -----------------------------------------------------------------------------
 */

static unsigned
some_past(const unsigned *pasts, int txn, bool is_closed, struct rng *rng)
{
	unsigned past = 0;

	for (int t = 0; t < txn; t++)
		if (rng_chance(rng, 0.3))
			past |= 1u << t | (is_closed ? pasts[t] : 0);
	return past;
}

/* Whose writes it overwrites, with all that they saw. */
static unsigned
overwritten(const struct small_txns *h, const unsigned *pasts, int txn)
{
	unsigned past = 0;

	for (int t = 0; t < txn; t++)
		for (int key = 0; key < h->keys; key++)
			if (small_txn_writes(&h->txns[txn], key) &&
			    small_txn_writes(&h->txns[t], key))
				past |= 1u << t | pasts[t];
	return past;
}

static int
latest_in(const struct small_txns *h, unsigned past, int key)
{
	int value = 0;

	for (int t = 0; t < h->count; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++)
			if ((past >> t & 1) != 0 && h->txns[t].mops[m].write &&
			    h->txns[t].mops[m].key == key)
				value = h->txns[t].mops[m].value;
	return value;
}

static void
read_from(struct small_txns *h, int txn, unsigned past)
{
	int values[SMALL_KEYS_MAX];

	for (int key = 0; key < h->keys; key++)
		values[key] = latest_in(h, past, key);
	for (int m = 0; m < h->txns[txn].mop_count; m++) {
		struct small_mop *mop = &h->txns[txn].mops[m];
		if (mop->write)
			values[mop->key] = mop->value;
		else
			mop->value = values[mop->key];
	}
}

/* The first ones write one key each; the others read all, or write some. No key twice. */
static void
ask(struct small_txns *h, struct small_txn *txn, int *value, struct rng *rng)
{
	bool is_first = txn - h->txns < h->keys;
	double write = is_first ? 1 : rng_chance(rng, 0.6) ? 0 : 0.5;
	int first = (int)rng_below(rng, (uint64_t)h->keys);

	txn->mop_count = is_first ? 1 + rng_chance(rng, 0.3) : h->keys;
	for (int m = 0; m < txn->mop_count; m++)
		txn->mops[m] = (struct small_mop){.write = rng_chance(rng, write),
						  .key = (first + m) % h->keys,
						  .value = (*value)++};
}

void
small_txns_scatter(struct small_txns *h, struct rng *rng)
{
	unsigned pasts[SMALL_TXNS_MAX];
	bool is_closed = rng_chance(rng, 0.7);
	double waits = rng_chance(rng, 0.6) ? 1 : 0.5;
	int value = 1;

	*h = (struct small_txns){.count = 5 + (int)rng_below(rng, SMALL_TXNS_MAX - 4)};
	h->keys = 2 + (int)rng_below(rng, SMALL_KEYS_MAX - 1);
	for (int t = 0; t < h->count; t++) {
		struct small_txn *txn = &h->txns[t];
		*txn = (struct small_txn){.type = rng_chance(rng, 0.05) ? OP_INFO : OP_OK,
					  .process = t,
					  .begin = (uint32_t)t,
					  .end = (uint32_t)(SMALL_TXNS_MAX + t)};
		ask(h, txn, &value, rng);
		pasts[t] = some_past(pasts, t, is_closed, rng);
		if (rng_chance(rng, waits))
			pasts[t] |= overwritten(h, pasts, t);
		read_from(h, t, pasts[t]);
	}
}
