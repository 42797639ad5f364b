#include "checkers/collection/event_set.h"

#include <stdlib.h>

void
event_set_init(struct event_set *set, uint32_t event_count)
{
	*set = (struct event_set){.count = (size_t)event_count / 64 + 1};
	set->words = mem_new(set->count + 1, sizeof(*set->words));
	set->words[set->count] = 1;
}

void
event_set_release(struct event_set *set)
{
	free(set->words);
	*set = (struct event_set){0};
}
