#include "workloads/workload.h"

#include <string.h>

#define WORKLOAD(name) extern const struct workload workload_##name;
#include "workloads/workloads.def"
#undef WORKLOAD

static const struct workload *const workloads[] = {
#define WORKLOAD(name) &workload_##name,
#include "workloads/workloads.def"
#undef WORKLOAD
};
enum {
	WORKLOAD_COUNT = sizeof(workloads) / sizeof(workloads[0])
};

const struct workload *const *
workloads_all(size_t *count)
{
	*count = WORKLOAD_COUNT;
	return workloads;
}

const struct workload *
workload_find(const char *name, struct err *err)
{
	const char *names[WORKLOAD_COUNT];

	for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
		names[i] = workloads[i]->name;
	}
	const char *nearest = text_nearest(name, names, WORKLOAD_COUNT);
	err_set(err, "unknown workload '%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "'faultline list workloads' shows them");
	return NULL;
}
