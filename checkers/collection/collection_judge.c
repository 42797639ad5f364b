/* One key: the near-linear decider where every value was put once, the frontier engine
 * else. Takes of unknown outcome are left out at first. If that is impossible some of them
 * are given an element that nobody took and that was in the way; an order found so is an
 * order. If none is found, operations that are impossible whatever those takes did prove
 * it; and where no such core is found the frontier engine decides. */
#include "checkers/collection/collection_judge.h"

#include "checkers/collection/arrange.h"
#include "checkers/collection/collection_core.h"
#include "checkers/engine/frontier.h"
#include "checkers/engine/oracle.h"
#include "checkers/sort.h"
#include "checkers/collection/take_count.h"
#include "checkers/collection/take_search.h"
#include "checkers/collection/unknown_takes.h"

#include <stdlib.h>

enum {
	NARROW_OPS = 24,
	NARROW_WORK_MAX = 1 << 24
};

struct judging {
	enum collection collection;
	const struct key_ops *key;
	const struct check_options *options;
	struct elements elements;
	struct collection_outcome *outcome;
};

/* ---- outcomes ----------------------------------------------------------------------- */

static void
accept(struct judging *j, struct arrangement *arrangement)
{
	j->outcome->verdict = VERDICT_VALID;
	j->outcome->order = arrangement->order;
	j->outcome->order_count = arrangement->count;
	for (size_t i = 0; i < arrangement->count; i++)
		j->outcome->order[i] = j->key->ops[j->outcome->order[i]];
	arrangement->order = NULL;
}

static void
clear(struct finding *finding)
{
	finding->name = NULL;
	vec_clear(&finding->ops);
}

/* These operations alone (of the history, ascending) cannot be arranged; then those that
 * show it. Takes of unknown outcome are not among them. */
static bool
is_impossible(const struct judging *j, const uint32_t *ops, size_t count,
	      struct finding *finding)
{
	struct key_ops part = {j->key->history, j->key->key, ops, count};
	struct arrangement arrangement = {0};
	struct elements elements;
	bool is_arranged = true;

	clear(finding);
	if (elements_init(&elements, j->collection, &part, j->options, finding) &&
	    finding->name == NULL)
		is_arranged = arrange(&elements, &arrangement, finding);
	bool is_found = finding->name != NULL && !is_arranged;
	elements_release(&elements);
	arrangement_release(&arrangement);
	return is_found;
}

/* The operations of a big finding by element, in the order of the first of each. */
struct narrowing {
	const struct judging *judging;
	VEC(uint64_t) ops; /* group << 32 | operation of the history, ascending */
	uint32_t groups, work;
	uint32_t *chosen; /* owned */
};

static bool
narrow_holds(struct narrowing *n, uint32_t from, uint32_t to, uint32_t without_from,
	     uint32_t without_to)
{
	struct finding finding = {0};
	size_t count = 0;

	vec_each (uint64_t, word, &n->ops) {
		uint32_t group = (uint32_t)(*word >> 32);
		if (group >= from && group < to &&
		    (group < without_from || group >= without_to))
			n->chosen[count++] = (uint32_t)*word;
	}
	sort_numbers(n->chosen, count);
	n->work += (uint32_t)count;
	bool holds = count > 0 && is_impossible(n->judging, n->chosen, count, &finding);
	vec_release(&finding.ops);
	return holds;
}

static void
group_ops(struct narrowing *n, const struct finding *finding)
{
	const struct judging *j = n->judging;
	struct value_ids ids;

	value_ids_init(&ids, &j->key->history->values);
	vec_each (uint32_t, op, &finding->ops) {
		val element = VAL_OF_NIL;
		collection_role(j->collection, j->key->history, key_op(j->key, *op),
				&element);
		uint64_t group = value_ids_add(&ids, element);
		vec_push(&n->ops, group << 32 | j->key->ops[*op]);
	}
	n->groups = (uint32_t)value_ids_count(&ids);
	value_ids_release(&ids);
	sort_words(n->ops.items, n->ops.count);
}

static void
drop_groups(struct narrowing *n, uint32_t from, uint32_t to)
{
	size_t kept = 0;
	uint32_t group = 0, last = UINT32_MAX;

	for (size_t i = 0; i < n->ops.count; i++) {
		uint32_t old = (uint32_t)(n->ops.items[i] >> 32);
		if (old >= from && old < to)
			continue;
		group += last != UINT32_MAX && old != last;
		last = old;
		n->ops.items[kept++] = (uint64_t)group << 32 | (uint32_t)n->ops.items[i];
	}
	n->ops.count = kept;
	n->groups = kept > 0 ? group + 1 : 0;
}

/* The shortest beginning that is impossible; of it, the shortest end; of that, what is left
 * when single elements, or runs of them, are dropped. */
