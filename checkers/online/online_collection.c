/* online_collection.c - queues, stacks, priority queues and bags
 * (checkers/collection/collection.h) by what must not have been inside.
 *
 * On the way: never-added, failed-add-seen, taken-twice, seen-after-taken (long after, as
 * far as checkers/online/departed.h remembers; else not-linearizable), and every take,
 * look or miss for which no instant is left (checkers/online/exclusion.h): false-empty,
 * out-of-order, priority-inversion. Elements that are lost show when one that was put
 * later is taken. O(operations open at once) an operation, and O(log n) in priority queues.
 * Memory: what is inside, puts and takes of unknown outcome, operations open at once.
 *
 * Takes that are open, or whose outcome stays unknown, may have taken any element, one each.
 * Complete for bags, and for queues into which nobody only looks: the first prefix that is
 * not linearizable raises the violation. Left to the end: what only looks tell of the order
 * in a queue, and of stacks and priority queues the few histories in which each operation
 * has an instant of its own but not all together. Elements must be put once (as long as
 * they can be met), priorities must be whole numbers. */
#include "checkers/online/contents.h"
#include "checkers/online/decider.h"
#include "checkers/online/exclusion.h"

enum kind {
	KIND_BAG,
	KIND_QUEUE,
	KIND_STACK,
	KIND_PRIORITY_QUEUE,
	KINDS
};

enum {
	SWEEP_FROM = 16
};

static const struct {
	uint16_t put, take;
	enum exclusion_class class; /* that a take or look excludes; ALL: nothing */
	const char *anomaly;
} facts[KINDS] = {
	[KIND_BAG] = {F_ENQUEUE, F_DEQUEUE, EXCLUDES_ALL, ""},
	[KIND_QUEUE] = {F_ENQUEUE, F_DEQUEUE, EXCLUDES_EARLIER, "out-of-order"},
	[KIND_STACK] = {F_PUSH, F_POP, EXCLUDES_LATER, "out-of-order"},
	[KIND_PRIORITY_QUEUE] = {F_INSERT, F_POLL, EXCLUDES_HIGHER, "priority-inversion"},
};

struct online_collection {
	enum kind kind;
	struct contents contents;
	struct asks asks;
	struct exclusions exclusions;
	size_t sweep_at; /* recent elements when to look again */
	size_t settle_at,
		crowd; /* undecided exclusions, too; and left at the last look */
};

/* ---- begin ---- */

/* The priority of what is inserted: itself, or the first of a list. */
static bool
rank_of(const struct online_call *call, int64_t *rank)
{
	val v = call->value;

	if (val_kind(v) == VAL_LIST && val_count(call->values, v) > 0)
		v = val_at(call->values, v, 0);
	if (!val_small_number(v, rank))
		return false;
	if (call->options->least_first)
		*rank = -*rank;
	return true;
}

static void
begin_put(const struct online_call *call)
{
	struct online_collection *c = call->state;
	online_value value = online_value_of(call->values, call->value);
	int64_t rank = 0;

	call->notes[0] = value;
	if (value == 0 || contents_find(&c->contents, value) != NULL)
		online_give_up(call, value == 0 ? "nil was put, which is no element"
						: "an element was put twice to one key");
	else if (c->kind == KIND_PRIORITY_QUEUE && !rank_of(call, &rank))
		online_give_up(call, "priorities that are not whole numbers");
	else
		contents_put(&c->contents, value, rank, call->invoke_at);
}

static void
begin(const struct online_call *call)
{
	struct online_collection *c = call->state;

	if (call->f == facts[c->kind].put)
		begin_put(call);
	else if (call->f == facts[c->kind].take || call->f == F_PEEK)
		asks_begin(&c->asks, call->invoke_at, call->f == F_PEEK);
	else
		online_give_up(call, "not all operations are those of the collection");
}

/* ---- end ---- */

