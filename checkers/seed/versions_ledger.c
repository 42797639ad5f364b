#include "checkers/seed/versions_ledger.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

uint32_t
ledger_key(struct ledger *ledger, uint32_t index)
{
	return value_ids_add(&ledger->keys, ledger_op(ledger, index)->key);
}

struct shown
ledger_shown(struct ledger *ledger, uint32_t index)
{
	struct shown shown = {.key = ledger_key(ledger, index)};

	version_show(ledger->history, index, &shown);
	return shown;
}

struct cell *
ledger_cell(struct ledger *ledger, uint32_t key, val value)
{
	uint64_t *id =
		map_at(&ledger->cell_of,
		       ledger_place(key, value_ids_add(&ledger->values, value)), NULL);

	if (*id == 0) {
		vec_push(&ledger->cells, (struct cell){.info_begins = OP_NEVER});
		*id = ledger->cells.count;
	}
	return &ledger->cells.items[*id - 1];
}

struct told *
ledger_told(struct ledger *ledger, uint32_t key, uint64_t version)
{
	val number = val_small((int64_t)(version >> 2));
	uint32_t id = value_ids_add(&ledger->versions, number) * 4 + (version & 3);
	uint64_t *at = map_at(&ledger->told_of, ledger_place(key, id), NULL);

	if (*at == 0) {
		vec_push(&ledger->tolds, (struct told){0});
		*at = ledger->tolds.count;
	}
	return &ledger->tolds.items[*at - 1];
}

/* ---- filling -------------------------------------------------------------------------- */

static void
note_update(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	uint32_t key = ledger_key(ledger, index);
	struct cell *cell = ledger_cell(ledger, key, version_value(ledger->history, op));

	cell->written += op->type != OP_FAIL;
	cell->has_failed = cell->has_failed || op->type == OP_FAIL;
	if (op->type == OP_INFO && op->invoke_at < cell->info_begins)
		cell->info_begins = op->invoke_at;
	if (op->type == OP_OK && op->f == F_UPDATE_IF)
		ledger_cell(ledger, key, version_expected(ledger->history, op))->taken++;
	if (op->type == OP_OK)
		past_add(&ledger->unlocks, key, op->invoke_at, op->complete_at, index);
	if (version_is_locked(ledger->history, op))
		past_add(&ledger->refusals, key, op->complete_at, 0, index);
}

static void
note_shown(struct ledger *ledger, uint32_t index)
{
	const struct op *op = ledger_op(ledger, index);
	struct shown s = ledger_shown(ledger, index);
	struct told *told = ledger_told(ledger, s.key, s.version);

	told->first = told->first == 0 ? index + 1 : told->first;
	if (s.is_update && told->update == 0)
		told->update = index + 1;
	vec_push(&ledger->sorted, s);
	past_add(&ledger->replicas, ledger_place(s.key, op->node), op->complete_at,
		 s.version, index);
	past_add(&ledger->sessions, ledger_place(s.key, op->process), op->complete_at,
		 s.version, index);
	past_add(&ledger->all, s.key, op->complete_at, s.version, index);
	if (op->f == F_UPDATE_IF)
		past_add(&ledger->agreed, s.key, op->complete_at, s.version, index);
	if (s.is_update)
		past_add(&ledger->acked, s.key, 0, s.version, index);
}

static int
by_version(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->version < y->version ? -1 : x->version > y->version;
}

static void
sort_versions(struct ledger *ledger)
{
	size_t count = ledger->sorted.count;

	if (count > 0)
		qsort(ledger->sorted.items, count, sizeof(struct shown), by_version);
	for (uint32_t i = 0, first = 0; i < count; i++) {
		const struct shown *s = &ledger->sorted.items[i];
		if (i == 0 || by_version(s - 1, s) != 0)
			first = i;
		ledger->place[s->op] = first;
		past_add(&ledger->by_value,
			 ledger_place(s->key, value_ids_add(&ledger->values, s->value)),
			 i, i + 1, s->op);
	}
}

void
ledger_init(struct ledger *ledger, const struct history *history,
	    const struct version_rules *rules)
{
	*ledger = (struct ledger){.history = history, .rules = *rules};
	value_ids_init(&ledger->keys, &history->values);
	value_ids_init(&ledger->values, &history->values);
	value_ids_init(&ledger->versions, &history->values);
	ledger->place = mem_new(history->ops.count + 1, sizeof(*ledger->place));
	ledger->is_guarded = mem_new(history->ops.count + 1, sizeof(bool));
	memset(ledger->is_guarded, true, history->ops.count * sizeof(bool));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = ledger_op(ledger, i);
		if (op->f == F_WRITE && op->type != OP_FAIL)
			ledger->is_guarded[ledger_key(ledger, i)] = false;
		if (version_is_update(op))
			note_update(ledger, i);
		if (op->type == OP_OK)
			note_shown(ledger, i);
	}
	sort_versions(ledger);
	past_close(&ledger->replicas);
	past_close(&ledger->sessions);
	past_close(&ledger->agreed);
	past_close(&ledger->all);
	past_close(&ledger->acked);
	past_close(&ledger->by_value);
	past_close(&ledger->unlocks);
	past_close(&ledger->refusals);
}

void
ledger_release(struct ledger *ledger)
{
	value_ids_release(&ledger->keys);
	value_ids_release(&ledger->values);
	value_ids_release(&ledger->versions);
	map_release(&ledger->cell_of);
	map_release(&ledger->told_of);
	vec_release(&ledger->cells);
	vec_release(&ledger->tolds);
	past_release(&ledger->replicas);
	past_release(&ledger->sessions);
	past_release(&ledger->agreed);
	past_release(&ledger->all);
	past_release(&ledger->acked);
	past_release(&ledger->by_value);
	past_release(&ledger->unlocks);
	past_release(&ledger->refusals);
	vec_release(&ledger->sorted);
	free(ledger->place);
	free(ledger->is_guarded);
}
