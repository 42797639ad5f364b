#include "checkers/transaction/cycle_certify.h"

#include "checkers/transaction/causal_past.h"
#include "checkers/transaction/graph.h"
#include "checkers/transaction/raw_txn.h"

#include <string.h>

enum shape {
	ANY,
	APART,	   /* no two anti-dependencies in a row */
	FORK,	   /* wr, rw, wr, rw */
	DIRECT,	   /* two steps */
	MONOTONIC, /* two steps, and first it read, then it missed */
	FRACTURED, /* one wr, then one rw, then writes of the same key as that */
};

/* What a class of cycles is: the edges that it may have, how many anti-dependencies, and
 * how these lie. A class may have two rows. */
struct class
{
	const char *name;
	unsigned edges;
	size_t rw_min, rw_max;
	enum shape shape;
};

#define DATA (EDGE_WW | EDGE_WR | EDGE_RW)
#define ROWS(suffix, more)                                                               \
	{"G0" suffix, EDGE_WW | (more), 0, 0, ANY},                                      \
		{"G1c" suffix, EDGE_WW | EDGE_WR | (more), 0, 0, ANY},                   \
		{"G-single" suffix, DATA | (more), 1, 1, ANY},                           \
		{"G-nonadjacent" suffix, DATA | (more), 2, SIZE_MAX, APART},             \
	{                                                                                \
		"G2-item" suffix, DATA | (more), 1, SIZE_MAX, ANY                        \
	}

static const struct class classes[] = {
	ROWS("", 0),
	ROWS("-process", EDGE_PROCESS),
	ROWS("-realtime", EDGE_PROCESS | EDGE_REALTIME),
	{"long-fork", EDGE_WR | EDGE_RW, 2, 2, FORK},
	{"fractured-read", DATA, 1, 1, FRACTURED},
	{"non-monotonic-view", EDGE_WR | EDGE_RW, 1, 1, MONOTONIC},
	{"fractured-read-process", EDGE_WR | EDGE_PROCESS | EDGE_RW, 1, 1, DIRECT},
	{"causality-violation", EDGE_WR | EDGE_PROCESS | EDGE_RW, 1, 1, ANY},
	{"non-monotonic-view", EDGE_WR | EDGE_ORDER, 0, 0, ANY},
	{"fractured-read", EDGE_WR | EDGE_ORDER, 0, 0, ANY},
	{"non-monotonic-view-process", EDGE_WR | EDGE_PROCESS | EDGE_ORDER, 0, 0, ANY},
	{"fractured-read-process", EDGE_WR | EDGE_PROCESS | EDGE_ORDER, 0, 0, ANY},
	{"causality-violation", EDGE_WR | EDGE_PROCESS | EDGE_ORDER, 0, 0, ANY},
};

enum {
	CLASS_COUNT = sizeof(classes) / sizeof(classes[0])
};

bool
cycle_is_known(const char *anomaly)
{
	for (size_t i = 0; i < CLASS_COUNT; i++)
		if (strcmp(classes[i].name, anomaly) == 0)
			return true;
	return false;
}

/* ---- the class ---- */

static const struct anomaly_step *
step_behind(const struct anomaly *anomaly, size_t i)
{
	return &anomaly->steps.items[(i + 1) % anomaly->steps.count];
}

static size_t
count_kind(const struct anomaly *anomaly, enum edge_kind kind)
{
	size_t count = 0;

	vec_each (const struct anomaly_step, step, &anomaly->steps)
		count += step->kind == kind;
	return count;
}

/* The reader's micro-operations that read what `wr` says stand in front of one that read
 * what `rw` says. */
static bool
reads_then_lacks(const struct history *history, const struct anomaly *anomaly)
{
	const struct values *values = &history->values;
	const struct anomaly_step *wr = &anomaly->steps.items[0],
				  *rw = &anomaly->steps.items[1];
	bool has_read = false, lacks = false;

	if (wr->kind == EDGE_RW) {
		const struct anomaly_step *other = wr;
		wr = rw;
		rw = other;
	}
	const struct op *reader = &history->ops.items[rw->from];
	for (size_t i = 0; i < raw_count(values, reader); i++) {
		struct raw_mop mop = raw_mop(values, reader, i);
		lacks |= has_read && raw_is_read(reader, &mop) &&
			 val_equal(values, mop.key, rw->key) &&
			 val_equal(values, mop.value, rw->first);
		has_read |= raw_reads_last(history, rw->from, i, wr->key, wr->first);
	}
	return lacks;
}

