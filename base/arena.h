/* arena.h - a bump allocator with a bound; everything in it dies at once.
 *
 * One owner, one thread. Lifetimes have names: run, check, step, call. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* owned, newest first */
	size_t used;		    /* bytes used in the newest block */
	size_t bytes;		    /* bytes taken from the system in all */
	size_t bytes_max;	    /* bound on `bytes`; 0: none */
};

void arena_init(struct arena *arena, size_t bytes_max);

/* Zeroed memory aligned to 16 bytes; NULL when the bound would be passed. With
 * bytes_max 0 it is never NULL. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* A copy of a string in the arena; NULL when the bound would be passed. */
char *arena_string(struct arena *arena, const char *text);

/* Forgets all contents, keeps one block for reuse. */
void arena_clear(struct arena *arena);
void arena_release(struct arena *arena);

#endif
