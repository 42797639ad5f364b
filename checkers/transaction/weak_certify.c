#include "checkers/transaction/weak_certify.h"

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/txn_facts.h"
#include "checkers/transaction/weak_past.h"

#include <stdlib.h>

#define B(id) anomaly_bit(ANOMALY_##id)
#define WITHOUT_CYCLE                                                                    \
	(B(GARBAGE_READ) | B(PREDICATE_MISMATCH) | B(DUPLICATE) |                        \
	 B(INCOMPATIBLE_ORDER) | B(DIRTY_UPDATE) | B(INTERNAL) | B(G1A) | B(G1B) |       \
	 B(LOST_UPDATE))
#define OF_READS	(B(G1C) | B(G1C_PROCESS) | B(G1C_REALTIME))
#define OF_PROCESS	(B(G0_PROCESS) | B(G1C_PROCESS) | OF_SESSION_VIEW)
#define OF_REALTIME	(B(G0_REALTIME) | B(G1C_REALTIME))
#define OF_SESSION_VIEW (B(NON_MONOTONIC_PROCESS) | B(FRACTURED_PROCESS) | B(CAUSALITY))
#define OF_MONOTONIC	(B(NON_MONOTONIC_VIEW) | B(NON_MONOTONIC_PROCESS))
#define OF_ATOMIC	(B(FRACTURED_READ) | B(FRACTURED_PROCESS))

bool
weak_is_provable(uint64_t forbidden)
{
	const uint64_t known = WITHOUT_CYCLE | B(G0) | OF_READS | OF_PROCESS |
			       OF_REALTIME | OF_MONOTONIC | OF_ATOMIC | B(G_SINGLE);

	return (forbidden & ~known) == 0;
}

/* ---- the order ------------------------------------------------------------------------
 */

static void
number_processes(struct weak_order *w)
{
	const struct txns *txns = &w->facts->txns;
	struct map ids = {0};

	for (uint32_t t = 0; t < txns->of.count; t++) {
		uint64_t *id = map_at(&ids, txn_op(txns, t)->process, NULL);
		*id = *id != 0 ? *id : ids.count;
		w->process[t] = (uint32_t)*id - 1;
	}
	w->processes = (uint32_t)ids.count;
	map_release(&ids);
}

/* Each operation stands there once; every transaction does that was acknowledged, or of
 * which a write was read. */
static bool
place_all(struct weak_order *w, const struct order *order, struct err *err)
{
	const struct history *history = w->facts->txns.history;
	uint32_t *txn_at = mem_new(history->ops.count + 1, sizeof(*txn_at));
	bool ok = true;

	for (uint32_t t = 0; t < w->facts->txns.of.count; t++)
		txn_at[w->facts->txns.of.items[t].op] = t + 1;
	for (size_t i = 0; i < order->count && ok; i++) {
		uint32_t op = order->ops[i];
		uint32_t t = op < history->ops.count ? txn_at[op] : 0;
		ok = t != 0 && w->place[t - 1] == 0 &&
		     history->ops.items[op].type != OP_FAIL;
		if (!ok)
			break;
		w->place[t - 1] = (uint32_t)i + 1;
		w->at[i] = t - 1;
	}
	w->count = order->count;
	for (uint32_t t = 0; t < w->facts->txns.of.count && ok; t++)
		ok = w->place[t] != 0 || txn_op(&w->facts->txns, t)->type != OP_OK;
	for (uint32_t m = 0; m < w->facts->txns.mops.count && ok; m++)
		ok = !w->facts->was_read[m] || w->place[w->facts->txn_of[m]] != 0 ||
		     txn_op(&w->facts->txns, w->facts->txn_of[m])->type == OP_FAIL;
	free(txn_at);
	return ok || err_set(err, "the order does not hold every transaction once");
}

/* `to` stands behind `from`, or is the same. Both must be there. */
static bool
stands_behind(const struct weak_order *w, uint32_t from, uint32_t to)
{
	return w->place[from] != 0 && w->place[to] != 0 && w->place[from] <= w->place[to];
}

static bool
respects_reads(const struct weak_order *w, struct err *err)
{
	for (uint32_t m = 0; m < w->facts->txns.mops.count; m++) {
		uint32_t source = txn_facts_source(w->facts, m);
		uint32_t reader = w->facts->txn_of[m];
		if (source < FACT_NONE && !stands_behind(w, source, reader))
			return err_set(err,
				       "transaction %u read from %u, which stands behind",
				       reader, source);
	}
	return true;
}

/* A transaction whose appends to a key others come between breaks this too. Aborted ones
 * have no place. */
static bool
respects_key(const struct weak_order *w, uint32_t key, uint32_t *last)
{
	const struct key_facts *facts = &w->facts->keys[key];

	*last = UINT32_MAX;
	for (size_t i = 0; i < facts->length; i++) {
		uint32_t append = w->facts->appends[facts->first + i];
		if (append == 0)
			continue;
		uint32_t txn = w->facts->txn_of[append - 1];
		if (txn_op(&w->facts->txns, txn)->type == OP_FAIL)
			continue;
		if (*last != UINT32_MAX && !stands_behind(w, *last, txn))
			return false;
		*last = txn;
	}
	return true;
}

