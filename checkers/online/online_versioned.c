/* online_versioned.c - registers that tell versions (checkers/register/versioned_register.h)
 * by the stage lemma: one watermark a key.
 *
 * Found on the way: version-went-back, version-conflict, unwritten-version, and a
 * cas-mismatch with the version before it where no write is open that may stand between.
 * Kept are the versions that an operation which is open may still meet, the one before
 * them, and writes of unknown outcome. Left to the end: what takes trying out, where
 * writes told no version. O(log c) an operation. */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/peaks.h"
#include "checkers/online/unplaced.h"

enum {
	FORGET_FROM = 16
};

struct version {
	int64_t number;
	online_value value, expected;
	bool has_writer, is_cas, is_initial;
};

struct online_versioned {
	struct peaks peaks;	      /* of stages: 2 * version, + 1 for reads */
	VEC(struct version) versions; /* ascending */
	size_t forget_at;	      /* versions when to look again for what can go */
	struct unplaced unplaced;
	online_value init;
	bool has_initial; /* the version of the initial value is known */
	int64_t initial;
};

enum {
	NOTE_VALUE,
	NOTE_EXPECTED
};

/* Where the version is, or would be. */
static size_t
place_of(const struct online_versioned *v, int64_t number)
{
	size_t at = v->versions.count;

	while (at > 0 && v->versions.items[at - 1].number >= number)
		at--;
	return at;
}

static struct version *
insert(struct online_versioned *v, const struct version *version)
{
	size_t at = place_of(v, version->number);

	vec_insert(&v->versions, at, *version);
	return &v->versions.items[at];
}

static struct version *
find(const struct online_versioned *v, int64_t number)
{
	size_t at = place_of(v, number);
	bool is_there = at < v->versions.count && v->versions.items[at].number == number;

	return is_there ? &v->versions.items[at] : NULL;
}

/* Versions below this one, less the last of them, can be met by nobody any more. */
static void
forget_below(struct online_versioned *v, int64_t number)
{
	size_t gone = place_of(v, number);

	if (gone < 2)
		return;
	gone--;
	for (size_t i = 0; i < gone; i++) {
		const struct version *version = &v->versions.items[i];
		if (!version->has_writer && !version->is_initial)
			unplaced_remove(&v->unplaced, version->value, true);
	}
	for (size_t i = gone; i < v->versions.count; i++)
		v->versions.items[i - gone] = v->versions.items[i];
	v->versions.count -= gone;
}

/* The value before a cas must be the one that it expected, unless a write that is still
 * open may come between. */
static void
compare_neighbours(const struct online_call *call, const struct version *later)
{
	const struct online_versioned *v = call->state;
	online_value before = v->init;

	if (later >= v->versions.items + v->versions.count || !later->is_cas)
		return;
	if (later > v->versions.items)
		before = later[-1].value;
	else if (v->has_initial && v->initial >= later->number)
		return;
	if (before != later->expected && !unplaced_may_be(&v->unplaced, later->expected))
		online_violate(call, "cas-mismatch", later->expected, before);
}

static void
tell_stage(const struct online_call *call, int64_t stage)
{
	struct online_versioned *v = call->state;
	int64_t peak = peaks_before(&v->peaks, call->invoke_at);

	if (peak > stage)
		online_violate(call, "version-went-back", val_small(stage >> 1),
			       val_small(peak >> 1));
	peaks_tell(&v->peaks, call->at, stage, call->watermark);
}

/* Nobody is known to have written the version: it is the initial one, or the writer has not
 * ended. */
static void
meet_unknown(const struct online_call *call, struct version *version)
{
	struct online_versioned *v = call->state;

	if (unplaced_use(&v->unplaced, version->value)) {
		insert(v, version);
		return;
	}
	bool is_first =
		v->versions.count == 0 || version->number < v->versions.items[0].number;
	if (version->value != v->init || v->has_initial || !is_first) {
		online_violate(call, "unwritten-version", version->value, 0);
		return;
	}
	v->has_initial = version->is_initial = true;
	v->initial = version->number;
	compare_neighbours(call, insert(v, version) + 1);
}

static void
end_read(const struct online_call *call, int64_t number, online_value value)
{
	struct online_versioned *v = call->state;
	struct version read = {.number = number, .value = value};
	const struct version *known = find(v, number);

	tell_stage(call, 2 * number + 1);
	if (known == NULL)
		meet_unknown(call, &read);
	else if (known->value != value)
		online_violate(call, "version-conflict", value, known->value);
}

