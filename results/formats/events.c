#include "results/formats/events.h"

#include "base/clock.h"
#include "results/formats/rounds.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROCESSES_MAX = 1 << 20, /* with names; those with numbers have no bound */
	FIRST_NAMED = 1u << 30,	 /* named processes are numbered from here */
	NAME_SHOWN = 64,	 /* bytes of it, in an error */
	NODES_MAX = 250,
};

void
events_init(struct events *events, struct history *history)
{
	*events = (struct events){.history = history};
	names_init(&events->fs);
	intern_init(&events->processes);
	intern_init(&events->nodes);
}

void
events_release(struct events *events)
{
	intern_release(&events->processes);
	intern_release(&events->nodes);
	map_release(&events->nemesis_open);
}

struct event
event_empty(void)
{
	return (struct event){.at_ns = -1, .end_ns = -1};
}

bool
events_process_name(struct events *events, struct event *event, struct bytes name,
		    struct err *err)
{
	if (name.len > 0 && name.data[0] == ':') /* a keyword as JSON writes it */
		name = (struct bytes){name.data + 1, name.len - 1};
	event->has_process = true;
	event->is_nemesis = name.len == 7 && memcmp(name.data, "nemesis", 7) == 0;
	if (event->is_nemesis)
		return true;
	if (events->processes.count >= PROCESSES_MAX)
		return err_set(err, "more than %d names of processes", PROCESSES_MAX);
	event->process =
		FIRST_NAMED + intern_bytes(&events->processes, name.data, name.len);
	return true;
}

bool
events_process_number(struct event *event, int64_t number, struct err *err)
{
	if (number < 0 || number >= UINT32_MAX)
		return err_set(err, "process %lld is out of range", (long long)number);
	event->has_process = true;
	event->is_nemesis = false;
	event->process = (uint32_t)number;
	return true;
}

/* "n3" is node 3; other names are numbered in the order met. 0: too many. */
uint8_t
events_node(struct events *events, struct bytes name)
{
	int number = 0;

	for (size_t i = 1; i < name.len && name.data[0] == 'n' && number < 1000; i++)
		number = name.data[i] >= '0' && name.data[i] <= '9'
				 ? number * 10 + name.data[i] - '0'
				 : 1000;
	if (number > 0 && number <= NODES_MAX)
		return (uint8_t)number;
	if (events->nodes.count >= NODES_MAX)
		return 0;
	return (uint8_t)(intern_bytes(&events->nodes, name.data, name.len) + 1);
}

bool
events_f(struct events *events, struct event *event, struct bytes name, struct err *err)
{
	event->has_f = true;
	return names_f(&events->fs, events->history, name.data, name.len, &event->f) ||
	       err_set(err, "more than %d different functions", NAMES_MAX);
}

/* ---- adding ---------------------------------------------------------------------------
 */

/* A nemesis says :info when it starts something and :info when it has done so. */
static void
add_nemesis(struct events *events, const struct event *event, int64_t at_ns)
{
	struct history *history = events->history;
	uint64_t *open = map_at(&events->nemesis_open, event->f, NULL);

	if (*open != 0) {
		struct op *op = &history->nemesis.items[*open - 1];
		op->complete_ns = at_ns;
		op->output = event->value;
		*open = 0;
		return;
	}
	vec_push(&history->nemesis, (struct op){.invoke_ns = at_ns,
						.complete_ns = -1,
						.complete_at = OP_NEVER,
						.input = event->value,
						.f = event->f,
						.type = OP_INFO});
	*open = history->nemesis.count;
}

static enum op_type
op_type_of(enum event_type type)
{
	static const enum op_type types[] = {OP_NONE, OP_NONE, OP_OK, OP_FAIL, OP_INFO};

	return types[type];
}

static struct op
whole_op(const struct event *event)
{
	return (struct op){.invoke_ns = event->at_ns,
			   .complete_ns = event->end_ns,
			   .complete_at = event->type == EVENT_INFO ? OP_NEVER : 0,
			   .key = event->key,
			   .input = event->value,
			   .output = event->has_output ? event->output : event->value,
			   .process = event->process,
			   .error = event->error,
			   .f = event->f,
			   .type = (uint8_t)op_type_of(event->type),
			   .node = event->node};
}

