#include "checkers/collection/set_full_elements.h"

#include "checkers/explain.h"
#include "checkers/sort.h"

#include <stdlib.h>

#define NONE SET_NONE

enum {
	READS_PER_STOP_CHECK = 256
};

static const struct op *
op_of(const struct set_full *set, uint32_t index)
{
	return &set->key->history->ops.items[index];
}

static struct set_element *
element_of(struct set_full *set, val v, uint32_t *id)
{
	*id = value_ids_add(&set->ids, v);
	if (*id == set->elements.count)
		vec_push(&set->elements, (struct set_element){.first_add = NONE,
							      .known_at = OP_NEVER,
							      .known_op = NONE,
							      .last_present = NONE,
							      .last_absent = NONE,
							      .first_absent = NONE});
	return &set->elements.items[*id];
}

static void
note_known(const struct set_full *set, struct set_element *element, uint32_t op)
{
	if (op_of(set, op)->complete_at >= element->known_at)
		return;
	element->known_at = op_of(set, op)->complete_at;
	element->known_op = op;
}

static void
note_add(struct set_full *set, uint32_t index)
{
	const struct op *op = op_of(set, index);
	uint32_t id;

	if (op->type == OP_FAIL)
		return;
	struct set_element *element = element_of(set, op->input, &id);
	vec_push(&set->adds, (struct set_add){index, id});
	if (element->first_add == NONE) {
		element->first_add = index;
		set->counts->attempts++;
	}
	if (op->type == OP_OK)
		note_known(set, element, index);
}

static void
note_read(struct set_full *set, uint32_t index)
{
	const struct op *op = op_of(set, index);
	const struct values *values = &set->key->history->values;
	struct set_read read = {.op = index, .first = set->members.count};
	uint32_t number = (uint32_t)set->reads.count, id;
	size_t size = op->output == VAL_OF_NIL ? 0 : val_count(values, op->output);

	for (size_t i = 0; i < size; i++) {
		struct set_element *element =
			element_of(set, val_at(values, op->output, i), &id);
		if (element->mark == number + 1) {
			element->is_duplicated = true;
			set_full_report(set, "duplicate-element",
					"stands more than once in one read", id,
					(uint32_t[]){index, NONE});
			continue;
		}
		element->mark = number + 1;
		element->last_present = number;
		note_known(set, element, index);
		vec_push(&set->members, id);
		read.size++;
	}
	vec_push(&set->reads, read);
}

/* ---- what was missing ---------------------------------------------------------------
 */

static void
note_missing(struct set_full *set, uint32_t number, size_t word, uint64_t bits)
{
	for (; bits != 0; bits &= bits - 1) {
		struct set_element *element =
			&set->elements.items[word * 64 + (size_t)__builtin_ctzll(bits)];
		element->last_absent = number;
		if (element->first_absent == NONE)
			element->first_absent = number;
	}
}

/* Elements by the moment at which they became known; the caller frees. */
static uint64_t *
sort_known(const struct set_full *set, size_t *count)
{
	uint64_t *sorted = mem_new(set->elements.count + 1, sizeof(*sorted));

	*count = 0;
	for (size_t id = 0; id < set->elements.count; id++)
		if (set->elements.items[id].known_at != OP_NEVER)
			sorted[(*count)++] =
				(uint64_t)set->elements.items[id].known_at << 32 | id;
	sort_words(sorted, *count);
	return sorted;
}

/* Known and not present, 64 elements at once. False when the budget is over. */
static bool
find_missing(struct set_full *set)
{
	size_t words = set->elements.count / 64 + 1, known_count, next = 0;
	uint64_t *sorted = sort_known(set, &known_count);
	uint64_t *known = mem_new(words, sizeof(*known));
	uint64_t *present = mem_new(words, sizeof(*present));
	bool is_over = false;

	for (uint32_t r = 0; r < set->reads.count && !is_over; r++) {
		const struct set_read *read = &set->reads.items[r];
		uint32_t began = op_of(set, read->op)->invoke_at;
		const uint32_t *members = set->members.items + read->first;
		for (; next < known_count && sorted[next] >> 32 < began; next++)
			known[(uint32_t)sorted[next] / 64] |= (uint64_t)1
							      << (sorted[next] % 64);
		for (uint32_t i = 0; i < read->size; i++)
			present[members[i] / 64] |= (uint64_t)1 << (members[i] % 64);
		for (size_t w = 0; w < words; w++)
			if (known[w] & ~present[w])
				note_missing(set, r, w, known[w] & ~present[w]);
		for (uint32_t i = 0; i < read->size; i++)
			present[members[i] / 64] = 0;
		is_over = r % READS_PER_STOP_CHECK == 0 &&
			  budget_is_over(&set->options->budget);
	}
	free(sorted);
	free(known);
	free(present);
	return !is_over;
}

