#include "reference/protocol/raft_log.h"

#include "base/assert.h"

#include <string.h>

static struct raft_entry *
slot(const struct raft_log *log, size_t i)
{
	return &log->ring[(log->head + i) & (log->capacity - 1)];
}

/* Without effects (at release) nothing points at the payload any more. */
static void
retire(void *memory, struct protocol_effects *out)
{
	if (memory == NULL)
		return;
	if (out == NULL)
		free(memory);
	else
		vec_push(&out->retired, memory);
}

static void
drop(struct raft_log *log, struct raft_entry *entry, struct protocol_effects *out)
{
	log->bytes -= entry->bytes + RAFT_ENTRY_OVERHEAD;
	retire(entry->data, out);
	entry->data = NULL;
}

static void
grow(struct raft_log *log)
{
	size_t capacity = log->capacity == 0 ? 64 : log->capacity * 2;
	struct raft_entry *ring = mem_new(capacity, sizeof(*ring));

	for (size_t i = 0; i < log->count; i++)
		ring[i] = *slot(log, i);
	free(log->ring);
	log->ring = ring;
	log->capacity = capacity;
	log->head = 0;
}

uint64_t
raft_log_last(const struct raft_log *log)
{
	return log->base + log->count;
}

uint64_t
raft_log_last_term(const struct raft_log *log)
{
	return log->count == 0 ? log->base_term : slot(log, log->count - 1)->term;
}

bool
raft_log_term(const struct raft_log *log, uint64_t index, uint64_t *term)
{
	if (index < log->base || index > raft_log_last(log))
		return false;
	*term = index == log->base ? log->base_term : raft_log_at(log, index)->term;
	return true;
}

const struct raft_entry *
raft_log_at(const struct raft_log *log, uint64_t index)
{
	ASSERT(index > log->base && index <= raft_log_last(log));
	return slot(log, index - log->base - 1);
}

struct protocol_entry
raft_log_view(const struct raft_log *log, uint64_t index)
{
	const struct raft_entry *entry = raft_log_at(log, index);

	return (struct protocol_entry){.index = index,
				       .term = entry->term,
				       .origin = entry->origin,
				       .tag = entry->tag,
				       .data = {entry->data, entry->bytes}};
}

void
raft_log_append(struct raft_log *log, const struct protocol_entry *entry)
{
	ASSERT(entry->index == raft_log_last(log) + 1);
	ASSERT(entry->data.len <= UINT32_MAX);
	if (log->count == log->capacity)
		grow(log);
	*slot(log, log->count++) = (struct raft_entry){
		.term = entry->term,
		.tag = entry->tag,
		.origin = entry->origin,
		.bytes = (uint32_t)entry->data.len,
		.data = entry->data.len ? mem_bytes(entry->data.data, entry->data.len)
					: NULL,
	};
	log->bytes += entry->data.len + RAFT_ENTRY_OVERHEAD;
}

void
raft_log_truncate(struct raft_log *log, uint64_t index, struct protocol_effects *out)
{
	ASSERT(index > log->base);
	while (raft_log_last(log) >= index)
		drop(log, slot(log, --log->count), out);
}

void
raft_log_compact(struct raft_log *log, uint64_t index, struct protocol_effects *out)
{
	while (log->base < index) {
		ASSERT(log->count > 0);
		struct raft_entry *first = slot(log, 0);
		log->base_term = first->term;
		log->base++;
		drop(log, first, out);
		log->head = (log->head + 1) & (log->capacity - 1);
		log->count--;
	}
}

void
raft_log_reset(struct raft_log *log, uint64_t index, uint64_t term,
	       struct protocol_effects *out)
{
	while (log->count > 0)
		drop(log, slot(log, --log->count), out);
	log->base = index;
	log->base_term = term;
	log->head = 0;
}

void
raft_log_release(struct raft_log *log)
{
	raft_log_reset(log, 0, 0, NULL);
	free(log->ring);
	*log = (struct raft_log){0};
}

uint64_t
raft_log_agree(const struct raft_log *log, uint64_t index, uint64_t term)
{
	uint64_t last = raft_log_last(log), known;

	if (index > last)
		index = last;
	while (index > log->base && raft_log_term(log, index, &known) && known > term)
		index--;
	return index;
}

struct raft_snapshot *
raft_snapshot_new(uint64_t index, uint64_t term, char *data, size_t bytes)
{
	struct raft_snapshot *snapshot = mem_new(1, sizeof(*snapshot));

	*snapshot = (struct raft_snapshot){1, index, term, bytes, data};
	return snapshot;
}

struct raft_snapshot *
raft_snapshot_share(struct raft_snapshot *snapshot)
{
	snapshot->references++;
	return snapshot;
}

void
raft_snapshot_free(struct raft_snapshot *snapshot, struct protocol_effects *out)
{
	if (snapshot == NULL || --snapshot->references > 0)
		return;
	retire(snapshot->data, out);
	free(snapshot);
}
