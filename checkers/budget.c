#include "checkers/budget.h"

bool
budget_has_room(const struct budget *budget, size_t count, size_t bytes_each,
		struct err *err)
{
	size_t bytes_max =
		budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	if (count <= bytes_max / bytes_each)
		return true;
	return err_set(err,
		       "the budget of memory is too small: %zu operations take %zu bytes "
		       "beside the history",
		       count, count * bytes_each);
}
