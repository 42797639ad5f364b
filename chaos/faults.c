/* faults.c - the registry of faults.def as a table. */
#include "chaos/fault.h"

/* The prefix keeps `pause` apart from the function of unistd.h. */
#define FAULT(name) extern const struct fault fault_##name;
#include "chaos/faults.def"
#undef FAULT

static const struct fault *const faults[] = {
#define FAULT(name) &fault_##name,
#include "chaos/faults.def"
#undef FAULT
};

const struct fault *const *
faults_all(size_t *count)
{
	*count = sizeof(faults) / sizeof(faults[0]);
	return faults;
}
