/* intern.h - strings to dense ids and back: the first string is 0, the next 1, ...
 *
 * Open addressing on XXH3. One thread. Ids stay valid until release. */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/buf.h"

#include <stdint.h>

struct intern {
	uint32_t *slots; /* owned; id + 1, 0 is empty; a power of two many */
	size_t slot_count;
	uint32_t *
		starts; /* owned; where each string begins in `text`, one more at the end */
	size_t count;
	size_t starts_cap;
	struct buf text; /* all strings, each with a NUL */
};

void intern_init(struct intern *intern);
void intern_release(struct intern *intern);

/* The id of the string, which is added when new. */
uint32_t intern_bytes(struct intern *intern, const char *data, size_t bytes);
uint32_t intern_string(struct intern *intern, const char *text);

/* The id if the string is there, else UINT32_MAX. */
uint32_t intern_find(const struct intern *intern, const char *data, size_t bytes);

/* The string of an id; NUL-terminated; valid until the next string is added. */
struct bytes intern_get(const struct intern *intern, uint32_t id);

/* Bytes that it takes, for budgets. */
size_t intern_memory(const struct intern *intern);

/* Forgets all strings, keeps the memory. */
void intern_clear(struct intern *intern);

#endif
