/* vec.h - a growable array of any type, as macros.
 *
 *	VEC(uint32_t) ids = {0};
 *	vec_push(&ids, 7);
 *	vec_each(uint32_t, id, &ids) printf("%u\n", *id);
 *	vec_release(&ids);
 *
 * A vec of zeros is empty and valid. Pushing and inserting may move the items. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                        \
	struct {                                                                         \
		type *items;                                                             \
		size_t count, capacity;                                                  \
	}

/* Makes room for `wanted` items in all. */
#define vec_reserve(v, wanted)                                                           \
	do {                                                                             \
		size_t vec_wanted_ = (wanted);                                           \
		if (vec_wanted_ > (v)->capacity) {                                       \
			size_t vec_room_ = (v)->capacity ? (v)->capacity * 2 : 8;        \
			if (vec_room_ < vec_wanted_)                                     \
				vec_room_ = vec_wanted_;                                 \
			(v)->items =                                                     \
				mem_resize((v)->items, vec_room_, sizeof(*(v)->items));  \
			(v)->capacity = vec_room_;                                       \
		}                                                                        \
	} while (0)

#define vec_push(v, ...)                                                                 \
	do {                                                                             \
		vec_reserve(v, (v)->count + 1);                                          \
		(v)->items[(v)->count++] = (__VA_ARGS__);                                \
	} while (0)

/* Puts an item at a place, 0 .. count, before all that stand there or behind; it must not be
 * told by one of the items. O(items behind it). */
#define vec_insert(v, at, ...)                                                           \
	do {                                                                             \
		size_t vec_at_ = (at);                                                   \
		vec_reserve(v, (v)->count + 1);                                          \
		memmove((v)->items + vec_at_ + 1, (v)->items + vec_at_,                  \
			((v)->count++ - vec_at_) * sizeof(*(v)->items));                 \
		(v)->items[vec_at_] = (__VA_ARGS__);                                     \
	} while (0)

/* Takes the item at a place out; those behind it follow up. */
#define vec_remove(v, at)                                                                \
	do {                                                                             \
		size_t vec_at_ = (at);                                                   \
		memmove((v)->items + vec_at_, (v)->items + vec_at_ + 1,                  \
			(--(v)->count - vec_at_) * sizeof(*(v)->items));                 \
	} while (0)

#define vec_pop(v)  ((v)->items[--(v)->count])
#define vec_last(v) (&(v)->items[(v)->count - 1])

#define vec_clear(v)                                                                     \
	do {                                                                             \
		(v)->count = 0;                                                          \
	} while (0)

#define vec_release(v)                                                                   \
	do {                                                                             \
		free((v)->items);                                                        \
		(v)->items = NULL;                                                       \
		(v)->count = (v)->capacity = 0;                                          \
	} while (0)

#define vec_each(type, item, v)                                                          \
	for (type *item = (v)->items; item != NULL && item < (v)->items + (v)->count;    \
	     item++)

#endif