/* Elements that nobody read come last; they count when their transaction took place. */
static bool
respects_appends(const struct weak_order *w, struct err *err)
{
	const struct txns *txns = &w->facts->txns;
	uint32_t *last = mem_new(txns->keys.count + 1, sizeof(*last));
	bool ok = true;

	for (uint32_t key = 0; key < txns->keys.count && ok; key++)
		ok = respects_key(w, key, &last[key]);
	for (uint32_t m = 0; m < txns->mops.count && ok; m++) {
		const struct mop *mop = &txns->mops.items[m];
		uint32_t t = w->facts->txn_of[m];
		ok = mop->kind != MOP_APPEND || w->facts->was_read[m] ||
		     w->place[t] == 0 || last[mop->key] == UINT32_MAX ||
		     stands_behind(w, last[mop->key], t);
	}
	free(last);
	return ok || err_set(err, "the order is not that of the elements of some list");
}

static bool
respects_processes(const struct weak_order *w, struct err *err)
{
	/* By process: the place of its latest invocation. */
	uint32_t *last = mem_new((size_t)w->processes + 1, sizeof(*last));
	bool ok = true;

	for (uint32_t t = 0; t < w->facts->txns.of.count && ok; t++) {
		if (w->place[t] == 0)
			continue;
		ok = w->place[t] > last[w->process[t]];
		last[w->process[t]] = w->place[t];
	}
	free(last);
	return ok || err_set(err, "the order is not that of some process");
}

static bool
respects_realtime(const struct weak_order *w, struct err *err)
{
	uint32_t latest = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct op *op = txn_op(&w->facts->txns, w->at[i]);
		latest = op->invoke_at > latest ? op->invoke_at : latest;
		if (op->complete_at < latest)
			return err_set(err, "the order is not that of real time");
	}
	return true;
}

/* ---- what was seen --------------------------------------------------------------------
 */

/* Both transactions wrote the key that was read from `source`: the seen one stands in
 * front. */
static bool
is_older(const struct weak_order *w, uint32_t seen, uint32_t source)
{
	return seen == source ||
	       (source != FACT_INITIAL && w->place[seen] < w->place[source]);
}

/* While the reads of one transaction are looked at. */
struct reader {
	uint32_t txn;
	uint32_t
		*read_at; /* by key: the mop that first read it, + 1, if of this reader */
	uint32_t *seen_by;   /* by transaction: the reader that saw it last, + 1 */
	bool monotonic_only; /* what it read before it saw the other one does not count */
	bool reads_again;    /* it read some key several times */
};

/* What the reader read of the keys that `seen` wrote is not older. The shorter list is
 * walked. */
static bool
sees_all(const struct weak_order *w, const struct reader *r, uint32_t seen,
	 uint32_t since)
{
	const struct txn_facts *f = w->facts;
	const struct txn *reader = &f->txns.of.items[r->txn],
			 *txn = &f->txns.of.items[seen];
	uint32_t end = reader->first + reader->count;

	if (txn->count < reader->count && !r->reads_again) {
		for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
			uint32_t at = r->read_at[f->txns.mops.items[m].key];
			if (f->txns.mops.items[m].kind == MOP_READ || at <= since ||
			    f->txn_of[at - 1] != r->txn)
				continue;
			uint32_t source = txn_facts_source(f, at - 1);
			if (source != FACT_NONE && !is_older(w, seen, source))
				return false;
		}
		return true;
	}
	for (uint32_t m = since > 0 ? since : reader->first; m < end; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source != FACT_NONE &&
		    txn_facts_writes(f, seen, f->txns.mops.items[m].key) &&
		    !is_older(w, seen, source))
			return false;
	}
	return true;
}

static bool
views_hold(const struct weak_order *w, struct reader *r)
{
	const struct txn_facts *f = w->facts;
	const struct txn *txn = &f->txns.of.items[r->txn];

	r->reads_again = false;
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t *at = &r->read_at[f->txns.mops.items[m].key];
		if (txn_facts_source(f, m) == FACT_NONE)
			continue;
		r->reads_again |= *at != 0 && f->txn_of[*at - 1] == r->txn;
		*at = m + 1;
	}
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t source = txn_facts_source(f, m);
		if (source >= FACT_NONE || source == r->txn ||
		    r->seen_by[source] == r->txn + 1)
			continue;
		r->seen_by[source] = r->txn + 1;
		if (!sees_all(w, r, source, r->monotonic_only ? m + 1 : 0))
			return false;
	}
	return true;
}

