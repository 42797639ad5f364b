/* The session guarantees of Terry et al., alone and together.
 *
 * For one session p, F is the set of writes that its next read must not be older than;
 * it only grows: by p's own writes (read-your-writes), by what p read (monotonic-reads),
 * by what a writer wrote (monotonic-writes) and read (writes-follow-reads) before the
 * write that p read. With a write, F has all that are certainly older: B, the writes of
 * one session in session order and, for writes-follow-reads, the versions that a writer
 * had read of its key. An order of versions exists iff B has no cycle and no read of p
 *	1. returns the initial value of a key of which F has a write,
 *	2. returns v in F while F has a write that is newer than v by B,
 *	3. returns v in F where an earlier read, which v already had to be older than or
 *	   equal to, returned another v' that is in F by now.
 * (A cycle of "f <= what was read" and B lies in F of its last read; what follows that
 * read's value in the cycle is case 2 or 3.) Linear in what sessions saw, O(n sessions) at
 * most; 21 bytes an operation.
 *
 *	unseen-own-write    p: w(x)=1 r(x)=init
 *	non-monotonic-read  p: r(x)=1 r(x)=init
 *	non-monotonic-write p: w(x)=1 w(y)=1 | q: r(y)=1 r(x)=init
 *	unseen-cause        p: w(x)=1 | q: r(x)=1 w(y)=1 | s: r(y)=1 r(x)=init
 *	session-conflict    Only the four together are broken.
 *	                    p: w(x)=1 | q: r(x)=1 w(x)=2 | s: r(x)=2 r(x)=1 */
#include "checkers/budget.h"
#include "checkers/sort.h"
#include "checkers/transaction/graph.h"
#include "checkers/weak/weak_models.h"

#include <string.h>

#define NONE UINT32_MAX

enum {
	OBSERVER_BYTES_EACH =
		64 /* an operation, streaks and the graph of ages included */
};

enum guarantee {
	READ_YOUR_WRITES = 1,
	MONOTONIC_READS = 2,
	MONOTONIC_WRITES = 4,
	WRITES_FOLLOW_READS = 8,
};

/* Consecutive reads of one key, by p, that returned one value. */
struct streak {
	uint32_t write, last_read; /* number of the last of them, counted from 1 */
	uint32_t before;	   /* the streak of the key before it; NONE */
};

struct observer {
	const struct weak *weak;
	const struct weak_limits *limits;
	unsigned asked;	   /* of enum guarantee */
	uint32_t *earlier; /* owned, by id: the operation of its session on its key
			      before it; NONE */
	uint32_t *entered; /* owned, by id: the first read that F held it for; 0: not in F
			    */
	bool *is_outdated; /* owned, by id: F has a write that B says is newer */
	uint32_t *walked;  /* owned, by session: so many of its operations were entered */
	bool *is_key_in;   /* owned, by key: F has a write of it */
	uint32_t *last_streak; /* owned, by key */
	VEC(struct streak) streaks;
	VEC(uint32_t) entering;
	VEC(uint32_t) inside; /* F */
	uint32_t reads;	      /* of p so far */
	bool is_broken;
	uint32_t at; /* the read where it broke */

	/* For the proof of valid. */
	uint32_t *by_age; /* owned: writes, older by B first; NULL: not asked for */
	uint32_t *age;	  /* owned, by id: place of a write there */
	uint32_t write_count;
	uint32_t *last_stood; /* owned, by id: the last read that returned it out of F */
};

static void
link_earlier(struct observer *o)
{
	const struct weak *weak = o->weak;
	uint32_t *last = mem_new((size_t)weak->key_count + 1, sizeof(*last));

	for (uint32_t v = 0; v < weak->count; v++) {
		uint32_t *of_key = &last[weak->key[v]]; /* id + 1 */
		bool is_here = *of_key > weak->start[weak->session[v]];
		o->earlier[v] = is_here ? *of_key - 1 : NONE;
		*of_key = v + 1;
	}
	free(last);
}

