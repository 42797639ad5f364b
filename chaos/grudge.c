#include "chaos/grudge.h"

#include "base/mem.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

/* What a shape draws from: the hosts in random order, the leader first when the shape is
 * about the leader. */
struct draw {
	int count;
	int *order; /* owned */
	struct rng rng;
};

static bool *
cell(struct grudge *grudge, int from, int to)
{
	return &grudge->drops[to * grudge->count + from];
}

static void
cut_both(struct grudge *grudge, int a, int b)
{
	*cell(grudge, a, b) = *cell(grudge, b, a) = true;
}

/* The first `size` of the order against the others. */
static void
split(struct grudge *grudge, const struct draw *draw, int size)
{
	for (int i = 0; i < size; i++)
		for (int j = size; j < draw->count; j++)
			cut_both(grudge, draw->order[i], draw->order[j]);
}

static int
majority(int count)
{
	return count / 2 + 1;
}

static void
draw_one(struct grudge *grudge, struct draw *draw)
{
	split(grudge, draw, 1);
}

static void
draw_halves(struct grudge *grudge, struct draw *draw)
{
	split(grudge, draw, draw->count / 2);
}

static void
draw_majority(struct grudge *grudge, struct draw *draw)
{
	split(grudge, draw, majority(draw->count));
}

/* Leader in front: it and count - majority - 1 others make the largest minority. */
static void
draw_leader_minority(struct grudge *grudge, struct draw *draw)
{
	split(grudge, draw, draw->count - majority(draw->count));
}

/* The hosts stand in a ring and each keeps its nearest neighbours, equally many on both
 * sides, so that hearing is mutual and it makes a majority with them. */
static void
draw_ring(struct grudge *grudge, struct draw *draw)
{
	int n = draw->count, reach = majority(n) / 2;

	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++) {
			int distance = j - i < n - (j - i) ? j - i : n - (j - i);
			if (distance > reach)
				cut_both(grudge, draw->order[i], draw->order[j]);
		}
}

/* order[0] is the bridge; the rest falls in two halves. */
static void
draw_bridge(struct grudge *grudge, struct draw *draw)
{
	int middle = 1 + (draw->count - 1) / 2;

	for (int i = 1; i < middle; i++)
		for (int j = middle; j < draw->count; j++)
			cut_both(grudge, draw->order[i], draw->order[j]);
}

static void
draw_one_way(struct grudge *grudge, struct draw *draw)
{
	bool deaf = rng_chance(&draw->rng, 0.5);
	int odd = draw->order[0];

	for (int i = 1; i < draw->count; i++) {
		int other = draw->order[i];
		*(deaf ? cell(grudge, other, odd) : cell(grudge, odd, other)) = true;
	}
}

static const struct shape {
	const char *name;
	int hosts_min;
	bool leads; /* the leader comes first in the order */
	void (*draw)(struct grudge *grudge, struct draw *draw);
} shapes[] = {
	{"one", 2, false, draw_one},
	{"halves", 2, false, draw_halves},
	{"majority", 3, false, draw_majority},
	{"majorities-ring", 4, false, draw_ring},
	{"bridge", 3, false, draw_bridge},
	{"leader", 2, true, draw_one},
	{"leader-minority", 3, true, draw_leader_minority},
	{"one-way", 2, false, draw_one_way},
};
enum {
	SHAPE_COUNT = sizeof(shapes) / sizeof(shapes[0])
};

const char *const grudge_shapes[] = {
	"one",	  "halves", "majority",	       "majorities-ring",
	"bridge", "leader", "leader-minority", "one-way",
	NULL,
};

static const struct shape *
find_shape(const char *name)
{
	for (int i = 0; i < SHAPE_COUNT; i++)
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	return NULL;
}

int
grudge_hosts_min(const char *shape)
{
	const struct shape *found = find_shape(shape);

	return found != NULL ? found->hosts_min : 0;
}

static void
draw_order(struct draw *draw, int count, int first, uint64_t word)
{
	draw->count = count;
	draw->order = mem_new((size_t)count, sizeof(int));
	rng_init(&draw->rng, word);
	for (int i = 0; i < count; i++)
		draw->order[i] = i;
	rng_shuffle(&draw->rng, draw->order, (size_t)count);
	for (int i = 1; i < count && first >= 0; i++)
		if (draw->order[i] == first) {
			draw->order[i] = draw->order[0];
			draw->order[0] = first;
		}
}

struct grudge *
grudge_draw(const char *shape, int count, int leader, uint64_t word)
{
	const struct shape *found = find_shape(shape);
	struct draw draw;

	if (found == NULL || count < found->hosts_min)
		return NULL;
	size_t cells = (size_t)count * (size_t)count;
	struct grudge *grudge = mem_new(1, sizeof(*grudge) + cells * sizeof(bool));
	grudge->count = count;
	draw_order(&draw, count, found->leads ? leader : -1, word);
	found->draw(grudge, &draw);
	free(draw.order);
	return grudge;
}

bool
grudge_drops(const struct grudge *grudge, int from, int to)
{
	return grudge->drops[to * grudge->count + from];
}

bool
grudge_apart(const struct grudge *grudge, int a, int b)
{
	return grudge_drops(grudge, a, b) || grudge_drops(grudge, b, a);
}

/* A clean cut: two groups, nothing between them, everything inside them. `in_first` tells
 * who is with host 0. */
static bool
is_clean(const struct grudge *grudge, bool *in_first)
{
	int n = grudge->count;

	for (int i = 0; i < n; i++)
		in_first[i] = !grudge_apart(grudge, 0, i);
	for (int from = 0; from < n; from++)
		for (int to = 0; to < n; to++)
			if (grudge_drops(grudge, from, to) !=
			    (in_first[from] != in_first[to]))
				return false;
	return true;
}

static void
print_group(const struct grudge *grudge, const bool *in_first, bool first,
	    const char *(*name)(void *, int), void *context, struct buf *out)
{
	for (int i = 0; i < grudge->count; i++)
		if (in_first[i] == first) {
			if (out->len > 0)
				buf_char(out, ' ');
			buf_string(out, name(context, i));
		}
}

static void
print_hearing(const struct grudge *grudge, const char *(*name)(void *, int),
	      void *context, struct buf *out)
{
	for (int to = 0; to < grudge->count; to++) {
		int heard = 0;
		buf_printf(out, "%s%s hears", to > 0 ? "; " : "", name(context, to));
		for (int from = 0; from < grudge->count; from++)
			if (from != to && !grudge_drops(grudge, from, to)) {
				buf_printf(out, " %s", name(context, from));
				heard++;
			}
		if (heard == 0)
			buf_string(out, " nobody");
	}
}

void
grudge_describe(const struct grudge *grudge, const char *(*name)(void *, int),
		void *context, struct buf *out)
{
	bool *in_first = mem_new((size_t)grudge->count, sizeof(bool));

	if (is_clean(grudge, in_first)) {
		print_group(grudge, in_first, true, name, context, out);
		buf_string(out, " |");
		print_group(grudge, in_first, false, name, context, out);
	} else {
		print_hearing(grudge, name, context, out);
	}
	free(in_first);
}
