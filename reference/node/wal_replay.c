#include "reference/node/wal_replay.h"

#include <inttypes.h>

/* One segment being replayed. */
struct replay {
	struct wal_contents *contents;
	struct wal_segment *segment;
	node_id node;
	struct bytes bytes;
	const char *path;
	uint64_t offset; /* of the record at hand */
};

/* Whether a good record stands behind the bad offset whose batch began behind it too:
 * then the bad bytes had been synced. */
static bool
is_damage(const struct replay *replay)
{
	struct wal_record record;
	uint64_t batch, next;

	for (uint64_t at = replay->offset + WAL_ALIGN; at < replay->bytes.len;
	     at += WAL_ALIGN)
		if (wal_record_decode(replay->bytes, replay->segment->number, at, &record,
				      &batch, &next) &&
		    batch > replay->offset)
			return true;
	return false;
}

static bool
damaged(const struct replay *replay, struct err *err, const char *what)
{
	err_set(err, "log '%s' is damaged at offset %" PRIu64 ": %s", replay->path,
		replay->offset, what);
	return err_hint(err,
			"restore the node's data folder from a copy, or empty it and "
			"let the node rejoin as a new one");
}

static bool
replay_entry(struct replay *replay, const struct protocol_entry *entry, struct err *err)
{
	struct wal_contents *contents = replay->contents;
	size_t count = contents->entries.count;

	if (count > 0 && entry->index != contents->entries.items[count - 1].index + 1)
		return damaged(replay, err, "an entry is missing before it");
	if (entry->index > replay->segment->index_max)
		replay->segment->index_max = entry->index;
	vec_push(&contents->entries, *entry);
	return true;
}

static void
cut_entries(struct wal_contents *contents, uint64_t from)
{
	while (contents->entries.count > 0 && vec_last(&contents->entries)->index >= from)
		contents->entries.count--;
}

static bool
replay_record(struct replay *replay, const struct wal_record *record, struct err *err)
{
	const struct protocol_entry *entry = &record->entry;

	if ((replay->offset == 0) != (record->kind == WAL_SEGMENT))
		return damaged(replay, err, "a segment must begin with its number");
	switch (record->kind) {
	case WAL_SEGMENT:
		if (entry->origin != replay->node)
			return err_set(err,
				       "log '%s' belongs to node %u, this is node %u",
				       replay->path, entry->origin, replay->node);
		return true;
	case WAL_HARD_STATE:
		replay->contents->term = entry->term;
		replay->contents->vote = entry->origin;
		return true;
	case WAL_ENTRY:
		return replay_entry(replay, entry, err);
	case WAL_TRUNCATE:
		cut_entries(replay->contents, entry->index);
		return true;
	case WAL_RESET:
		cut_entries(replay->contents, 0);
		return true;
	}
	return damaged(replay, err, "unknown kind of record");
}

bool
wal_replay(struct wal_contents *contents, struct wal_segment *segment, node_id node,
	   struct bytes bytes, const char *path, bool last, uint64_t *bytes_good,
	   struct err *err)
{
	struct replay replay = {contents, segment, node, bytes, path, 0};
	struct wal_record record;
	uint64_t batch, next;

	while (replay.offset < bytes.len &&
	       wal_record_decode(bytes, segment->number, replay.offset, &record, &batch,
				 &next)) {
		if (!replay_record(&replay, &record, err))
			return false;
		replay.offset = next;
	}
	*bytes_good = replay.offset;
	if (replay.offset == bytes.len)
		return true;
	if (!last)
		return damaged(&replay, err, "bad record, though a later segment exists");
	return !is_damage(&replay) ||
	       damaged(&replay, err,
		       "bad record before good ones that were written later");
}
