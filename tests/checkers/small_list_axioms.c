/* small_list_axioms.c - the axioms of small_txns.h for lists. */
#include "tests/checkers/small_txns.h"

#include <string.h>

struct axioms {
	const struct small_txns *h;
	bool committed[SMALL_TXNS_MAX];
	bool past[SMALL_TXNS_MAX][SMALL_TXNS_MAX];   /* what the view shows */
	bool before[SMALL_TXNS_MAX][SMALL_TXNS_MAX]; /* must stand in this order */
	const struct small_mop *longest[SMALL_KEYS_MAX];
	bool varies;
};

static void
close_over(int n, bool relation[SMALL_TXNS_MAX][SMALL_TXNS_MAX])
{
	for (int k = 0; k < n; k++)
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				relation[i][j] |= relation[i][k] && relation[k][j];
}

/* Who appended the element; -1: nobody. */
static int
appender_of(const struct small_txns *h, int key, int element, bool *is_final)
{
	int found = -1;

	for (int t = 0; t < h->count; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			const struct small_mop *mop = &h->txns[t].mops[m];
			if (!mop->write || mop->key != key)
				continue;
			if (found == t)
				*is_final = false;
			if (mop->value == element) {
				found = t;
				*is_final = true;
			}
		}
	return found;
}

static bool
holds_element(const struct small_mop *read, int element)
{
	for (int i = 0; read != NULL && i < read->length; i++)
		if (read->list[i] == element)
			return true;
	return false;
}

/* Somebody appended each element, none is there twice, and all reads begin alike. */
static bool
is_written(struct axioms *a, const struct small_mop *read)
{
	const struct small_mop **longest = &a->longest[read->key];
	bool is_final;

	for (int i = 0; i < read->length; i++) {
		int writer = appender_of(a->h, read->key, read->list[i], &is_final);
		if (writer < 0)
			return false;
		a->committed[writer] |= a->h->txns[writer].type != OP_FAIL;
		for (int j = 0; j < i; j++)
			if (read->list[j] == read->list[i])
				return false;
	}
	const struct small_mop *shorter = *longest != NULL ? *longest : read;
	if (*longest == NULL || read->length > (*longest)->length)
		*longest = read;
	else
		shorter = read;
	return memcmp(shorter->list, (*longest)->list,
		      (size_t)shorter->length * sizeof(*shorter->list)) == 0;
}

/* And nobody who appended has failed. */
static bool
is_plain(struct axioms *a, const struct small_mop *read)
{
	bool is_final;

	for (int i = 0; i < read->length; i++) {
		int writer = appender_of(a->h, read->key, read->list[i], &is_final);
		if (writer >= 0 && a->h->txns[writer].type == OP_FAIL)
			return false;
	}
	return is_written(a, read);
}

/* Appends behind each other, and behind all the appends that nobody read. */
static void
order_appends(struct axioms *a)
{
	for (int t = 0; t < a->h->count; t++)
		for (int m = 0; m < a->h->txns[t].mop_count; m++) {
			const struct small_mop *mop = &a->h->txns[t].mops[m];
			const struct small_mop *longest = a->longest[mop->key];
			bool is_final;
			if (!mop->write || !a->committed[t])
				continue;
			for (int i = 0; longest != NULL && i < longest->length &&
					longest->list[i] != mop->value;
			     i++) {
				int other = appender_of(a->h, mop->key, longest->list[i],
							&is_final);
				a->before[other][t] |= other != t;
			}
		}
}

/* Whether the read contradicts what the transaction did before, or does later. */
static void
note_contradiction(struct axioms *a, const struct small_txn *txn, int at)
{
	const struct small_mop *read = &txn->mops[at];
	int expected[SMALL_LIST_MAX], count = 0;
	bool told = false;

	for (int m = 0; m < at; m++) {
		const struct small_mop *mop = &txn->mops[m];
		if (mop->key != read->key)
			continue;
		if (mop->write) {
			expected[count++] = mop->value;
		} else if (!told) {
			/* Own appends in front are the end of what it shows. */
			memcpy(expected, mop->list,
			       (size_t)mop->length * sizeof(*expected));
			count = mop->length;
			told = true;
		}
	}
	bool fits = told ? read->length == count : read->length >= count;
	for (int i = 0; fits && i < count; i++)
		fits = read->list[read->length - count + i] == expected[i];
	a->varies |= !fits;
	for (int m = at; m < txn->mop_count; m++)
		a->varies |= txn->mops[m].write && txn->mops[m].key == read->key &&
			     holds_element(read, txn->mops[m].value);
}

/* Who appended the last element, own ones left out; -1: nobody, -2: it is no read. */
static int
source_of(struct axioms *a, int t, int m, bool *is_final)
{
	const struct small_mop *read = &a->h->txns[t].mops[m];

	*is_final = true;
	if (read->write || a->h->txns[t].type != OP_OK)
		return -2;
	for (int length = read->length; length > 0; length--) {
		int writer =
			appender_of(a->h, read->key, read->list[length - 1], is_final);
		if (writer != t)
			return writer;
	}
	*is_final = true;
	return -1;
}

