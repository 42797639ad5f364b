#include "checkers/register/register_explain.h"

#include "checkers/explain.h"
#include "checkers/register/register_core.h"

#include <stdlib.h>
#include <string.h>

enum {
	CORE_WIDTH_MAX = 20,
	CORE_CANDIDATES_MAX = 26
};

struct stuck {
	const struct key_ops *key;
	const struct check_options *options;
	struct register_core core;
	const struct call *call; /* the completion that could not be passed */
	struct anomaly *anomaly;
};

/* ---- values that nobody wrote ------------------------------------------------------- */

static bool
is_writer(const struct call *call)
{
	return call->kind == REGISTER_WRITE || call->kind == REGISTER_CAS;
}

/* The first call that saw a value without any writer, NULL when there is none. */
static const struct call *
find_unwritten(const struct stuck *stuck)
{
	const struct calls *calls = &stuck->core.calls;
	bool *is_written = mem_new(stuck->core.value_count + 1, sizeof(bool));
	const struct call *found = NULL;

	is_written[model_register.init(stuck->core.self)] = true;
	vec_each (struct call, call, calls) {
		if (is_writer(call))
			is_written[call->kind == REGISTER_WRITE ? call->a : call->b] =
				true;
	}
	for (size_t i = 0; i < calls->count && found == NULL; i++) {
		const struct call *call = &calls->items[i];
		bool sees = call->kind == REGISTER_READ ||
			    (call->kind == REGISTER_CAS && !call->optional);
		if (sees && !is_written[call->a])
			found = call;
	}
	free(is_written);
	return found;
}

/* ---- a small core ------------------------------------------------------------------- */

/* What a candidate core is made of. */
enum {
	WITH_READS = 1,
	WITH_INFOS = 2
};

/* The last `width` completions up to the one that is stuck, and the calls open then. */
static size_t
candidates(const struct stuck *stuck, size_t width, int with, uint32_t *ops)
{
	const struct calls *calls = &stuck->core.calls;
	uint32_t end = stuck->call->complete_at;
	uint32_t latest[CORE_WIDTH_MAX + 1];
	size_t latest_count = 0, count = 0;

	for (uint32_t i = 0; i < calls->count; i++) {
		const struct call *call = &calls->items[i];
		if (call->invoke_at > end)
			break;
		if (call->complete_at > end) {
			if (is_writer(call) && (with & WITH_INFOS || !call->optional) &&
			    count < CORE_CANDIDATES_MAX)
				ops[count++] = call->op;
			continue;
		}
		if (!(with & WITH_READS) && !is_writer(call) && call != stuck->call)
			continue;
		size_t at = latest_count;
		while (at > 0 &&
		       calls->items[latest[at - 1]].complete_at < call->complete_at)
			at--;
		if (at >= width)
			continue;
		if (latest_count < width)
			latest_count++;
		for (size_t k = latest_count - 1; k > at; k--)
			latest[k] = latest[k - 1];
		latest[at] = i;
	}
	for (size_t i = 0; i < latest_count && count < CORE_CANDIDATES_MAX; i++)
		ops[count++] = calls->items[latest[i]].op;
	return count;
}

/* Ever more operations before the stuck one, until they alone are impossible. */
static size_t
find_core(struct stuck *stuck, uint32_t *ops)
{
	static const int mixes[] = {WITH_READS, 0, WITH_READS | WITH_INFOS, WITH_INFOS};

	for (int mix = 0; mix < 4; mix++)
		for (size_t width = 2; width <= CORE_WIDTH_MAX; width += 2) {
			size_t count = candidates(stuck, width, mixes[mix], ops);
			if (budget_is_over(&stuck->options->budget))
				return 0;
			if (register_core_refutes(&stuck->core, ops, count))
				return register_core_shrink(&stuck->core, ops, count);
		}
	return 0;
}

/* ---- the name ----------------------------------------------------------------------- */

static const struct call *
call_of(const struct stuck *stuck, uint32_t op)
{
	vec_each (struct call, call, &stuck->core.calls)
		if (call->op == op)
			return call;
	return NULL;
}

