#include "reference/sim/sim_queue.h"

static bool
is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void
sift_up(struct sim_event **heap, size_t at)
{
	while (at > 0 && is_before(heap[at], heap[(at - 1) / 2])) {
		struct sim_event *moved = heap[at];
		heap[at] = heap[(at - 1) / 2];
		heap[(at - 1) / 2] = moved;
		at = (at - 1) / 2;
	}
}

static void
sift_down(struct sim_event **heap, size_t count)
{
	size_t at = 0;

	for (;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < count && is_before(heap[child], heap[least]))
				least = child;
		if (least == at)
			return;
		struct sim_event *moved = heap[at];
		heap[at] = heap[least];
		heap[least] = moved;
		at = least;
	}
}

void
sim_queue_add(struct sim_queue *queue, const struct sim_event *event)
{
	struct sim_event *added = queue->spare.count > 0 ? vec_pop(&queue->spare)
							 : mem_new(1, sizeof(*added));

	*added = *event;
	added->order = queue->order++;
	vec_push(&queue->heap, added);
	sift_up(queue->heap.items, queue->heap.count - 1);
}

struct sim_event *
sim_queue_take(struct sim_queue *queue)
{
	if (queue->heap.count == 0)
		return NULL;
	struct sim_event *first = queue->heap.items[0];
	queue->heap.items[0] = vec_pop(&queue->heap);
	sift_down(queue->heap.items, queue->heap.count);
	return first;
}

void
sim_queue_free(struct sim_queue *queue, struct sim_event *event)
{
	free(event->data);
	event->data = NULL;
	vec_push(&queue->spare, event);
}

void
sim_queue_release(struct sim_queue *queue)
{
	vec_each (struct sim_event *, event, &queue->heap) {
		free((*event)->data);
		free(*event);
	}
	vec_each (struct sim_event *, event, &queue->spare)
		free(*event);
	vec_release(&queue->heap);
	vec_release(&queue->spare);
}