/* Calls for each write that B puts directly before `write`. */
static void
each_older(const struct observer *o, uint32_t write,
	   void (*visit)(void *context, uint32_t older, uint32_t newer), void *context)
{
	const struct weak *weak = o->weak;

	for (uint32_t v = o->earlier[write]; v != NONE; v = o->earlier[v]) {
		if (weak_is_write(weak, v)) {
			visit(context, v, write);
			return;
		}
		if (o->asked & WRITES_FOLLOW_READS && weak->source[v] != WEAK_INITIAL)
			visit(context, weak->source[v], write);
	}
}

static void
enter_older(void *context, uint32_t older, uint32_t newer)
{
	struct observer *o = context;

	(void)newer;
	o->is_outdated[older] = true;
	if (o->entered[older] == 0)
		vec_push(&o->entering, older);
}

/* The write, and all that is older by B, from the next read on. */
static void
enter(struct observer *o, uint32_t write)
{
	if (o->entered[write] != 0)
		return;
	vec_push(&o->entering, write);
	while (o->entering.count > 0) {
		uint32_t next = vec_pop(&o->entering);
		if (o->entered[next] != 0)
			continue;
		o->entered[next] = o->reads + 1;
		vec_push(&o->inside, next);
		o->is_key_in[o->weak->key[next]] = true;
		each_older(o, next, enter_older, o);
	}
}

/* What the writer had written and read before the write that p has read. */
static void
enter_writers_past(struct observer *o, uint32_t write)
{
	const struct weak *weak = o->weak;
	uint32_t s = weak->session[write];

	for (; o->walked[s] < weak_place(weak, write); o->walked[s]++) {
		uint32_t v = weak->start[s] + o->walked[s];
		bool is_write = weak_is_write(weak, v);
		if (is_write && o->asked & MONOTONIC_WRITES)
			enter(o, v);
		if (!is_write && o->asked & WRITES_FOLLOW_READS &&
		    weak->source[v] != WEAK_INITIAL)
			enter(o, weak->source[v]);
	}
}

/* Case 3. */
static bool
contradicts_earlier_read(const struct observer *o, uint32_t key, uint32_t write)
{
	uint32_t i = o->last_streak[key];

	for (; i != NONE; i = o->streaks.items[i].before) {
		const struct streak *streak = &o->streaks.items[i];
		if (streak->last_read < o->entered[write])
			return false;
		if (streak->write != write && o->entered[streak->write] != 0)
			return true;
	}
	return false;
}

static bool
is_too_old(const struct observer *o, uint32_t key, uint32_t write)
{
	if (write == WEAK_INITIAL)
		return o->is_key_in[key];
	if (o->entered[write] == 0)
		return false;
	return o->is_outdated[write] || contradicts_earlier_read(o, key, write);
}

static void
remember_read(struct observer *o, uint32_t key, uint32_t write)
{
	uint32_t last = o->last_streak[key];

	if (last != NONE && o->streaks.items[last].write == write) {
		o->streaks.items[last].last_read = o->reads;
		return;
	}
	o->last_streak[key] = (uint32_t)o->streaks.count;
	vec_push(&o->streaks, (struct streak){write, o->reads, last});
}

static void
observe(struct observer *o, uint32_t v)
{
	const struct weak *weak = o->weak;
	uint32_t write = weak->source[v], key = weak->key[v];

	if (write == v) {
		if (o->asked & READ_YOUR_WRITES)
			enter(o, v);
		return;
	}
	o->reads++;
	o->is_broken = is_too_old(o, key, write);
	if (o->is_broken)
		o->at = v;
	if (write == WEAK_INITIAL)
		return;
	remember_read(o, key, write);
	if (o->entered[write] != 0)
		o->last_stood[write] = o->reads;
	if (o->asked & MONOTONIC_READS)
		enter(o, write);
	if (o->asked & (MONOTONIC_WRITES | WRITES_FOLLOW_READS))
		enter_writers_past(o, write);
}

