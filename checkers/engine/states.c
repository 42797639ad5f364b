#include "checkers/engine/states.h"

#include "base/assert.h"

#include <string.h>

/* Offsets are 32 bits wide. */
#define BYTES_MAX ((size_t)2 << 30)
/* The first state and those next to it have room in any budget. */
#define BYTES_MIN ((size_t)4 << 10)

void
states_init(struct states *states, size_t bytes_max)
{
	*states = (struct states){.bytes_max = bytes_max};
	if (bytes_max == 0 || bytes_max > BYTES_MAX)
		states->bytes_max = BYTES_MAX;
	if (states->bytes_max < BYTES_MIN)
		states->bytes_max = BYTES_MIN;
	intern_init(&states->of);
}

void
states_release(struct states *states)
{
	intern_release(&states->of);
	*states = (struct states){0};
}

bool
states_number(struct states *states, const void *state, size_t bytes, uint32_t *number)
{
	size_t used = states->of.text.len + states->of.count * 16;

	if (used + bytes + 16 <= states->bytes_max) {
		*number = intern_bytes(&states->of, state, bytes);
		return true;
	}
	*number = intern_find(&states->of, state, bytes);
	if (*number == UINT32_MAX)
		states->is_full = true;
	return *number != UINT32_MAX;
}

void
states_read(const struct states *states, uint32_t number, void *state, size_t bytes)
{
	struct bytes found = intern_get(&states->of, number);

	ASSERT(found.len == bytes);
	if (bytes > 0)
		memcpy(state, found.data, bytes);
}
