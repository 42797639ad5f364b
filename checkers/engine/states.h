/* states.h - structured states of a model to dense numbers, by their bytes.
 *
 * State 0 is the first one added. Bounded: beyond `bytes_max` nothing new is taken and the
 * states are full from then on (model.h, is_full). One thread. */
#ifndef CHECKERS_STATES_H
#define CHECKERS_STATES_H

#include "base/intern.h"

struct states {
	struct intern of;
	size_t bytes_max;
	bool is_full;
};

void states_init(struct states *states, size_t bytes_max);
void states_release(struct states *states);

/* The number of the state; false when it is new and there is no room. */
bool states_number(struct states *states, const void *state, size_t bytes,
		   uint32_t *number);

/* Copies `bytes` bytes of the state out. */
void states_read(const struct states *states, uint32_t number, void *state, size_t bytes);

#endif