static bool
has_shape(const struct history *history, const struct anomaly *anomaly, enum shape shape)
{
	bool apart = true, reads_then_misses = true, same_key = true;
	const struct anomaly_step *rw = NULL;

	for (size_t i = 0; i < anomaly->steps.count; i++) {
		const struct anomaly_step *step = &anomaly->steps.items[i];
		apart &=
			step->kind != EDGE_RW || step_behind(anomaly, i)->kind != EDGE_RW;
		reads_then_misses &=
			step->kind != EDGE_WR || step_behind(anomaly, i)->kind == EDGE_RW;
		rw = step->kind == EDGE_RW ? step : rw;
	}
	vec_each (const struct anomaly_step, step, &anomaly->steps)
		same_key &= step->kind != EDGE_WW || rw == NULL ||
			    val_equal(&history->values, step->key, rw->key);
	size_t reads = count_kind(anomaly, EDGE_WR);
	bool direct = anomaly->steps.count == 2;
	return shape == ANY || (shape == DIRECT && direct) ||
	       (shape == MONOTONIC && direct && reads_then_lacks(history, anomaly)) ||
	       (shape == APART && apart) ||
	       (shape == FORK && apart && reads == 2 && anomaly->steps.count == 4) ||
	       (shape == FRACTURED && reads == 1 && reads_then_misses && same_key);
}

static bool
is_of_class(const struct history *history, const struct anomaly *anomaly,
	    const struct class *class)
{
	size_t rw = count_kind(anomaly, EDGE_RW);

	vec_each (const struct anomaly_step, step, &anomaly->steps)
		if ((step->kind & ~class->edges) != 0)
			return false;
	return strcmp(class->name, anomaly->name) == 0 && rw >= class->rw_min &&
	       rw <= class->rw_max && has_shape(history, anomaly, class->shape);
}

static bool
leads_round(const struct history *history, const struct anomaly *anomaly)
{
	size_t count = anomaly->steps.count;

	for (size_t i = 0; i < count; i++) {
		const struct anomaly_step *step = &anomaly->steps.items[i];
		if (step->from >= history->ops.count || step->from == step->to ||
		    step->to != anomaly->steps.items[(i + 1) % count].from)
			return false;
	}
	return count >= 2;
}

/* ---- steps ---- */

/* What one transaction and the whole history say of a value. */
struct claim {
	const struct history *history;
	const struct anomaly_step *step;
	const char *anomaly;
	bool nil_is_unknown; /* a register that shows nil taught nothing */
};

static bool
equal(const struct claim *c, val a, val b)
{
	return val_equal(&c->history->values, a, b);
}

/* The transaction wrote or appended the value to the step's key. */
static bool
did_write(const struct claim *c, uint32_t op, val value)
{
	return raw_wrote(c->history, op, c->step->key, value);
}

/* A read of the step's key by the transaction that shows the value: a list with it, or the
 * value itself. */
static bool
did_read(const struct claim *c, uint32_t op, val value)
{
	return raw_showed(c->history, op, c->step->key, value);
}

/* In some read of the step's key `first` stands in front of `second`; or `second` stands in
 * none, `first` does, and what nobody read is behind all that was read. */
static bool
stands_before(const struct claim *c, val first, val second)
{
	const struct values *values = &c->history->values;
	bool read_first = false, read_second = false;

	vec_each (const struct op, op, &c->history->ops)
		for (size_t i = 0; i < raw_count(values, op); i++) {
			struct raw_mop mop = raw_mop(values, op, i);
			if (!raw_is_read(op, &mop) || !equal(c, mop.key, c->step->key))
				continue;
			size_t a = raw_place(values, mop.value, first);
			size_t b = raw_place(values, mop.value, second);
			if (a != 0 && a < b)
				return true;
			read_first |= a != 0;
			read_second |= b != 0;
		}
	return read_first && !read_second;
}