/* Positions are given by events_finish, from the times. */
static bool
add_whole(struct events *events, const struct event *event, struct err *err)
{
	struct op op = whole_op(event);

	if (events->paired || events->bare)
		return err_set(err, "operations with start and end stand among "
				    "invocations and completions");
	events->whole = true;
	if (event->type == EVENT_INVOKE)
		return err_set(err,
			       "an operation with 'start' and 'end' is no invocation");
	if (op.type != OP_INFO && event->end_ns < event->at_ns)
		return err_set(err, "the operation ends before it starts");
	if (event->at_ns < 0)
		return err_set(err, "the operation does not say when it starts");
	history_add(events->history, &op);
	return true;
}

/* Positions are given by events_finish, from the order within each process. */
static bool
add_bare(struct events *events, const struct event *event, struct err *err)
{
	struct op op = whole_op(event);

	if (event->type == EVENT_INVOKE)
		return err_set(err, "an invocation stands among transactions that were "
				    "completed without one");
	if (op.f != F_TXN)
		return err_set(err, "process %u completes what it never invoked",
			       op.process);
	events->bare = true;
	history_add(events->history, &op);
	return true;
}

static bool
add_half(struct events *events, const struct event *event, int64_t at_ns, struct err *err)
{
	struct op op = {.key = event->key,
			.process = event->process,
			.error = event->error,
			.f = event->f,
			.node = event->node};

	if (events->whole)
		return err_set(err, "invocations and completions stand among operations "
				    "with start and end");
	events->paired = true;
	if (event->type == EVENT_INVOKE) {
		op.invoke_ns = at_ns;
		op.input = event->value;
		return history_invoke(events->history, &op, err);
	}
	op.complete_ns = at_ns;
	op.output = event->value;
	op.type = (uint8_t)op_type_of(event->type);
	return history_complete(events->history, &op, err);
}

/* A transaction that completes though no operation of the file was ever invoked. */
static bool
is_bare(const struct events *events, const struct event *event)
{
	return events->bare || (!events->paired && !events->whole &&
				event->type != EVENT_INVOKE && event->f == F_TXN);
}

/* Elle needs neither :f nor :process where the value is a list of micro-operations:
 * [[:append 3 1] ...]. */