static void
narrow(struct narrowing *n)
{
	uint32_t low = 1, high = n->groups;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (narrow_holds(n, 0, middle, 0, 0))
			high = middle;
		else
			low = middle + 1;
	}
	drop_groups(n, high, n->groups);
	for (low = 0, high = n->groups; high - low > 1;) {
		uint32_t middle = (low + high) / 2;
		if (narrow_holds(n, middle, n->groups, 0, 0))
			low = middle;
		else
			high = middle;
	}
	drop_groups(n, 0, low);
	for (uint32_t step = n->groups / 2; step > 0 && n->work < NARROW_WORK_MAX;
	     step /= 2)
		for (uint32_t at = 0; at < n->groups && n->work < NARROW_WORK_MAX;)
			if (narrow_holds(n, 0, n->groups, at, at + step))
				drop_groups(n, at, at + step);
			else
				at += step;
}

static void
narrow_finding(const struct judging *j, const struct finding *finding, uint32_t **ops,
	       size_t *count)
{
	struct narrowing n = {.judging = j};

	*count = finding->ops.count;
	*ops = mem_new(finding->ops.count + 1, sizeof(**ops));
	for (size_t i = 0; i < *count; i++)
		(*ops)[i] = j->key->ops[finding->ops.items[i]];
	if (*count <= NARROW_OPS)
		return;
	n.chosen = mem_new(*count + 1, sizeof(*n.chosen));
	group_ops(&n, finding);
	if (narrow_holds(&n, 0, n.groups, 0, 0)) {
		narrow(&n);
		*count = n.ops.count;
		for (size_t i = 0; i < *count; i++)
			(*ops)[i] = (uint32_t)n.ops.items[i];
	}
	free(n.chosen);
	vec_release(&n.ops);
}

/* Keeps the operations that show it; true when they alone are impossible. */
static bool
keep_core(struct judging *j, const char *name, uint32_t *ops, size_t count)
{
	struct collection_core core;
	size_t kept;

	collection_core_init(&core, j->collection, j->key, j->options, ops, count);
	kept = collection_core_shrink(&core, ops);
	collection_core_release(&core);
	j->outcome->name = name;
	j->outcome->core = ops;
	j->outcome->is_proven = kept > 0;
	j->outcome->core_count = kept > 0 ? kept : count;
	return kept > 0;
}

static void
forget_core(struct judging *j)
{
	free(j->outcome->core);
	j->outcome->core = NULL;
	j->outcome->core_count = 0;
	j->outcome->is_proven = j->outcome->is_counted = false;
}

/* ---- the frontier engine ------------------------------------------------------------ */

/* The operations on the elements of the last `width` completions up to the stuck one. */
static size_t
near_stuck(const struct judging *j, uint32_t stuck_op, size_t width, uint32_t *ops,
	   size_t ops_max)
{
	const struct history *history = j->key->history;
	uint32_t end = history->ops.items[stuck_op].complete_at;
	struct value_ids near;
	size_t count = 0, seen = 0;

	value_ids_init(&near, &history->values);
	for (size_t i = j->key->count; i > 0 && seen < width; i--) {
		const struct op *op = key_op(j->key, i - 1);
		val element;
		if (op->type != OP_OK || op->complete_at > end)
			continue;
		seen++;
		enum collection_role role =
			collection_role(j->collection, history, op, &element);
		if (role == COLLECTION_MISS && count < ops_max)
			ops[count++] = j->key->ops[i - 1];
		else if (role != COLLECTION_MISS)
			value_ids_add(&near, element);
	}
	for (size_t i = 0; i < j->key->count && count < ops_max; i++) {
		const struct op *op = key_op(j->key, i);
		val element = VAL_OF_NIL;
		enum collection_role role =
			collection_role(j->collection, history, op, &element);
		bool has_element = role == COLLECTION_PUT || role == COLLECTION_TAKE ||
				   role == COLLECTION_LOOK || role == COLLECTION_NEVER;
		if (has_element && op->invoke_at < end &&
		    value_ids_find(&near, element) != VALUE_ID_NONE)
			ops[count++] = j->key->ops[i];
	}
	value_ids_release(&near);
	return count;
}

/* What a proven core shows. */
static const char *
name_core(const struct judging *j, const uint32_t *ops, size_t count)
{
	const struct history *history = j->key->history;
	size_t puts = 0, takes = 0, looks = 0;

	for (size_t i = 0; i < count; i++) {
		val element;
		switch (collection_role(j->collection, history,
					&history->ops.items[ops[i]], &element)) {
		case COLLECTION_MISS:
			return "false-empty";
		case COLLECTION_NEVER:
			return "pattern-mismatch";
		case COLLECTION_PUT:
			puts++;
			break;
		case COLLECTION_TAKE:
			takes++;
			break;
		case COLLECTION_LOOK:
			looks++;
			break;
		case COLLECTION_SILENT:
		case COLLECTION_TAKE_SOME:
			break;
		}
	}
	if (puts == 0 && takes + looks == 1)
		return "never-added";
	if (puts < takes && looks == 0)
		return "taken-twice";
	if (puts > 1 && j->collection == COLLECTION_PRIORITY_QUEUE)
		return "priority-inversion";
	if (puts > 1 &&
	    (j->collection == COLLECTION_QUEUE || j->collection == COLLECTION_STACK))
		return "out-of-order";
	return "not-linearizable";
}