/* Nobody sees one write of a transaction and misses another. */
static bool
respects_views(const struct weak_order *w, bool monotonic_only, struct err *err)
{
	const struct txns *txns = &w->facts->txns;
	struct reader r = {.monotonic_only = monotonic_only};
	bool ok = true;

	r.read_at = mem_new(txns->keys.count + 1, sizeof(*r.read_at));
	r.seen_by = mem_new(txns->of.count + 1, sizeof(*r.seen_by));
	for (; r.txn < txns->of.count && ok; r.txn++)
		ok = w->place[r.txn] == 0 || views_hold(w, &r);
	free(r.read_at);
	free(r.seen_by);
	return ok || err_set(err, "transaction %u misses what it could see", r.txn - 1);
}

/* By process, in the order. */
static uint32_t *
sort_by_process(const struct weak_order *w)
{
	uint32_t *sorted = mem_new(w->count + 1, sizeof(*sorted));
	uint32_t *next = mem_new((size_t)w->processes + 1, sizeof(*next));

	for (size_t i = 0; i < w->count; i++)
		next[w->process[w->at[i]] + 1]++;
	for (uint32_t process = 0; process < w->processes; process++)
		next[process + 1] += next[process];
	for (size_t i = 0; i < w->count; i++)
		sorted[next[w->process[w->at[i]]]++] = w->at[i];
	free(next);
	return sorted;
}

/* latest: by key, the last of those gone through that wrote it, + 1. */
static bool
session_holds(const struct weak_order *w, uint32_t t, uint32_t *latest)
{
	const struct txn_facts *f = w->facts;
	const struct txn *txn = &f->txns.of.items[t];

	for (uint32_t m = txn->first; m < txn->first + txn->count; m++) {
		uint32_t source = txn_facts_source(f, m);
		uint32_t seen = latest[f->txns.mops.items[m].key];
		if (source != FACT_NONE && seen != 0 &&
		    w->process[seen - 1] == w->process[t] &&
		    !is_older(w, seen - 1, source))
			return false;
	}
	for (uint32_t m = txn->first; m < txn->first + txn->count; m++)
		if (f->txns.mops.items[m].kind != MOP_READ)
			latest[f->txns.mops.items[m].key] = t + 1;
	return true;
}

/* Nobody misses what its process wrote before. */
static bool
respects_sessions(const struct weak_order *w, struct err *err)
{
	uint32_t *latest = mem_new(w->facts->txns.keys.count + 1, sizeof(*latest));
	uint32_t *sorted = sort_by_process(w);
	bool ok = true;

	for (size_t i = 0; i < w->count && ok; i++)
		ok = session_holds(w, sorted[i], latest);
	free(latest);
	free(sorted);
	return ok || err_set(err, "a transaction misses what its process wrote");
}

/* Nobody misses what it can see: of those that it read from, of its process, or of all its
 * past, which holds the others. */
static bool
nothing_is_missed(const struct weak_order *w, const struct check_options *options,
		  uint64_t forbidden, struct err *err)
{
	if ((forbidden & B(CAUSALITY)) != 0)
		return weak_past_is_causal(w, &options->budget, err);
	if ((forbidden & (OF_ATOMIC | OF_MONOTONIC)) != 0 &&
	    !respects_views(w, (forbidden & OF_ATOMIC) == 0, err))
		return false;
	return (forbidden & B(FRACTURED_PROCESS)) == 0 || respects_sessions(w, err);
}

/* ---- all ------------------------------------------------------------------------------
 */

static bool
axioms_hold(const struct weak_order *w, const struct check_options *options,
	    uint64_t forbidden, struct err *err)
{
	if ((w->facts->found & forbidden) != 0)
		return err_set(err, "an anomaly without a cycle was not reported");
	return respects_appends(w, err) &&
	       ((forbidden & OF_READS) == 0 || respects_reads(w, err)) &&
	       ((forbidden & OF_PROCESS) == 0 || respects_processes(w, err)) &&
	       ((forbidden & OF_REALTIME) == 0 || respects_realtime(w, err)) &&
	       nothing_is_missed(w, options, forbidden, err) &&
	       ((forbidden & B(G_SINGLE)) == 0 ||
		weak_past_has_no_g_single(w, &options->budget, err));
}

bool
weak_certify(const struct history *history, const struct check_options *options,
	     const struct order *order, uint64_t forbidden, struct err *err)
{
	struct txn_facts facts;
	bool ok = txn_facts_init(&facts, history, options->nil_is_unknown, err);

	if (ok) {
		struct weak_order w = {.facts = &facts};
		w.place = mem_new(facts.txns.of.count + 1, sizeof(*w.place));
		w.at = mem_new(order->count + 1, sizeof(*w.at));
		w.process = mem_new(facts.txns.of.count + 1, sizeof(*w.process));
		number_processes(&w);
		ok = place_all(&w, order, err) &&
		     axioms_hold(&w, options, forbidden, err);
		free(w.place);
		free(w.at);
		free(w.process);
	}
	txn_facts_release(&facts);
	return ok;
}
