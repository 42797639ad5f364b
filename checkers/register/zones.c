#include "checkers/register/zones_sweep.h"

#include "base/search.h"
#include "checkers/register/register.h"
#include "checkers/sort.h"

#include <stdlib.h>

enum {
	OPS_PER_STOP_CHECK = 1 << 16,
	DIRECT_SPARE = 1024
};

/* ---- reading the operations ------------------------------------------------------ */

static bool
is_time_up(struct sweep *sweep)
{
	if (++sweep->ticks % OPS_PER_STOP_CHECK == 0 &&
	    budget_is_over(&sweep->options->budget))
		sweep->out->is_stopped = true;
	return sweep->out->is_stopped;
}

/* Decides how values are numbered: directly when all are small integers close together.
 */
static size_t
choose_layout(struct sweep *sweep)
{
	int64_t low = INT64_MAX, high = INT64_MIN, number;
	size_t count = 0;
	bool all_small = true;
	val written;

	for (size_t i = 0; i < sweep->key->count; i++) {
		if (!register_writes(sweep->key->history, key_op(sweep->key, i),
				     &written))
			continue;
		all_small = all_small && val_small_number(written, &number);
		if (!all_small)
			number = low;
		low = number < low ? number : low;
		high = number > high ? number : high;
		count++;
	}
	bool is_narrow = count > 0 && all_small &&
			 (uint64_t)high - (uint64_t)low < 2 * count + DIRECT_SPARE;
	value_ids_init(&sweep->ids, &sweep->key->history->values);
	if (is_narrow)
		value_ids_direct(&sweep->ids, low, high);
	return is_narrow ? value_ids_count(&sweep->ids) : count;
}

static bool
has_memory(struct sweep *sweep, size_t cells)
{
	size_t bytes = (cells + 1) * sizeof(struct cell) + cells * 2 * sizeof(uint64_t);

	sweep->out->bytes_peak = bytes;
	return sweep->options->budget.bytes_max == 0 ||
	       bytes <= sweep->options->budget.bytes_max;
}

/* Words differ more often than not, and then plain ones are different values. */
static bool
is_initial(const struct sweep *sweep, val v)
{
	val init = sweep->options->init;

	if (val_is_plain(v) || val_is_plain(init))
		return v == init;
	return val_equal(&sweep->key->history->values, v, init);
}

/* Notes who wrote what. False when a value has two writers. */
static bool
read_writers(struct sweep *sweep)
{
	val written;

	for (size_t i = 0; i < sweep->key->count; i++) {
		const struct op *op = key_op(sweep->key, i);
		if (is_time_up(sweep))
			return true;
		if (!register_writes(sweep->key->history, op, &written))
			continue;
		if (is_initial(sweep, written))
			return false;
		struct cell *cell = &sweep->cells[value_ids_add(&sweep->ids, written)];
		if (cell->writer != NONE)
			return false;
		cell->writer = sweep->key->ops[i] | (op->f == F_CAS ? BY_CAS : 0);
		cell->begin = op->invoke_at;
		cell->end = op->type == OP_OK ? op->complete_at : OP_NEVER;
		sweep->has_info_cas |= op->f == F_CAS && op->type == OP_INFO;
	}
	return true;
}

uint32_t
zones_id_of_seen(const struct sweep *sweep, val seen)
{
	uint32_t id = value_ids_find(&sweep->ids, seen);

	if (id != VALUE_ID_NONE && sweep->cells[id].writer != NONE)
		return id;
	return is_initial(sweep, seen) ? sweep->initial : NONE;
}

/* A cas that happened takes the register from one value to the next. */
static void
link_cas(struct sweep *sweep, uint32_t index)
{
	const struct history *history = sweep->key->history;
	val input = sweep->ops[index].input;
	uint32_t from = zones_id_of_seen(sweep, val_at(&history->values, input, 0));
	uint32_t to = value_ids_find(&sweep->ids, val_at(&history->values, input, 1));

	if (from == NONE)
		zones_add_pair(sweep, ZONES_UNWRITTEN, OP_NEVER, index);
	else if (sweep->cells[from].next != NONE)
		zones_add_pair(sweep, ZONES_FORKED,
			       zones_writer(sweep, sweep->cells[from].next), index);
	else
		sweep->cells[from].next = to;
}

static void
read_seen(struct sweep *sweep)
{
	val seen;

	for (size_t i = 0; i < sweep->key->count && !is_time_up(sweep); i++) {
		const struct op *op = key_op(sweep->key, i);
		if (!register_sees(sweep->key->history, op, sweep->options, &seen))
			continue;
		if (op->f == F_CAS) {
			link_cas(sweep, sweep->key->ops[i]);
			continue;
		}
		uint32_t id = zones_id_of_seen(sweep, seen);
		if (id == NONE) {
			zones_add_pair(sweep, ZONES_UNWRITTEN, OP_NEVER,
				       sweep->key->ops[i]);
			continue;
		}
		struct cell *cell = &sweep->cells[id];
		if (op->complete_at < cell->first)
			cell->first = op->complete_at;
		if (op->invoke_at > cell->last)
			cell->last = op->invoke_at;
	}
}

