#include "systems/system.h"

#include <string.h>

#define SYSTEM(name) extern const struct system system_##name;
#include "systems/systems.def"
#undef SYSTEM

static const struct system *const systems[] = {
#define SYSTEM(name) &system_##name,
#include "systems/systems.def"
#undef SYSTEM
};
enum {
	SYSTEM_COUNT = sizeof(systems) / sizeof(systems[0])
};

const struct system *const *
systems_all(size_t *count)
{
	*count = SYSTEM_COUNT;
	return systems;
}

const struct system *
system_find(const char *name, struct err *err)
{
	const char *names[SYSTEM_COUNT];

	for (size_t i = 0; i < SYSTEM_COUNT; i++) {
		if (strcmp(systems[i]->name, name) == 0)
			return systems[i];
		names[i] = systems[i]->name;
	}
	const char *nearest = text_nearest(name, names, SYSTEM_COUNT);
	err_set(err, "there is no system '%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "see 'faultline list'");
	return NULL;
}