static bool
is_transaction(const struct values *values, val value)
{
	if (val_kind(value) != VAL_LIST || val_count(values, value) == 0)
		return false;
	for (size_t i = 0; i < val_count(values, value); i++) {
		val mop = val_at(values, value, i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
	}
	return true;
}

bool
event_is_complete(const struct event *event, struct err *err)
{
	if (event->type == EVENT_NONE)
		return err_set(err, "the operation has no type");
	if (!event->has_process)
		return err_set(err, "the operation has no process");
	return event->has_f || event->is_nemesis ||
	       err_set(err, "the operation has no f");
}

/* At equal times invocations come first: then nothing precedes what did not. */
struct moment {
	int64_t ns;
	uint32_t op;
	bool is_end;
};

/* Of what came whole the moments are put in order in the end. */
static bool
has_room(struct events *events, struct err *err)
{
	const struct history *history = events->history;
	size_t ops = history->ops.count + history->nemesis.count;
	size_t moments = events->whole ? 2 * ops * sizeof(struct moment) : 0;

	if (ops < (size_t)1 << 30 &&
	    (events->bytes_max == 0 ||
	     history_bytes(history) + moments < events->bytes_max))
		return true;
	events->is_full = true;
	return err_set(err, "more operations than fit into memory");
}

static bool
add_transaction(struct events *events, const struct event *event, struct err *err)
{
	struct event named = *event;

	if (!named.has_f)
		named.f = F_TXN;
	named.has_f = true;
	/* Of what stands alone nobody knows who did it; pairs belong together. */
	if (!named.has_process && is_bare(events, &named))
		named.process = (uint32_t)events->count;
	named.has_process = true;
	return events_add(events, &named, err);
}

static bool
add_operation(struct events *events, const struct event *event, int64_t at_ns,
	      struct err *err)
{
	if (event->is_whole)
		return add_whole(events, event, err);
	return is_bare(events, event) ? add_bare(events, event, err)
				      : add_half(events, event, at_ns, err);
}

/* False; a process that has a name is known to the reader of the error by that. */
static bool
tell_name(const struct events *events, uint32_t process, struct err *err)
{
	if (process < FIRST_NAMED || process - FIRST_NAMED >= events->processes.count)
		return false;
	struct bytes name = intern_get(&events->processes, process - FIRST_NAMED);
	struct err unnamed = *err;

	return err_set(err, "%s (%u is '%.*s')", unnamed.text, process,
		       name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN, name.data);
}

bool
events_add(struct events *events, const struct event *event, struct err *err)
{
	int64_t at_ns =
		event->at_ns >= 0 ? event->at_ns : (int64_t)events->count * NS_PER_MS;

	if ((!event->has_f || !event->has_process) &&
	    is_transaction(&events->history->values, event->value))
		return add_transaction(events, event, err);
	if (!event_is_complete(event, err) || !has_room(events, err))
		return false;
	events->count++;
	events->has_times |= event->at_ns >= 0;
	if (event->is_nemesis) {
		add_nemesis(events, event, at_ns);
		return true;
	}
	events->has_keys |= event->key != VAL_OF_NIL;
	return add_operation(events, event, at_ns, err) ||
	       tell_name(events, event->process, err);
}

/* ---- finishing ---- */

static int
by_moment(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	if (x->is_end != y->is_end)
		return x->is_end ? 1 : -1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static void
give_positions(struct history *history)
{
	VEC(struct moment) moments = {0};

	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		vec_push(&moments,
			 (struct moment){.ns = op->invoke_ns, .op = (uint32_t)i});
		if (op->complete_at != OP_NEVER)
			vec_push(&moments, (struct moment){.ns = op->complete_ns,
							   .op = (uint32_t)i,
							   .is_end = true});
	}
	if (moments.count > 0)
		qsort(moments.items, moments.count, sizeof(*moments.items), by_moment);
	for (size_t at = 0; at < moments.count; at++) {
		const struct moment *moment = &moments.items[at];
		struct op *op = &history->ops.items[moment->op];
		if (moment->is_end)
			op->complete_at = (uint32_t)at;
		else
			op->invoke_at = (uint32_t)at;
	}
	vec_release(&moments);
	history_sort(history);
}

static bool
is_pair(const struct values *values, val v)
{
	return val_kind(v) == VAL_LIST && val_count(values, v) == 2;
}

/* What a read asks with: nil, or [nil nil] of a register with versions. */
static bool
is_unasked(const struct values *values, val v)
{
	return v == VAL_OF_NIL ||
	       (is_pair(values, v) && val_at(values, v, 0) == VAL_OF_NIL &&
		val_at(values, v, 1) == VAL_OF_NIL);
}

/* One key was asked and another answered: a tuple space's template, no key. */
static bool
answers_elsewhere(const struct values *values, const struct op *op)
{
	return op->type == OP_OK && !val_equal(values, val_at(values, op->input, 0),
					       val_at(values, op->output, 0));
}

/* Whether all values are [key value] and some read asked [key nil]: a register's own
 * values would have to be pairs, and its reads would still ask for nil. */
static bool
look_like_tuples(const struct history *history)
{
	const struct values *values = &history->values;
	bool some_nil = false;

	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (!is_pair(values, op->input) ||
		    (op->type == OP_OK && !is_pair(values, op->output)))
			return false;
		if (val_at(values, op->input, 0) == VAL_OF_NIL)
			return false; /* [version value], the version not known yet */
		if (answers_elsewhere(values, op))
			return false;
		some_nil |= is_unasked(values, val_at(values, op->input, 1));
	}
	return some_nil;
}

static void
take_apart(const struct values *values, struct op *op)
{
	if (is_pair(values, op->output)) {
		op->key = val_at(values, op->output, 0);
		op->output = val_at(values, op->output, 1);
	}
	if (is_pair(values, op->input)) {
		op->key = val_at(values, op->input, 0);
		op->input = val_at(values, op->input, 1);
	}
}

void
events_finish(struct events *events)
{
	struct history *history = events->history;

	if (events->whole)
		give_positions(history);
	if (events->bare)
		rounds_give(history);
	events->are_tuples = events->keys == KEYS_TUPLES ||
			     (events->keys == KEYS_AUTOMATIC && !events->has_keys &&
			      look_like_tuples(history));
	for (size_t i = 0; events->are_tuples && i < history->ops.count; i++)
		take_apart(&history->values, &history->ops.items[i]);
}
