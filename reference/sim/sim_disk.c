#include "reference/sim/sim_disk.h"

#include "base/assert.h"

#include <string.h>

static void
free_entries(struct sim_disk *disk, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		free(disk->entries.items[i].data);
}

static void
drop_from(struct sim_disk *disk, uint64_t index)
{
	size_t keep =
		index <= disk->snapshot_index ? 0 : index - disk->snapshot_index - 1;

	if (keep >= disk->entries.count)
		return;
	free_entries(disk, keep, disk->entries.count);
	disk->entries.count = keep;
}

static void
drop_up_to(struct sim_disk *disk, uint64_t index)
{
	size_t gone = index - disk->snapshot_index;

	if (gone > disk->entries.count)
		gone = disk->entries.count;
	free_entries(disk, 0, gone);
	disk->entries.count -= gone;
	if (gone > 0)
		memmove(disk->entries.items, disk->entries.items + gone,
			disk->entries.count * sizeof(*disk->entries.items));
}

static void
make_snapshot_durable(struct sim_disk *disk, const struct sim_write *write)
{
	if (write->replaces)
		drop_from(disk, 0);
	else
		drop_up_to(disk, write->index);
	disk->snapshot_index = write->index;
	disk->snapshot_term = write->term;
	buf_clear(&disk->snapshot);
	buf_append(&disk->snapshot, write->entry.data, write->entry.bytes);
	free(write->entry.data);
}

static void
make_durable(struct sim_disk *disk, const struct sim_write *write)
{
	switch (write->kind) {
	case SIM_WRITE_HARD_STATE:
		disk->term = write->term;
		disk->vote = write->vote;
		break;
	case SIM_WRITE_SNAPSHOT:
		make_snapshot_durable(disk, write);
		break;
	case SIM_WRITE_TRUNCATE:
		drop_from(disk, write->index);
		break;
	case SIM_WRITE_APPEND:
		ASSERT(write->index == disk->snapshot_index + disk->entries.count + 1);
		vec_push(&disk->entries, write->entry);
		break;
	}
}

void
sim_disk_write(struct sim_disk *disk, const struct protocol_effects *effects)
{
	if (effects->hard_state_changed)
		vec_push(&disk->pending, (struct sim_write){.kind = SIM_WRITE_HARD_STATE,
							    .term = effects->term,
							    .vote = effects->vote});
	if (effects->snapshot_installed) {
		struct bytes bytes = effects->snapshot;
		vec_push(&disk->pending,
			 (struct sim_write){
				 .kind = SIM_WRITE_SNAPSHOT,
				 .replaces = true,
				 .index = effects->snapshot_index,
				 .term = effects->snapshot_term,
				 .entry = {.data = mem_bytes(bytes.data, bytes.len),
					   .bytes = bytes.len}});
	}
	if (effects->truncate_from != 0)
		vec_push(&disk->pending,
			 (struct sim_write){.kind = SIM_WRITE_TRUNCATE,
					    .index = effects->truncate_from});
	vec_each (const struct protocol_entry, e, &effects->append)
		vec_push(&disk->pending,
			 (struct sim_write){
				 .kind = SIM_WRITE_APPEND,
				 .index = e->index,
				 .entry = {.term = e->term,
					   .tag = e->tag,
					   .origin = e->origin,
					   .data = mem_bytes(e->data.data, e->data.len),
					   .bytes = e->data.len}});
}

void
sim_disk_compact(struct sim_disk *disk, uint64_t index, uint64_t term,
		 struct bytes snapshot)
{
	vec_push(&disk->pending,
		 (struct sim_write){
			 .kind = SIM_WRITE_SNAPSHOT,
			 .index = index,
			 .term = term,
			 .entry = {.data = mem_bytes(snapshot.data, snapshot.len),
				   .bytes = snapshot.len}});
}

void
sim_disk_sync(struct sim_disk *disk)
{
	vec_each (struct sim_write, write, &disk->pending)
		make_durable(disk, write);
	vec_clear(&disk->pending);
}

size_t
sim_disk_crash(struct sim_disk *disk, struct rng *rng)
{
	size_t count = disk->pending.count, kept;

	kept = count == 0 ? 0 : rng_below(rng, count + 1);
	for (size_t i = kept; i < count; i++)
		free(disk->pending.items[i].entry.data);
	disk->pending.count = kept;
	sim_disk_sync(disk);
	return count - kept;
}

void
sim_disk_read(const struct sim_disk *disk, struct sim_disk_view *view)
{
	*view = (struct sim_disk_view){0};
	for (size_t i = 0; i < disk->entries.count; i++) {
		const struct sim_disk_entry *e = &disk->entries.items[i];
		vec_push(&view->entries,
			 (struct protocol_entry){.index = disk->snapshot_index + 1 + i,
						 .term = e->term,
						 .origin = e->origin,
						 .tag = e->tag,
						 .data = {e->data, e->bytes}});
	}
	view->disk = (struct protocol_disk){
		.term = disk->term,
		.vote = disk->vote,
		.snapshot_index = disk->snapshot_index,
		.snapshot_term = disk->snapshot_term,
		.snapshot = buf_bytes(&disk->snapshot),
		.entries = view->entries.items,
		.entry_count = view->entries.count,
	};
}

void
sim_disk_view_release(struct sim_disk_view *view)
{
	vec_release(&view->entries);
}

void
sim_disk_release(struct sim_disk *disk)
{
	vec_each (struct sim_write, write, &disk->pending)
		free(write->entry.data);
	vec_release(&disk->pending);
	free_entries(disk, 0, disk->entries.count);
	vec_release(&disk->entries);
	buf_release(&disk->snapshot);
}