/* ww: both wrote; lists show the order, of registers the later one read what it replaced. */
static bool
proves_ww(const struct claim *c)
{
	const struct anomaly_step *s = c->step;

	return did_write(c, s->from, s->first) && did_write(c, s->to, s->second) &&
	       raw_took_place(c->history, s->to) &&
	       (stands_before(c, s->first, s->second) || did_read(c, s->to, s->first));
}

/* Of the levels below snapshot isolation only whom a reader reads from counts. */
static bool
is_of_views(const char *anomaly)
{
	return strncmp(anomaly, "non-monotonic-view", 18) == 0 ||
	       strncmp(anomaly, "fractured-read", 14) == 0 ||
	       strcmp(anomaly, "causality-violation") == 0;
}

static bool
read_last(const struct claim *c, uint32_t op, val value)
{
	size_t count = raw_count(&c->history->values, &c->history->ops.items[op]);

	for (size_t i = 0; i < count; i++)
		if (raw_reads_last(c->history, op, i, c->step->key, value))
			return true;
	return false;
}

static bool
proves_wr(const struct claim *c)
{
	return did_write(c, c->step->from, c->step->first) &&
	       (is_of_views(c->anomaly) ? read_last : did_read)(c, c->step->to,
								c->step->first);
}

/* The list `read` is the beginning of another read, or the whole of the longest one, so that
 * an element which it lacks came later. */
static bool
lacks(const struct claim *c, val read, val element)
{
	const struct values *values = &c->history->values;
	size_t count = val_kind(read) == VAL_LIST ? val_count(values, read) : 0;

	if (raw_place(values, read, element) != 0)
		return false;
	return count == 0 || stands_before(c, val_at(values, read, count - 1), element);
}

/* rw on lists: `from` read `first`, which lacks what `to` appended. */
static bool
proves_list_rw(const struct claim *c)
{
	const struct values *values = &c->history->values;
	const struct anomaly_step *s = c->step;
	const struct op *from = &c->history->ops.items[s->from];

	for (size_t i = 0; i < raw_count(values, from); i++) {
		struct raw_mop mop = raw_mop(values, from, i);
		if (raw_is_read(from, &mop) && equal(c, mop.key, s->key) &&
		    equal(c, mop.value, s->first))
			return lacks(c, s->first, s->second);
	}
	return false;
}

/* rw: of registers `to` read the version too that it replaced, or it was the initial one. */
static bool
proves_rw(const struct claim *c)
{
	const struct anomaly_step *s = c->step;
	bool is_list = (s->first == VAL_OF_NIL && !c->nil_is_unknown) ||
		       val_kind(s->first) == VAL_LIST;

	if (!did_write(c, s->to, s->second) || !raw_took_place(c->history, s->to))
		return false;
	return (is_list && proves_list_rw(c)) ||
	       (did_read(c, s->from, s->first) && did_read(c, s->to, s->first));
}

/* ---- what a reader could see ---- */

/* Where the reader first asked for the key, counted from 1; 0: it did not, or it had written
 * there itself before. */
static size_t
first_read(const struct claim *c, uint32_t reader, val key, val *value)
{
	const struct op *op = &c->history->ops.items[reader];

	for (size_t i = 0; i < raw_count(&c->history->values, op); i++) {
		struct raw_mop mop = raw_mop(&c->history->values, op, i);
		if (!equal(c, mop.key, key))
			continue;
		*value = mop.value;
		return raw_is_read(op, &mop) ? i + 1 : 0;
	}
	return 0;
}

/* The reader read something that `seen` wrote, with one of its first `limit` micro-
 * operations. */
static bool
read_from(const struct claim *c, uint32_t reader, uint32_t seen, size_t limit)
{
	const struct op *op = &c->history->ops.items[reader];

	for (size_t i = 0; i < raw_count(&c->history->values, op) && i < limit; i++) {
		struct raw_mop mop = raw_mop(&c->history->values, op, i);
		if (raw_is_read(op, &mop) && mop.value != VAL_OF_NIL &&
		    raw_wrote(c->history, seen, mop.key, mop.value))
			return true;
	}
	return false;
}

