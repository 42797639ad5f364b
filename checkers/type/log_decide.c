#include "checkers/type/log.h"

#include "checkers/sort.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

#define NONE LOG_NOBODY

/* The earliest moment at which an operation can have taken effect, and its place among
 * those of one moment: reads of nothing, then by entry, its append before its reads. */
struct moment {
	uint32_t at, rank;
	bool is_placed;
};

struct decision {
	const struct key_ops *key;
	struct linearizable_key *found;
	struct log_entries entries;
	bool is_complete;
	uint32_t *empty_read;	/* owned; by entry: the read of nothing there that began
				 last */
	struct moment *moments; /* owned; by index in the key */
};

static void
conflict(struct decision *decision, const char *name, const char *why, uint32_t a,
	 uint32_t b)
{
	const uint32_t *ops = decision->key->ops;

	linearizable_conflict(
		decision->found, name, why,
		(uint32_t[]){ops[a], b == NONE ? OP_NEVER : ops[b], OP_NEVER});
}

/* Which two operations contradict each other about an offset. */
static void
find_contradictions(struct decision *decision)
{
	const struct values *values = &decision->key->history->values;
	struct logged logged;

	for (uint32_t i = 0; i < decision->key->count; i++) {
		if (!log_of(decision->key->history, key_op(decision->key, i), &logged) ||
		    !logged.is_known || logged.value == VAL_OF_NIL)
			continue;
		const struct log_entry *entry = &decision->entries.items[log_entries_find(
			&decision->entries, logged.offset)];
		if (!entry->is_contradicted)
			continue;
		if (!val_equal(values, entry->value, logged.value))
			conflict(decision, "offset-conflict",
				 "one offset holds two different values", entry->teller,
				 i);
		else if (logged.appends && entry->append != i)
			conflict(decision, "offset-conflict",
				 "two appends got one and the same offset", entry->append,
				 i);
	}
}

/* ---- appends of unknown outcome -----------------------------------------------------
 */

/* The only append of unknown offset that wrote the value, by id; NONE: several. */
struct candidates {
	struct value_ids ids;
	VEC(uint32_t) appends;
};

static void
candidates_init(struct candidates *candidates, const struct key_ops *key)
{
	struct logged logged;

	*candidates = (struct candidates){0};
	value_ids_init(&candidates->ids, &key->history->values);
	for (uint32_t i = 0; i < key->count; i++) {
		if (!log_of(key->history, key_op(key, i), &logged) || logged.is_known)
			continue;
		uint32_t id = value_ids_add(&candidates->ids, logged.value);
		if (id == candidates->appends.count)
			vec_push(&candidates->appends, i);
		else
			candidates->appends.items[id] = NONE;
	}
}

/* Each entry that was only read needs an append. */
static void
find_appends(struct decision *decision)
{
	struct candidates candidates;
	struct log_entry *entries = decision->entries.items;

	candidates_init(&candidates, decision->key);
	for (size_t i = 0; i < decision->entries.count; i++) {
		if (entries[i].append != NONE)
			continue;
		uint32_t id = value_ids_find(&candidates.ids, entries[i].value);
		if (id == VALUE_ID_NONE) {
			decision->is_complete = false;
			conflict(decision, "never-appended",
				 "nobody appended this value at this offset",
				 entries[i].teller, NONE);
			continue;
		}
		entries[i].append = candidates.appends.items[id];
		decision->is_complete &= entries[i].append != NONE;
		candidates.appends.items[id] = NONE;
	}
	value_ids_release(&candidates.ids);
	vec_release(&candidates.appends);
}

/* ---- moments ------------------------------------------------------------------------
 */

static void
find_empty_reads(struct decision *decision)
{
	struct logged logged;

	decision->empty_read =
		mem_new(decision->entries.count + 1, sizeof(*decision->empty_read));
	for (size_t i = 0; i < decision->entries.count; i++)
		decision->empty_read[i] = NONE;
	for (uint32_t i = 0; i < decision->key->count; i++) {
		if (!log_of(decision->key->history, key_op(decision->key, i), &logged) ||
		    logged.appends || logged.value != VAL_OF_NIL)
			continue;
		size_t at = log_entries_find(&decision->entries, logged.offset);
		if (at < decision->entries.count &&
		    decision->entries.items[at].offset == logged.offset)
			decision->empty_read[at] = i;
	}
}

/* The latest beginning so far, and whose it is. */
struct latest {
	uint32_t at, index;
};

static void
push_latest(struct latest *latest, const struct decision *decision, uint32_t i)
{
	if (i == NONE || key_op(decision->key, i)->invoke_at < latest->at)
		return;
	latest->at = key_op(decision->key, i)->invoke_at;
	latest->index = i;
}