/* ---- operations of unknown outcome ------------------------------------------------ */

static bool
is_seen(const struct cell *cell)
{
	return cell->first != NONE || cell->next != NONE;
}

/* The value id's info cas happened, for the value was seen; therefore what it expected
 * was seen too, and if an info cas wrote that, it happened as well, and so on. */
static void
keep_info_cas(struct sweep *sweep, uint32_t id)
{
	const struct values *values = &sweep->key->history->values;

	while (id != sweep->initial) {
		uint32_t writer = zones_writer(sweep, id);
		if (zones_is_root(sweep, id) || sweep->cells[id].end != OP_NEVER)
			return;
		uint32_t from = zones_id_of_seen(
			sweep, val_at(values, sweep->ops[writer].input, 0));
		if (from != NONE && sweep->cells[from].next == id)
			return; /* kept before */
		bool was_seen = from != NONE && is_seen(&sweep->cells[from]);
		link_cas(sweep, writer);
		if (from == NONE || was_seen)
			return;
		id = from;
	}
}

static void
keep_info_cas_of_seen_values(struct sweep *sweep)
{
	val written;

	for (size_t i = 0; i < sweep->key->count && sweep->has_info_cas; i++) {
		const struct op *op = key_op(sweep->key, i);
		if (op->type != OP_INFO || op->f != F_CAS)
			continue;
		if (!register_writes(sweep->key->history, op, &written))
			continue;
		uint32_t id = value_ids_find(&sweep->ids, written);
		if (is_seen(&sweep->cells[id]))
			keep_info_cas(sweep, id);
	}
}

/* ---- blocks ------------------------------------------------------------------------ */

/* Adds the next operations of the chain to a block: they must not have completed before
 * an earlier stage was invoked. */
static void
extend_block(struct sweep *sweep, struct cell *block, bool *is_started, uint32_t first,
	     uint32_t last)
{
	if (*is_started && first < block->last)
		zones_add_chain(sweep, block->last, first);
	if (!*is_started || last > block->last)
		block->last = last;
	if (first < block->first)
		block->first = first;
	*is_started = true;
}

/* Walks the chain from a root, checks its inner order and leaves the zone in the root's
 * cell. Returns how many values the chain has. */
static uint32_t
close_block(struct sweep *sweep, uint32_t root)
{
	struct cell block = {.first = NONE, .last = 0};
	bool is_started = false;
	uint32_t length = 0;

	for (uint32_t id = root; id != NONE; id = sweep->cells[id].next, length++) {
		const struct cell *cell = &sweep->cells[id];
		if (id != sweep->initial)
			extend_block(sweep, &block, &is_started, cell->end, cell->begin);
		if (cell->first != NONE)
			extend_block(sweep, &block, &is_started, cell->first, cell->last);
	}
	sweep->cells[root].first = block.first;
	sweep->cells[root].last = block.last;
	if (root == sweep->initial)
		sweep->has_initial_ops = is_started;
	return length;
}

/* Values written by a cas, that no root leads to, stand in a ring. */
static void
report_ring(struct sweep *sweep)
{
	for (uint32_t id = 0; id < sweep->initial; id++)
		if (sweep->cells[id].writer != NONE && !zones_is_root(sweep, id)) {
			zones_add_pair(sweep, ZONES_CYCLE, OP_NEVER,
				       zones_writer(sweep, id));
			return;
		}
}

/* An info operation whose value nobody saw can be left out. */
static void
drop_unseen_info(struct sweep *sweep, uint32_t id)
{
	struct cell *cell = &sweep->cells[id];

	if (cell->end == OP_NEVER && !is_seen(cell))
		cell->writer = NONE;
}

static void
note_zone(struct sweep *sweep, uint32_t root)
{
	const struct cell *block = &sweep->cells[root];

	if (block->first < sweep->earliest_end)
		sweep->earliest_end = block->first;
	if (block->first < block->last)
		vec_push(&sweep->forward, (uint64_t)block->first << 32 | root);
}

static void
close_blocks(struct sweep *sweep)
{
	uint64_t written = 0, reached = 0;

	for (uint32_t id = 0; id <= sweep->initial && !is_time_up(sweep); id++) {
		drop_unseen_info(sweep, id);
		written += sweep->cells[id].writer != NONE;
		if (!zones_is_root(sweep, id))
			continue;
		reached += close_block(sweep, id);
		if (id != sweep->initial)
			note_zone(sweep, id);
	}
	if (reached < written + 1 && sweep->out->conflict_count == 0)
		report_ring(sweep);
}

/* ---- zones ------------------------------------------------------------------------- */

