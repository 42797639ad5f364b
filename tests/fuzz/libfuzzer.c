/* libfuzzer.c - libFuzzer over one target of tests/hostile/, the one that the environment's
 * FAULTLINE_FUZZ names. Built and run by tools/fuzz.sh. */
#include "tests/hostile/hostile.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct hostile *target;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FAULTLINE_FUZZ");

	(void)argc, (void)argv;
	target = name == NULL ? NULL : hostile_find(name);
	if (target == NULL) {
		fprintf(stderr, "FAULTLINE_FUZZ must name one of:");
		for (target = hostile_targets; target->name != NULL; target++)
			fprintf(stderr, " %s", target->name);
		fprintf(stderr, "\n");
		exit(254);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	target->take(target->argument, (struct bytes){(const char *)data, bytes});
	return 0;
}
