#include "reference/protocol/protocol.h"

#include <string.h>

const struct bug_row bug_table[BUG_COUNT] = {
#define BUG(id, name, where, anomaly, story) [BUG_##id] = {name, where, anomaly, story},
#include "reference/protocol/bugs.def"
#undef BUG
};

uint64_t
bug_bit(const char *name)
{
	for (int id = BUG_NONE + 1; id < BUG_COUNT; id++)
		if (strcmp(bug_table[id].name, name) == 0)
			return (uint64_t)1 << id;
	return 0;
}