static void
observe_session(struct observer *o, uint32_t session)
{
	const struct weak *weak = o->weak;

	o->reads = 0;
	for (uint32_t v = weak->start[session];
	     v < weak->start[session + 1] && !o->is_broken; v++)
		observe(o, v);
}

/* What was noted of a session, and nothing else: there may be very many sessions. */
static void
forget_session(struct observer *o, uint32_t session)
{
	const struct weak *weak = o->weak;

	vec_each (uint32_t, write, &o->inside) {
		o->entered[*write] = o->last_stood[*write] = 0;
		o->is_outdated[*write] = o->is_key_in[weak->key[*write]] = false;
	}
	vec_each (struct streak, streak, &o->streaks)
		o->last_streak[weak->key[streak->write]] = NONE;
	for (uint32_t v = weak->start[session]; v < weak->start[session + 1]; v++)
		if (weak->source[v] != WEAK_INITIAL)
			o->walked[weak->session[weak->source[v]]] = 0;
	vec_clear(&o->inside);
	vec_clear(&o->streaks);
}

struct ages {
	struct graph graph;
	bool has_loop;
};

static void
add_age(void *context, uint32_t older, uint32_t newer)
{
	struct ages *ages = context;

	ages->has_loop = ages->has_loop || older == newer;
	graph_add(&ages->graph, older, newer, EDGE_ORDER);
}

static void
keep_writes(struct observer *o, size_t count)
{
	o->age = mem_new((size_t)o->weak->count + 1, sizeof(*o->age));
	for (size_t i = 0; i < count; i++) {
		uint32_t v = o->by_age[i];
		if (!weak_is_write(o->weak, v))
			continue;
		o->age[v] = o->write_count;
		o->by_age[o->write_count++] = v;
	}
}

/* Puts the writes in an order that respects B; false when B contradicts itself. */
static bool
order_by_age(struct observer *o)
{
	struct ages ages = {0};
	size_t count;

	graph_init(&ages.graph, o->weak->count);
	for (uint32_t v = 0; v < o->weak->count; v++)
		if (weak_is_write(o->weak, v))
			each_older(o, v, add_age, &ages);
	graph_build(&ages.graph);
	o->by_age = mem_new((size_t)o->weak->count + 1, sizeof(*o->by_age));
	bool is_acyclic = graph_order(&ages.graph, EDGE_ORDER, o->by_age, &count);
	graph_release(&ages.graph);
	keep_writes(o, count);
	return is_acyclic && !ages.has_loop;
}

/* Sorting key of a write of F in the order of versions: when it entered F or, later, last
 * was the answer to a read though in F (then it must be newer than what entered before). */
static uint32_t
version_rank(const struct observer *o, uint32_t write)
{
	uint32_t entered = o->entered[write], stood = o->last_stood[write];

	return stood >= entered ? 2 * stood + 1 : 2 * entered;
}

/* F by rank, equal ranks by B. */
static void
sort_inside(const struct observer *o, uint32_t *ids)
{
	size_t count = o->inside.count;
	uint64_t *words = mem_new(count + 1, sizeof(*words));

	for (size_t i = 0; i < count; i++) {
		uint32_t v = o->inside.items[i];
		words[i] = (uint64_t)version_rank(o, v) << 32 | o->age[v];
	}
	sort_words(words, count);
	for (size_t i = 0; i < count; i++)
		ids[i] = o->by_age[(uint32_t)words[i]];
	free(words);
}

/* The order of versions that this session may have seen: F, and all others by B. (That it
 * is one follows from the three cases being absent.) */
static void
give_versions(const struct observer *o, uint32_t session)
{
	const struct weak_taker *taker = o->limits->taker;
	uint32_t count = (uint32_t)o->inside.count;
	uint32_t room = taker->takes_short ? count : o->write_count;
	uint32_t *ids = mem_new((size_t)room + 1, sizeof(*ids));
	struct weak_order order = {.session = session, .ids = ids};

	sort_inside(o, ids);
	for (uint32_t i = 0; i < o->write_count && !taker->takes_short; i++)
		if (o->entered[o->by_age[i]] == 0)
			ids[count++] = o->by_age[i];
	order.count = count;
	if (taker->takes_short) {
		order.rest = o->by_age;
		order.rest_count = o->write_count;
	}
	taker->take(taker->context, &order);
	free(ids);
}

