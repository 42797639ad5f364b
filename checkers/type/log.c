#include "checkers/type/log.h"

#include "base/search.h"
#include "checkers/sort.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

/* The state is how many of the entries have been appended. */
enum log_call {
	LOG_APPEND = 1, /* a: the entry, or NO_ENTRY; b: the value's id */
	LOG_READ,	/* a: the entry, or NO_ENTRY */
	LOG_READ_NONE,	/* a: the entry, or NO_ENTRY: always empty */
};

#define NO_ENTRY UINT32_MAX

bool
log_of(const struct history *history, const struct op *op, struct logged *logged)
{
	bool appends = op->f == F_APPEND || op->f == F_SEND;
	val offset = appends ? op->output : op->input;

	*logged = (struct logged){.appends = appends,
				  .value = appends ? op->input : op->output};
	if (op->type == OP_FAIL || (!appends && op->type != OP_OK))
		return false;
	logged->is_known = !appends || (op->type == OP_OK && offset != VAL_OF_NIL);
	if (logged->is_known)
		logged->offset = val_number(&history->values, offset);
	return true;
}

/* ---- entries ------------------------------------------------------------------------
 */

static uint64_t
ordered(int64_t number)
{
	return (uint64_t)number ^ (uint64_t)1 << 63;
}

size_t
log_entries_find(const struct log_entries *entries, int64_t offset)
{
	size_t at;

	search_first(at, 0, entries->count, entries->items[at].offset < offset);
	return at;
}

static void
gather_offsets(struct log_entries *entries, const struct key_ops *key)
{
	uint64_t *sorted = mem_new(key->count + 1, sizeof(*sorted));
	size_t count = 0;
	struct logged logged;

	for (size_t i = 0; i < key->count; i++)
		if (log_of(key->history, key_op(key, i), &logged) && logged.is_known &&
		    logged.value != VAL_OF_NIL)
			sorted[count++] = ordered(logged.offset);
	sort_words(sorted, count);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			vec_push(entries, (struct log_entry){.offset = (int64_t)ordered(
								     (int64_t)sorted[i]),
							     .append = LOG_NOBODY,
							     .teller = LOG_NOBODY});
	free(sorted);
}

void
log_entries_init(struct log_entries *entries, const struct key_ops *key)
{
	struct logged logged;

	*entries = (struct log_entries){0};
	gather_offsets(entries, key);
	for (uint32_t i = 0; i < key->count; i++) {
		if (!log_of(key->history, key_op(key, i), &logged) || !logged.is_known ||
		    logged.value == VAL_OF_NIL)
			continue;
		struct log_entry *entry =
			&entries->items[log_entries_find(entries, logged.offset)];
		if (entry->teller == LOG_NOBODY) {
			entry->teller = i;
			entry->value = logged.value;
		}
		if (!val_equal(&key->history->values, entry->value, logged.value) ||
		    (logged.appends && entry->append != LOG_NOBODY))
			entry->is_contradicted = true;
		if (logged.appends)
			entry->append = i;
	}
}

/* ---- the model ----------------------------------------------------------------------
 */

struct self {
	const struct history *history;
	struct log_entries entries;
	struct value_ids ids;
	uint32_t *value_of; /* owned; by entry: id of its value */
};

static void *
log_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	(void)options;
	self->history = key->history;
	log_entries_init(&self->entries, key);
	value_ids_init(&self->ids, &key->history->values);
	self->value_of = mem_new(self->entries.count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < self->entries.count; i++)
		self->value_of[i] =
			value_ids_add(&self->ids, self->entries.items[i].value);
	return self;
}

static void
log_close(void *context)
{
	struct self *self = context;

	vec_release(&self->entries);
	value_ids_release(&self->ids);
	free(self->value_of);
	free(self);
}

static uint32_t
entry_at(const struct self *self, int64_t offset)
{
	size_t at = log_entries_find(&self->entries, offset);
	bool is_there =
		at < self->entries.count && self->entries.items[at].offset == offset;

	return is_there ? (uint32_t)at : NO_ENTRY;
}

static bool
log_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	struct logged logged;

	if (!log_of(self->history, op, &logged))
		return false;
	call->a = logged.is_known ? entry_at(self, logged.offset) : NO_ENTRY;
	call->kind = logged.appends		  ? LOG_APPEND
		     : logged.value == VAL_OF_NIL ? LOG_READ_NONE
						  : LOG_READ;
	call->b =
		logged.value == VAL_OF_NIL ? 0 : value_ids_add(&self->ids, logged.value);
	return true;
}

static uint32_t
log_first(void *context)
{
	(void)context;
	return 0;
}

/* An append that knows no offset takes the next entry, if its value stands there and no
 * other append is known to have put it. */
static bool
may_append(const struct self *self, uint32_t state, const struct call *call)
{
	if (state >= self->entries.count || self->value_of[state] != call->b ||
	    self->entries.items[state].is_contradicted)
		return false;
	return call->a == NO_ENTRY ? self->entries.items[state].append == LOG_NOBODY
				   : call->a == state;
}

