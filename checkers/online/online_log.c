/* online_log.c - logs with offsets (checkers/type/log.h) by the stage lemma.
 *
 * An offset is *evident* from when its append ended or somebody read a value there. An
 * append that began later must get a greater one, and a read that began later finds nothing
 * only further on, or in a gap that nobody fills. Found on the way: offset-went-back,
 * not-yet-appended, lost-append, offset-conflict, never-appended. Kept is the log itself,
 * 24 bytes an entry, its last LOG_KEPT entries: what stands before them is not judged any
 * more. Left to the end: what takes trying out, where appends of one value told no
 * offset. O(log n) an operation. */
#include "base/search.h"
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/peaks.h"
#include "checkers/online/unplaced.h"

enum {
	LOG_KEPT = 1 << 20
};

struct entry {
	int64_t offset;
	online_value value;
	bool has_append;
};

/* Nothing was read at an offset that greater ones had made a gap before. */
struct gap {
	int64_t offset, ended_at;
};

struct online_log {
	struct peaks evident;	   /* offsets */
	VEC(struct gap) gaps;	   /* that an append which is open may still fill */
	VEC(struct entry) entries; /* ascending */
	int64_t kept_from;	   /* entries before this offset were let go */
	struct unplaced unplaced;
};

enum {
	NOTE_VALUE,
	NOTE_OFFSET,
	NOTE_HAS_OFFSET
};

/* Offsets are nearly evenly spaced: the search begins where it would stand if they were. */
static size_t
guess(const struct online_log *log, int64_t offset)
{
	size_t count = log->entries.count;

	if (count == 0 || offset <= log->entries.items[0].offset)
		return 0;
	if (offset > log->entries.items[count - 1].offset)
		return count;
	double from = (double)log->entries.items[0].offset;
	double range = (double)log->entries.items[count - 1].offset - from;
	return (size_t)(((double)offset - from) / range * (double)(count - 1));
}

/* Where the offset is, or would be. */
static size_t
place_of(const struct online_log *log, int64_t offset)
{
	const struct entry *items = log->entries.items;
	size_t low = guess(log, offset), high = low, step = 1;

	while (low > 0 && items[low - 1].offset >= offset) {
		low = low > step ? low - step : 0;
		step *= 2;
	}
	for (step = 1; high < log->entries.count && items[high].offset < offset;
	     step *= 2)
		high = high + step < log->entries.count ? high + step
							: log->entries.count;
	search_first(low, low, high, items[low].offset < offset);
	return low;
}

/* Half at once, so that moving the rest costs little for each. */
static void
forget_oldest(struct online_log *log)
{
	size_t gone = log->entries.count / 2;

	for (size_t i = 0; i < gone; i++)
		if (!log->entries.items[i].has_append)
			unplaced_remove(&log->unplaced, log->entries.items[i].value,
					true);
	for (size_t i = gone; i < log->entries.count; i++)
		log->entries.items[i - gone] = log->entries.items[i];
	log->entries.count -= gone;
	log->kept_from = log->entries.items[0].offset;
}

static void
insert(struct online_log *log, size_t at, const struct entry *entry)
{
	vec_insert(&log->entries, at, *entry);
	if (log->entries.count >= LOG_KEPT)
		forget_oldest(log);
}

/* The offset holds something now: who found nothing there when greater ones were evident
 * was wrong. */
static void
fill_gap(const struct online_call *call, int64_t offset)
{
	const struct online_log *log = call->state;

	vec_each (struct gap, gap, &log->gaps)
		if (gap->offset == offset)
			online_violate(call, "lost-append", val_small(offset), 0);
}

static void
add_gap(const struct online_call *call, int64_t offset)
{
	struct online_log *log = call->state;
	size_t kept = 0;

	for (size_t i = 0; i < log->gaps.count; i++)
		if (log->gaps.items[i].ended_at >= call->watermark)
			log->gaps.items[kept++] = log->gaps.items[i];
	log->gaps.count = kept;
	vec_push(&log->gaps, (struct gap){offset, call->at});
}

static bool
is_entry(const struct online_log *log, int64_t offset)
{
	size_t at = place_of(log, offset);

	return at < log->entries.count && log->entries.items[at].offset == offset;
}

