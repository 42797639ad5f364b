/* small_axioms.c - the axioms of small_txns.h. */
#include "tests/checkers/small_txns.h"

/* The transaction that wrote the value, -1: the initial value, -2: nobody. */
static int
writer_of(const struct small_txns *h, int key, int value, bool *is_final)
{
	*is_final = true;
	for (int t = 0; t < h->count; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			const struct small_mop *mop = &h->txns[t].mops[m];
			if (!mop->write || mop->key != key || mop->value != value)
				continue;
			for (int later = m + 1; later < h->txns[t].mop_count; later++)
				if (h->txns[t].mops[later].write &&
				    h->txns[t].mops[later].key == key)
					*is_final = false;
			return t;
		}
	return value == 0 ? -1 : -2;
}

struct axioms {
	const struct small_txns *h;
	bool committed[SMALL_TXNS_MAX];
	bool reads[SMALL_TXNS_MAX][SMALL_TXNS_MAX];  /* wr */
	bool past[SMALL_TXNS_MAX][SMALL_TXNS_MAX];   /* what the view shows; for causal
						      * closed */
	bool before[SMALL_TXNS_MAX][SMALL_TXNS_MAX]; /* must stand in this order */
};

static void
close_relation(int n, bool relation[SMALL_TXNS_MAX][SMALL_TXNS_MAX])
{
	for (int k = 0; k < n; k++)
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				relation[i][j] |= relation[i][k] && relation[k][j];
}

/* The value that a transaction must read by its own earlier operations; -1: none. */
static int
own_value(const struct small_txn *txn, int mop)
{
	int value = -1;

	for (int i = 0; i < mop; i++)
		if (txn->mops[i].key == txn->mops[mop].key)
			value = txn->mops[i].value;
	return value;
}

/* A read that shows something else than what its transaction wrote. */
static bool
is_outer(const struct axioms *a, int t, int m)
{
	const struct small_mop *mop = &a->h->txns[t].mops[m];
	bool is_final;

	return !mop->write && writer_of(a->h, mop->key, mop->value, &is_final) != t;
}

static bool
read_plainly(struct axioms *a, int t, bool *varies)
{
	const struct small_txn *txn = &a->h->txns[t];

	for (int m = 0; m < txn->mop_count; m++) {
		bool is_final;
		int own = own_value(txn, m);
		if (txn->mops[m].write)
			continue;
		int writer =
			writer_of(a->h, txn->mops[m].key, txn->mops[m].value, &is_final);
		*varies |= own >= 0 && own != txn->mops[m].value;
		*varies |= own < 0 && writer == t;
		if (writer == t || writer == -1)
			continue;
		if (writer == -2 || !is_final || a->h->txns[writer].type == OP_FAIL)
			return false;
		a->committed[writer] = true;
		a->reads[writer][t] = true;
	}
	return true;
}

static bool
can_see(const struct axioms *a, enum small_view view, int seen, int reader, int mop)
{
	const struct small_txn *txn = &a->h->txns[reader];
	bool is_final;

	if (view != SMALL_MONOTONIC)
		return a->past[seen][reader];
	for (int m = 0; m < mop; m++)
		if (is_outer(a, reader, m) &&
		    writer_of(a->h, txn->mops[m].key, txn->mops[m].value, &is_final) ==
			    seen)
			return true;
	return false;
}

/* For each read of a key from one transaction: whoever wrote the key and can be seen
 * stands before that one; nobody stands before the initial value. */
static bool
add_missed(struct axioms *a, enum small_view view, int reader, int mop)
{
	const struct small_mop *read = &a->h->txns[reader].mops[mop];
	bool is_final;
	int source = writer_of(a->h, read->key, read->value, &is_final);

	for (int seen = 0; seen < a->h->count; seen++) {
		if (!a->committed[seen] || seen == source || seen == reader ||
		    !small_txn_writes(&a->h->txns[seen], read->key) ||
		    !can_see(a, view, seen, reader, mop))
			continue;
		if (source < 0)
			return false;
		a->before[seen][source] = true;
	}
	return true;
}

