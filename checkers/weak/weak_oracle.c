#include "checkers/weak/weak_oracle.h"

#include "base/assert.h"
#include "base/map.h"

#include <string.h>

enum {
	OPS = WEAK_ORACLE_OPS_MAX,
	KEYS = WEAK_ORACLE_KEYS_MAX
};

typedef uint32_t ops; /* a set of operations, one bit each */

struct oracle {
	const struct weak *weak;
	uint32_t count;
	uint32_t key[OPS]; /* dense among those that occur */
	uint32_t key_count;
	ops writes;
	ops so[OPS]; /* all that are before it in session order */
	ops co[OPS]; /* before it in causal order; itself too when that is cyclic */
	uint32_t steps;
};

static ops
bit(uint32_t v)
{
	return (ops)1 << v;
}

static bool
has(ops set, uint32_t v)
{
	return set >> v & 1;
}

static bool
oracle_init(struct oracle *o, const struct weak *weak)
{
	*o = (struct oracle){.weak = weak, .count = weak->count};
	if (weak->count > OPS)
		return false;
	for (uint32_t v = 0; v < o->count; v++) {
		o->key[v] = o->key_count;
		for (uint32_t u = 0; u < v; u++)
			if (weak->key[u] == weak->key[v])
				o->key[v] = o->key[u];
		o->key_count += o->key[v] == o->key_count;
		if (weak->source[v] == v)
			o->writes |= bit(v);
		else if (weak->source[v] != WEAK_INITIAL)
			o->co[v] |= bit(weak->source[v]);
		for (uint32_t u = 0; u < v; u++)
			if (weak->session[u] == weak->session[v])
				o->so[v] |= bit(u);
		o->co[v] |= o->so[v];
	}
	for (uint32_t middle = 0; middle < o->count; middle++)
		for (uint32_t v = 0; v < o->count; v++)
			if (has(o->co[v], middle))
				o->co[v] |= o->co[middle];
	return o->key_count <= KEYS;
}

static bool
is_causal_order_cyclic(const struct oracle *o)
{
	for (uint32_t v = 0; v < o->count; v++)
		if (has(o->co[v], v))
			return true;
	return false;
}

/* ---- legal sequences ----------------------------------------------------------------
 */

struct sequence {
	struct oracle *oracle;
	const ops *order; /* what must be before each */
	ops members;	  /* all that the sequence has */
	ops checked;	  /* reads that must be legal */
	struct map seen;
};

/* Whether the placed ones can be continued; `last` is the write in effect by key. */
static bool
can_continue(struct sequence *q, ops placed, const uint8_t *last)
{
	struct oracle *o = q->oracle;
	uint64_t state = placed;
	bool is_new;

	if (placed == q->members)
		return true;
	for (uint32_t k = 0; k < o->key_count; k++)
		state |= (uint64_t)last[k] << (OPS + 5 * k);
	map_at(&q->seen, state, &is_new);
	if (!is_new || ++o->steps > WEAK_ORACLE_STEPS_MAX)
		return false;
	for (uint32_t v = 0; v < o->count; v++) {
		uint8_t next[KEYS];
		uint32_t source = o->weak->source[v];
		if (!has(q->members & ~placed, v) || q->order[v] & q->members & ~placed)
			continue;
		memcpy(next, last, sizeof(next));
		if (has(o->writes, v))
			next[o->key[v]] = (uint8_t)(v + 1);
		else if (has(q->checked, v) &&
			 last[o->key[v]] != (source == WEAK_INITIAL ? 0 : source + 1))
			continue;
		if (can_continue(q, placed | bit(v), next))
			return true;
	}
	return false;
}

static bool
has_sequence(struct oracle *o, const ops *order, ops members, ops checked)
{
	struct sequence q = {o, order, members, checked, {0}};
	const uint8_t last[KEYS] = {0};

	bool found = can_continue(&q, 0, last);
	map_release(&q.seen);
	return found;
}

static ops
reads_of_session(const struct oracle *o, uint32_t session)
{
	ops reads = 0;

	for (uint32_t v = 0; v < o->count; v++)
		if (o->weak->session[v] == session && !has(o->writes, v))
			reads |= bit(v);
	return reads;
}

static bool
is_sequential(struct oracle *o)
{
	ops all = bit(o->count) - 1;

	return has_sequence(o, o->so, all, all);
}

static bool
is_pram(struct oracle *o)
{
	for (uint32_t s = 0; s < o->weak->session_count; s++) {
		ops reads = reads_of_session(o, s);
		if (!has_sequence(o, o->so, o->writes | reads, reads))
			return false;
	}
	return true;
}

/* co, the least order, is enough: a larger one only asks for more. */
static bool
is_causal(struct oracle *o)
{
	if (is_causal_order_cyclic(o))
		return false;
	for (uint32_t v = 0; v < o->count; v++)
		if (!has(o->writes, v) &&
		    !has_sequence(o, o->co, o->co[v] | bit(v), bit(v)))
			return false;
	return true;
}

static bool
is_causal_memory(struct oracle *o)
{
	if (is_causal_order_cyclic(o))
		return false;
	for (uint32_t v = 0; v < o->count; v++) {
		ops own = o->so[v] | bit(v);
		if (!has_sequence(o, o->co, o->co[v] | bit(v), own & ~o->writes))
			return false;
	}
	return true;
}

/* ---- causal convergence -------------------------------------------------------------- */