/* What stands at the offset, for an operation that says it is this. */
static void
place(const struct online_call *call, const struct entry *told)
{
	struct online_log *log = call->state;
	size_t at = place_of(log, told->offset);
	bool is_known =
		at < log->entries.count && log->entries.items[at].offset == told->offset;
	struct entry *known = &log->entries.items[at];

	if (is_known &&
	    (known->value != told->value || (known->has_append && told->has_append)))
		online_violate(call, "offset-conflict", told->value, known->value);
	if (told->has_append && !unplaced_remove(&log->unplaced, told->value, is_known))
		online_violate(call, "never-appended", told->value, 0);
	if (!is_known && !told->has_append && !unplaced_use(&log->unplaced, told->value))
		online_violate(call, "never-appended", told->value, 0);
	if (is_known) {
		known->has_append |= told->has_append;
		return;
	}
	insert(log, at, told);
	fill_gap(call, told->offset);
}

static void
end_append(const struct online_call *call, int64_t offset)
{
	struct online_log *log = call->state;
	int64_t evident = peaks_before(&log->evident, call->invoke_at);
	const struct entry told = {offset, call->notes[NOTE_VALUE], true};

	if (evident != PEAK_NONE && evident >= offset)
		online_violate(call,
			       evident > offset ? "offset-went-back" : "not-yet-appended",
			       val_small(offset), val_small(evident));
	place(call, &told);
	peaks_tell(&log->evident, call->at, offset, call->watermark);
}

static void
end_read(const struct online_call *call)
{
	struct online_log *log = call->state;
	int64_t offset = (int64_t)call->notes[NOTE_OFFSET];
	const struct entry told = {offset, online_value_of(call->values, call->value),
				   false};
	int64_t evident = peaks_before(&log->evident, call->invoke_at);

	if (told.value == 0) {
		bool is_late = evident != PEAK_NONE && evident >= offset;
		if (is_late && is_entry(log, offset))
			online_violate(call, "lost-append", val_small(offset),
				       val_small(evident));
		else if (is_late)
			add_gap(call, offset);
		return;
	}
	if (offset < log->kept_from)
		return;
	place(call, &told);
	peaks_tell(&log->evident, call->at, offset, call->watermark);
}

static void
begin(const struct online_call *call)
{
	struct online_log *log = call->state;
	int64_t offset;

	if (call->f == F_APPEND || call->f == F_SEND) {
		call->notes[NOTE_VALUE] = online_value_of(call->values, call->value);
		unplaced_add(&log->unplaced, call->notes[NOTE_VALUE]);
	} else if (call->f == F_READ && val_small_number(call->value, &offset)) {
		call->notes[NOTE_OFFSET] = (uint64_t)offset;
		call->notes[NOTE_HAS_OFFSET] = true;
	} else {
		online_give_up(call, "not all operations are those of a log");
	}
}

static void
end(const struct online_call *call)
{
	struct online_log *log = call->state;
	int64_t offset;

	if (call->f == F_READ) {
		if (call->type == OP_OK && call->notes[NOTE_HAS_OFFSET])
			end_read(call);
	} else if (call->type == OP_OK && val_small_number(call->value, &offset)) {
		end_append(call, offset);
	} else if (call->type == OP_FAIL &&
		   !unplaced_remove(&log->unplaced, call->notes[NOTE_VALUE], false)) {
		online_violate(call, "never-appended", call->notes[NOTE_VALUE], 0);
	}
}

static void
start(void *state, const struct online_options *options)
{
	struct online_log *log = state;

	(void)options;
	log->kept_from = INT64_MIN;
}

static void
stop(void *state)
{
	struct online_log *log = state;

	vec_release(&log->evident);
	vec_release(&log->gaps);
	vec_release(&log->entries);
	unplaced_release(&log->unplaced);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_log *log = state;

	size->values += log->entries.count + log->unplaced.values.count;
	size->bytes += log->evident.capacity * sizeof(struct peak) +
		       log->gaps.capacity * sizeof(struct gap) +
		       log->entries.capacity * sizeof(struct entry) +
		       unplaced_bytes(&log->unplaced);
}

const struct online_decider online_log = {
	.name = "log",
	.summary =
		"offsets that go back or conflict, appends that are lost or were never "
		"made",
	.state_bytes = sizeof(struct online_log),
	.start = start,
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