/* What must stand before what, not closed; false when something was read that nobody may
 * read, or the initial value although a write could be seen. */
static bool
find_axioms(struct axioms *a, enum small_view view, bool process, bool *varies)
{
	const struct small_txns *h = a->h;
	bool ok = true;

	*varies = false;
	for (int t = 0; t < h->count; t++)
		a->committed[t] = h->txns[t].type == OP_OK;
	for (int t = 0; t < h->count; t++)
		ok &= h->txns[t].type != OP_OK || read_plainly(a, t, varies);
	for (int s = 0; s < h->count; s++)
		for (int t = 0; t < h->count; t++)
			a->past[s][t] = a->before[s][t] =
				a->reads[s][t] ||
				(process && a->committed[s] && a->committed[t] &&
				 small_txns_precedes(h, &h->txns[s], &h->txns[t]));
	for (int s = 0; s < h->count; s++)
		for (int t = 0; t < h->count; t++)
			a->before[s][t] |= view == SMALL_TIMELY && a->committed[t] &&
					   h->txns[s].type == OP_OK &&
					   h->txns[s].end < h->txns[t].begin;
	if (view == SMALL_CAUSAL)
		close_relation(h->count, a->past);
	for (int t = 0; t < h->count && view > SMALL_COMMITTED; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++)
			if (h->txns[t].type == OP_OK && is_outer(a, t, m))
				ok &= add_missed(a, view, t, m);
	return ok && (!*varies || view <= SMALL_MONOTONIC);
}

/* `a` has been found. */
static bool
run_in_parallel(const struct axioms *a)
{
	const struct small_txns *h = a->h;
	struct small_reads reads = {0};
	bool is_final;

	for (int t = 0; t < h->count; t++) {
		reads.committed[t] = a->committed[t];
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			const struct small_mop *mop = &h->txns[t].mops[m];
			if (h->txns[t].type != OP_OK || mop->write ||
			    own_value(&h->txns[t], m) >= 0)
				continue;
			int at = reads.count++;
			reads.of[at].reader = t;
			reads.of[at].key = mop->key;
			reads.of[at].source =
				writer_of(h, mop->key, mop->value, &is_final);
		}
	}
	return small_txns_run_in_parallel(h, &reads);
}

bool
small_txns_satisfy(const struct small_txns *h, enum small_view view, bool process,
		   bool *varies)
{
	struct axioms a = {.h = h};
	bool is_parallel = view == SMALL_PARALLEL;
	bool ok = find_axioms(&a, is_parallel ? SMALL_COMMITTED : view, process, varies);

	if (is_parallel)
		return ok && !*varies && run_in_parallel(&a);
	close_relation(h->count, a.before);
	for (int t = 0; t < h->count; t++)
		ok &= !a.before[t][t];
	return ok;
}

bool
small_txns_allow(const struct small_txns *h, const struct small_order *order,
		 enum small_view view, bool process, bool *varies)
{
	struct axioms a = {.h = h};
	bool ok = find_axioms(&a, view, process, varies);
	int place[SMALL_TXNS_MAX] = {0};

	for (int i = 0; i < order->count; i++)
		place[order->txns[i]] = i + 1;
	for (int s = 0; s < h->count; s++)
		for (int t = 0; t < h->count; t++)
			ok &= !a.before[s][t] || place[s] < place[t];
	for (int t = 0; t < h->count; t++)
		ok &= !a.committed[t] || place[t] != 0;
	return ok;
}

bool
small_txns_were_written(const struct small_txns *h)
{
	bool is_final, ok = true;

	for (int t = 0; t < h->count; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			const struct small_mop *mop = &h->txns[t].mops[m];
			ok &= h->txns[t].type != OP_OK || mop->write ||
			      writer_of(h, mop->key, mop->value, &is_final) != -2;
		}
	return ok;
}
