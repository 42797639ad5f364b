/* rw_order_edges.c - what certainly comes before what. */
#include "checkers/transaction/rw_order_parts.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* ---- reads and chains -----------------------------------------------------------------
 */

static void
widen(const struct build *b, struct segment *segment, uint32_t txn)
{
	uint32_t end = end_with_slack(b, b->notes->index[txn] - 1),
		 begin = b->d->begin[txn];

	if (end < segment->end_min)
		segment->end_min = end;
	if (begin > segment->begin_max)
		segment->begin_max = begin;
}

/* When a transaction took effect, about: at its end, and before its readers' ends. With
 * the slack, so that the line of time does not lag behind the transactions. */
static void
make_hints(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		add_node(b, b->question->snapshot ? b->d->begin[b->txns[i]]
						  : end_with_slack(b, i));
	for (uint32_t i = 0; i < b->count && b->question->snapshot; i++)
		add_node(b, end_with_slack(b, i));
}

/* Edges inside chains, from writers to readers, and from readers to what comes behind
 * their version. */
static void
add_access(struct build *b, uint32_t txn, const struct rw_access *access)
{
	if (access->written != VERSION_NONE)
		widen(b, &b->segments.items[b->notes->segment_of[access->written] - 1],
		      txn);
	if (!reads_listed(b, access))
		return;
	struct segment *segment =
		&b->segments.items[b->notes->segment_of[access->read] - 1];
	uint32_t writer = b->v->of.items[access->read].writer;
	uint32_t successor = b->notes->successor[access->read];
	widen(b, segment, txn);
	if (writer != TXN_NONE)
		add_dependency(b, writer, txn);
	if (b->question->parallel)
		return;
	if (successor == 0) {
		add_arc(b, begin_node(b, txn), segment->after);
		return;
	}
	uint32_t overwriter = b->v->of.items[successor - 1].writer;
	if (overwriter != txn)
		add_arc(b, begin_node(b, txn), commit_node(b, overwriter));
}

static void
add_accesses(struct build *b)
{
	vec_each (struct segment, segment, &b->segments) {
		uint32_t tail = segment->tail;
		segment->after = add_node(
			b, tail == TXN_NONE ? 0 : b->hints.items[commit_node(b, tail)]);
		if (tail != TXN_NONE)
			add_arc(b, commit_node(b, tail), segment->after);
	}
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->question->snapshot)
			add_arc(b, i, b->count + i);
		each_access(access, b, b->txns[i]) add_access(b, b->txns[i], access);
	}
}

/* ---- process and real time ------------------------------------------------------------
 */

static void
add_processes(struct build *b)
{
	struct map last = {0};

	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t process = txn_op(&b->d->txns, b->txns[i])->process;
		uint64_t *before = map_at(&last, process, NULL);
		if (*before != 0)
			add_dependency(b, (uint32_t)*before - 1, b->txns[i]);
		*before = (uint64_t)b->txns[i] + 1;
	}
	map_release(&last);
}

/* What was over leads into the line of time. Where real time need not be kept, that is a
 * choice whose other side says nothing: time guides the search, and gives way where an
 * order without it is needed. */
static void
add_end(struct build *b, uint32_t commit, uint32_t line)
{
	static const struct arc none = {NODE_NONE, NODE_NONE};
	struct order_choice choice = {{{{commit, line}, none}, {none, none}}};

	if (b->time == TIME_KEPT)
		add_arc(b, commit, line);
	else
		vec_push(&b->choices, choice);
}

/* A line of nodes in time: what ended leads into it, what began is led out of it, so that
 * there is a path from a to b exactly when a was over before b began. */
static void
add_time(struct build *b)
{
	uint64_t *events = mem_new((size_t)2 * b->count, sizeof(*events));
	uint32_t line = NODE_NONE;
	VEC(uint32_t) over = {0};
	size_t count = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		events[count++] = (uint64_t)b->d->begin[b->txns[i]] << 32 | i;
		uint64_t end = end_with_slack(b, i);
		if (end != UINT32_MAX)
			events[count++] = (end << 1 | 1) << 31 | i;
	}
	sort_words(events, count);
	for (size_t e = 0; e < count; e++) {
		uint32_t txn = b->txns[(uint32_t)events[e] & INT32_MAX];
		if (events[e] >> 31 & 1) {
			vec_push(&over, commit_node(b, txn));
			continue;
		}
		if (over.count > 0) {
			uint32_t node = add_node(b, (uint32_t)(events[e] >> 32));
			if (line != NODE_NONE)
				add_arc(b, line, node);
			vec_each (uint32_t, ended, &over)
				add_end(b, *ended, node);
			vec_clear(&over);
			line = node;
		}
		if (line != NODE_NONE)
			add_arc(b, line, begin_node(b, txn));
	}
	vec_release(&over);
	free(events);
}

void
rw_order_add_edges(struct build *b)
{
	const struct rw_question *q = b->question;

	make_hints(b);
	add_accesses(b);
	if (q->process)
		add_processes(b);
	if (b->time != TIME_NONE)
		add_time(b);
}
