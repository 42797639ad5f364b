#include "results/formats/event_order.h"

#include <stdlib.h>

/* A position whose event is not told there: an info completion had it. */
#define NOTHING UINT32_MAX

struct walk {
	const struct history *history;
	bool (*body)(void *context, const struct history_event *event);
	void *context;
	uint32_t *at;	    /* owned; by position: op index * 2 + is_end */
	struct map unended; /* process -> index + 1 of an info operation to end */
	VEC(struct history_event) nemesis;
	size_t nemesis_done;
};

static int
by_time(const void *a, const void *b)
{
	const struct history_event *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static void
order_nemesis(struct walk *walk)
{
	const struct history *history = walk->history;

	for (size_t i = 0; i < history->nemesis.count; i++) {
		struct history_event event = {.op = &history->nemesis.items[i],
					      .is_nemesis = true};
		event.ns = event.op->invoke_ns;
		vec_push(&walk->nemesis, event);
		event.ns = event.op->complete_ns;
		event.is_end = true;
		if (event.ns >= 0)
			vec_push(&walk->nemesis, event);
	}
	if (walk->nemesis.count > 0)
		qsort(walk->nemesis.items, walk->nemesis.count,
		      sizeof(struct history_event), by_time);
}

static void
order_clients(struct walk *walk)
{
	const struct history *history = walk->history;

	walk->at = mem_new((size_t)history->events + 1, sizeof(*walk->at));
	for (uint32_t i = 0; i < history->events; i++)
		walk->at[i] = NOTHING;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		walk->at[op->invoke_at] = i * 2;
		if (op->complete_at != OP_NEVER)
			walk->at[op->complete_at] = i * 2 + 1;
	}
}

static bool
tell_nemesis(struct walk *walk, int64_t until_ns)
{
	while (walk->nemesis_done < walk->nemesis.count &&
	       walk->nemesis.items[walk->nemesis_done].ns <= until_ns)
		if (!walk->body(walk->context,
				&walk->nemesis.items[walk->nemesis_done++]))
			return false;
	return true;
}

/* Ends the info operation whose index + 1 is *unended, if any. */
static bool
tell_unended(struct walk *walk, uint64_t *unended)
{
	if (*unended == 0)
		return true;
	const struct op *op = &walk->history->ops.items[*unended - 1];
	struct history_event event = {.op = op, .ns = op->complete_ns, .is_end = true};
	*unended = 0;
	return walk->body(walk->context, &event);
}

static bool
tell_client(struct walk *walk, uint32_t entry)
{
	if (entry == NOTHING)
		return true;
	const struct op *op = &walk->history->ops.items[entry / 2];
	struct history_event event = {.op = op, .is_end = entry % 2 == 1};

	event.ns = event.is_end ? op->complete_ns : op->invoke_ns;
	if (!tell_nemesis(walk, event.ns))
		return false;
	if (event.is_end)
		return walk->body(walk->context, &event);
	uint64_t *unended = map_at(&walk->unended, op->process, NULL);
	if (!tell_unended(walk, unended) || !walk->body(walk->context, &event))
		return false;
	if (op->type == OP_INFO && op->complete_ns >= 0)
		*unended = entry / 2 + 1;
	return true;
}

bool
history_each_event(const struct history *history,
		   bool (*body)(void *context, const struct history_event *event),
		   void *context)
{
	struct walk walk = {.history = history, .body = body, .context = context};
	bool ok = true;

	order_clients(&walk);
	order_nemesis(&walk);
	for (uint32_t i = 0; ok && i < history->events; i++)
		ok = tell_client(&walk, walk.at[i]);
	for (size_t i = 0; ok && i < history->ops.count; i++) {
		uint64_t *unended =
			map_find(&walk.unended, history->ops.items[i].process);
		if (unended != NULL && *unended == i + 1)
			ok = tell_unended(&walk, unended);
	}
	ok = ok && tell_nemesis(&walk, INT64_MAX);
	free(walk.at);
	map_release(&walk.unended);
	vec_release(&walk.nemesis);
	return ok;
}

bool
history_has_overlaps(const struct history *history)
{
	struct map ends = {0}; /* process -> position where its last operation ended */
	bool found = false;

	for (size_t i = 0; !found && i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		uint64_t *end = map_at(&ends, op->process, NULL);
		found = op->invoke_at < *end;
		if (op->complete_at == OP_NEVER && op->complete_ns < 0)
			*end = UINT32_MAX; /* nothing to tell its end by */
		else if (op->complete_at != OP_NEVER && op->complete_at > *end)
			*end = op->complete_at;
	}
	map_release(&ends);
	return found;
}
