#include "checkers/transaction/list_append_versions.h"

#include "checkers/transaction/rw_register.h"

struct maker {
	const struct dependencies *d;
	struct lists *lists;
	struct rw_versions *v;
};

/* The version that the first `length` elements of a list are. Behind the empty lists those
 * of all positions follow, key by key. */
static uint32_t
version_of(const struct maker *m, uint32_t key, uint32_t length)
{
	uint32_t keys = (uint32_t)m->d->txns.keys.count;

	return length == 0 ? key : keys + m->lists->of[key].start + length - 1;
}

static void
add_version(struct maker *m, uint32_t key, uint32_t writer)
{
	vec_push(&m->v->of, (struct version){.key = key & INT32_MAX,
					     .is_final = true,
					     .writer = writer});
}

static void
add_known_versions(struct maker *m)
{
	for (uint32_t key = 0; key < m->d->txns.keys.count; key++)
		add_version(m, key, TXN_NONE);
	for (uint32_t key = 0; key < m->d->txns.keys.count; key++) {
		const struct list *list = &m->lists->of[key];
		for (uint32_t i = 0; i <= list->length; i++)
			add_version(m, key, m->lists->writers[list->start + i]);
	}
}

/* What the transaction appended to a key: where the first and the last of it stand in the
 * list, counted from 1; 0: nowhere. */
struct appended {
	uint32_t first, last;
	bool unread; /* some of it */
};

static struct appended
appended_by(const struct maker *m, const struct txn *txn, uint32_t key)
{
	struct appended found = {0};

	each_mop (mop, txn, m->d) {
		if (mop->kind != MOP_APPEND || mop->key != key)
			continue;
		uint32_t place = *list_place(m->lists, key, mop->value, false);
		found.unread |= place == 0;
		if (place > 0 && (found.first == 0 || place < found.first))
			found.first = place;
		found.last = place > found.last ? place : found.last;
	}
	return found;
}

/* How much of the list the transaction saw of others; NOBODY: it did not read it. */
static uint32_t
length_seen(const struct maker *m, const struct txn *txn, uint32_t key)
{
	each_mop (mop, txn, m->d)
		if (mop->key == key && is_read(txn, mop))
			return length_of_others(m->lists, number_of(m->d, txn), key,
						mop->length);
	return NOBODY;
}

static void
add_access(struct maker *m, const struct txn *txn, uint32_t key)
{
	struct appended appended = appended_by(m, txn, key);
	uint32_t length = length_seen(m, txn, key);
	struct rw_access access = {.key = key,
				   .read = VERSION_NONE,
				   .written = VERSION_NONE,
				   .source = TXN_NO_SOURCE};

	if (length == NOBODY && appended.first > 0)
		length = appended.first - 1;
	if (length != NOBODY) {
		access.read = version_of(m, key, length);
		access.source = m->v->of.items[access.read].writer;
	}
	if (appended.unread) {
		access.written = (uint32_t)m->v->of.count;
		add_version(m, key, number_of(m->d, txn));
	} else if (appended.last > 0) {
		access.written = version_of(m, key, appended.last);
	}
	vec_push(&m->v->accesses, access);
}

void
list_append_make_versions(struct dependencies *d, struct lists *lists)
{
	struct rw_versions *v = mem_new(1, sizeof(*v));
	struct maker m = {d, lists, v};

	d->type_state = v;
	d->release_type = rw_register_release;
	v->starts = mem_new(d->txns.of.count + 1, sizeof(*v->starts));
	add_known_versions(&m);
	each_txn (txn, d) {
		if (d->committed[number_of(d, txn)])
			each_mop (mop, txn, d)
				if (first_on_key(d, txn, mop) == mop)
					add_access(&m, txn, mop->key);
		v->starts[number_of(d, txn) + 1] = (uint32_t)v->accesses.count;
	}
}