static void
end_write(const struct online_call *call, int64_t number)
{
	struct online_versioned *v = call->state;
	struct version write = {.number = number,
				.value = call->notes[NOTE_VALUE],
				.expected = call->notes[NOTE_EXPECTED],
				.has_writer = true,
				.is_cas = call->f == F_CAS};
	struct version *known = find(v, number);

	tell_stage(call, 2 * number);
	known = find(v, number);
	if (known != NULL && (known->value != write.value || known->has_writer))
		online_violate(call, "version-conflict", write.value, known->value);
	if (v->has_initial && v->initial >= number)
		online_violate(call, "version-went-back", val_small(number),
			       val_small(v->initial));
	if (!unplaced_remove(&v->unplaced, write.value, known != NULL))
		online_violate(call, "unwritten-version", write.value, 0);
	if (known != NULL)
		*known = write;
	else
		known = insert(v, &write);
	compare_neighbours(call, known);
	compare_neighbours(call, known + 1);
}

/* [VERSION VALUE], the version a number that leaves room for stages; false: it says nothing
 * that can be judged here. */
static bool
version_of(const struct online_call *call, int64_t *number)
{
	const struct values *values = call->values;

	return call->type == OP_OK && val_kind(call->value) == VAL_LIST &&
	       val_count(values, call->value) == 2 &&
	       val_small_number(val_at(values, call->value, 0), number) &&
	       *number < INT64_MAX / 16 && *number > INT64_MIN / 16;
}

static void
begin(const struct online_call *call)
{
	struct online_versioned *v = call->state;
	const struct values *values = call->values;

	if (call->f == F_READ)
		return;
	bool is_pair =
		val_kind(call->value) == VAL_LIST && val_count(values, call->value) == 2;
	val asked = is_pair ? val_at(values, call->value, 1) : VAL_OF_NIL;
	bool is_cas = call->f == F_CAS && val_kind(asked) == VAL_LIST &&
		      val_count(values, asked) == 2;
	if (!is_pair || (call->f != F_WRITE && !is_cas)) {
		online_give_up(call,
			       "not all operations are those of a versioned register");
		return;
	}
	if (is_cas) {
		call->notes[NOTE_EXPECTED] =
			online_value_of(values, val_at(values, asked, 0));
		asked = val_at(values, asked, 1);
	}
	call->notes[NOTE_VALUE] = online_value_of(values, asked);
	unplaced_add(&v->unplaced, call->notes[NOTE_VALUE]);
}

/* After the operation was judged: it may have met what nobody else can meet. */
static void
forget(const struct online_call *call)
{
	struct online_versioned *v = call->state;

	if (v->versions.count < v->forget_at)
		return;
	int64_t peak = peaks_before(&v->peaks, call->watermark);
	if (peak != PEAK_NONE)
		forget_below(v, peak >> 1);
	v->forget_at = 2 * v->versions.count + FORGET_FROM;
}

static void
end(const struct online_call *call)
{
	struct online_versioned *v = call->state;
	int64_t number;
	bool is_known = version_of(call, &number);

	if (call->f == F_READ && is_known)
		end_read(call, number,
			 online_value_of(call->values,
					 val_at(call->values, call->value, 1)));
	else if (call->f != F_READ && is_known)
		end_write(call, number);
	else if (call->f != F_READ && call->type == OP_FAIL &&
		 !unplaced_remove(&v->unplaced, call->notes[NOTE_VALUE], false))
		online_violate(call, "unwritten-version", call->notes[NOTE_VALUE], 0);
	forget(call);
}

static void
start(void *state, const struct online_options *options)
{
	struct online_versioned *v = state;

	v->init = options->init;
	v->forget_at = FORGET_FROM;
}

static void
stop(void *state)
{
	struct online_versioned *v = state;

	vec_release(&v->peaks);
	vec_release(&v->versions);
	unplaced_release(&v->unplaced);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_versioned *v = state;

	size->values += v->versions.count + v->unplaced.values.count;
	size->bytes += v->peaks.capacity * sizeof(struct peak) +
		       v->versions.capacity * sizeof(struct version) +
		       unplaced_bytes(&v->unplaced);
}

const struct online_decider online_versioned = {
	.name = "versioned-register",
	.summary = "versions that go back, conflict or nobody wrote; a cas against the "
		   "version before",
	.state_bytes = sizeof(struct online_versioned),
	.start = start,
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