static bool
log_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	const struct self *self = context;

	*next = state;
	if (call->kind == LOG_READ_NONE)
		return call->a == NO_ENTRY || call->a >= state;
	if (call->kind == LOG_READ)
		return call->a < state && self->value_of[call->a] == call->b;
	++*next;
	return may_append(self, state, call);
}

static bool
log_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind != LOG_APPEND;
}

static bool
log_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
log_state_count(void *context)
{
	const struct self *self = context;

	return self->entries.count < 512 ? (uint32_t)self->entries.count + 1 : 0;
}

const struct model model_log = {
	.name = "log",
	.open = log_open,
	.close = log_close,
	.decode = log_decode,
	.init = log_first,
	.step = log_step,
	.is_read = log_is_read,
	.is_overwrite = log_never,
	.state_count = log_state_count,
};

/* ---- what contradicts itself --------------------------------------------------------
 */

static bool
nobody_appended(const struct key_ops *key, const struct op *read)
{
	struct logged seen, logged;

	if (!log_of(key->history, read, &seen) || seen.appends ||
	    seen.value == VAL_OF_NIL)
		return false;
	for (size_t i = 0; i < key->count; i++)
		if (log_of(key->history, key_op(key, i), &logged) && logged.appends &&
		    val_equal(&key->history->values, logged.value, seen.value))
			return false;
	return true;
}

static bool
holds_something(const struct key_ops *key, int64_t offset)
{
	struct logged logged;

	for (size_t i = 0; i < key->count; i++)
		if (log_of(key->history, key_op(key, i), &logged) && logged.is_known &&
		    logged.offset == offset && logged.value != VAL_OF_NIL)
			return true;
	return false;
}

/* a was over before b began. Both know their offsets. */
static bool
runs_backwards(const struct key_ops *key, const struct logged *a, const struct logged *b)
{
	bool a_shows = a->value != VAL_OF_NIL, b_shows = b->value != VAL_OF_NIL;

	if (a_shows && !b_shows)
		return b->offset == a->offset ||
		       (b->offset < a->offset && holds_something(key, b->offset));
	return a_shows && b->appends && a->offset >= b->offset;
}

static bool
log_contradicts(const struct key_ops *key, const struct check_options *options,
		const struct anomaly *anomaly)
{
	const struct op *ops = key->history->ops.items;
	struct logged x, y;

	(void)options;
	if (anomaly->ops.count == 1)
		return strcmp(anomaly->name, "never-appended") == 0 &&
		       nobody_appended(key, &ops[anomaly->ops.items[0]]);
	if (anomaly->ops.count != 2)
		return false;
	const struct op *a = &ops[anomaly->ops.items[0]],
			*b = &ops[anomaly->ops.items[1]];
	if (!log_of(key->history, a, &x) || !log_of(key->history, b, &y) || !x.is_known ||
	    !y.is_known)
		return false;
	if (x.offset == y.offset && x.value != VAL_OF_NIL && y.value != VAL_OF_NIL &&
	    ((x.appends && y.appends) ||
	     !val_equal(&key->history->values, x.value, y.value)))
		return true;
	return (a->complete_at < b->invoke_at && runs_backwards(key, &x, &y)) ||
	       (b->complete_at < a->invoke_at && runs_backwards(key, &y, &x));
}

/* ---- the checker --------------------------------------------------------------------
 */

static bool
log_understands(const struct history *history, const struct op *op, struct err *err)
{
	bool appends = op->f == F_APPEND || op->f == F_SEND;

	if (!appends && op->f != F_READ)
		return err_set(err, "'%s' is not an operation of a log",
			       history_f_name(history, op->f));
	if (appends && op->type == OP_OK && val_kind(op->output) != VAL_INT)
		return err_set(err, "an append of process %u returned no offset",
			       op->process);
	if (appends && op->input == VAL_OF_NIL)
		return err_set(err, "process %u appended nil", op->process);
	return appends || val_kind(op->input) == VAL_INT ||
	       err_set(err, "a read of process %u has no offset", op->process);
}

static const struct linearizable type = {
	.model = &model_log,
	.complexity = "offsets: O(n log n), complete; frontier engine where appends of "
		      "unknown outcome wrote one value more than once",
	.understands = log_understands,
	.op_bytes = 64,
	.decide = log_decide,
	.contradicts = log_contradicts,
};

static int
log_fits(const struct history *history)
{
	size_t appends = 0;

	vec_each (struct op, op, &history->ops)
		appends += op->f == F_APPEND || op->f == F_SEND;
	return appends > 0 ? linearizable_fits(&type, history, 10) : 0;
}

static void
log_check(const struct history *history, const struct check_options *options,
	  struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
log_certify(const struct history *history, const struct check_options *options,
	    const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_log = {
	.name = "log",
	.summary = "linearizable logs: appends get increasing offsets, reads find them",
	.fits = log_fits,
	.check = log_check,
	.certify = log_certify,
};
