/* versions_certify.c - proofs of versions: each answer is looked up in what was there before
 * it, by sorting and by maps of its own; an anomaly by its own operations. */
#include "checkers/seed/versions_ledger.h"

#include <string.h>

/* ---- one operation -------------------------------------------------------------------- */

/* Not older (an update: newer) than what the group had shown before. */
static bool
is_new_enough(struct ledger *ledger, const struct past *past, uint64_t group,
	      const struct shown *s)
{
	const struct past_entry *newest =
		past_newest(past, group, ledger_op(ledger, s->op)->invoke_at);

	return newest == NULL || (s->is_update ? s->version > newest->version
					       : s->version >= newest->version);
}

static bool
goes_forward(struct ledger *ledger, uint32_t index)
{
	const struct version_rules *rules = &ledger->rules;
	const struct op *op = ledger_op(ledger, index);
	struct shown s = ledger_shown(ledger, index);

	if (op->node != 0 && !rules->is_volatile &&
	    !is_new_enough(ledger, &ledger->replicas, ledger_place(s.key, op->node), &s))
		return false;
	if (!rules->is_sessionless &&
	    !is_new_enough(ledger, &ledger->sessions, ledger_place(s.key, op->process),
			   &s))
		return false;
	if (!s.is_update && !is_new_enough(ledger, &ledger->agreed, s.key, &s))
		return false;
	return !rules->is_atomic || !ledger->is_guarded[s.key] ||
	       is_new_enough(ledger, &ledger->all, s.key, &s);
}

/* A read: some update had begun to write this, with this version or an unknown one. */
static bool
has_source(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	struct shown s = ledger_shown(ledger, index), other;

	if (s.is_update || s.version == 0 ||
	    ledger_cell(ledger, s.key, s.value)->info_begins < op->complete_at)
		return true;
	uint32_t update = ledger_told(ledger, s.key, s.version)->update;
	if (update == 0)
		return false;
	other = ledger_shown(ledger, update - 1);
	return ledger_op(ledger, update - 1)->invoke_at < op->complete_at &&
	       val_equal(&ledger->history->values, other.value, s.value);
}

/* Its version has one value, and one update. */
static bool
is_version_single(struct ledger *ledger, uint32_t index)
{
	struct shown s = ledger_shown(ledger, index);
	const struct told *told = ledger_told(ledger, s.key, s.version);
	struct shown first = ledger_shown(ledger, told->first - 1);

	if (s.version == 0)
		return true;
	return val_equal(&ledger->history->values, first.value, s.value) &&
	       (!s.is_update || told->update == index + 1);
}

/* An update-if: the newest older version of the expected value is one that it can have met:
 * no later one was over when it began (strict: there is no later one). */
static bool
is_explained(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	struct shown s = ledger_shown(ledger, index);
	bool is_strict = ledger->rules.is_strict ||
			 (ledger->rules.is_atomic && ledger->is_guarded[s.key]);
	val expected = version_expected(ledger->history, op);

	if (ledger_cell(ledger, s.key, expected)->info_begins < op->complete_at)
		return true;
	const struct past_entry *met =
		past_newest(&ledger->by_value,
			    ledger_place(s.key, value_ids_add(&ledger->values, expected)),
			    ledger->place[index]);
	if (met == NULL && expected != VAL_OF_NIL)
		return false;
	uint32_t from = met == NULL ? 0 : (uint32_t)met->version;
	for (uint32_t i = ledger->place[index]; i-- > from;) {
		const struct shown *between = &ledger->sorted.items[i];
		if (between->key != s.key)
			break;
		if (met != NULL &&
		    between->version == ledger->sorted.items[from - 1].version)
			continue;
		if (is_strict ||
		    ledger_op(ledger, between->op)->complete_at < op->invoke_at)
			return false;
	}
	return true;
}

static bool
is_taken_too_often(struct ledger *ledger, uint32_t key, val value)
{
	const struct cell *cell = ledger_cell(ledger, key, value);
	uint32_t possible = cell->written + (value == VAL_OF_NIL);

	return possible > 0 && cell->taken > possible;
}

/* A refused update-if: something else than what it expected can have been there. */
static bool
is_justified(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	const struct values *values = &ledger->history->values;
	uint32_t key = ledger_key(ledger, index);
	val expected = version_expected(ledger->history, op);
	struct shown floor = {0};
	const struct past_entry *newest = NULL;

	if (op->node != 0 && !ledger->rules.is_volatile)
		newest = past_newest(&ledger->replicas, ledger_place(key, op->node),
				     op->invoke_at);
	if (newest != NULL)
		floor = ledger_shown(ledger, newest->op);
	if (!val_equal(values, floor.value, expected))
		return true;
	for (uint32_t i = 0; i < ledger->history->ops.count; i++) {
		const struct op *other = ledger_op(ledger, i);
		struct shown s;
		if (other->invoke_at > op->complete_at)
			break;
		if (other->type == OP_FAIL || !version_is_update(other) ||
		    !val_equal(values, other->key, op->key))
			continue;
		s = (struct shown){.version = NO_VERSION,
				   .value = version_value(ledger->history, other)};
		if (other->type == OP_OK)
			s = ledger_shown(ledger, i);
		if (s.version > floor.version && !val_equal(values, s.value, expected))
			return true;
	}
	return false;
}

