#include "checkers/transaction/causal_past.h"

#include "checkers/transaction/raw_txn.h"

struct past {
	const struct history *history;
	struct map writers;	/* hash of key and value -> operation that wrote it + 1 */
	uint32_t *predecessors; /* owned: the one before in the same process + 1 */
	bool *met;		/* owned */
	VEC(uint32_t) open;
};

static uint64_t
hash_of(const struct past *past, const struct raw_mop *mop)
{
	const struct values *values = &past->history->values;

	return (val_hash(values, mop->key) + 1) * 0x9e3779b97f4a7c15u ^
	       val_hash(values, mop->value);
}

static void
index_operations(struct past *past)
{
	const struct history *history = past->history;
	struct map latest = {0};

	for (uint32_t op = 0; op < history->ops.count; op++) {
		const struct op *o = &history->ops.items[op];
		uint64_t *before = map_at(&latest, o->process, NULL);
		past->predecessors[op] = (uint32_t)*before;
		*before = (uint64_t)op + 1;
		for (size_t i = 0; i < raw_count(&history->values, o); i++) {
			struct raw_mop mop = raw_mop(&history->values, o, i);
			uint64_t hash = hash_of(past, &mop);
			while (mop.f != 'r' && *map_at(&past->writers, hash, NULL) != 0)
				hash++;
			if (mop.f != 'r')
				*map_at(&past->writers, hash, NULL) = (uint64_t)op + 1;
		}
	}
	map_release(&latest);
}

static void
meet(struct past *past, uint32_t op)
{
	if (past->met[op])
		return;
	past->met[op] = true;
	vec_push(&past->open, op);
}

static void
meet_sources(struct past *past, uint32_t op)
{
	const struct op *o = &past->history->ops.items[op];

	if (past->predecessors[op] != 0)
		meet(past, past->predecessors[op] - 1);
	for (size_t i = 0; i < raw_count(&past->history->values, o); i++) {
		struct raw_mop mop = raw_mop(&past->history->values, o, i);
		uint64_t hash = hash_of(past, &mop), *writer;
		if (!raw_is_read(o, &mop))
			continue;
		for (; (writer = map_find(&past->writers, hash)) != NULL; hash++)
			if (raw_wrote(past->history, (uint32_t)*writer - 1, mop.key,
				      mop.value))
				meet(past, (uint32_t)*writer - 1);
	}
}

bool
causal_past_has(const struct history *history, uint32_t reader, uint32_t seen)
{
	struct past past = {.history = history};

	past.predecessors = mem_new(history->ops.count, sizeof(*past.predecessors));
	past.met = mem_new(history->ops.count, sizeof(*past.met));
	index_operations(&past);
	meet_sources(&past, reader);
	for (size_t next = 0; next < past.open.count && !past.met[seen]; next++)
		meet_sources(&past, past.open.items[next]);
	bool found = past.met[seen];
	map_release(&past.writers);
	vec_release(&past.open);
	free(past.predecessors);
	free(past.met);
	return found;
}
