#include "checkers/weak/weak.h"

#include "base/assert.h"
#include "checkers/budget.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <string.h>

#define NONE UINT32_MAX

/* Working memory of reading a history. */
struct reading {
	struct weak *weak;
	const struct check_options *options;
	struct value_ids keys, values;
	struct map writers;  /* key id << 32 | value id -> op of the write, + 1 */
	struct map refused;  /* the same for writes that failed */
	struct map sessions; /* process -> its session, + 1 */
	uint32_t *key;	     /* by op */
	uint32_t *source;    /* by op: of a read, op of its write or NONE (initial) */
	uint32_t *session;   /* by op: NONE when it is left out */
	bool *was_read;	     /* by op */
};

static bool
understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f == F_READ || op->f == F_WRITE)
		return true;
	return err_set(err, "'%s' is neither a read nor a write",
		       history_f_name(history, op->f));
}

static uint64_t
place_of(uint32_t key, uint32_t value)
{
	return (uint64_t)key << 32 | value;
}

static bool
note_write(struct reading *reading, uint32_t i, struct err *err)
{
	const struct history *history = reading->weak->history;
	const struct op *op = &history->ops.items[i];
	uint64_t place =
		place_of(reading->key[i], value_ids_add(&reading->values, op->input));

	if (op->type == OP_FAIL) {
		*map_at(&reading->refused, place, NULL) = (uint64_t)i + 1;
		return true;
	}
	uint64_t *writer = map_at(&reading->writers, place, NULL);
	if (*writer == 0 &&
	    !val_equal(&history->values, op->input, reading->options->init)) {
		*writer = (uint64_t)i + 1;
		return true;
	}
	struct buf value = {0};
	val_print(&history->values, op->input, &value);
	err_set(err, "written values are not unique: %s is %s", buf_text(&value),
		*writer == 0 ? "written and is the initial value" : "written twice");
	buf_release(&value);
	return err_hint(err, "weak consistency is decided for unique values only");
}

static bool
note_writes(struct reading *reading, struct err *err)
{
	const struct history *history = reading->weak->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (budget_ends_at(&reading->options->budget, i))
			return err_set(err, BUDGET_TIME_IS_OVER);
		if (!understands(history, op, err))
			return false;
		reading->key[i] = value_ids_add(&reading->keys, op->key);
		if (op->f == F_WRITE && !note_write(reading, i, err))
			return false;
	}
	return true;
}

/* False: nobody wrote it. */
static bool
find_source(struct reading *reading, uint32_t i)
{
	const struct history *history = reading->weak->history;
	val seen = history->ops.items[i].output;

	reading->source[i] = NONE;
	if (val_equal(&history->values, seen, reading->options->init))
		return true;
	uint32_t value = value_ids_find(&reading->values, seen);
	uint64_t place = place_of(reading->key[i], value), *writer = NULL;
	if (value != VALUE_ID_NONE)
		writer = map_find(&reading->writers, place);
	if (writer != NULL) {
		reading->source[i] = (uint32_t)(*writer - 1);
		reading->was_read[reading->source[i]] = true;
		return true;
	}
	uint64_t *failed =
		value != VALUE_ID_NONE ? map_find(&reading->refused, place) : NULL;
	if (reading->weak->orphan_count++ < ANOMALIES_MAX)
		vec_push(&reading->weak->orphans,
			 (struct weak_orphan){i, failed != NULL ? (uint32_t)(*failed - 1)
								: OP_NEVER});
	return false;
}

static uint32_t
session_of(struct reading *reading, const struct op *op)
{
	uint64_t *session = map_at(&reading->sessions, op->process, NULL);

	if (*session == 0)
		*session = ++reading->weak->session_count;
	return (uint32_t)(*session - 1);
}

/* Also one that is left out ends its session. */
static void
end_session(struct reading *reading, const struct op *op)
{
	uint64_t *session = map_find(&reading->sessions, op->process);

	if (session != NULL)
		*session = 0;
}

static void
note_sessions(struct reading *reading)
{
	const struct history *history = reading->weak->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_answer =
			op->f == F_READ && op->type == OP_OK &&
			(op->output != VAL_OF_NIL || !reading->options->nil_is_unknown);
		reading->session[i] = is_answer && find_source(reading, i) ? 0 : NONE;
	}
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_write = op->f == F_WRITE && op->type != OP_FAIL &&
				(op->type == OP_OK || reading->was_read[i]);
		if (is_write || reading->session[i] != NONE)
			reading->session[i] = session_of(reading, op);
		if (op->type == OP_INFO)
			end_session(reading, op);
	}
}

static void
allocate(struct weak *weak)
{
	weak->op = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	weak->session = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	weak->key = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	weak->source = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	weak->start = mem_new((size_t)weak->session_count + 2, sizeof(uint32_t));
}