static bool
is_final_newest(struct ledger *ledger, uint32_t index)
{
	struct shown s = ledger_shown(ledger, index);
	const struct past_entry *acked = past_newest(&ledger->acked, s.key, UINT32_MAX);
	const struct past_entry *seen =
		past_newest(&ledger->all, s.key, ledger_op(ledger, index)->invoke_at);

	return (acked == NULL || s.version >= acked->version) &&
	       (seen == NULL || s.version >= seen->version);
}

/* A refusal for a lock: how long the key had been locked. */
static int64_t
locked_ns(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	uint32_t key = ledger_key(ledger, index);
	const struct past_entry *unlock =
		past_newest(&ledger->unlocks, key, op->invoke_at);
	uint64_t after = unlock == NULL ? 0 : unlock->version;
	int64_t healed = version_healed_ns(ledger->history);

	vec_each (struct past_entry, refusal, &ledger->refusals.entries)
		if (refusal->group == key && refusal->at >= after &&
		    refusal->at < op->invoke_at) {
			int64_t since = ledger_op(ledger, refusal->op)->complete_ns;
			return op->invoke_ns - (since > healed ? since : healed);
		}
	return 0;
}

/* ---- valid ---------------------------------------------------------------------------- */

static bool
is_sound(struct ledger *ledger, uint32_t i)
{
	const struct op *op = ledger_op(ledger, i);

	if (version_is_mismatch(ledger->history, op))
		return is_justified(ledger, i);
	if (version_is_locked(ledger->history, op))
		return ledger->rules.locked_ns_max == INT64_MAX ||
		       locked_ns(ledger, i) <= ledger->rules.locked_ns_max;
	if (op->type != OP_OK)
		return true;
	if (op->f == F_UPDATE_IF &&
	    (!is_explained(ledger, i) ||
	     is_taken_too_often(ledger, ledger_key(ledger, i),
				version_expected(ledger->history, op))))
		return false;
	return goes_forward(ledger, i) && has_source(ledger, i) &&
	       is_version_single(ledger, i) &&
	       (!version_is_final(ledger->history, op) || is_final_newest(ledger, i));
}

/* Node and replica of all writes name each other. */
static bool
are_coordinators_named(struct ledger *ledger)
{
	struct map replica_of = {0}, node_of = {0};
	bool named = true;

	for (uint32_t i = 0; i < ledger->history->ops.count && named; i++) {
		const struct op *op = ledger_op(ledger, i);
		if (op->type != OP_OK || op->f != F_WRITE || op->node == 0)
			continue;
		uint32_t replica = version_replica(ledger_shown(ledger, i).version);
		uint64_t *mine = map_at(&replica_of, op->node, NULL);
		uint64_t *its = map_at(&node_of, replica, NULL);
		named = (*mine == 0 || *mine == replica + 1u) &&
			(*its == 0 || *its == op->node);
		*mine = replica + 1u;
		*its = op->node;
	}
	map_release(&replica_of);
	map_release(&node_of);
	return named;
}

/* With all finals at least as new as everything, they agree when none is newer. */
static bool
do_finals_agree(struct ledger *ledger)
{
	struct map first = {0}; /* key -> final read + 1 */
	bool agree = true;

	for (uint32_t i = 0; i < ledger->history->ops.count && agree; i++) {
		if (ledger_op(ledger, i)->type != OP_OK ||
		    !version_is_final(ledger->history, ledger_op(ledger, i)))
			continue;
		uint64_t *other = map_at(&first, ledger_key(ledger, i), NULL);
		if (*other == 0)
			*other = (uint64_t)i + 1;
		agree = ledger_shown(ledger, (uint32_t)*other - 1).version ==
			ledger_shown(ledger, i).version;
	}
	map_release(&first);
	return agree;
}

static bool
are_all_sound(struct ledger *ledger, struct err *err)
{
	for (uint32_t i = 0; i < ledger->history->ops.count; i++)
		if (!is_sound(ledger, i))
			return err_set(err, "operation %u is not as promised", i);
	if (ledger->rules.names_coordinator && !are_coordinators_named(ledger))
		return err_set(err, "versions do not name their coordinators");
	return do_finals_agree(ledger) || err_set(err, "final reads differ");
}

/* ---- anomalies ------------------------------------------------------------------------ */

