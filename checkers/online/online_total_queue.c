/* online_total_queue.c - what comes out of a queue was put into it
 * (checkers/jepsen/total_queue.c): unexpected-element, and with the model exactly-once
 * duplicate-element, which is called unexpected once all that is known of the element has
 * come out and is forgotten.
 *
 * Left to the end: what was lost, since an element may still come out. Live: with
 * exactly-once what is in the queue, else every element that was put in, since it may come
 * out again: 28 bytes each. O(1) an element. */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/table.h"

struct element {
	uint32_t open, ended; /* attempts to put it in that did not fail */
	uint32_t outs;
};

struct online_total_queue {
	struct table ids; /* value -> index */
	VEC(struct element) elements;
	VEC(uint32_t) free_elements;
};

enum {
	NOTE_VALUE
};

static uint32_t
element_of(struct online_total_queue *queue, online_value value)
{
	uint32_t id = table_find(&queue->ids, value);

	if (id != TABLE_NONE)
		return id;
	id = (uint32_t)queue->elements.count;
	if (queue->free_elements.count > 0)
		id = vec_pop(&queue->free_elements);
	else
		vec_push(&queue->elements, (struct element){.open = 0});
	queue->elements.items[id] = (struct element){.open = 0};
	table_put(&queue->ids, value, id);
	return id;
}

/* Nobody put it in, or it was put in and came out as often, which is all that can happen
 * exactly once. */
static void
forget(struct online_total_queue *queue, online_value value, uint32_t id, bool is_once)
{
	const struct element *element = &queue->elements.items[id];
	bool is_done = is_once && element->outs >= element->ended;

	if (element->open > 0 || (element->ended > 0 && !is_done))
		return;
	table_remove(&queue->ids, value);
	vec_push(&queue->free_elements, id);
}

static void
judge(const struct online_call *call, online_value value, const struct element *element)
{
	uint32_t attempts = element->open + element->ended;

	if (element->outs > 0 && attempts == 0)
		online_violate(call, "unexpected-element", value, 0);
	else if (call->options->is_once && element->outs > attempts)
		online_violate(call, "duplicate-element", value, 0);
}

static void
begin(const struct online_call *call)
{
	struct online_total_queue *queue = call->state;

	if (call->f != F_ENQUEUE && call->f != F_DEQUEUE && call->f != F_DRAIN) {
		online_give_up(call, "not all operations are those of a queue");
	} else if (call->f == F_ENQUEUE) {
		call->notes[NOTE_VALUE] = online_value_of(call->values, call->value);
		uint32_t id = element_of(queue, call->notes[NOTE_VALUE]);
		queue->elements.items[id].open++;
	}
}

static void
end_enqueue(const struct online_call *call)
{
	struct online_total_queue *queue = call->state;
	online_value value = call->notes[NOTE_VALUE];
	uint32_t id = element_of(queue, value);
	struct element *element = &queue->elements.items[id];

	element->open--;
	element->ended += call->type != OP_FAIL;
	judge(call, value, element);
	forget(queue, value, id, call->options->is_once);
}

static void
take(const struct online_call *call, val taken)
{
	struct online_total_queue *queue = call->state;
	online_value value = online_value_of(call->values, taken);
	uint32_t id = element_of(queue, value);

	queue->elements.items[id].outs++;
	judge(call, value, &queue->elements.items[id]);
	forget(queue, value, id, call->options->is_once);
}

static void
end(const struct online_call *call)
{
	if (call->f == F_ENQUEUE)
		end_enqueue(call);
	else if (call->type != OP_OK || call->value == VAL_OF_NIL)
		return;
	else if (call->f == F_DEQUEUE)
		take(call, call->value);
	else if (val_kind(call->value) == VAL_LIST)
		for (size_t i = 0; i < val_count(call->values, call->value); i++)
			take(call, val_at(call->values, call->value, i));
}

static void
stop(void *state)
{
	struct online_total_queue *queue = state;

	table_release(&queue->ids);
	vec_release(&queue->elements);
	vec_release(&queue->free_elements);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_total_queue *queue = state;

	size->values += queue->ids.count;
	size->bytes += table_bytes(&queue->ids) +
		       queue->elements.capacity * sizeof(struct element) +
		       queue->free_elements.capacity * sizeof(uint32_t);
}

const struct online_decider online_total_queue = {
	.name = "total-queue",
	.summary = "elements from nowhere, and with --model exactly-once those that come "
		   "out again",
	.state_bytes = sizeof(struct online_total_queue),
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
