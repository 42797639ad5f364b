/* stream_judge.c - the output against what the last operator gives, counted by hashing. */
#include "base/map.h"
#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream_flows.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* A tuple, or a group of them that stands for one. */
struct entry {
	uint64_t certain, possible, outs;
	uint64_t settled; /* of the possible ones, those that were not taken after all */
	uint32_t send;	  /* the first that makes it, acknowledged ones first; NONE */
	uint32_t group;	  /* the only group that has it; 0: none */
	uint32_t last;	  /* place of its last output */
	val tuple;
	bool has_certain, is_shared; /* between groups, or a group and others */
};

struct entries {
	struct value_ids ids;
	VEC(struct entry) of;	  /* by id */
	VEC(struct entry) groups; /* by group */
};

static struct entry *
entry_of(struct entries *entries, val tuple)
{
	uint32_t id = value_ids_add(&entries->ids, tuple);

	if (id == entries->of.count)
		vec_push(&entries->of, (struct entry){.send = NONE, .tuple = tuple});
	return &entries->of.items[id];
}

static void
note_send(struct entry *entry, const struct flow *flow)
{
	bool is_better =
		entry->send == NONE || (flow->is_certain && !entry->has_certain) ||
		(flow->is_certain == entry->has_certain && flow->send < entry->send);

	if (is_better)
		entry->send = flow->send;
	entry->has_certain = entry->has_certain || flow->is_certain;
}

static void
add_flow(struct entries *entries, const struct flow *flow)
{
	struct entry *entry = entry_of(entries, flow->tuple);

	note_send(entry, flow);
	if ((entry->possible > 0 || entry->group != 0) && entry->group != flow->group)
		entry->is_shared = true;
	if (flow->group != 0 && entry->group == 0)
		entry->group = flow->group;
	if (flow->group == 0) {
		entry->possible++;
		entry->certain += flow->is_certain;
	}
}

/* A group that shares no tuple is judged as a whole, others tuple by tuple. */
static void
close_groups(struct stream_run *run, struct entries *entries, const struct flows *flows)
{
	vec_reserve(&entries->groups, run->groups + 1);
	entries->groups.count = run->groups + 1;
	for (size_t g = 0; g <= run->groups; g++)
		entries->groups.items[g] = (struct entry){.send = NONE};
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i];
		struct entry *group = &entries->groups.items[flow->group];
		if (flow->group == 0)
			continue;
		note_send(group, flow);
		group->tuple = flow->tuple;
		group->possible = 1;
		group->certain = flow->is_certain;
		group->is_shared =
			group->is_shared || entry_of(entries, flow->tuple)->is_shared;
	}
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i];
		if (flow->group == 0 || !entries->groups.items[flow->group].is_shared)
			continue;
		struct entry *entry = entry_of(entries, flow->tuple);
		entry->possible++;
		entry->is_shared = true;
		run->is_loose = true;
	}
}

static void
judge_entry(const struct stream_run *run, const struct entry *entry,
	    struct stream_faults *faults)
{
	struct stream_bounds bounds = stream_promise(run->pool->graph, entry->certain,
						     entry->possible - entry->settled);
	struct stream_fault fault = {.tuple = entry->tuple,
				     .send = entry->send,
				     .second = OP_NEVER,
				     .output = OP_NEVER};

	if (entry->outs < bounds.least) {
		fault.name = "lost-tuple";
		fault.sentence =
			"was sent and acknowledged, and is missing in the output";
		vec_push(faults, fault);
	}
	if (entry->outs > bounds.most && entry->send != NONE) {
		fault.name = "duplicate-tuple";
		fault.sentence = "is more often in the output than it was sent";
		fault.output = entry->last;
		vec_push(faults, fault);
	}
}

static void
note_output(struct stream_run *run, struct entries *entries, uint32_t place, val tuple,
	    struct stream_faults *faults)
{
	struct entry *entry = entry_of(entries, tuple);
	bool is_group = entry->group != 0 && !entry->is_shared;
	struct entry *counted = is_group ? &entries->groups.items[entry->group] : entry;

	run->outputs++;
	counted->outs++;
	counted->last = place;
	if (counted->send == NONE)
		vec_push(faults,
			 (struct stream_fault){.name = "unknown-tuple",
					       .sentence = "came out, and nothing that "
							   "was sent with success "
							   "makes it",
					       .tuple = tuple,
					       .send = OP_NEVER,
					       .second = OP_NEVER,
					       .output = place});
}

/* ---- sends of unknown outcome that make several tuples -------------------------------- */

static int
by_send(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	return x->send < y->send ? -1 : x->send > y->send;
}

/* All tuples of one send come, or none: a tuple that only this send makes tells which. */
static void
settle_send(struct stream_run *run, struct entries *entries, const struct flow *flows,
	    size_t count)
{
	bool is_known = false, is_taken = false;

	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = entry_of(entries, flows[i].tuple);
		bool is_own = entry->possible == 1;
		is_known = is_known || is_own;
		is_taken = is_taken || (is_own && entry->outs > 0);
	}
	run->is_loose = run->is_loose || !is_known;
	for (size_t i = 0; i < count && is_known; i++) {
		struct entry *entry = entry_of(entries, flows[i].tuple);
		if (is_taken)
			entry->certain++;
		else
			entry->settled++;
	}
}