static bool
precedes_in_process(const struct claim *c, uint32_t a, uint32_t b)
{
	const struct op *x = &c->history->ops.items[a], *y = &c->history->ops.items[b];

	return x->process == y->process && x->invoke_at < y->invoke_at;
}

static bool
could_see(const struct claim *c, uint32_t reader, uint32_t seen, size_t read_at)
{
	bool process = strstr(c->anomaly, "-process") != NULL;
	bool monotonic = strncmp(c->anomaly, "non-monotonic-view", 18) == 0;

	if (strcmp(c->anomaly, "causality-violation") == 0)
		return causal_past_has(c->history, reader, seen);
	return read_from(c, reader, seen, monotonic ? read_at - 1 : SIZE_MAX) ||
	       (process && !monotonic && precedes_in_process(c, seen, reader));
}

/* The witness read the key from `to` when it could see `from`. A monotonic view is one of
 * each read, also of a key that was read before. */
static bool
read_and_saw(const struct claim *c)
{
	const struct anomaly_step *s = c->step;
	const struct op *op = &c->history->ops.items[s->witness];
	val shown = VAL_OF_NIL;

	if (strncmp(c->anomaly, "non-monotonic-view", 18) != 0) {
		size_t read_at = first_read(c, s->witness, s->key, &shown);
		return read_at != 0 && equal(c, shown, s->second) &&
		       could_see(c, s->witness, s->from, read_at);
	}
	for (size_t i = 0; i < raw_count(&c->history->values, op); i++) {
		struct raw_mop mop = raw_mop(&c->history->values, op, i);
		if (raw_is_read(op, &mop) && equal(c, mop.key, s->key) &&
		    equal(c, mop.value, s->second) &&
		    could_see(c, s->witness, s->from, i + 1))
			return true;
	}
	return false;
}

/* order: the witness could see `from`, which wrote the key, and read it from `to`. */
static bool
proves_order(const struct claim *c)
{
	const struct anomaly_step *s = c->step;

	return s->witness < c->history->ops.count && s->witness != s->from &&
	       s->witness != s->to && did_write(c, s->from, s->first) &&
	       did_write(c, s->to, s->second) && read_and_saw(c);
}

static bool
proves_step(const struct claim *c)
{
	const struct op *from = &c->history->ops.items[c->step->from];
	const struct op *to = &c->history->ops.items[c->step->to];

	switch (c->step->kind) {
	case EDGE_WW:
		return proves_ww(c);
	case EDGE_WR:
		return proves_wr(c);
	case EDGE_RW:
		return proves_rw(c);
	case EDGE_ORDER:
		return proves_order(c);
	case EDGE_PROCESS:
		return precedes_in_process(c, c->step->from, c->step->to) &&
		       raw_took_place(c->history, c->step->from) &&
		       raw_took_place(c->history, c->step->to);
	case EDGE_REALTIME:
		return from->complete_at < to->invoke_at &&
		       raw_took_place(c->history, c->step->to);
	default:
		return false;
	}
}

bool
step_certify(const struct history *history, const struct check_options *options,
	     const char *anomaly, const struct anomaly_step *step)
{
	struct claim claim = {history, step, anomaly, options->nil_is_unknown};

	return proves_step(&claim);
}

bool
cycle_certify(const struct history *history, const struct check_options *options,
	      const struct anomaly *anomaly, struct err *err)
{
	bool is_of_one = false;

	if (!leads_round(history, anomaly))
		return err_set(err, "the steps of %s lead nowhere", anomaly->name);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		is_of_one |= is_of_class(history, anomaly, &classes[i]);
	if (!is_of_one)
		return err_set(err, "the cycle is no %s", anomaly->name);
	vec_each (const struct anomaly_step, step, &anomaly->steps)
		if (!step_certify(history, options, anomaly->name, step))
			return err_set(err,
				       "operations %u and %u do not show a step of %s",
				       step->from, step->to, anomaly->name);
	return true;
}