static void
end_put(const struct online_call *call)
{
	struct online_collection *c = call->state;
	struct element *element = contents_find(&c->contents, call->notes[0]);

	/* Another put of the value may be known by now, when this one was taken long ago. */
	if (element == NULL || element->put_at != call->invoke_at)
		return;
	if (call->type == OP_OK && element->taken_at == ONLINE_NEVER)
		contents_enter(&c->contents, element, call->at);
	if (call->type != OP_FAIL)
		return;
	if (element->certain_at != ONLINE_NEVER)
		online_violate(call, "failed-add-seen", element->value, 0);
	else
		contents_drop(&c->contents, element, DEPARTED_FAILED);
}

static void
raise_failed(const struct online_call *call, const struct exclusion *failed)
{
	const struct online_collection *c = call->state;

	if (failed != NULL)
		online_violate(
			call, failed->value == 0 ? "false-empty" : facts[c->kind].anomaly,
			failed->value, 0);
}

/* The operation needs an instant without the class; the first there is. */
static int64_t
exclude(const struct online_call *call, struct exclusion *exclusion)
{
	struct online_collection *c = call->state;

	if (exclusion_make(exclusion, &c->exclusions, &c->contents, &c->asks, call))
		return exclusion->items[0].at;
	raise_failed(call, exclusion);
	return ONLINE_BEFORE_ALL;
}

static void
keep(const struct online_call *call, struct exclusion *exclusion)
{
	struct online_collection *c = call->state;

	if (!exclusions_keep(&c->exclusions, exclusion, &c->asks))
		online_unheard(call, "too many takes or looks were undecided at once");
}

static void
end_miss(const struct online_call *call)
{
	struct online_collection *c = call->state;
	struct exclusion exclusion = {.class = EXCLUDES_ALL, .from = call->invoke_at};
	const struct met met = {.certain_at = ONLINE_NEVER,
				.began = call->f == F_PEEK ? ONLINE_NEVER
							   : call->invoke_at,
				.at = call->at};

	exclude(call, &exclusion);
	raise_failed(call, exclusions_update(&c->exclusions, &met));
	keep(call, &exclusion);
}

static struct exclusion
exclusion_of(const struct online_call *call, const struct element *element)
{
	const struct online_collection *c = call->state;
	bool is_later = call->invoke_at > element->put_at;
	struct exclusion exclusion = {.class = facts[c->kind].class,
				      .from = is_later ? call->invoke_at
						       : element->put_at,
				      .value = element->value};

	exclusion.bound = exclusion.class == EXCLUDES_EARLIER ? element->put_at
			  : exclusion.class == EXCLUDES_LATER ? element->certain_at
							      : element->rank;
	return exclusion;
}

/* What was met was inside at an instant at which nothing of the class was. */
static void
meet(const struct online_call *call, struct element *element)
{
	struct online_collection *c = call->state;
	bool is_take = call->f != F_PEEK;
	struct exclusion exclusion = exclusion_of(call, element);
	struct met met = {.element = element,
			  .certain_at = element->certain_at,
			  .began = is_take ? call->invoke_at : ONLINE_NEVER,
			  .at = call->at};
	int64_t until = call->invoke_at;

	if (c->kind != KIND_BAG) {
		int64_t first = exclude(call, &exclusion);
		until = first > until ? first : until;
	}
	contents_enter(&c->contents, element, call->at);
	contents_meet(&c->contents, element, until, call->at);
	raise_failed(call, exclusions_update(&c->exclusions, &met));
	if (is_take)
		contents_take(&c->contents, element, call->at);
	if (c->kind != KIND_BAG)
		keep(call, &exclusion);
}

/* What is met that is not known. Where nobody knows why, it is wrong in any case. */
static const char *
unknown_name(const struct online_call *call, online_value value)
{
	const struct online_collection *c = call->state;

	switch (departed_find(&c->contents.departed, value)) {
	case DEPARTED_FAILED:
		return "failed-add-seen";
	case DEPARTED_TAKEN:
		return call->f == F_PEEK ? "seen-after-taken" : "taken-twice";
	case DEPARTED_PASSED:
		return facts[c->kind].anomaly;
	case DEPARTED_MISSED:
		return "false-empty";
	case DEPARTED_PERHAPS:
		return "not-linearizable";
	default:
		return "never-added";
	}
}