/* Numbers the kept operations session by session; `source` of the reading becomes the id
 * of each operation afterwards. */
static void
number_operations(struct reading *reading)
{
	struct weak *weak = reading->weak;
	size_t ops = weak->history->ops.count;
	uint32_t *next = mem_new((size_t)weak->session_count + 2, sizeof(*next));
	uint32_t *id = mem_new(ops + 1, sizeof(*id));

	for (size_t i = 0; i < ops; i++)
		if (reading->session[i] != NONE) {
			next[reading->session[i] + 1]++;
			weak->count++;
		}
	allocate(weak);
	for (uint32_t s = 0; s < weak->session_count; s++)
		next[s + 1] += next[s];
	memcpy(weak->start, next, ((size_t)weak->session_count + 1) * sizeof(*next));
	for (uint32_t i = 0; i < ops; i++) {
		if (reading->session[i] == NONE)
			continue;
		id[i] = next[reading->session[i]]++;
		weak->op[id[i]] = i;
		weak->session[id[i]] = reading->session[i];
		weak->key[id[i]] = reading->key[i];
	}
	for (uint32_t v = 0; v < weak->count; v++) {
		uint32_t i = weak->op[v];
		bool is_read = weak->history->ops.items[i].f == F_READ;
		weak->source[v] = !is_read		       ? v
				  : reading->source[i] == NONE ? WEAK_INITIAL
							       : id[reading->source[i]];
	}
	free(next);
	free(id);
}

/* Sorts the writes by key (ids stay ascending, so sessions stay together) and finds the
 * runs. */
static void
index_writes(struct weak *weak)
{
	uint32_t *next = mem_new((size_t)weak->key_count + 2, sizeof(*next));
	uint32_t total = 0, runs = 0;

	for (uint32_t v = 0; v < weak->count; v++)
		if (weak_is_write(weak, v)) {
			next[weak->key[v] + 1]++;
			total++;
		}
	for (uint32_t k = 0; k < weak->key_count; k++)
		next[k + 1] += next[k];
	weak->writes = mem_new((size_t)total + 1, sizeof(uint32_t));
	weak->runs = mem_new((size_t)total + 1, sizeof(uint32_t));
	weak->key_runs = mem_new((size_t)weak->key_count + 2, sizeof(uint32_t));
	for (uint32_t v = 0; v < weak->count; v++)
		if (weak_is_write(weak, v))
			weak->writes[next[weak->key[v]]++] = v;
	for (uint32_t k = 0, i = 0; k < weak->key_count; k++) {
		weak->key_runs[k] = runs;
		for (uint32_t first = i; i < next[k]; i++)
			if (i == first || weak->session[weak->writes[i]] !=
						  weak->session[weak->writes[i - 1]])
				weak->runs[runs++] = i;
	}
	weak->runs[runs] = total;
	weak->key_runs[weak->key_count] = runs;
	free(next);
}

bool
weak_init(struct weak *weak, const struct history *history,
	  const struct check_options *options, struct err *err)
{
	struct reading reading = {.weak = weak, .options = options};
	size_t ops = history->ops.count;

	*weak = (struct weak){.history = history};
	if (!budget_has_room(&options->budget, ops, WEAK_BYTES_EACH, err))
		return false;
	value_ids_init(&reading.keys, &history->values);
	value_ids_init(&reading.values, &history->values);
	reading.key = mem_new(ops + 1, sizeof(*reading.key));
	reading.source = mem_new(ops + 1, sizeof(*reading.source));
	reading.session = mem_new(ops + 1, sizeof(*reading.session));
	reading.was_read = mem_new(ops + 1, sizeof(*reading.was_read));
	bool ok = note_writes(&reading, err);
	if (ok) {
		weak->key_count = (uint32_t)value_ids_count(&reading.keys);
		note_sessions(&reading);
		number_operations(&reading);
		index_writes(weak);
	}
	value_ids_release(&reading.keys);
	value_ids_release(&reading.values);
	map_release(&reading.writers);
	map_release(&reading.refused);
	map_release(&reading.sessions);
	free(reading.key);
	free(reading.source);
	free(reading.session);
	free(reading.was_read);
	return ok;
}

void
weak_release(struct weak *weak)
{
	free(weak->op);
	free(weak->session);
	free(weak->key);
	free(weak->source);
	free(weak->start);
	free(weak->writes);
	free(weak->runs);
	free(weak->key_runs);
	vec_release(&weak->orphans);
	*weak = (struct weak){0};
}

/* The old id of everything kept, in order; returns how many. */
static uint32_t
keep_answered(const struct weak *whole, const uint32_t *ids, size_t count, bool *is_kept,
	      uint32_t *kept)
{
	uint32_t kept_count = 0;

	for (size_t i = 0; i < count; i++)
		is_kept[ids[i]] = weak_is_write(whole, ids[i]);
	for (size_t i = 0; i < count; i++) {
		uint32_t source = whole->source[ids[i]];
		if (source == WEAK_INITIAL || is_kept[source])
			kept[kept_count++] = ids[i];
	}
	return kept_count;
}