static void
settle_sends(struct stream_run *run, struct entries *entries, const struct flows *flows)
{
	struct flows doubts = {0};

	if (run->pool->graph->may_lose || run->pool->graph->may_repeat ||
	    run->pool->graph->is_partial)
		return;
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i];
		if (!flow->is_certain && !flow->is_merged && flow->group == 0)
			vec_push(&doubts, *flow);
	}
	if (doubts.count > 0)
		qsort(doubts.items, doubts.count, sizeof(*doubts.items), by_send);
	for (size_t i = 0, end; i < doubts.count; i = end) {
		for (end = i;
		     end < doubts.count && doubts.items[end].send == doubts.items[i].send;
		     end++)
			;
		if (end - i > 1)
			settle_send(run, entries, &doubts.items[i], end - i);
	}
	vec_release(&doubts);
}

void
stream_judge_output(struct stream_run *run, struct stream_faults *faults)
{
	const struct stream_graph *graph = run->pool->graph;
	const struct history *history = graph->history;
	const struct flows *flows = &run->streams[graph->count - 1];
	val outputs = history->ops.items[run->collect].output;
	struct entries entries = {0};

	value_ids_init(&entries.ids, &run->pool->values);
	for (size_t i = 0; i < flows->count; i++)
		add_flow(&entries, &flows->items[i]);
	close_groups(run, &entries, flows);
	for (size_t i = 0; i < fields_items(&history->values, outputs); i++)
		note_output(run, &entries, (uint32_t)i,
			    stream_output(run->pool,
					  fields_item(&history->values, outputs, i)),
			    faults);
	settle_sends(run, &entries, flows);
	vec_each (struct entry, entry, &entries.of)
		if (entry->group == 0 || entry->is_shared)
			judge_entry(run, entry, faults);
	vec_each (struct entry, group, &entries.groups)
		if (group->possible > 0 && !group->is_shared)
			judge_entry(run, group, faults);
	value_ids_release(&entries.ids);
	vec_release(&entries.of);
	vec_release(&entries.groups);
}

/* ---- counts --------------------------------------------------------------------------- */

struct counter {
	uint64_t certain, possible;
	int64_t count; /* the last that came out; 0: none */
	uint32_t send, place;
	bool has_certain;
};

struct counters {
	struct value_ids ids;
	VEC(struct counter) of;
};

static struct counter *
counter_of(struct counters *counters, val key)
{
	uint32_t id = value_ids_add(&counters->ids, key);

	if (id == counters->of.count)
		vec_push(&counters->of, (struct counter){.send = NONE, .place = NONE});
	return &counters->of.items[id];
}

/* Of a group one is counted; where its tuples are of different keys, nobody knows which. */
static void
count_flows(struct stream_run *run, struct counters *counters)
{
	const struct stream_graph *graph = run->pool->graph;
	const struct flows *flows = &run->streams[graph->count - 1];
	int64_t field = graph->operators[graph->count - 1].field;

	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i], *before = flow - 1;
		val key = stream_field(&run->pool->values, flow->tuple, field);
		bool is_same_group =
			i > 0 && flow->group != 0 && before->group == flow->group;
		bool is_same_key =
			is_same_group &&
			val_equal(&run->pool->values, key,
				  stream_field(&run->pool->values, before->tuple, field));
		struct counter *counter = counter_of(counters, key);
		struct entry sends = {.send = counter->send,
				      .has_certain = counter->has_certain};
		note_send(&sends, flow);
		counter->send = sends.send;
		counter->has_certain = sends.has_certain;
		if (is_same_key)
			continue;
		if (is_same_group)
			run->is_loose = true;
		counter->possible++;
		counter->certain += flow->is_certain && !is_same_group;
	}
}

static void
count_fault(struct stream_faults *faults, const char *name, const char *sentence,
	    val tuple, const struct counter *counter, uint32_t place)
{
	vec_push(faults, (struct stream_fault){
				 .name = name,
				 .sentence = sentence,
				 .tuple = tuple,
				 .send = counter->send == NONE ? OP_NEVER : counter->send,
				 .second = OP_NEVER,
				 .output = place});
}

static void
judge_count(const struct stream_graph *graph, struct counter *counter, int64_t count,
	    val tuple, uint32_t place, struct stream_faults *faults)
{
	bool is_exact = !graph->may_lose && !graph->may_repeat;

	if (counter->place != NONE &&
	    (count < counter->count || (count == counter->count && !graph->may_repeat)))
		count_fault(faults, "count-reset",
			    "was counted down, or twice the same: the state was lost",
			    tuple, counter, place);
	else if (is_exact && count != counter->count + 1)
		count_fault(faults, "count-gap", "was counted with a gap", tuple, counter,
			    place);
	counter->count = count;
	counter->place = place;
}

