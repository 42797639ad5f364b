#include "checkers/register/versioned_register.h"

#include "base/search.h"
#include "checkers/sort.h"
#include "checkers/engine/stages.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* One version: who wrote it and who told of it first. */
struct version {
	int64_t number;
	uint32_t writer; /* index in the key; NONE: nobody, or the initial value */
	uint32_t teller;
	val value;
	bool is_initial;
	uint32_t unseen; /* so many writes that nobody read stand just before it */
	uint32_t stage;	 /* of its write; its reads follow */
};

/* Writes of unknown version, by value. */
struct candidate {
	uint32_t writer; /* index in the key; NONE: several */
	uint32_t rank;	 /* of the version that it is taken for */
	bool is_taken;
	uint32_t
		ahead; /* nobody read it, but a cas expected it: so many places before the
			   version; 0: it is the version's */
};

struct decision {
	const struct key_ops *key;
	const struct check_options *options;
	struct linearizable_key *found;
	VEC(struct version) versions; /* ascending */
	struct value_ids ids;
	VEC(struct candidate) candidates; /* by id of value */
	bool is_complete;		  /* nothing is left open */
	bool has_spare; /* some write of unknown version may have taken effect unseen */
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

static bool
told_of(const struct decision *decision, size_t i, struct versioned *told)
{
	const struct op *op = key_op(decision->key, i);

	return op->type != OP_FAIL && versioned_of(decision->key->history, op, told);
}

/* ---- versions -----------------------------------------------------------------------
 */

/* The order of signed numbers as one of unsigned ones. */
static uint64_t
ordered(int64_t number)
{
	return (uint64_t)number ^ (uint64_t)1 << 63;
}

/* All versions that were told, once. */
static void
gather_versions(struct decision *decision)
{
	uint64_t *sorted = mem_new(decision->key->count + 1, sizeof(*sorted));
	size_t count = 0;
	struct versioned told;

	for (size_t i = 0; i < decision->key->count; i++)
		if (told_of(decision, i, &told) && told.version != VERSION_UNKNOWN)
			sorted[count++] = ordered(told.version);
	sort_words(sorted, count);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			vec_push(&decision->versions,
				 (struct version){
					 .number = (int64_t)ordered((int64_t)sorted[i]),
					 .writer = NONE,
					 .teller = NONE});
	free(sorted);
}

static uint32_t
rank_of(const struct decision *decision, int64_t number)
{
	size_t at;

	search_first(at, 0, decision->versions.count,
		     decision->versions.items[at].number < number);
	return (uint32_t)at;
}

static void
note_version(struct decision *decision, uint32_t i, const struct versioned *told)
{
	struct version *version =
		&decision->versions.items[rank_of(decision, told->version)];
	bool writes = key_op(decision->key, i)->f != F_READ;

	if (version->teller == NONE) {
		version->teller = i;
		version->value = told->value;
	} else if (!val_equal(&decision->key->history->values, version->value,
			      told->value)) {
		conflict(decision, "version-conflict",
			 "one version has two different values", version->teller, i);
	} else if (writes && version->writer != NONE) {
		conflict(decision, "version-conflict",
			 "two changes got one and the same version", version->writer, i);
	}
	if (writes)
		version->writer = i;
}

static void
note_candidate(struct decision *decision, uint32_t i, const struct versioned *told)
{
	uint32_t id = value_ids_add(&decision->ids, told->value);

	if (id == decision->candidates.count)
		vec_push(&decision->candidates, (struct candidate){.writer = i});
	else
		decision->candidates.items[id].writer = NONE;
}

static void
note_all(struct decision *decision)
{
	struct versioned told;

	for (uint32_t i = 0; i < decision->key->count; i++) {
		const struct op *op = key_op(decision->key, i);
		if (!told_of(decision, i, &told))
			continue;
		if (told.version != VERSION_UNKNOWN)
			note_version(decision, i, &told);
		else if (op->f != F_READ)
			note_candidate(decision, i, &told);
		else
			decision->is_complete = false;
	}
}

/* Gives a version that no acknowledged write told of to the only write of unknown version
 * that wrote its value. */
static void
find_writer(struct decision *decision, struct version *version)
{
	const struct values *values = &decision->key->history->values;
	uint32_t id = value_ids_find(&decision->ids, version->value);
	bool is_initial_value =
		val_equal(values, version->value, decision->options->init);

	if (version == decision->versions.items && is_initial_value) {
		version->is_initial = true;
		decision->is_complete &= id == VALUE_ID_NONE;
		return;
	}
	if (id == VALUE_ID_NONE) {
		if (is_initial_value)
			decision->is_complete = false;
		else
			conflict(decision, "unwritten-version",
				 "nobody wrote this value in this version",
				 version->teller, NONE);
		return;
	}
	struct candidate *candidate = &decision->candidates.items[id];
	if (candidate->writer == NONE || candidate->is_taken) {
		decision->is_complete = false;
		return;
	}
	candidate->is_taken = true;
	candidate->rank = (uint32_t)(version - decision->versions.items);
	version->writer = candidate->writer;
}

static void
find_writers(struct decision *decision)
{
	vec_each (struct version, version, &decision->versions)
		if (version->writer == NONE)
			find_writer(decision, version);
	vec_each (struct candidate, candidate, &decision->candidates)
		decision->has_spare |= !candidate->is_taken;
}

static const struct candidate *
candidate_of(const struct decision *decision, uint32_t i, const struct versioned *told)
{
	const struct candidate *candidate =
		&decision->candidates.items[value_ids_find(&decision->ids, told->value)];

	return candidate->is_taken && candidate->writer == i ? candidate : NULL;
}

/* A change that was acknowledged without a version, and that nobody saw, has no stage. */
static void
find_unplaced(struct decision *decision)
{
	struct versioned told;

	for (uint32_t i = 0; i < decision->key->count; i++) {
		const struct op *op = key_op(decision->key, i);
		if (op->type == OP_OK && op->f != F_READ && told_of(decision, i, &told) &&
		    told.version == VERSION_UNKNOWN &&
		    candidate_of(decision, i, &told) == NULL)
			decision->is_complete = false;
	}
}

/* ---- compare-and-set ----------------------------------------------------------------
 */

/* There are so many numbers between the version and the one before it. */
static bool
has_room_before(const struct decision *decision, size_t rank, uint32_t wanted)
{
	const struct version *version = &decision->versions.items[rank];

	if (rank == 0)
		return versioned_init_version(decision->key, decision->options) ==
		       VERSION_UNKNOWN;
	return (uint64_t)version->number - (uint64_t)version[-1].number > wanted;
}

/* The only write of unknown version that wrote the value; NULL: none, several, or it has
 * its place already. */
static struct candidate *
only_writer_of(const struct decision *decision, val value)
{
	uint32_t id = value_ids_find(&decision->ids, value);
	struct candidate *candidate;

	if (id == VALUE_ID_NONE)
		return NULL;
	candidate = &decision->candidates.items[id];
	return candidate->is_taken || candidate->writer == NONE ? NULL : candidate;
}

/* The only write of unknown version that wrote what the cas expected stands just before it;
 * where that is a cas too, likewise what it expected, down to the version before. */
static bool
take_expected(struct decision *decision, size_t rank, val expected, val before)
{
	const struct values *values = &decision->key->history->values;
	struct version *version = &decision->versions.items[rank];
	struct versioned told = {.expected = expected};
	struct candidate *candidate;

	do {
		candidate = only_writer_of(decision, told.expected);
		if (candidate == NULL)
			return false;
		told_of(decision, candidate->writer, &told);
		candidate->is_taken = true;
		candidate->rank = (uint32_t)rank;
		candidate->ahead = ++version->unseen;
	} while (key_op(decision->key, candidate->writer)->f == F_CAS &&
		 !val_equal(values, told.expected, before));
	return has_room_before(decision, rank, version->unseen);
}

/* What a cas expected is the value of the version before it; unless a write that nobody
 * saw may stand between the two. */
static void
judge_cas(struct decision *decision, size_t rank)
{
	const struct version *version = &decision->versions.items[rank];
	struct versioned told;
	val before = decision->options->init;

	if (version->writer == NONE || key_op(decision->key, version->writer)->f != F_CAS)
		return;
	told_of(decision, version->writer, &told);
	if (rank > 0)
		before = decision->versions.items[rank - 1].value;
	if (val_equal(&decision->key->history->values, told.expected, before))
		return;
	if (decision->has_spare)
		decision->is_complete &=
			take_expected(decision, rank, told.expected, before);
	else
		conflict(decision, "cas-mismatch",
			 "the version before this cas has another value than it expected",
			 version->writer,
			 rank > 0 ? decision->versions.items[rank - 1].teller : NONE);
}

/* ---- stages -------------------------------------------------------------------------
 */

static void
note_went_back(void *context, uint32_t earlier, uint32_t later)
{
	linearizable_conflict(context, "version-went-back",
			      "the one that began later has the older version",
			      (uint32_t[]){earlier, later, OP_NEVER});
}

static void
add_staged(struct stages *stages, const struct key_ops *key, size_t i, uint32_t stage)
{
	const struct op *op = key_op(key, i);

	vec_push(stages,
		 (struct staged){.stage = stage,
				 .op = key->ops[i],
				 .invoke_at = op->invoke_at,
				 .complete_at = op->type == OP_INFO ? OP_NEVER
								    : op->complete_at});
}

/* A version is a stage, its reads are the next; what nobody read goes before, one by one. */
static void
number_stages(struct decision *decision)
{
	uint32_t next = 0;

	vec_each (struct version, version, &decision->versions) {
		version->stage = next + version->unseen;
		next = version->stage + 2;
	}
}

static void
stage_all(const struct decision *decision, struct stages *stages)
{
	const struct version *versions = decision->versions.items;
	struct versioned told;

	for (uint32_t i = 0; i < decision->key->count; i++) {
		const struct op *op = key_op(decision->key, i);
		if (!told_of(decision, i, &told))
			continue;
		if (told.version != VERSION_UNKNOWN) {
			add_staged(stages, decision->key, i,
				   versions[rank_of(decision, told.version)].stage +
					   (op->f == F_READ));
			continue;
		}
		const struct candidate *candidate = candidate_of(decision, i, &told);
		if (candidate != NULL)
			add_staged(stages, decision->key, i,
				   versions[candidate->rank].stage - candidate->ahead);
	}
}

static void
judge_stages(struct decision *decision)
{
	struct stages stages = {0};

	number_stages(decision);
	stage_all(decision, &stages);
	stages_judge(&stages, note_went_back, decision->found);
	if (decision->found->verdict == VERDICT_NONE) {
		decision->found->verdict = VERDICT_VALID;
		decision->found->order = stages_order(&stages);
		decision->found->order_count = stages.count;
	}
	vec_release(&stages);
}

void
versioned_decide(const struct key_ops *key, const struct check_options *options,
		 struct linearizable_key *found)
{
	struct decision decision = {
		.key = key, .options = options, .found = found, .is_complete = true};

	value_ids_init(&decision.ids, &key->history->values);
	gather_versions(&decision);
	note_all(&decision);
	find_writers(&decision);
	for (size_t rank = 0; rank < decision.versions.count; rank++)
		judge_cas(&decision, rank);
	find_unplaced(&decision);
	if (found->verdict == VERDICT_NONE && decision.is_complete)
		judge_stages(&decision);
	vec_release(&decision.versions);
	vec_release(&decision.candidates);
	value_ids_release(&decision.ids);
}
