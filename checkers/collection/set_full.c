#include "checkers/collection/set_full.h"

#include "checkers/explain.h"
#include "checkers/collection/set_full_elements.h"
#include "checkers/sort.h"

#include <inttypes.h>
#include <stdlib.h>

#define NONE SET_NONE

/* ---- the chain of reads -------------------------------------------------------------
 */

/* Reads by size; equal sets share a rank. */
struct chain {
	struct set_full *set;
	uint64_t *by_size; /* owned; size << 32 | read */
	uint32_t *rank;	   /* owned; by read */
	uint32_t *reader;  /* owned; by rank: one of its reads */
	uint32_t *enters;  /* owned; by element: the first rank that has it; NONE */
	uint32_t rank_count;
};

static void
chain_init(struct chain *chain, struct set_full *set)
{
	*chain = (struct chain){.set = set};
	chain->by_size = mem_new(set->reads.count + 1, sizeof(uint64_t));
	chain->rank = mem_new(set->reads.count + 1, sizeof(uint32_t));
	chain->reader = mem_new(set->reads.count + 1, sizeof(uint32_t));
	chain->enters = mem_new(set->elements.count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < set->elements.count; i++)
		chain->enters[i] = NONE;
	for (size_t i = 0; i < set->reads.count; i++)
		chain->by_size[i] = (uint64_t)set->reads.items[i].size << 32 | i;
	sort_words(chain->by_size, set->reads.count);
}

static void
chain_release(struct chain *chain)
{
	free(chain->by_size);
	free(chain->rank);
	free(chain->reader);
	free(chain->enters);
}

/* How many elements of the read are in smaller ones. */
static uint32_t
count_known(const struct chain *chain, const struct set_read *read)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < read->size; i++)
		known +=
			chain->enters[chain->set->members.items[read->first + i]] != NONE;
	return known;
}

/* False at the first read that does not hold all of the smaller one before it. */
static bool
build_chain(struct chain *chain)
{
	struct set_full *set = chain->set;
	uint32_t total = 0;

	for (size_t k = 0; k < set->reads.count; k++) {
		uint32_t r = (uint32_t)chain->by_size[k];
		const struct set_read *read = &set->reads.items[r];
		if (count_known(chain, read) != total) {
			set_full_report(
				set, "incomparable-reads",
				"each of two reads has an element that the other "
				"lacks",
				NONE,
				(uint32_t[]){
					set->reads.items[(uint32_t)chain->by_size[k - 1]]
						.op,
					read->op, NONE});
			return false;
		}
		if (chain->rank_count == 0 || read->size != total)
			chain->reader[chain->rank_count++] = r;
		for (uint32_t i = 0; i < read->size; i++) {
			uint32_t *enters =
				&chain->enters[set->members.items[read->first + i]];
			if (*enters == NONE)
				*enters = chain->rank_count - 1;
		}
		total = read->size;
		chain->rank[r] = chain->rank_count - 1;
	}
	return true;
}

/* ---- moments ------------------------------------------------------------------------
 */

/* The earliest moment of each operation that is placed, and its place within it. */
struct moments {
	VEC(uint64_t) ranks; /* rank << 32 | index in `ops` */
	VEC(uint32_t) ops, at;
};

static void
place(struct moments *moments, uint32_t op, uint32_t at, uint32_t rank)
{
	vec_push(&moments->ranks, (uint64_t)rank << 32 | moments->ops.count);
	vec_push(&moments->ops, op);
	vec_push(&moments->at, at);
}

static void
moments_release(struct moments *moments)
{
	vec_release(&moments->ranks);
	vec_release(&moments->ops);
	vec_release(&moments->at);
}

/* The latest beginning of what must come before, and whose it is. */
struct latest {
	uint32_t at, op, rank;
};

static void
push_latest(struct latest *latest, const struct op *ops, uint32_t op, uint32_t rank)
{
	if (op != NONE && ops[op].invoke_at >= latest->at)
		*latest = (struct latest){ops[op].invoke_at, op, rank};
}