/* Of two operations that succeeded, on one key, the later one is behind. */
static bool
is_pair_behind(struct ledger *ledger, const char *name, uint32_t early, uint32_t late)
{
	const struct version_rules *rules = &ledger->rules;
	const struct op *x = ledger_op(ledger, early), *y = ledger_op(ledger, late);
	struct shown a = ledger_shown(ledger, early), b = ledger_shown(ledger, late);
	bool is_older = b.version < a.version && x->complete_at < y->invoke_at;
	bool is_behind = is_older || (b.version == a.version && b.is_update &&
				      x->complete_at < y->invoke_at);
	bool is_here = x->node == y->node && x->node != 0 && !rules->is_volatile;

	if (strcmp(name, "version-not-newer") == 0)
		return is_behind && is_here && b.is_update;
	if (strcmp(name, "replica-regression") == 0)
		return is_older && is_here && !b.is_update;
	if (strcmp(name, "session-regression") == 0)
		return is_behind && x->process == y->process && !rules->is_sessionless;
	if (strcmp(name, "stale-after-update-if") == 0)
		return is_older && x->f == F_UPDATE_IF && !b.is_update;
	if (strcmp(name, "stale-read") == 0)
		return is_behind && rules->is_atomic && ledger->is_guarded[b.key];
	return strcmp(name, "lost-version") == 0 &&
	       version_is_final(ledger->history, y) && b.version < a.version &&
	       (a.is_update || is_older);
}

static bool
is_pair_shown(struct ledger *ledger, const char *name, uint32_t early, uint32_t late)
{
	const struct op *x = ledger_op(ledger, early), *y = ledger_op(ledger, late);

	if (early == late || x->type != OP_OK || y->type != OP_OK)
		return false;
	struct shown a = ledger_shown(ledger, early), b = ledger_shown(ledger, late);
	bool is_version = a.version == b.version && a.version != 0;
	if (strcmp(name, "wrong-coordinator") == 0)
		return ledger->rules.names_coordinator && x->f == F_WRITE &&
		       y->f == F_WRITE && x->node != 0 && y->node != 0 &&
		       (x->node == y->node) !=
			       (version_replica(a.version) == version_replica(b.version));
	if (a.key != b.key)
		return false;
	if (strcmp(name, "version-conflict") == 0)
		return is_version &&
		       !val_equal(&ledger->history->values, a.value, b.value);
	if (strcmp(name, "version-reused") == 0)
		return is_version && a.is_update && b.is_update;
	if (strcmp(name, "diverged") == 0)
		return version_is_final(ledger->history, x) &&
		       version_is_final(ledger->history, y) && a.version != b.version;
	return is_pair_behind(ledger, name, early, late);
}

static bool
is_alone_shown(struct ledger *ledger, const char *name, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	bool is_ok = op->type == OP_OK, is_if = is_ok && op->f == F_UPDATE_IF;
	struct cell *cell;

	if (strcmp(name, "unjustified-refusal") == 0)
		return version_is_mismatch(ledger->history, op) &&
		       !is_justified(ledger, index);
	if (strcmp(name, "stuck-lock") == 0)
		return version_is_locked(ledger->history, op) &&
		       locked_ns(ledger, index) > ledger->rules.locked_ns_max;
	if (strcmp(name, "update-if-mismatch") == 0)
		return is_if && !is_explained(ledger, index);
	if (strcmp(name, "lost-update") == 0)
		return is_if && is_taken_too_often(ledger, ledger_key(ledger, index),
						   version_expected(ledger->history, op));
	if (!is_ok || has_source(ledger, index))
		return false;
	cell = ledger_cell(ledger, ledger_key(ledger, index),
			   ledger_shown(ledger, index).value);
	bool is_aborted = cell->written == 0 && cell->has_failed;
	return strcmp(name, is_aborted ? "aborted-version" : "unwritten-version") == 0;
}

static bool
shows(struct ledger *ledger, const struct anomaly *anomaly)
{
	vec_each (uint32_t, a, &anomaly->ops) {
		if (is_alone_shown(ledger, anomaly->name, *a))
			return true;
		vec_each (uint32_t, b, &anomaly->ops)
			if (is_pair_shown(ledger, anomaly->name, *a, *b))
				return true;
	}
	return false;
}

bool
versions_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	struct version_rules rules;
	struct ledger ledger;
	bool holds = version_rules_init(&rules, options, err);

	if (!holds)
		return false;
	ledger_init(&ledger, history, &rules);
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (holds && !shows(&ledger, anomaly))
			holds = err_set(err, "the operations of '%s' do not show it",
					anomaly->name);
	if (holds && result->verdict == VERDICT_VALID)
		holds = are_all_sound(&ledger, err);
	ledger_release(&ledger);
	return holds;
}
