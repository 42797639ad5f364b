#include "base/op.h"

#include "base/assert.h"

#include <string.h>

static const char *const f_names[] = {
	[F_NONE] = "",
#define F(id, name) [F_##id] = name,
#include "base/op_f.def"
#undef F
};

const char *
op_f_name(enum op_f f)
{
	ASSERT(f < F_KNOWN);
	return f_names[f];
}

enum op_f
op_f_find(const char *name, size_t bytes)
{
	for (int f = F_NONE + 1; f < F_KNOWN; f++)
		if (strlen(f_names[f]) == bytes && memcmp(f_names[f], name, bytes) == 0)
			return (enum op_f)f;
	return F_NONE;
}

const char *
op_type_name(enum op_type type)
{
	static const char *const names[] = {"none", "ok", "fail", "info"};

	ASSERT(type <= OP_INFO);
	return names[type];
}