static bool
is_over_before(const struct decision *decision, uint32_t i, const struct latest *latest)
{
	const struct op *op = key_op(decision->key, i);

	return op->type == OP_OK && op->complete_at < latest->at;
}

static const char *
name_of(const struct decision *decision, uint32_t late, const char **why)
{
	struct logged logged;

	log_of(decision->key->history, key_op(decision->key, late), &logged);
	if (!logged.appends && logged.value == VAL_OF_NIL) {
		*why = "nothing was found where something had been appended";
		return "lost-append";
	}
	*why = "the append that began later got the smaller offset";
	return "offset-went-back";
}

/* Appends in the order of offsets, each after the reads of nothing at its offset. */
static void
judge_appends(struct decision *decision, struct latest *of_entry)
{
	struct latest latest = {0, NONE};
	const char *why;

	for (size_t e = 0; e < decision->entries.count; e++) {
		uint32_t append = decision->entries.items[e].append;
		push_latest(&latest, decision, decision->empty_read[e]);
		if (is_over_before(decision, append, &latest)) {
			const char *name = name_of(decision, latest.index, &why);
			conflict(decision, name, why, append, latest.index);
		}
		push_latest(&latest, decision, append);
		of_entry[e] = latest;
		decision->moments[append] =
			(struct moment){latest.at, (uint32_t)e * 2 + 1, true};
	}
}

static void
judge_reads(struct decision *decision, const struct latest *of_entry)
{
	struct logged logged;
	const char *why;

	for (uint32_t i = 0; i < decision->key->count; i++) {
		const struct op *op = key_op(decision->key, i);
		if (!log_of(decision->key->history, op, &logged) || logged.appends)
			continue;
		decision->moments[i] = (struct moment){op->invoke_at, 0, true};
		if (logged.value == VAL_OF_NIL)
			continue;
		size_t e = log_entries_find(&decision->entries, logged.offset);
		const struct latest *latest = &of_entry[e];
		uint32_t at = latest->at > op->invoke_at ? latest->at : op->invoke_at;
		decision->moments[i] = (struct moment){at, (uint32_t)e * 2 + 2, true};
		if (!is_over_before(decision, i, latest))
			continue;
		const char *name = name_of(decision, latest->index, &why);
		bool is_append = name[0] == 'o';
		conflict(decision, is_append ? "not-yet-appended" : name,
			 is_append
				 ? "the value was read before an append at or below its "
				   "offset began"
				 : why,
			 i, latest->index);
	}
}

/* Earliest moments are an order that fits; within one moment, ranks are. */
static void
write_order(struct decision *decision)
{
	const struct key_ops *key = decision->key;
	struct linearizable_key *found = decision->found;
	uint64_t *sorted = mem_new(key->count + 1, sizeof(*sorted));
	uint32_t *by_rank = mem_new(key->count + 1, sizeof(*by_rank));
	size_t count = 0;

	for (uint32_t i = 0; i < key->count; i++)
		if (decision->moments[i].is_placed)
			sorted[count++] = (uint64_t)decision->moments[i].rank << 32 | i;
	sort_words(sorted, count);
	for (uint32_t k = 0; k < count; k++) {
		by_rank[k] = (uint32_t)sorted[k];
		sorted[k] = (uint64_t)decision->moments[by_rank[k]].at << 32 | k;
	}
	sort_words(sorted, count);
	found->order = mem_new(key->count + 1, sizeof(*found->order));
	for (size_t k = 0; k < count; k++)
		found->order[found->order_count++] =
			key->ops[by_rank[(uint32_t)sorted[k]]];
	free(sorted);
	free(by_rank);
}

static void
judge_moments(struct decision *decision)
{
	struct latest *of_entry = mem_new(decision->entries.count + 1, sizeof(*of_entry));

	decision->moments = mem_new(decision->key->count + 1, sizeof(*decision->moments));
	find_empty_reads(decision);
	judge_appends(decision, of_entry);
	judge_reads(decision, of_entry);
	if (decision->found->verdict == VERDICT_NONE) {
		decision->found->verdict = VERDICT_VALID;
		write_order(decision);
	}
	free(decision->empty_read);
	free(decision->moments);
	free(of_entry);
}

void
log_decide(const struct key_ops *key, const struct check_options *options,
	   struct linearizable_key *found)
{
	struct decision decision = {.key = key, .found = found, .is_complete = true};

	(void)options;
	log_entries_init(&decision.entries, key);
	find_contradictions(&decision);
	find_appends(&decision);
	if (found->verdict == VERDICT_NONE && decision.is_complete)
		judge_moments(&decision);
	vec_release(&decision.entries);
}
