#include "base/arena.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_BYTES = 64 * 1024
};

struct arena_block {
	struct arena_block *next;
	size_t bytes; /* room behind this header */
	_Alignas(16) char memory[];
};

void
arena_init(struct arena *arena, size_t bytes_max)
{
	*arena = (struct arena){.bytes_max = bytes_max};
}

static struct arena_block *
arena_grow(struct arena *arena, size_t bytes)
{
	size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

	if (arena->bytes_max > 0 && arena->bytes + room > arena->bytes_max)
		return NULL;
	struct arena_block *block = mem_new(1, sizeof(*block) + room);
	block->next = arena->blocks;
	block->bytes = room;
	arena->blocks = block;
	arena->used = 0;
	arena->bytes += room;
	return block;
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	size_t rounded = (bytes + 15) & ~(size_t)15;

	if (block == NULL || block->bytes - arena->used < rounded)
		block = arena_grow(arena, rounded);
	if (block == NULL)
		return NULL;
	void *memory = block->memory + arena->used;
	arena->used += rounded;
	return memory;
}

char *
arena_string(struct arena *arena, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = arena_alloc(arena, bytes);

	if (copy != NULL)
		memcpy(copy, text, bytes);
	return copy;
}

void
arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	if (block == NULL)
		return;
	while (block->next != NULL) {
		struct arena_block *next = block->next->next;
		arena->bytes -= block->next->bytes;
		free(block->next);
		block->next = next;
	}
	memset(block->memory, 0, arena->used < block->bytes ? arena->used : block->bytes);
	arena->used = 0;
}

void
arena_release(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	arena_init(arena, arena->bytes_max);
}