static void
end_found(const struct online_call *call, online_value value)
{
	struct online_collection *c = call->state;
	struct element *element = contents_find(&c->contents, value);

	if (element == NULL)
		online_violate(call, unknown_name(call, value), value, 0);
	else if (element->taken_at == ONLINE_NEVER)
		meet(call, element);
	else if (call->f != F_PEEK)
		online_violate(call, "taken-twice", value, 0);
	else if (element->taken_at < call->invoke_at)
		online_violate(call, "seen-after-taken", value, 0);
	else
		meet(call, element);
}

/* A take that failed took nothing; a look that failed says nothing. */
static void
end_without(const struct online_call *call)
{
	struct online_collection *c = call->state;
	const struct met met = {
		.certain_at = ONLINE_NEVER, .began = call->invoke_at, .at = call->at};

	if (call->type == OP_FAIL && call->f != F_PEEK)
		raise_failed(call, exclusions_update(&c->exclusions, &met));
}

static void
sweep(const struct online_call *call)
{
	struct online_collection *c = call->state;

	if (c->exclusions.undecided.count >= c->settle_at) {
		exclusions_settle(&c->exclusions, &c->contents, &c->asks,
				  call->watermark);
		c->crowd = c->exclusions.undecided.count;
		c->settle_at = 2 * c->crowd + SWEEP_FROM;
	}
	if (c->contents.recent.count >= c->sweep_at) {
		contents_forget(&c->contents, call->watermark);
		c->sweep_at = 2 * c->contents.recent.count + SWEEP_FROM;
	}
}

static void
end(const struct online_call *call)
{
	struct online_collection *c = call->state;

	if (call->f == facts[c->kind].put) {
		end_put(call);
		return;
	}
	asks_end(&c->asks, call->invoke_at, call->f == F_PEEK, call->type == OP_INFO);
	if (call->type != OP_OK)
		end_without(call);
	else if (call->value == VAL_OF_NIL)
		end_miss(call);
	else
		end_found(call, online_value_of(call->values, call->value));
	sweep(call);
}

/* ---- the deciders ---- */

static void
start(void *state, enum kind kind)
{
	struct online_collection *c = state;

	c->kind = kind;
	c->sweep_at = c->settle_at = SWEEP_FROM;
	contents_init(&c->contents, kind == KIND_PRIORITY_QUEUE);
}

static void
stop(void *state)
{
	struct online_collection *c = state;

	contents_release(&c->contents);
	asks_release(&c->asks);
	exclusions_release(&c->exclusions);
}

static bool
is_crowded(const void *state)
{
	const struct online_collection *c = state;

	return c->crowd > EXCLUSIONS_CROWD;
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_collection *c = state;

	size->values += c->contents.of.count;
	size->bytes += contents_bytes(&c->contents) + exclusions_bytes(&c->exclusions) +
		       asks_bytes(&c->asks);
}

#define COLLECTION(id, KIND, text_name, text)                                            \
	static void id##_start(void *state, const struct online_options *options)        \
	{                                                                                \
		(void)options;                                                           \
		start(state, KIND);                                                      \
	}                                                                                \
	const struct online_decider online_##id = {                                      \
		.name = text_name,                                                       \
		.summary = text,                                                         \
		.state_bytes = sizeof(struct online_collection),                         \
		.start = id##_start,                                                     \
		.stop = stop,                                                            \
		.begin = begin,                                                          \
		.end = end,                                                              \
		.is_crowded = is_crowded,                                                \
		.size = size,                                                            \
	}

COLLECTION(bag, KIND_BAG, "bag", "elements from nowhere or taken twice, false empties");
COLLECTION(queue, KIND_QUEUE, "queue", "the same, and elements out of order or lost");
COLLECTION(stack, KIND_STACK, "stack", "the same as of a bag, and elements out of order");
COLLECTION(priority_queue, KIND_PRIORITY_QUEUE, "priority-queue",
	   "the same as of a bag, and lower priorities before higher ones");
