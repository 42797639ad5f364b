#include "checkers/engine/thin.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void
drop(uint32_t *ops, size_t *count, size_t at, size_t many)
{
	memmove(ops + at, ops + at + many, (*count - at - many) * sizeof(*ops));
	*count -= many;
}

/* Tries to leave out runs of `step` operations. */
static bool
leave_out(const struct thinning *thinning, uint32_t *ops, size_t *count, size_t step)
{
	uint32_t *rest = mem_new(*count + 1, sizeof(*rest));
	bool has_dropped = false;

	for (size_t at = 0; at < *count && thinning->may_try(thinning->of);) {
		size_t many = *count - at < step ? *count - at : step;
		size_t rest_count = *count;
		memcpy(rest, ops, *count * sizeof(*rest));
		drop(rest, &rest_count, at, many);
		if (rest_count > 0 && thinning->shows(thinning->of, rest, rest_count)) {
			drop(ops, count, at, many);
			has_dropped = true;
		} else {
			at += step;
		}
	}
	free(rest);
	return has_dropped;
}

size_t
thin_ops(const struct thinning *thinning, uint32_t *ops, size_t count)
{
	if (!thinning->shows(thinning->of, ops, count))
		return 0;
	for (size_t step = count / 2; step > 1; step /= 2)
		leave_out(thinning, ops, &count, step);
	while (count > 1 && leave_out(thinning, ops, &count, 1))
		;
	return count;
}