static void
explain_stuck(struct judging *j, uint32_t stuck_op)
{
	bool is_shown = false;

	for (size_t width = 1; width <= 16 && !is_shown; width *= 2) {
		uint32_t *ops = mem_new(ORACLE_CALLS_MAX + 1, sizeof(*ops));
		forget_core(j);
		size_t count = near_stuck(j, stuck_op, width, ops, ORACLE_CALLS_MAX);
		is_shown = keep_core(j, "not-linearizable", ops, count);
	}
	if (is_shown) {
		j->outcome->name = name_core(j, j->outcome->core, j->outcome->core_count);
		return;
	}
	j->outcome->core[0] = stuck_op;
	j->outcome->core_count = 1;
}

static void
judge_by_frontier(struct judging *j)
{
	struct frontier frontier;

	forget_core(j);
	frontier_judge(model_of_collection(j->collection), j->key, j->options,
		       FRONTIER_DEPTH | FRONTIER_BREADTH, &frontier);
	j->outcome->used_frontier = true;
	j->outcome->verdict = frontier.verdict;
	j->outcome->reason = frontier.reason;
	j->outcome->order = frontier.order;
	j->outcome->order_count = frontier.order_count;
	frontier.reason = NULL;
	frontier.order = NULL;
	if (frontier.verdict == VERDICT_INVALID)
		explain_stuck(j, frontier.stuck_op);
	frontier_release(&frontier);
}

/* ---- all together ------------------------------------------------------------------- */

/* True: the operations of the finding prove it. */
static bool
refute(struct judging *j, const struct finding *finding)
{
	uint32_t *ops;
	size_t count;

	forget_core(j);
	if (finding->name == NULL)
		return false;
	narrow_finding(j, finding, &ops, &count);
	return keep_core(j, finding->name, ops, count);
}

/* True: it takes more takes of unknown outcome than there are. */
static bool
refute_by_count(struct judging *j)
{
	struct count_proof proof;

	forget_core(j);
	if (!take_count_find(j->collection, j->key, j->options, &proof))
		return false;
	j->outcome->verdict = VERDICT_INVALID;
	j->outcome->name = proof.name;
	j->outcome->core = proof.ops.items;
	j->outcome->core_count = proof.ops.count;
	j->outcome->is_proven = j->outcome->is_counted = true;
	return true;
}

/* True: some other guess is right. */
static bool
accept_by_search(struct judging *j)
{
	struct arrangement arrangement = {0};
	struct finding finding = {0};
	struct elements elements;

	forget_core(j);
	bool is_found =
		elements_init(&elements, j->collection, j->key, j->options, &finding) &&
		finding.name == NULL && take_search(&elements, &arrangement);
	if (is_found)
		accept(j, &arrangement);
	elements_release(&elements);
	arrangement_release(&arrangement);
	vec_release(&finding.ops);
	return is_found;
}

/* Impossible as long as takes of unknown outcome are left out. */
static void
judge_unknown(struct judging *j, const struct finding *first)
{
	struct arrangement arrangement = {0};
	struct finding last = {0};

	if (arrange_with_unknown(&j->elements, &arrangement, &last))
		accept(j, &arrangement);
	else if (refute(j, &last) || refute(j, first))
		j->outcome->verdict = VERDICT_INVALID;
	else if (!refute_by_count(j) && !accept_by_search(j))
		judge_by_frontier(j);
	arrangement_release(&arrangement);
	vec_release(&last.ops);
}

static void
judge_unique(struct judging *j, struct finding *finding)
{
	struct arrangement arrangement = {0};
	bool is_alone = finding->name != NULL; /* of one element: nothing can help */

	if (!is_alone && arrange(&j->elements, &arrangement, finding)) {
		accept(j, &arrangement);
	} else if (finding->name == NULL) {
		judge_by_frontier(j);
	} else if (!is_alone && j->elements.phantoms.count > 0) {
		judge_unknown(j, finding);
	} else {
		refute(j, finding);
		j->outcome->verdict = VERDICT_INVALID;
	}
	arrangement_release(&arrangement);
}

void
collection_judge(enum collection collection, const struct key_ops *key,
		 const struct check_options *options, struct collection_outcome *outcome)
{
	struct judging j = {.collection = collection,
			    .key = key,
			    .options = options,
			    .outcome = outcome};
	struct finding finding = {0};

	*outcome = (struct collection_outcome){0};
	if (!elements_init(&j.elements, collection, key, options, &finding)) {
		outcome->verdict = VERDICT_UNKNOWN;
		outcome->reason =
			mem_format("the budget of %s is used up",
				   budget_is_over(&options->budget) ? "time" : "memory");
	} else if (j.elements.is_unique) {
		judge_unique(&j, &finding);
	} else if (!refute_by_count(&j)) {
		judge_by_frontier(&j);
	}
	elements_release(&j.elements);
	vec_release(&finding.ops);
}

void
collection_outcome_release(struct collection_outcome *outcome)
{
	free(outcome->reason);
	free(outcome->core);
	free(outcome->order);
}
