#include "checkers/jepsen/bank_path_parts.h"

#include "base/search.h"
#include "checkers/jepsen/bank_records.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>

enum {
	KINDS_MAX = 1 << 10 /* for a table of pairs */
};

static uint64_t
factor_of(struct path *p, val account)
{
	return p->factors[value_ids_add(&p->accounts, account) % BANK_PATH_ACCOUNTS];
}

uint64_t
bank_ways_number(struct path *p, val map)
{
	const struct values *values = &p->key->history->values;
	uint64_t sum = 0;

	for (size_t i = 0; i < fields_count(values, map); i++) {
		int64_t balance = 0;
		fields_number(values, fields_at(values, map, i), &balance);
		sum += (uint64_t)balance * factor_of(p, fields_name(values, map, i));
	}
	return sum;
}

static void
number_op(struct path *p, uint32_t i)
{
	struct bank_transfer transfer;
	const struct op *op = bank_path_op(p, i);

	p->kind_of[i] = NO_KIND;
	p->is_used[i] = bank_is_read(op);
	if (p->is_used[i]) {
		p->number[i] = bank_ways_number(p, op->output);
	} else if (bank_is_transfer(op) &&
		   bank_transfer_of(p->key->history, op, &transfer)) {
		uint64_t to = factor_of(p, transfer.to);
		p->is_used[i] = true;
		p->number[i] =
			(uint64_t)transfer.amount * (to - factor_of(p, transfer.from));
		p->kind_of[i] = 0; /* named below */
	}
}

static int
by_sum(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? -1 : 1;
	return x->a != y->a ? (x->a < y->a ? -1 : 1) : (x->b > y->b) - (x->b < y->b);
}

/* Transfers that do the same are of one kind. */
static void
name_kinds(struct path *p)
{
	VEC(struct pair) sums = {0};

	for (uint32_t i = 0; i < p->key->count; i++)
		if (p->is_used[i] && p->kind_of[i] != NO_KIND)
			vec_push(&sums, (struct pair){p->number[i], i, 0});
	if (sums.count > 0)
		qsort(sums.items, sums.count, sizeof(*sums.items), by_sum);
	vec_each (struct pair, sum, &sums) {
		if (p->kinds.count == 0 || vec_last(&p->kinds)->sum != sum->sum)
			vec_push(&p->kinds, (struct kind){.sum = sum->sum});
		p->kind_of[sum->a] = (uint32_t)p->kinds.count - 1;
	}
	vec_release(&sums);
}

static void
list_pairs(struct path *p)
{
	uint32_t count = (uint32_t)p->kinds.count;

	if (count > KINDS_MAX)
		return;
	for (uint32_t a = 0; a < count; a++)
		for (uint32_t b = a; b < count; b++)
			vec_push(&p->pairs, (struct pair){p->kinds.items[a].sum +
								  p->kinds.items[b].sum,
							  a, b});
	if (p->pairs.count > 0)
		qsort(p->pairs.items, p->pairs.count, sizeof(*p->pairs.items), by_sum);
}

void
bank_ways_prepare(struct path *p)
{
	for (uint32_t i = 0; i < p->key->count; i++)
		number_op(p, i);
	name_kinds(p);
	list_pairs(p);
}

/* ---- ways ----------------------------------------------------------------------------- */

static uint32_t
kind_with(const struct path *p, uint64_t sum)
{
	size_t at;

	search_first(at, 0, p->kinds.count, p->kinds.items[at].sum < sum);
	return at < p->kinds.count && p->kinds.items[at].sum == sum ? (uint32_t)at
								    : NO_KIND;
}

static size_t
first_pair(const struct path *p, uint64_t sum)
{
	size_t at;

	search_first(at, 0, p->pairs.count, p->pairs.items[at].sum < sum);
	return at;
}

/* All of its transfers are open; the better of ways of one length has fewer that are of
 * unknown outcome. */
static void
consider(struct path *p, struct way way, struct way *best)
{
	way.unsure = 0;
	for (size_t k = 0; k < way.count; k++) {
		const struct kind *kind = &p->kinds.items[way.kinds[k]];
		size_t same = 1;
		for (size_t l = 0; l < k; l++)
			same += way.kinds[l] == way.kinds[k];
		if (kind->open.count < same)
			return;
		uint32_t op = kind->open.items[kind->open.count - same];
		way.unsure += bank_path_op(p, op)->type != OP_OK;
	}
	if (best->count == 0 || way.unsure < best->unsure || bank_path_dares(p))
		*best = way;
}

static void
consider_pairs(struct path *p, uint64_t sum, struct way way, struct way *best)
{
	size_t at = first_pair(p, sum);

	way.count += 2;
	for (; at < p->pairs.count && p->pairs.items[at].sum == sum; at++) {
		way.kinds[way.count - 2] = p->pairs.items[at].a;
		way.kinds[way.count - 1] = p->pairs.items[at].b;
		consider(p, way, best);
		p->work++;
	}
	p->work++;
}

/* `more` transfers beyond those of the way, of kinds not before `from` of the usable ones;
 * the last two are looked up. */
static void
consider_more(struct path *p, uint64_t sum, struct way way, size_t from, size_t more,
	      struct way *best)
{
	if (more == 2) {
		consider_pairs(p, sum, way, best);
		return;
	}
	way.count++;
	for (size_t i = from; i < p->usable.count; i++) {
		uint32_t kind = p->usable.items[i];
		way.kinds[way.count - 1] = kind;
		consider_more(p, sum - p->kinds.items[kind].sum, way, i, more - 1, best);
	}
}

/* The best way of so many transfers. */
static void
consider_all(struct path *p, uint64_t sum, size_t count, struct way *best)
{
	uint32_t one = count == 1 ? kind_with(p, sum) : NO_KIND;

	if (one != NO_KIND)
		consider(p, (struct way){.kinds = {one}, .count = 1}, best);
	if (count > 1)
		consider_more(p, sum, (struct way){0}, 0, count, best);
}

bool
bank_ways_find(struct path *p, uint64_t from, uint64_t to, size_t most, struct way *best)
{
	struct way shorter = {0};

	*best = (struct way){0};
	if (from == to)
		return true;
	for (size_t count = 1; count <= most && best->count == 0; count++) {
		consider_all(p, to - from, count, best);
		if (best->count > 0 && bank_path_dares(p)) {
			shorter = *best;
			*best = (struct way){0};
		}
	}
	if (best->count == 0)
		*best = shorter;
	return best->count > 0;
}