/* The read returns the last write of its key in its causal past, in this total order. */
static bool
is_legal_in_total_order(const struct oracle *o, const uint8_t *order, uint32_t depth,
			uint32_t read)
{
	for (uint32_t i = depth; i-- > 0;) {
		uint32_t v = order[i];
		if (has(o->writes & o->co[read], v) && o->key[v] == o->key[read])
			return v == o->weak->source[read];
	}
	return o->weak->source[read] == WEAK_INITIAL;
}

static bool
can_extend(struct oracle *o, uint8_t *order, uint32_t depth, ops placed)
{
	if (depth == o->count)
		return true;
	if (++o->steps > WEAK_ORACLE_STEPS_MAX)
		return false;
	for (uint32_t v = 0; v < o->count; v++) {
		if (has(placed, v) || o->co[v] & ~placed)
			continue;
		if (!has(o->writes, v) && !is_legal_in_total_order(o, order, depth, v))
			continue;
		order[depth] = (uint8_t)v;
		if (can_extend(o, order, depth + 1, placed | bit(v)))
			return true;
	}
	return false;
}

static bool
is_convergent(struct oracle *o)
{
	uint8_t order[OPS];

	return !is_causal_order_cyclic(o) && can_extend(o, order, 0, 0);
}

/* ---- session guarantees ---------------------------------------------------------------
 */

/* Orders of the versions of one key: place[v] of the writes, 0 is initial. */
struct versions {
	struct oracle *oracle;
	enum weak_model model;
	uint32_t session, key;
	uint32_t place[OPS];
};

static bool
asks(const struct versions *versions, enum weak_model guarantee)
{
	return versions->model == guarantee || versions->model == WEAK_SESSION;
}

static uint32_t
place_of_source(const struct versions *versions, uint32_t read)
{
	uint32_t source = versions->oracle->weak->source[read];

	return source == WEAK_INITIAL ? 0 : versions->place[source];
}

/* Whether `first`, an operation on the key, must be at most the version that the observer's
 * read returned. */
static bool
must_be_seen(const struct versions *versions, uint32_t first, uint32_t read)
{
	const struct oracle *o = versions->oracle;
	bool is_write = has(o->writes, first);

	if (has(o->so[read], first) &&
	    asks(versions, is_write ? WEAK_READ_YOUR_WRITES : WEAK_MONOTONIC_READS))
		return true;
	if (!asks(versions, is_write ? WEAK_MONOTONIC_WRITES : WEAK_WRITES_FOLLOW_READS))
		return false;
	for (uint32_t told = 0; told < o->count; told++) {
		uint32_t source = o->weak->source[told];
		if (has(o->so[read] & ~o->writes, told) && source != WEAK_INITIAL &&
		    has(o->so[source], first))
			return true;
	}
	return false;
}

static bool
is_order_allowed(const struct versions *versions)
{
	const struct oracle *o = versions->oracle;

	for (uint32_t b = 0; b < o->count; b++)
		for (uint32_t a = 0; a < o->count; a++) {
			if (o->key[a] != versions->key || o->key[b] != versions->key)
				continue;
			uint32_t older = has(o->writes, a) ? versions->place[a]
							   : place_of_source(versions, a);
			if (has(o->writes, b) && has(o->so[b], a) &&
			    (has(o->writes, a) ||
			     asks(versions, WEAK_WRITES_FOLLOW_READS)) &&
			    older >= versions->place[b])
				return false;
			if (!has(o->writes, b) &&
			    o->weak->session[b] == versions->session &&
			    must_be_seen(versions, a, b) &&
			    older > place_of_source(versions, b))
				return false;
		}
	return true;
}

static bool
has_version_order(struct versions *versions, ops left, uint32_t place)
{
	if (left == 0)
		return is_order_allowed(versions);
	if (++versions->oracle->steps > WEAK_ORACLE_STEPS_MAX)
		return false;
	for (uint32_t v = 0; v < versions->oracle->count; v++) {
		if (!has(left, v))
			continue;
		versions->place[v] = place;
		if (has_version_order(versions, left & ~bit(v), place + 1))
			return true;
	}
	return false;
}

static bool
is_guaranteed(struct oracle *o, enum weak_model model)
{
	for (uint32_t s = 0; s < o->weak->session_count; s++)
		for (uint32_t k = 0; k < o->key_count; k++) {
			struct versions versions = {o, model, s, k, {0}};
			ops writes = 0;
			for (uint32_t v = 0; v < o->count; v++)
				if (has(o->writes, v) && o->key[v] == k)
					writes |= bit(v);
			if (!has_version_order(&versions, writes, 1))
				return false;
		}
	return true;
}

static bool
is_allowed(struct oracle *o, enum weak_model model)
{
	switch (model) {
	case WEAK_SEQUENTIAL:
		return is_sequential(o);
	case WEAK_CC:
		return is_causal(o);
	case WEAK_CCV:
		return is_convergent(o);
	case WEAK_CM:
		return is_causal_memory(o);
	case WEAK_PRAM:
		return is_pram(o);
	default:
		return is_guaranteed(o, model);
	}
}

enum verdict
weak_oracle_judge(enum weak_model model, const struct weak *weak)
{
	struct oracle o;

	if (!oracle_init(&o, weak))
		return VERDICT_UNKNOWN;
	bool allowed = is_allowed(&o, model);
	if (o.steps > WEAK_ORACLE_STEPS_MAX)
		return VERDICT_UNKNOWN;
	return allowed ? VERDICT_VALID : VERDICT_INVALID;
}
