#include "tests/checkers/random_count.h"

#include <stdlib.h>

static const char *
wanted(void)
{
	return getenv("FAULTLINE_RANDOM_HISTORIES");
}

bool
random_count_is_set(void)
{
	return wanted() != NULL;
}

size_t
random_count(size_t usual)
{
	return random_count_is_set() ? strtoul(wanted(), NULL, 10) : usual;
}

size_t
random_count_slow(size_t usual)
{
#ifdef __SANITIZE_ADDRESS__
	usual /= 10;
#endif
	return random_count(usual);
}

size_t
random_share(size_t usual, size_t usual_of_all)
{
	size_t share = random_count(usual_of_all) * usual / usual_of_all;

	return share > usual ? share : usual;
}