static uint32_t
later_of(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* By rank: the elements' first adds, and the reads. */
struct limits {
	struct latest *of_adds, *of_reads; /* owned; over all ranks up to this one */
};

static void
limits_init(struct limits *limits, const struct chain *chain)
{
	const struct set_full *set = chain->set;
	const struct op *ops = set->key->history->ops.items;
	size_t count = chain->rank_count + 1;

	limits->of_adds = mem_new(count, sizeof(struct latest));
	limits->of_reads = mem_new(count, sizeof(struct latest));
	for (uint32_t e = 0; e < set->elements.count; e++)
		if (chain->enters[e] != NONE)
			push_latest(&limits->of_adds[chain->enters[e]], ops,
				    set->elements.items[e].first_add, chain->enters[e]);
	for (uint32_t r = 0; r < set->reads.count; r++)
		push_latest(&limits->of_reads[chain->rank[r]], ops,
			    set->reads.items[r].op, chain->rank[r]);
	for (uint32_t rank = 0; rank < chain->rank_count; rank++) {
		struct latest *adds = &limits->of_adds[rank];
		struct latest *reads = &limits->of_reads[rank];
		if (rank > 0 && limits->of_reads[rank - 1].at > adds->at)
			*adds = limits->of_reads[rank - 1];
		if (adds->at > reads->at)
			*reads = *adds;
	}
}

static void
limits_release(struct limits *limits)
{
	free(limits->of_adds);
	free(limits->of_reads);
}

/* An add stands after all reads that lack its element. What of this was violated between
 * an add and a read is known already; two adds are left. */
static void
place_adds(const struct chain *chain, const struct limits *limits,
	   struct moments *moments)
{
	struct set_full *set = chain->set;
	const struct op *ops = set->key->history->ops.items;
	struct latest none = {0, NONE, 0};

	vec_each (struct set_add, add, &set->adds) {
		const struct op *op = &ops[add->op];
		uint32_t enters = chain->enters[add->element];
		uint32_t rank = enters == NONE ? chain->rank_count : enters;
		const struct latest *before =
			rank > 0 ? &limits->of_reads[rank - 1] : &none;
		bool is_first = set->elements.items[add->element].first_add == add->op;
		if (op->type != OP_OK && !(enters != NONE && is_first))
			continue;
		place(moments, add->op, later_of(op->invoke_at, before->at), rank * 2);
		if (op->type == OP_OK && op->complete_at < before->at)
			set_full_report(
				set, "adds-reordered",
				"was added before another one, but a read has the other "
				"and lacks it",
				add->element,
				(uint32_t[]){
					add->op, before->op,
					set->reads.items[chain->reader[before->rank]].op,
					NONE});
	}
}

static void
place_reads(const struct chain *chain, const struct limits *limits,
	    struct moments *moments)
{
	struct set_full *set = chain->set;
	const struct op *ops = set->key->history->ops.items;

	for (uint32_t r = 0; r < set->reads.count; r++) {
		uint32_t op = set->reads.items[r].op, rank = chain->rank[r];
		place(moments, op, later_of(ops[op].invoke_at, limits->of_adds[rank].at),
		      rank * 2 + 1);
	}
}

static uint32_t *
order_of(struct moments *moments)
{
	size_t count = moments->ops.count;
	uint32_t *order = mem_new(count + 1, sizeof(*order));
	uint64_t *sorted = mem_new(count + 1, sizeof(*sorted));

	sort_words(moments->ranks.items, count);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (uint64_t)moments->at.items[(uint32_t)moments->ranks.items[i]]
				    << 32 |
			    i;
	sort_words(sorted, count);
	for (size_t i = 0; i < count; i++)
		order[i] = moments->ops.items[(uint32_t)moments->ranks
						      .items[(uint32_t)sorted[i]]];
	free(sorted);
	return order;
}

static void
judge_order(struct set_full *set)
{
	struct chain chain;
	struct limits limits;
	struct moments moments = {0};

	chain_init(&chain, set);
	if (build_chain(&chain)) {
		limits_init(&limits, &chain);
		place_adds(&chain, &limits, &moments);
		place_reads(&chain, &limits, &moments);
		limits_release(&limits);
		if (set->conflict_count == 0)
			vec_push(&set->result->orders,
				 (struct order){set->key->key, order_of(&moments),
						moments.ops.count});
	}
	moments_release(&moments);
	chain_release(&chain);
}

/* ---- the checker --------------------------------------------------------------------
 */

static bool
set_full_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f == F_ADD)
		return true;
	if (op->f != F_READ)
		return err_set(err, "'%s' is not an operation of a set that only grows",
			       history_f_name(history, op->f));
	return op->type != OP_OK || op->output == VAL_OF_NIL ||
	       val_kind(op->output) == VAL_LIST ||
	       err_set(err, "a read of process %u returned no list", op->process);
}

