#include "base/intern.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void
intern_init(struct intern *intern)
{
	*intern = (struct intern){0};
}

void
intern_release(struct intern *intern)
{
	free(intern->slots);
	free(intern->starts);
	buf_release(&intern->text);
	intern_init(intern);
}

void
intern_clear(struct intern *intern)
{
	if (intern->count > 0)
		memset(intern->slots, 0, intern->slot_count * sizeof(*intern->slots));
	intern->count = 0;
	buf_clear(&intern->text);
}

struct bytes
intern_get(const struct intern *intern, uint32_t id)
{
	ASSERT(id < intern->count);
	uint32_t start = intern->starts[id];

	return (struct bytes){.data = intern->text.data + start,
			      .len = intern->starts[id + 1] - start - 1};
}

/* The slot that holds the string, or the empty slot where it belongs. */
static size_t
find_slot(const struct intern *intern, const char *data, size_t bytes)
{
	size_t mask = intern->slot_count - 1;
	size_t slot = XXH3_64bits(data, bytes) & mask;

	while (intern->slots[slot] != 0) {
		struct bytes there = intern_get(intern, intern->slots[slot] - 1);
		if (there.len == bytes && memcmp(there.data, data, bytes) == 0)
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

size_t
intern_memory(const struct intern *intern)
{
	return intern->slot_count * sizeof(*intern->slots) +
	       intern->count * sizeof(*intern->starts) + intern->text.len;
}

uint32_t
intern_find(const struct intern *intern, const char *data, size_t bytes)
{
	if (intern->count == 0)
		return UINT32_MAX;
	return intern->slots[find_slot(intern, data, bytes)] - 1;
}

static void
grow(struct intern *intern)
{
	free(intern->slots);
	intern->slot_count = intern->slot_count ? intern->slot_count * 2 : 64;
	intern->slots = mem_new(intern->slot_count, sizeof(*intern->slots));
	for (uint32_t id = 0; id < intern->count; id++) {
		struct bytes text = intern_get(intern, id);
		intern->slots[find_slot(intern, text.data, text.len)] = id + 1;
	}
}

static void
append(struct intern *intern, const char *data, size_t bytes)
{
	if (intern->count + 2 > intern->starts_cap) {
		intern->starts_cap = intern->starts_cap ? intern->starts_cap * 2 : 64;
		intern->starts = mem_resize(intern->starts, intern->starts_cap,
					    sizeof(*intern->starts));
	}
	intern->starts[intern->count] = (uint32_t)intern->text.len;
	buf_append(&intern->text, data, bytes);
	buf_char(&intern->text, '\0');
	ASSERT(intern->text.len < UINT32_MAX);
	intern->starts[++intern->count] = (uint32_t)intern->text.len;
}

uint32_t
intern_bytes(struct intern *intern, const char *data, size_t bytes)
{
	if (intern->count * 2 >= intern->slot_count)
		grow(intern);
	size_t slot = find_slot(intern, data, bytes);

	if (intern->slots[slot] == 0) {
		append(intern, data, bytes);
		intern->slots[slot] = (uint32_t)intern->count;
	}
	return intern->slots[slot] - 1;
}

uint32_t
intern_string(struct intern *intern, const char *text)
{
	return intern_bytes(intern, text, strlen(text));
}