static bool
can_see(struct axioms *a, enum small_view view, int seen, int reader, int mop)
{
	bool is_final;

	if (view != SMALL_MONOTONIC)
		return a->past[seen][reader];
	for (int m = 0; m < mop; m++)
		if (source_of(a, reader, m, &is_final) == seen)
			return true;
	return false;
}

static bool
add_missed(struct axioms *a, enum small_view view, int reader, int mop)
{
	bool is_final, ok = true;
	int source = source_of(a, reader, mop, &is_final);

	for (int seen = 0; seen < a->h->count && source != -2; seen++) {
		if (!a->committed[seen] || seen == source || seen == reader ||
		    !small_txn_writes(&a->h->txns[seen],
				      a->h->txns[reader].mops[mop].key) ||
		    !can_see(a, view, seen, reader, mop))
			continue;
		if (source < 0)
			ok = false;
		else
			a->before[seen][source] = true;
	}
	return ok;
}

/* Who has committed, and what the longest reads are. */
static bool
reads_are(struct axioms *a, bool (*is)(struct axioms *a, const struct small_mop *read))
{
	const struct small_txns *h = a->h;
	bool ok = true;

	for (int t = 0; t < h->count; t++)
		a->committed[t] = h->txns[t].type == OP_OK;
	for (int t = 0; t < h->count; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++)
			ok &= h->txns[t].type != OP_OK || h->txns[t].mops[m].write ||
			      is(a, &h->txns[t].mops[m]);
	return ok;
}

static bool
find_reads(struct axioms *a)
{
	const struct small_txns *h = a->h;
	bool ok = reads_are(a, is_plain), is_final;

	for (int t = 0; t < h->count && ok; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			int source = source_of(a, t, m, &is_final);
			if (source != -2)
				note_contradiction(a, &h->txns[t], m);
			ok &= is_final || source == t;
			if (source >= 0 && source != t)
				a->past[source][t] = a->before[source][t] = true;
		}
	return ok;
}

/* `a` has been found. */
static bool
run_in_parallel(struct axioms *a)
{
	const struct small_txns *h = a->h;
	struct small_reads reads = {0};
	bool is_final;

	for (int t = 0; t < h->count; t++) {
		reads.committed[t] = a->committed[t];
		memcpy(reads.before[t], a->before[t], sizeof(reads.before[t]));
		for (int m = 0; m < h->txns[t].mop_count; m++) {
			int source = source_of(a, t, m, &is_final);
			if (source == -2)
				continue;
			int at = reads.count++;
			reads.of[at].reader = t;
			reads.of[at].key = h->txns[t].mops[m].key;
			reads.of[at].source = source;
		}
	}
	return small_txns_run_in_parallel(h, &reads);
}

static bool
has_circle(struct axioms *a)
{
	close_over(a->h->count, a->before);
	for (int t = 0; t < a->h->count; t++)
		if (a->before[t][t])
			return true;
	return false;
}

/* What sessions and, for a timely view, time say. */
static void
order_sessions(struct axioms *a, enum small_view view, bool process)
{
	const struct small_txns *h = a->h;

	for (int s = 0; s < h->count; s++)
		for (int t = 0; t < h->count; t++) {
			if (process && a->committed[s] && a->committed[t] &&
			    small_txns_precedes(h, &h->txns[s], &h->txns[t]))
				a->past[s][t] = a->before[s][t] = true;
			a->before[s][t] |= view == SMALL_TIMELY && a->committed[t] &&
					   h->txns[s].type == OP_OK &&
					   h->txns[s].end < h->txns[t].begin;
		}
}

bool
small_lists_satisfy(const struct small_txns *h, enum small_view view, bool process,
		    bool *varies)
{
	struct axioms a = {.h = h};
	bool ok = find_reads(&a);

	*varies = a.varies;
	if (!ok)
		return false;
	order_sessions(&a, view, process);
	order_appends(&a);
	if (view == SMALL_PARALLEL)
		return !a.varies && run_in_parallel(&a);
	if (view == SMALL_CAUSAL)
		close_over(h->count, a.past);
	for (int t = 0; t < h->count && view > SMALL_COMMITTED; t++)
		for (int m = 0; m < h->txns[t].mop_count; m++)
			ok &= add_missed(&a, view, t, m);
	return ok && !has_circle(&a) && (!a.varies || view <= SMALL_MONOTONIC);
}

bool
small_lists_were_written(const struct small_txns *h)
{
	struct axioms a = {.h = h};
	bool ok = reads_are(&a, is_written);

	order_appends(&a);
	return ok && !has_circle(&a);
}