static unsigned
asked_of(enum weak_model model, const char **broken)
{
	static const struct {
		enum weak_model model;
		unsigned asked;
		const char *broken;
	} rows[] = {
		{WEAK_READ_YOUR_WRITES, READ_YOUR_WRITES, "unseen-own-write"},
		{WEAK_MONOTONIC_READS, MONOTONIC_READS, "non-monotonic-read"},
		{WEAK_MONOTONIC_WRITES, MONOTONIC_WRITES, "non-monotonic-write"},
		{WEAK_WRITES_FOLLOW_READS, WRITES_FOLLOW_READS, "unseen-cause"},
		{WEAK_SESSION,
		 READ_YOUR_WRITES | MONOTONIC_READS | MONOTONIC_WRITES |
			 WRITES_FOLLOW_READS,
		 "session-conflict"},
	};
	size_t i = 0;

	while (rows[i].model != model)
		i++;
	*broken = rows[i].broken;
	return rows[i].asked;
}

static void
observer_init(struct observer *o, const struct weak *weak,
	      const struct weak_limits *limits, unsigned asked)
{
	*o = (struct observer){.weak = weak, .limits = limits, .asked = asked};
	o->earlier = mem_new((size_t)weak->count + 1, sizeof(*o->earlier));
	o->entered = mem_new((size_t)weak->count + 1, sizeof(*o->entered));
	o->is_outdated = mem_new((size_t)weak->count + 1, sizeof(*o->is_outdated));
	o->last_stood = mem_new((size_t)weak->count + 1, sizeof(*o->last_stood));
	o->at = WEAK_INITIAL;
	o->walked = mem_new((size_t)weak->session_count + 1, sizeof(*o->walked));
	o->is_key_in = mem_new((size_t)weak->key_count + 1, sizeof(*o->is_key_in));
	o->last_streak = mem_new((size_t)weak->key_count + 1, sizeof(*o->last_streak));
	memset(o->last_streak, 0xff, weak->key_count * sizeof(*o->last_streak));
	link_earlier(o);
}

static void
observer_release(struct observer *o)
{
	free(o->earlier);
	free(o->entered);
	free(o->is_outdated);
	free(o->last_stood);
	free(o->by_age);
	free(o->age);
	free(o->walked);
	free(o->is_key_in);
	free(o->last_streak);
	vec_release(&o->streaks);
	vec_release(&o->entering);
	vec_release(&o->inside);
}

void
session_decide(enum weak_model model, const struct weak *weak,
	       const struct weak_limits *limits, struct weak_answer *answer)
{
	const char *broken;
	unsigned asked = asked_of(model, &broken);
	struct observer o;
	struct err err;

	if (!budget_has_room(&limits->budget, weak->count, OBSERVER_BYTES_EACH, &err)) {
		weak_answer_unknown(answer, "the budget of memory is too small");
		return;
	}
	answer->verdict = VERDICT_VALID;
	observer_init(&o, weak, limits, asked);
	if (asked & WRITES_FOLLOW_READS || limits->taker != NULL)
		o.is_broken = !order_by_age(&o);
	for (uint32_t s = 0; s < weak->session_count && !o.is_broken; s++) {
		if (budget_is_over(&limits->budget)) {
			weak_answer_unknown(answer, BUDGET_TIME_IS_OVER);
			break;
		}
		observe_session(&o, s);
		if (limits->taker != NULL && !o.is_broken)
			give_versions(&o, s);
		if (!o.is_broken)
			forget_session(&o, s);
	}
	if (o.is_broken)
		weak_answer_invalid(answer, broken, o.at);
	observer_release(&o);
}