void
weak_part(const struct weak *whole, const uint32_t *ids, size_t count, struct weak *part)
{
	bool *is_kept = mem_new((size_t)whole->count + 1, sizeof(*is_kept));
	uint32_t *renamed = mem_new((size_t)whole->count + 1, sizeof(*renamed));
	uint32_t *renamed_key = mem_new((size_t)whole->key_count + 1, sizeof(uint32_t));
	uint32_t *kept = mem_new(count + 1, sizeof(*kept));
	uint32_t old_before = 0;

	*part = (struct weak){.history = whole->history};
	part->count = keep_answered(whole, ids, count, is_kept, kept);
	part->session_count = part->count; /* at most */
	allocate(part);
	part->session_count = 0;
	for (uint32_t v = 0; v < part->count; v++) {
		uint32_t old = kept[v], *key = &renamed_key[whole->key[old]];
		renamed[old] = v;
		if (v == 0 || whole->session[old] != whole->session[old_before])
			part->start[part->session_count++] = v;
		old_before = old;
		if (*key == 0)
			*key = ++part->key_count;
		part->op[v] = whole->op[old];
		part->session[v] = part->session_count - 1;
		part->key[v] = *key - 1;
	}
	part->start[part->session_count] = part->count;
	for (uint32_t v = 0; v < part->count; v++) {
		uint32_t source = whole->source[kept[v]];
		part->source[v] = source == WEAK_INITIAL ? source : renamed[source];
	}
	index_writes(part);
	free(is_kept);
	free(renamed);
	free(renamed_key);
	free(kept);
}

uint32_t
weak_last_below(const struct weak *weak, uint32_t run, uint32_t end)
{
	uint32_t low = weak->runs[run], high = weak->runs[run + 1];

	if (weak->writes[low] >= end)
		return WEAK_INITIAL;
	if (weak->writes[high - 1] < end)
		return weak->writes[high - 1];
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (weak->writes[middle] < end)
			low = middle;
		else
			high = middle;
	}
	return weak->writes[low];
}

/* ---- clocks ------------------------------------------------------------------------ */

bool
weak_suits_clocks(const struct weak *weak, size_t bytes_max)
{
	size_t words = (size_t)weak->count * weak->session_count;

	return weak->session_count <= WEAK_FEW_SESSIONS &&
	       words <= bytes_max / sizeof(uint32_t);
}

static void
join(uint32_t *row, const uint32_t *other, uint32_t width)
{
	for (uint32_t i = 0; i < width; i++)
		row[i] = row[i] > other[i] ? row[i] : other[i];
}

static void
compute(struct weak_clocks *clocks, const struct weak *weak, uint32_t id)
{
	uint32_t *row = clocks->rows + (size_t)id * clocks->width;
	uint32_t s = weak->session[id], source = weak->source[id];

	if (id > weak->start[s])
		memcpy(row, row - clocks->width, clocks->width * sizeof(*row));
	if (source != WEAK_INITIAL && source != id)
		join(row, weak_clock(clocks, source), clocks->width);
	row[s] = weak_place(weak, id) + 1;
}

/* Advances every session as far as its reads allow, round after round. */
void
weak_clocks_init(struct weak_clocks *clocks, const struct weak *weak, size_t bytes_max)
{
	size_t words = (size_t)weak->count * weak->session_count;
	uint32_t placed = 0, placed_before;

	*clocks = (struct weak_clocks){.width = weak->session_count};
	clocks->is_too_large = words > bytes_max / sizeof(uint32_t);
	if (clocks->is_too_large)
		return;
	clocks->rows = mem_new(words + 1, sizeof(uint32_t));
	clocks->order = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	uint32_t *next = mem_new((size_t)weak->session_count + 1, sizeof(*next));
	memcpy(next, weak->start, weak->session_count * sizeof(*next));
	do {
		placed_before = placed;
		for (uint32_t s = 0; s < weak->session_count; s++)
			for (; next[s] < weak->start[s + 1]; next[s]++) {
				uint32_t source = weak->source[next[s]];
				if (source != WEAK_INITIAL && source != next[s] &&
				    source >= next[weak->session[source]])
					break;
				compute(clocks, weak, next[s]);
				clocks->order[placed++] = next[s];
			}
	} while (placed > placed_before);
	clocks->is_cyclic = placed < weak->count;
	free(next);
}

void
weak_clocks_release(struct weak_clocks *clocks)
{
	free(clocks->rows);
	free(clocks->order);
	*clocks = (struct weak_clocks){0};
}
