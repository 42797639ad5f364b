#include "tests/checkers/small_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const struct small_level small_levels[SMALL_LEVELS] = {
	{"read-committed", SMALL_COMMITTED, false, SMALL_AXIOMS, false},
	{"monotonic-atomic-view", SMALL_MONOTONIC, false, SMALL_AXIOMS, false},
	{"read-atomic", SMALL_ATOMIC, false, SMALL_AXIOMS, false},
	{"strong-session-monotonic-atomic-view", SMALL_MONOTONIC, true, SMALL_AXIOMS,
	 false},
	{"strong-session-read-atomic", SMALL_ATOMIC, true, SMALL_AXIOMS, false},
	{"causal", SMALL_CAUSAL, true, SMALL_AXIOMS, false},
	[SMALL_STRONG_COMMITTED] = {"strong-read-committed", SMALL_TIMELY, true,
				    SMALL_AXIOMS, false},
	{"consistent-view", SMALL_PARALLEL, false, SMALL_AXIOMS, false},
	{"parallel-snapshot-isolation", SMALL_PARALLEL, false, SMALL_AXIOMS, false},
	{"cursor-stability", SMALL_COMMITTED, false, SMALL_UPDATES, false},
	{"update-atomic", SMALL_ATOMIC, false, SMALL_UPDATES, false},
	{"read-uncommitted", 0, false, SMALL_WRITTEN, false},
	{"snapshot-isolation", 0, false, SMALL_SNAPSHOTS, false},
	{"strong-session-snapshot-isolation", 0, true, SMALL_SNAPSHOTS, false},
	{"strong-snapshot-isolation", 0, true, SMALL_SNAPSHOTS, true},
	{"repeatable-read", 0, false, SMALL_ORDER, false}, /* without predicates */
	{"serializable", 0, false, SMALL_ORDER, false},
	{"strong-session-serializable", 0, true, SMALL_ORDER, false},
	{"strict-serializable", 0, true, SMALL_ORDER, true},
};

const struct small_level *
small_level_find(const char *name)
{
	for (size_t i = 0; i < SMALL_LEVELS; i++)
		if (strcmp(small_levels[i].name, name) == 0)
			return &small_levels[i];
	fail_msg("no brute force knows the level '%s'", name);
	return NULL;
}

/* ---- lost updates --------------------------------------------------------------------- */

static bool
appends_itself(const struct small_txn *txn, int key, int element)
{
	for (int m = 0; m < txn->mop_count; m++)
		if (txn->mops[m].write && txn->mops[m].key == key &&
		    txn->mops[m].value == element)
			return true;
	return false;
}

/* What the read shows of others: the last element, or the value; 0: what was there at first,
 * -1: only what its transaction wrote itself. */
static int
version_read(const struct small_txns *h, const struct small_txn *txn,
	     const struct small_mop *read)
{
	int length = read->length;

	if (!h->are_lists)
		return appends_itself(txn, read->key, read->value) ? -1 : read->value;
	while (length > 0 && appends_itself(txn, read->key, read->list[length - 1]))
		length--;
	return length == 0 ? 0 : read->list[length - 1];
}

static bool
both_replace(const struct small_txns *h, const struct small_txn *a,
	     const struct small_txn *b)
{
	for (int m = 0; m < a->mop_count; m++)
		for (int n = 0; n < b->mop_count; n++) {
			const struct small_mop *x = &a->mops[m], *y = &b->mops[n];
			if (!x->write && !y->write && x->key == y->key &&
			    version_read(h, a, x) >= 0 &&
			    version_read(h, a, x) == version_read(h, b, y) &&
			    small_txn_writes(a, x->key) && small_txn_writes(b, x->key))
				return true;
		}
	return false;
}

bool
small_txns_lose_an_update(const struct small_txns *h)
{
	for (int a = 0; a < h->count; a++)
		for (int b = 0; b < a; b++)
			if (h->txns[a].type == OP_OK && h->txns[b].type == OP_OK &&
			    both_replace(h, &h->txns[a], &h->txns[b]))
				return true;
	return false;
}

/* ---- levels --------------------------------------------------------------------------- */

bool
small_level_holds(const struct small_level *level, const struct small_txns *h)
{
	bool varies;

	if (level->way == SMALL_WRITTEN)
		return (h->are_lists ? small_lists_were_written
				     : small_txns_were_written)(h);
	if (level->way == SMALL_ORDER || level->way == SMALL_SNAPSHOTS)
		return small_txns_have_order(h, level->way == SMALL_SNAPSHOTS,
					     level->process, level->realtime);
	return (h->are_lists ? small_lists_satisfy : small_txns_satisfy)(
		       h, level->view, level->process, &varies) &&
	       !(level->way == SMALL_UPDATES && small_txns_lose_an_update(h));
}
