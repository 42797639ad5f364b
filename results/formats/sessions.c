#include "results/formats/sessions.h"

#include "results/formats/rounds.h"

#include <stdlib.h>

enum {
	MOP_WORDS =
		8 /* of the values of a history: asked and answered, and in the lists */
};

void
sessions_init(struct sessions *sessions, struct history *history, size_t bytes_max)
{
	*sessions = (struct sessions){.history = history, .bytes_max = bytes_max};
}

void
sessions_release(struct sessions *sessions)
{
	vec_release(&sessions->txns);
	vec_release(&sessions->mops);
}

uint32_t
sessions_begin(struct sessions *sessions, uint32_t session)
{
	vec_push(&sessions->txns, (struct session_txn){.session = session});
	return (uint32_t)sessions->txns.count - 1;
}

bool
sessions_add(struct sessions *sessions, const struct session_mop *mop)
{
	size_t bytes =
		sessions->mops.count * (sizeof(*mop) + MOP_WORDS * sizeof(uint64_t)) +
		sessions->txns.count * (sizeof(struct session_txn) + sizeof(struct op));

	if (sessions->mops.count >= UINT32_MAX - 1 ||
	    (sessions->bytes_max > 0 && bytes >= sessions->bytes_max))
		return false;
	vec_push(&sessions->mops, *mop);
	return true;
}

static bool
starts_number(const struct scan *scan)
{
	const char *at = scan->at;

	at += at < scan->end && *at == '-';
	return at < scan->end && *at >= '0' && *at <= '9';
}

bool
sessions_number(struct scan *scan, const char *what, val *number)
{
	const char *from = scan->at;

	if (!starts_number(scan))
		return scan_fail(scan, from, "expected %s", what);
	return scan_number(scan, number) && (val_kind(*number) == VAL_INT ||
					     scan_fail(scan, from, "expected %s", what));
}

/* ---- finishing: micro-operations by transaction, transactions by session ---- */

struct finishing {
	struct sessions *sessions;
	/* Owned: micro-operations by transaction, else as they came; NULL: they came so. */
	uint32_t *sorted;
	size_t at;		  /* in that order: the next to be put into the history */
	VEC(val) asked, answered; /* of the transaction at hand */
	val read_name, write_name;
};

static bool
is_sorted(const struct sessions *sessions)
{
	uint32_t latest = 0;

	vec_each (const struct session_mop, mop, &sessions->mops) {
		if (mop->txn < latest)
			return false;
		latest = mop->txn;
	}
	return true;
}

static void
sort_mops(struct finishing *finishing)
{
	const struct sessions *sessions = finishing->sessions;
	uint32_t *starts = mem_new(sessions->txns.count + 1, sizeof(*starts));

	finishing->sorted = mem_new(sessions->mops.count + 1, sizeof(uint32_t));
	vec_each (const struct session_mop, mop, &sessions->mops)
		starts[mop->txn + 1]++;
	for (size_t i = 1; i < sessions->txns.count; i++)
		starts[i] += starts[i - 1];
	for (uint32_t i = 0; i < sessions->mops.count; i++)
		finishing->sorted[starts[sessions->mops.items[i].txn]++] = i;
	free(starts);
}

/* The next micro-operation of the transaction; NULL when it has no more. */
static const struct session_mop *
next_mop(struct finishing *finishing, uint32_t txn)
{
	const struct sessions *sessions = finishing->sessions;
	size_t at = finishing->at;

	if (at == sessions->mops.count)
		return NULL;
	const struct session_mop *mop =
		&sessions->mops
			 .items[finishing->sorted != NULL ? finishing->sorted[at] : at];
	finishing->at += mop->txn == txn;
	return mop->txn == txn ? mop : NULL;
}

/* What is certainly written: (key, missing) pairs, for which reads are taken literally. */
static void
find_written(const struct sessions *sessions, struct map *written)
{
	bool is_new;

	vec_each (struct session_mop, mop, &sessions->mops)
		if (mop->is_write && mop->value == sessions->missing)
			map_at(written, mop->key, &is_new);
}

static val
mop_val(struct finishing *finishing, const struct session_mop *mop, val value)
{
	const val items[] = {mop->is_write ? finishing->write_name : finishing->read_name,
			     mop->key, value};

	return val_list(&finishing->sessions->history->values, items, 3);
}

static void
make_values(struct finishing *finishing, uint32_t txn, const struct map *written,
	    struct op *op)
{
	struct sessions *sessions = finishing->sessions;

	vec_clear(&finishing->asked);
	vec_clear(&finishing->answered);
	for (const struct session_mop *mop; (mop = next_mop(finishing, txn)) != NULL;) {
		val value = mop->value;
		if (!mop->is_write && value == sessions->missing &&
		    map_find(written, mop->key) == NULL)
			value = VAL_OF_NIL;
		val full = mop_val(finishing, mop, value);
		vec_push(&finishing->answered, full);
		vec_push(&finishing->asked,
			 mop->is_write ? full : mop_val(finishing, mop, VAL_OF_NIL));
	}
	struct values *values = &sessions->history->values;
	op->input = val_list(values, finishing->asked.items, finishing->asked.count);
	op->output =
		val_list(values, finishing->answered.items, finishing->answered.count);
}

static void
add_txns(struct finishing *finishing, const struct map *written)
{
	const struct sessions *sessions = finishing->sessions;
	struct history *history = sessions->history;

	vec_reserve(&history->ops, history->ops.count + sessions->txns.count);
	for (uint32_t i = 0; i < sessions->txns.count; i++) {
		const struct session_txn *txn = &sessions->txns.items[i];
		struct op op = {.process = txn->session, .f = F_TXN};
		op.type = txn->is_unknown ? OP_INFO : txn->is_aborted ? OP_FAIL : OP_OK;
		make_values(finishing, i, written, &op);
		if (txn->is_unknown)
			op.output = VAL_OF_NIL;
		history_add(history, &op);
	}
}

size_t
sessions_finish(struct sessions *sessions)
{
	struct values *values = &sessions->history->values;
	struct finishing finishing = {.sessions = sessions,
				      .read_name = val_string(values, "r"),
				      .write_name = val_string(values, "w")};
	struct map written = {0};

	if (!is_sorted(sessions))
		sort_mops(&finishing);
	find_written(sessions, &written);
	add_txns(&finishing, &written);
	rounds_give(sessions->history);
	map_release(&written);
	free(finishing.sorted);
	vec_release(&finishing.asked);
	vec_release(&finishing.answered);
	return sessions->txns.count;
}
