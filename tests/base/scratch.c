#include "tests/base/scratch.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char scratch[64];

static int
make_below(const char *place)
{
	snprintf(scratch, sizeof(scratch), "%s/faultline-test-XXXXXX", place);
	return mkdtemp(scratch) == NULL;
}

int
scratch_make(void **state)
{
	(void)state;
	return make_below("/tmp");
}

int
scratch_make_fast(void **state)
{
	(void)state;
	return make_below(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

int
scratch_remove(void **state)
{
	struct err err;

	(void)state;
	if (file_remove_tree(scratch, &err))
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}