/* The weaker checker "set" comes first: it suits stores that promise less. */
static int
set_full_fits(const struct history *history)
{
	struct err err;
	size_t adds = 0;

	vec_each (struct op, op, &history->ops) {
		if (!set_full_understands(history, op, &err))
			return 0;
		adds += op->f == F_ADD;
	}
	return adds > 0 ? 5 : 0;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
print_latencies(struct set_counts *counts, struct buf *out)
{
	static const double at[] = {0, 0.5, 0.95, 0.99, 1};
	size_t count = counts->latencies_ms.count;

	buf_string(out, ",\"stable_latencies_ms\":{");
	if (count > 0)
		qsort(counts->latencies_ms.items, count, sizeof(double), by_size);
	for (size_t i = 0; i < 5 && count > 0; i++)
		buf_printf(out, "%s\"%g\":%.3f", i > 0 ? "," : "", at[i],
			   counts->latencies_ms
				   .items[(size_t)(at[i] * (double)(count - 1) + 0.5)]);
	buf_char(out, '}');
}

static void
print_counts(struct set_counts *counts, struct buf *out)
{
	buf_printf(out,
		   "\"attempts\":%" PRIu64 ",\"stable\":%" PRIu64 ",\"lost\":%" PRIu64
		   ",\"never_read\":%" PRIu64 ",\"stale\":%" PRIu64
		   ",\"duplicated\":%" PRIu64 ",\"unexpected\":%" PRIu64,
		   counts->attempts, counts->stable, counts->lost, counts->never_read,
		   counts->stale, counts->duplicated, counts->unexpected);
	print_latencies(counts, out);
}

static void
conclude(const struct set_counts *counts, bool is_stopped, bool is_over,
	 struct check_result *result)
{
	if (result->verdict == VERDICT_INVALID) {
		result->reason = mem_format(
			"%s; %" PRIu64 " lost, %" PRIu64 " stale, %" PRIu64
			" duplicated, %" PRIu64 " unexpected of %" PRIu64 " elements",
			result->anomalies.items[0].name, counts->lost, counts->stale,
			counts->duplicated, counts->unexpected, counts->attempts);
	} else if (is_stopped) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_format("the budget of %s is used up",
					    is_over ? "time" : "memory");
	} else {
		result->verdict = VERDICT_VALID;
		result->reason = mem_format("linearizable, %" PRIu64 " elements",
					    counts->attempts);
	}
}

static void
set_full_check(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct partition partition;
	struct set_counts counts = {0};
	struct err err;
	bool is_stopped = false;

	result->complexity = "O(total size of the reads), complete";
	result->operations = history->ops.count;
	vec_each (struct op, op, &history->ops) {
		if (set_full_understands(history, op, &err))
			continue;
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition) && !is_stopped; i++) {
		struct key_ops key = partition_at(&partition, i);
		struct set_full set = {.key = &key,
				       .options = options,
				       .result = result,
				       .counts = &counts};
		is_stopped = !set_full_look(&set);
		if (!is_stopped && set.conflict_count == 0)
			judge_order(&set);
		set_full_release(&set);
	}
	partition_release(&partition);
	conclude(&counts, is_stopped, budget_is_over(&options->budget), result);
	print_counts(&counts, &result->details);
	vec_release(&counts.latencies_ms);
}

const struct checker checker_set_full = {
	.name = "set-full",
	.summary = "linearizable sets that only grow and are read as a whole",
	.fits = set_full_fits,
	.check = set_full_check,
	.certify = set_full_certify,
};