static void
compare_with_initial(struct sweep *sweep)
{
	if (!sweep->has_initial_ops ||
	    sweep->earliest_end >= sweep->cells[sweep->initial].last)
		return;
	for (uint32_t id = 0; id < sweep->initial; id++)
		if (zones_is_root(sweep, id) &&
		    sweep->cells[id].first < sweep->cells[sweep->initial].last)
			zones_add_overlap(sweep, sweep->initial, id);
}

static void
compare_forward(struct sweep *sweep)
{
	uint32_t widest = NONE;

	sort_words(sweep->forward.items, sweep->forward.count);
	for (size_t i = 0; i < sweep->forward.count; i++) {
		uint32_t id = (uint32_t)sweep->forward.items[i];
		if (widest != NONE && sweep->cells[id].first < sweep->cells[widest].last)
			zones_add_overlap(sweep, widest, id);
		if (widest == NONE || sweep->cells[id].last > sweep->cells[widest].last)
			widest = id;
	}
}

/* The last forward zone that begins before the position, as count of those that do.
 * Starts looking at *hint, because questions come nearly in order. */
static size_t
forward_before(const struct sweep *sweep, uint32_t position, size_t *hint)
{
	const uint64_t *zones = sweep->forward.items;
	size_t count = sweep->forward.count, low = 0, high = count, step = 1;
	uint64_t wanted = (uint64_t)position << 32;

	if (*hint < count && zones[*hint] < wanted) {
		low = *hint + 1;
		while (low + step < count && zones[low + step] < wanted) {
			low += step + 1;
			step *= 2;
		}
		high = low + step < count ? low + step : count;
	} else {
		high = *hint < count ? *hint : count;
		while (high > step && zones[high - step] >= wanted) {
			high -= step;
			step *= 2;
		}
		low = high > step ? high - step : 0;
	}
	search_first(low, low, high, zones[low] < wanted);
	*hint = low;
	return low;
}

uint32_t
zones_forward_around(const struct sweep *sweep, uint32_t position, size_t *hint)
{
	size_t before = forward_before(sweep, position, hint);

	if (before == 0)
		return NONE;
	uint32_t id = (uint32_t)sweep->forward.items[before - 1];
	return position < sweep->cells[id].last ? id : NONE;
}

bool
zones_is_backward(const struct sweep *sweep, uint32_t id)
{
	return id != sweep->initial && zones_is_root(sweep, id) &&
	       sweep->cells[id].last < sweep->cells[id].first;
}

static void
compare_backward(struct sweep *sweep)
{
	size_t hint = 0;

	for (uint32_t id = 0; id < sweep->initial && !is_time_up(sweep); id++) {
		if (!zones_is_backward(sweep, id))
			continue;
		uint32_t around =
			zones_forward_around(sweep, sweep->cells[id].last, &hint);
		if (around != NONE && sweep->cells[id].first < sweep->cells[around].last)
			zones_add_overlap(sweep, around, id);
	}
}

/* ---- all together --------------------------------------------------------------- */

static bool
prepare(struct sweep *sweep)
{
	size_t cells = choose_layout(sweep);

	if (!has_memory(sweep, cells)) {
		sweep->out->is_stopped = true;
		return false;
	}
	sweep->initial = (uint32_t)cells;
	sweep->cells = mem_resize(NULL, cells + 1, sizeof(*sweep->cells));
	for (size_t id = 0; id <= cells; id++)
		sweep->cells[id] =
			(struct cell){.writer = NONE, .next = NONE, .first = NONE};
	return true;
}

static void
judge(struct sweep *sweep)
{
	sweep->out->is_unique = read_writers(sweep);
	if (!sweep->out->is_unique || sweep->out->is_stopped)
		return;
	read_seen(sweep);
	keep_info_cas_of_seen_values(sweep);
	close_blocks(sweep);
	compare_with_initial(sweep);
	compare_forward(sweep);
	compare_backward(sweep);
}

void
zones_judge(const struct key_ops *key, const struct check_options *options,
	    bool want_order, struct zones *zones)
{
	struct sweep sweep = {
		.key = key, .options = options, .out = zones, .earliest_end = NONE};

	*zones = (struct zones){.is_unique = true};
	sweep.ops = key->history->ops.items;
	if (prepare(&sweep))
		judge(&sweep);
	if (want_order && zones->is_unique && !zones->is_stopped &&
	    zones->conflict_count == 0)
		zones_make_order(&sweep);
	zones->bytes_peak = (sweep.initial + 1) * sizeof(struct cell) +
			    value_ids_bytes(&sweep.ids) +
			    sweep.forward.capacity * sizeof(uint64_t);
	value_ids_release(&sweep.ids);
	free(sweep.cells);
	vec_release(&sweep.forward);
}

void
zones_release(struct zones *zones)
{
	vec_release(&zones->conflicts);
	free(zones->order);
	*zones = (struct zones){0};
}