/* ---- verdicts on elements -----------------------------------------------------------
 */

void
set_full_report(struct set_full *set, const char *name, const char *why, uint32_t element,
		const uint32_t *ops)
{
	struct anomaly *anomaly = check_result_anomaly(set->result, name, set->key->key);
	struct buf text = {0};

	set->conflict_count++;
	if (anomaly == NULL)
		return;
	for (; *ops != NONE; ops++)
		explain_add(anomaly, *ops);
	if (element != NONE) {
		anomaly->subject = value_ids_value(&set->ids, element);
		buf_string(&text, "element ");
		explain_value(set->key->history, value_ids_value(&set->ids, element),
			      &text);
		buf_char(&text, ' ');
	}
	buf_printf(&text, "%s:\n", why);
	explain_list(set->key->history, anomaly, &text);
	explain_finish(anomaly, &text);
}

static void
judge_unexpected(struct set_full *set, uint32_t id)
{
	struct set_element *element = &set->elements.items[id];

	if (element->known_at == OP_NEVER ||
	    (element->first_add != NONE &&
	     element->known_at > op_of(set, element->first_add)->invoke_at))
		return;
	element->is_unexpected = true;
	set->counts->unexpected++;
	set_full_report(set, "unexpected-element",
			element->first_add == NONE ? "was read although nobody added it"
						   : "was read before its add began",
			id, (uint32_t[]){element->known_op, element->first_add, NONE});
}

static uint32_t
read_op(const struct set_full *set, uint32_t number)
{
	return set->reads.items[number].op;
}

/* From when it was known until the last read that missed it began. */
static double
stable_latency(const struct set_full *set, const struct set_element *element)
{
	if (element->last_absent == NONE)
		return 0;
	int64_t known_ns = op_of(set, element->known_op)->complete_ns;
	int64_t stable_ns = op_of(set, read_op(set, element->last_absent))->invoke_ns;
	return stable_ns > known_ns ? (double)(stable_ns - known_ns) / 1e6 : 0;
}

static void
judge_presence(struct set_full *set, uint32_t id)
{
	struct set_element *element = &set->elements.items[id];
	bool was_missed = element->last_absent != NONE;
	bool is_stable = element->last_present != NONE &&
			 (!was_missed || element->last_absent < element->last_present);

	if (is_stable) {
		set->counts->stable++;
		set->counts->stale += was_missed;
		vec_push(&set->counts->latencies_ms, stable_latency(set, element));
	} else if (was_missed) {
		set->counts->lost++;
	} else {
		set->counts->never_read++;
	}
	if (!was_missed)
		return;
	uint32_t missed = read_op(set, element->first_absent);
	if (is_stable)
		set_full_report(set, "stale-read",
				"was known, then missing in a read, then there again", id,
				(uint32_t[]){element->known_op, missed,
					     read_op(set, element->last_present), NONE});
	else
		set_full_report(set, "lost-element",
				"was known, then missing, and never seen again", id,
				(uint32_t[]){element->known_op,
					     read_op(set, element->last_absent), NONE});
}

bool
set_full_look(struct set_full *set)
{
	value_ids_init(&set->ids, &set->key->history->values);
	for (size_t i = 0; i < set->key->count; i++)
		if (key_op(set->key, i)->f == F_ADD)
			note_add(set, set->key->ops[i]);
	for (size_t i = 0; i < set->key->count; i++) {
		const struct op *op = key_op(set->key, i);
		if (op->f == F_READ && op->type == OP_OK)
			note_read(set, set->key->ops[i]);
		if (set->members.count * sizeof(uint32_t) >
			    set->options->budget.bytes_max / 2 ||
		    (i % READS_PER_STOP_CHECK == 0 &&
		     budget_is_over(&set->options->budget)))
			return false;
	}
	if (!find_missing(set))
		return false;
	for (uint32_t id = 0; id < set->elements.count; id++) {
		judge_unexpected(set, id);
		judge_presence(set, id);
		set->counts->duplicated += set->elements.items[id].is_duplicated;
	}
	return true;
}

void
set_full_release(struct set_full *set)
{
	value_ids_release(&set->ids);
	vec_release(&set->elements);
	vec_release(&set->adds);
	vec_release(&set->reads);
	vec_release(&set->members);
}