static void
judge_counter(const struct stream_graph *graph, const struct counter *counter, val key,
	      struct stream_faults *faults)
{
	struct stream_bounds bounds =
		stream_promise(graph, counter->certain, counter->possible);
	uint64_t count = counter->count > 0 ? (uint64_t)counter->count : 0;

	if (counter->possible == 0)
		return;
	if (count < bounds.least)
		count_fault(faults, "lost-tuple",
			    "was sent and acknowledged more often than it was counted",
			    key, counter, OP_NEVER);
	if (count > bounds.most)
		count_fault(faults, "duplicate-tuple",
			    "was counted more often than it was sent", key, counter,
			    counter->place);
}

void
stream_judge_counts(struct stream_run *run, struct stream_faults *faults)
{
	const struct stream_graph *graph = run->pool->graph;
	const struct values *values = &graph->history->values;
	bool has_key = graph->operators[graph->count - 1].field >= 0;
	val outputs = graph->history->ops.items[run->collect].output;
	struct counters counters = {0};

	value_ids_init(&counters.ids, &run->pool->values);
	count_flows(run, &counters);
	size_t known = counters.of.count;
	for (size_t i = 0; i < fields_items(values, outputs); i++) {
		val tuple = stream_output(run->pool, fields_item(values, outputs, i));
		int64_t count = 0;
		val key =
			has_key ? stream_field(&run->pool->values, tuple, 0) : VAL_OF_NIL;
		bool is_number = fields_number(
			&run->pool->values,
			stream_field(&run->pool->values, tuple, has_key), &count);
		struct counter *counter = counter_of(&counters, key);
		run->outputs++;
		if (!is_number || (size_t)(counter - counters.of.items) >= known)
			count_fault(faults, "unknown-tuple",
				    "came out, and nothing that was sent with success "
				    "makes it",
				    tuple, &(struct counter){.send = NONE}, (uint32_t)i);
		else
			judge_count(graph, counter, count, tuple, (uint32_t)i, faults);
	}
	for (uint32_t id = 0; id < known; id++)
		judge_counter(graph, &counters.of.items[id],
			      value_ids_value(&counters.ids, id), faults);
	value_ids_release(&counters.ids);
	vec_release(&counters.of);
}

/* ---- order ---------------------------------------------------------------------------- */

/* What was sent, and how often it came out as it was. */
struct sent {
	struct value_ids ids;
	VEC(uint32_t) send, outs; /* by id */
};

static void
read_sent(const struct stream_run *run, struct sent *sent)
{
	const struct history *history = run->pool->graph->history;
	val outputs = history->ops.items[run->collect].output;

	value_ids_init(&sent->ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (stream_was_offered(history, op, run->collect) &&
		    value_ids_add(&sent->ids, op->input) == sent->send.count) {
			vec_push(&sent->send, i);
			vec_push(&sent->outs, 0);
		}
	}
	for (size_t i = 0; i < fields_items(&history->values, outputs); i++) {
		uint32_t id = value_ids_find(&sent->ids,
					     fields_item(&history->values, outputs, i));
		if (id != VALUE_ID_NONE)
			sent->outs.items[id]++;
	}
}

/* A tuple behind a later one of its sender and field 1. */
static void
judge_place(struct stream_run *run, uint32_t send, uint32_t place, uint64_t *newest,
	    struct stream_faults *faults)
{
	const struct history *history = run->pool->graph->history;

	if (*newest <= send + 1u) {
		*newest = send + 1u;
		return;
	}
	vec_push(faults, (struct stream_fault){
				 .name = "reordered-tuple",
				 .sentence = "came out behind a later one of its sender "
					     "and key",
				 .tuple = val_copy(&run->pool->values, &history->values,
						   history->ops.items[send].input),
				 .send = send,
				 .second = (uint32_t)*newest - 1,
				 .output = place});
}

/* Sends stand in the order of operations; only tuples that came out once are compared. */
void
stream_judge_order(struct stream_run *run, struct stream_faults *faults)
{
	const struct history *history = run->pool->graph->history;
	val outputs = history->ops.items[run->collect].output;
	struct sent sent = {0};
	struct value_ids keys;
	struct map newest = {0}; /* sender << 32 | field 1 -> send + 1 */

	value_ids_init(&keys, &history->values);
	read_sent(run, &sent);
	for (uint32_t i = 0; i < fields_items(&history->values, outputs); i++) {
		val tuple = fields_item(&history->values, outputs, i);
		uint32_t id = value_ids_find(&sent.ids, tuple);
		if (id == VALUE_ID_NONE || sent.outs.items[id] != 1)
			continue;
		uint32_t send = sent.send.items[id];
		uint64_t lane =
			(uint64_t)history->ops.items[send].process << 32 |
			value_ids_add(&keys, fields_item(&history->values, tuple, 1));
		judge_place(run, send, i, map_at(&newest, lane, NULL), faults);
	}
	value_ids_release(&sent.ids);
	value_ids_release(&keys);
	vec_release(&sent.send);
	vec_release(&sent.outs);
	map_release(&newest);
}