/* Every write of the value that the read returned had been overwritten before it began. */
static bool
is_stale(const struct stuck *stuck, const struct call *read)
{
	const struct calls *calls = &stuck->core.calls;
	uint32_t overwritten_at =
		0; /* the latest invocation of another write, over by then */
	bool is_overwritten = false;

	if (read->kind != REGISTER_READ)
		return false;
	vec_each (struct call, call, calls) {
		if (!is_writer(call) || call->optional ||
		    call->complete_at >= read->invoke_at)
			continue;
		if ((call->kind == REGISTER_WRITE ? call->a : call->b) == read->a)
			continue;
		is_overwritten = true;
		if (call->invoke_at > overwritten_at)
			overwritten_at = call->invoke_at;
	}
	vec_each (struct call, call, calls) {
		if (!is_writer(call) ||
		    (call->kind == REGISTER_WRITE ? call->a : call->b) != read->a ||
		    call->invoke_at > read->complete_at)
			continue;
		if (call->optional || call->complete_at >= overwritten_at)
			return false;
	}
	return is_overwritten;
}

/* No write of the value that the read returned had begun when the read completed. */
static bool
is_from_the_future(const struct stuck *stuck, const struct call *read)
{
	if (read->kind != REGISTER_READ ||
	    read->a == model_register.init(stuck->core.self))
		return false;
	vec_each (struct call, call, &stuck->core.calls) {
		if (is_writer(call) && call->invoke_at < read->complete_at &&
		    (call->kind == REGISTER_WRITE ? call->a : call->b) == read->a)
			return false;
	}
	return true;
}

static const char *
name_of(const struct stuck *stuck)
{
	vec_each (uint32_t, op, &stuck->anomaly->ops) {
		const struct call *call = call_of(stuck, *op);
		if (call != NULL && is_from_the_future(stuck, call))
			return "future-read";
		if (call != NULL && is_stale(stuck, call))
			return "stale-read";
	}
	return "not-linearizable";
}

/* What alone is impossible, or what lies where every order ends. */
static void
choose_shown(struct stuck *stuck, const uint32_t *ops, size_t count)
{
	if (count == 0)
		explain_add_nearest(stuck->anomaly, stuck->call->op, stuck->key->ops,
				    stuck->key->count);
	else if (count > EXPLAIN_OPS_MAX)
		explain_add_nearest(stuck->anomaly, stuck->call->op, ops, count);
	for (size_t i = 0; i < count && count <= EXPLAIN_OPS_MAX; i++)
		explain_add(stuck->anomaly, ops[i]);
}

static void
say_why(const struct stuck *stuck, size_t count, struct buf *text)
{
	if (strcmp(stuck->anomaly->name, "stale-read") == 0)
		buf_string(text,
			   "a read returned a value that was overwritten before the "
			   "read began:\n");
	else if (strcmp(stuck->anomaly->name, "future-read") == 0)
		buf_string(text,
			   "a read returned a value before any write of it began:\n");
	else if (count > 0)
		buf_printf(
			text,
			"no order of these %zu operations is one that a register allows "
			"and respects real time%s:\n",
			count,
			count > EXPLAIN_OPS_MAX
				? ", of which the nearest to its end are shown"
				: "");
	else
		buf_printf(text,
			   "no order of all %zu operations exists; these are the nearest "
			   "to where every order ends (no small part was found that "
			   "shows it alone):\n",
			   stuck->key->count);
}

static void
explain_core(struct stuck *stuck, const uint32_t *ops, size_t count)
{
	struct buf text = {0};

	choose_shown(stuck, ops, count);
	stuck->anomaly->name = name_of(stuck);
	say_why(stuck, count, &text);
	explain_list(stuck->key->history, stuck->anomaly, &text);
	if (count > 0)
		buf_string(
			&text,
			"Every order of them was tried, and all other operations were "
			"allowed to take effect, or not,\nat any time and any number of "
			"times while they were open.\n");
	explain_finish(stuck->anomaly, &text);
}

void
register_explain_stuck(const struct key_ops *key, const struct check_options *options,
		       uint32_t stuck_op, struct anomaly *anomaly)
{
	struct stuck stuck = {.key = key, .options = options, .anomaly = anomaly};
	uint32_t ops[CORE_CANDIDATES_MAX];

	register_core_init(&stuck.core, key, options);
	const struct call *unwritten = find_unwritten(&stuck);
	stuck.call = call_of(&stuck, stuck_op);
	if (unwritten != NULL)
		register_explain_unwritten(key, options, unwritten->op, anomaly);
	else
		explain_core(&stuck, ops, find_core(&stuck, ops));
	register_core_release(&stuck.core);
}
